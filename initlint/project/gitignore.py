"""The patterns of .gitignore files, which the settings use as well."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

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
            return pathspec.GitIgnoreSpec.from_lines(self.ordered)
        except _INVALID:
            return pathspec.GitIgnoreSpec.from_lines(line for line in self.ordered if is_valid(line))

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
