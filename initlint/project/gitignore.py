"""Patterns as .gitignore has them, and what they leave out."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from initlint._lazy import LazyModule

if TYPE_CHECKING:
    import pathspec
else:
    pathspec = LazyModule("pathspec")

_NAME = re.compile(r"\.?\w[\w.-]*")


@dataclass(frozen=True)
class Patterns:
    """Patterns that are relative to `base`.

    `names` leave out whatever has one of them, and all below. Most patterns are such, and need neither an order nor a
    match of each with each path. `rest`: the others, in their order; if one of them takes back, all stand there.
    """

    base: str
    names: frozenset[str]
    rest: tuple[str, ...]

    @classmethod
    def of(cls, base: str, lines: Iterable[str]) -> Patterns:
        lines = tuple(line for line in lines if line.strip() and not line.startswith("#"))
        if any(line.startswith("!") for line in lines):
            return cls(base, frozenset(), lines)
        names = frozenset(filter(_NAME.fullmatch, lines))
        return cls(base, names, tuple(line for line in lines if line not in names))

    @cached_property
    def _spec(self) -> pathspec.GitIgnoreSpec:
        return pathspec.GitIgnoreSpec.from_lines(self.rest)

    def decide(self, path: str, is_directory: bool) -> bool | None:
        """Whether the absolute `path` is left out, None if no pattern speaks of it."""
        relative = _relative(path, self.base)
        if not self.names.isdisjoint(relative.split("/")):
            return True
        return self._spec.check_file(f"{relative}/" if is_directory else relative).include if self.rest else None


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
