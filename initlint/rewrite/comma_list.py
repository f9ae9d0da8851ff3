"""Edits of a list with commas, such as arguments or imported names, that keep its comments and its layout."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from initlint._records import dataclass
from initlint.rewrite.edits import LINE_END, Change
from initlint.rewrite.errors import CannotRewrite
from initlint.rewrite.source_text import SourceText

_COMMA_OR_COMMENT = re.compile(r"#[^\r\n]*|,")
_COMMENT_ON_LINE = re.compile(r"[^\S\r\n]*,?[^\S\r\n]*(#[^\r\n]*)")


@dataclass(frozen=True, slots=True)
class CommaList:
    """The offsets of the items, without commas, and the offset of the end of the list."""

    text: SourceText
    items: tuple[tuple[int, int], ...]
    end: int

    def changes(self, plan: Sequence[str | None], added: Sequence[str] = ()) -> Iterator[Change]:
        """Replace each item by its text in `plan`, or remove it for None, and append `added`.

        At least one item must be kept.
        """
        for (start, end), text in zip(self.items, plan, strict=True):
            if text is not None and text != self.text.text[start:end]:
                yield Change(start, end, text)
        kept_indexes = [index for index, text in enumerate(plan) if text is not None]
        if not kept_indexes:
            raise CannotRewrite
        for removed, run in groupby(range(len(plan)), key=lambda index: plan[index] is None):
            if removed:
                yield from self._remove(list(run))
        if added:
            yield from self._append(kept_indexes[-1], added)

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
        """The texts between the items from `start` to `end`."""
        position = start
        for item_start, item_end in self.items:
            if start <= item_start and item_end <= end:
                yield self.text.text[position:item_start]
                position = item_end
        yield self.text.text[position:end]

    def _remove_alone(self, index: int) -> Iterator[Change]:
        """Remove an item and its comma, but not the comments around them, and its line if nothing else is on it."""
        text = self.text.text
        start, end = self.items[index]
        comma = self._comma(index)
        end = end if comma is None else comma + 1
        while text[end : end + 1] in (" ", "\t"):
            end += 1
        line_end = LINE_END.match(text, end)
        if line_end is not None and self.text.alone_before(start):
            start -= len(self.text.indent(start))
            end = line_end.end()
        yield Change(start, end, "")

    def _comma(self, index: int) -> int | None:
        """The offset of the comma after an item."""
        stop = self.items[index + 1][0] if index + 1 < len(self.items) else self.end
        matches = _COMMA_OR_COMMENT.finditer(self.text.text, self.items[index][1], stop)
        return next((match.start() for match in matches if match[0] == ","), None)

    def _append(self, index: int, added: Sequence[str]) -> Iterator[Change]:
        """Insert after the item `index`, the last one that is kept."""
        end = self.items[index][1]
        if not self._has_one_per_line():
            yield Change(end, end, "".join(f", {item}" for item in added))
            return
        text = self.text
        separator = f"{text.newline(end)}{text.indent(self.items[index][0])}"
        comment = _COMMENT_ON_LINE.match(text.text, end)
        if comment is None:
            yield Change(end, end, "".join(f",{separator}{item}" for item in added))
            return
        comma = self._comma(index)
        if comma is None:
            yield Change(end, end, ",")
        elif comma > comment.start(1):
            raise CannotRewrite  # the comma is on a line below the comment
        tail = "" if comma is None else ","
        yield Change(comment.end(), comment.end(), separator + f",{separator}".join(added) + tail)

    def _has_one_per_line(self) -> bool:
        """Whether each item has its own line; a single item must have a trailing comma, too."""
        first_on_line = all(self.text.alone_before(start) for start, _ in self.items)
        return first_on_line and (len(self.items) > 1 or self._comma(0) is not None)
