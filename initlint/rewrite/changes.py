"""Changes to a text by offsets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

_LINE_END = re.compile(r"\r\n|\r|\n")


class Change(NamedTuple):
    """Replace the characters from `start` to `end`, offsets into a text, by `replacement`."""

    start: int
    end: int
    replacement: str


def line_starts(text: str) -> tuple[int, ...]:
    """The offset at which each line of `text` begins, lines counted as in `SourceFile.lines`."""
    return (0, *(found.end() for found in _LINE_END.finditer(text)))


def changed(text: str, changes: Iterable[Change], base: int = 0) -> str:
    """`text`, which begins at the offset `base`, with `changes` made; they must not overlap."""
    pieces: list[str] = []
    position = 0
    for start, end, replacement in sorted(changes, key=lambda c: (c.start, c.end)):
        pieces += [text[position : start - base], replacement]
        position = end - base
    return "".join([*pieces, text[position:]])
