"""The patterns of .gitignore files, which the settings use as well."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any

from initlint._lazy import LazyModule
from initlint._records import dataclass

if TYPE_CHECKING:
    import pathspec
else:
    pathspec = LazyModule("pathspec")

_NAME = re.compile(r"\.?\w[\w.-]*")


@dataclass(frozen=True)
class Patterns:
    """Patterns of .gitignore, relative to `base`.

    `names` are patterns that are plain names: they exclude every file and folder of that name. Most patterns are of
    this kind, and need neither an order nor a match with each path. `ordered` are the others, in order; if one of
    them re-includes a path (`!keep.py`), all patterns are there.
    """

    base: str
    names: frozenset[str]
    ordered: tuple[str, ...]

    @classmethod
    def of(cls, base: str, lines: Iterable[str]) -> Patterns:
        lines = tuple(line for line in lines if line.strip() and not line.startswith("#"))
        if any(line.startswith("!") for line in lines):
            return cls(base, frozenset(), lines)
        names = frozenset(filter(_NAME.fullmatch, lines))
        return cls(base, names, tuple(line for line in lines if line not in names))

    @cached_property
    def _spec(self) -> pathspec.GitIgnoreSpec:
        try:
            return _bounded(pathspec.GitIgnoreSpec.from_lines(self.ordered))
        except _INVALID:
            return _bounded(pathspec.GitIgnoreSpec.from_lines(line for line in self.ordered if is_valid(line)))

    def decide(self, path: str, is_directory: bool) -> bool | None:
        """Whether the absolute `path` is excluded; None if no pattern matches it."""
        relative = _relative(path, self.base)
        if not self.names.isdisjoint(relative.split("/")):
            return True
        return self._spec.check_file(f"{relative}/" if is_directory else relative).include if self.ordered else None


_INVALID = (ValueError, re.error)
"""What pathspec raises for a pattern that matches nothing: `!`, a final backslash, `[z-a]`."""


def is_valid(pattern: str) -> bool:
    """Whether `pattern` can match anything. As in git, one that cannot is ignored in a .gitignore file."""
    try:
        pathspec.GitIgnoreSpec.from_lines([pattern])
    except _INVALID:
        return False
    return True


def _bounded(spec: pathspec.GitIgnoreSpec) -> pathspec.GitIgnoreSpec:
    """`spec`, whose patterns take time that grows with the square of the length of a path at most."""
    return pathspec.GitIgnoreSpec(list(map(_bounded_pattern, spec.patterns)))


def _bounded_pattern(pattern: Any) -> Any:
    regex = pattern.regex
    if regex is None or len(_WILDCARD.findall(regex.pattern)) <= _FEW:
        return pattern
    return type(pattern)(re.compile(without_backtracking(regex.pattern)), pattern.include)


def without_backtracking(regex: str) -> str:
    """The regular expression that pathspec has made of a pattern, without its repeated choices of where a `*` ends.

    What stands between two `*`, and between two `**`, has a fixed length in characters or folders. So its first match
    leaves all later ones to what follows it, and no other has to be tried: as an atomic group, which Python knows since
    3.11, and a group that a lookahead has found before that.
    """
    numbers = count()
    pieces = _ANY_FOLDERS.split(regex.removeprefix("^"))
    made = [_segments(piece, numbers) for piece in pieces]
    for index, piece in enumerate(made):
        before = ("(?:.+/)?" if index == 1 and not pieces[0] else "(?:/.+)?") if index else ""
        if index == 0 or index == len(made) - 1:
            made[index] = before + piece
        else:
            made[index] = _first(before.replace(".+", ".+?") + "?" + piece + "(?=/)", numbers)
    return "^" + "".join(made)


def _segments(regex: str, numbers: Iterator[int]) -> str:
    """The names of folders between two `**`: all but the last `*` of each end at the first chance."""
    made = ""
    after_star: str | None = None
    for token in (*_TOKEN.findall(regex.replace("[^/]+", "[^/][^/]*")), ""):
        is_end = token in ("", "/") or token.startswith("(?")
        if token.startswith("[^") and token not in ("[^/]", "[^/]*"):
            token = f"(?!/){token}"  # as in git: a `*` may end at any character but this one
        if token == "[^/]*":
            made += _first(f"[^/]*?{after_star}", numbers) if after_star else ""
            after_star = ""
        elif after_star is None:
            made += token
        elif is_end:
            made += f"[^/]*{after_star}{token}"
            after_star = None
        else:
            after_star += token
    return made


def _first(regex: str, numbers: Iterator[int]) -> str:
    name = f"first{next(numbers)}"
    return f"(?=(?P<{name}>{regex}))(?P={name})"


_WILDCARD = re.compile(r"\[\^/\][*+]|\.\+")
_FEW = 3
"""As many choices are tried one by one: nearly all patterns have no more."""
_ANY_FOLDERS = re.compile(r"\(\?:\.\+/\)\?|\(\?:/\.\+\)\?")
_TOKEN = re.compile(r"\\.|\[\^/\]\*|\[\^?\]?[^\]]*\]|\(\?:\(\?P.*|\(\?P.*|.", re.DOTALL)


def _relative(path: str, base: str) -> str:
    """`path` below `base`, with `/`; the whole path for one that lies elsewhere. Both are absolute."""
    if path.startswith(base + os.sep):
        return path[len(base) + 1 :].replace(os.sep, "/")
    try:
        relative = os.path.relpath(path, base)
    except ValueError:  # another drive
        relative = os.path.splitdrive(path)[1]
    if relative.startswith(os.pardir + os.sep) or relative == os.pardir:
        relative = os.path.splitdrive(path)[1]
    return relative.replace(os.sep, "/").lstrip("/")
