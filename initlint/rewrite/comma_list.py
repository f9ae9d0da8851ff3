"""Editing a list of things with commas between them, so that comments and the shape of the list survive."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from initlint.rewrite.edits import Change
from initlint.rewrite.errors import CannotRewrite
from initlint.rewrite.text import SourceText

_COMMA_OR_COMMENT = re.compile(r"#[^\r\n]*|,")
_COMMENT_ON_LINE = re.compile(r"[^\S\r\n]*,?[^\S\r\n]*(#[^\r\n]*)")


@dataclass(frozen=True, slots=True)
class CommaList:
    """The places of the items, commas left out, and the offset at which the list ends."""

    text: SourceText
    items: tuple[tuple[int, int], ...]
    end: int

    def changes(self, plan: Sequence[str | None], added: Sequence[str] = ()) -> Iterator[Change]:
        """Give each item the text that `plan` has for it, remove it where that is None, and append `added`.

        At least one item must stay.
        """
        for (start, end), wanted in zip(self.items, plan, strict=True):
            if wanted is not None and wanted != self.text.text[start:end]:
                yield Change(start, end, wanted)
        kept = [index for index, wanted in enumerate(plan) if wanted is not None]
        if not kept:
            raise CannotRewrite
        for removed, run in groupby(range(len(plan)), key=lambda index: plan[index] is None):
            if removed:
                yield from self._remove(list(run))
        if added:
            yield from self._append(kept[-1], added)

    def _remove(self, run: list[int]) -> Iterator[Change]:
        first, last = run[0], run[-1]
        if first == 0:
            start, end = self.items[first][0], self.items[last + 1][0]
        else:
            start, end = self.items[first - 1][1], self.items[last][1]
        if any("#" in gap for gap in self._gaps(start, end)):
            for index in run:
                yield from self._remove_alone(index)
        else:
            yield Change(start, end, "")

    def _gaps(self, start: int, end: int) -> Iterator[str]:
        """What stands between `start` and `end` and belongs to no item."""
        position = start
        for item_start, item_end in self.items:
            if start <= item_start and item_end <= end:
                yield self.text.text[position:item_start]
                position = item_end
        yield self.text.text[position:end]

    def _remove_alone(self, index: int) -> Iterator[Change]:
        """Remove an item and its comma but not the comments around them; and its line, if nothing else is on it."""
        text = self.text.text
        start, end = self.items[index]
        comma = self._comma(index)
        end = end if comma is None else comma + 1
        while text[end : end + 1] in (" ", "\t"):
            end += 1
        line_end = "\r\n" if text.startswith("\r\n", end) else text[end : end + 1]
        if line_end in ("\n", "\r", "\r\n") and self.text.alone_before(start):
            start -= len(self.text.indent(start))
            end += len(line_end)
        yield Change(start, end, "")

    def _comma(self, index: int) -> int | None:
        """The offset of the comma behind an item."""
        stop = self.items[index + 1][0] if index + 1 < len(self.items) else self.end
        found = _COMMA_OR_COMMENT.finditer(self.text.text, self.items[index][1], stop)
        return next((mark.start() for mark in found if mark[0] == ","), None)

    def _append(self, index: int, added: Sequence[str]) -> Iterator[Change]:
        """Insert behind the item `index`, the last one that stays."""
        end = self.items[index][1]
        if not self._one_a_line():
            yield Change(end, end, "".join(f", {item}" for item in added))
            return
        text = self.text
        separator = f"{text.newline}{text.indent(self.items[index][0])}"
        comment = _COMMENT_ON_LINE.match(text.text, end)
        if comment is None:
            yield Change(end, end, "".join(f",{separator}{item}" for item in added))
            return
        comma = self._comma(index)
        if comma is None:
            yield Change(end, end, ",")
        elif comma > comment.start(1):
            raise CannotRewrite  # the comma stands on a line below the comment
        tail = "" if comma is None else ","
        yield Change(comment.end(), comment.end(), separator + f",{separator}".join(added) + tail)

    def _one_a_line(self) -> bool:
        """Whether each item has a line of its own, and a single one a trailing comma that asks for it."""
        on_lines = all(self.text.alone_before(start) for start, _ in self.items)
        return on_lines and (len(self.items) > 1 or self._comma(0) is not None)
