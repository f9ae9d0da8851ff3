"""Draws source lines with underlined and labelled places, as compilers do.

A line that is longer than the terminal is wide is cut around what is underlined: wrapped, no mark would be below its
place.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from click import style

from initlint._records import dataclass
from initlint.diagnostics import Span
from initlint.report.text import escape

MAX_ROWS = 8
"""Of longer spans (a class, a long call) the first rows are shown."""

_CUT = "..."
_LEAST = 3 * len(_CUT)
"""The smallest number of columns for a line that is cut."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A span to show, underlined with `character`, and labelled."""

    span: Span
    character: str
    label: str
    colour: str


def grouped(marks: Iterable[Mark]) -> list[list[Mark]]:
    """Marks in one line together, where the first of them is."""
    groups: dict[object, list[Mark]] = {}
    for mark in marks:
        span = mark.span
        line = (span.file, span.cell, span.row) if last_row(span) == span.row else span
        groups.setdefault(line, []).append(mark)
    return list(groups.values())


def draw(marks: Sequence[Mark], lines: Sequence[str], gutter: int, width: int) -> Iterator[str]:
    """The rows of one group of `grouped`. `width`: of the terminal; `gutter`: columns of the line numbers."""
    span = marks[0].span
    last = min(last_row(span), len(lines))
    above = span.row - span.local.row
    for row in range(span.row, last + 1):
        line = lines[row - 1].rstrip()
        placed = [(mark, *_columns(mark.span, row, line)) for mark in marks]
        window = _Window.of(line, [(start, end) for _, start, end in placed], width - gutter - 3)
        yield f"{style(f'{row - above:>{gutter}} |', fg='blue')} {window.text}".rstrip()
        if not line.strip() and row != last:
            continue
        for mark, start, end in placed:
            yield from _underlined(mark, *window.shown(start, end), row == last, gutter, width)
    if last_row(span) < span.end_row and last == last_row(span):
        yield f"{margin(gutter)} {_CUT}"


def _underlined(mark: Mark, start: int, size: int, is_last: bool, gutter: int, width: int) -> Iterator[str]:
    underline = style(mark.character * size, fg=mark.colour, bold=True)
    label = escape(mark.label) if is_last else ""
    fits = gutter + 4 + start + size + _width(label) <= width
    yield f"{margin(gutter)} {' ' * start}{underline}{' ' + label if label and fits else ''}"
    if not fits and label:
        indent = min(start, max(width // 2 - gutter, 0))
        rows = wrapped(" " * indent, label, width - gutter - 3).split("\n")
        yield from (f"{margin(gutter)} {line}" for line in rows)


def _columns(span: Span, row: int, line: str) -> tuple[int, int]:
    """The terminal columns from 0 between which a span lies in one of its rows."""
    first = span.column if row == span.row else len(line) - len(line.lstrip()) + 1
    end = span.end_column if row == span.end_row else len(line) + 1
    start = _width(_printable(line[: first - 1]))
    return start, start + max(_width(_printable(line[first - 1 : end - 1])), 1)


@dataclass(frozen=True, slots=True)
class _Window:
    """What is shown of a line: its `text`, which begins at the terminal column `start` and is `size` columns wide."""

    text: str
    start: int
    size: int

    @classmethod
    def of(cls, line: str, marks: Sequence[tuple[int, int]], size: int) -> _Window:
        """As much of `line` as fits into `size` columns, with all of `marks`, or else the beginning of the first."""
        text = _printable(line)
        full = _width(text)
        size = max(size, _LEAST)
        if full <= size:
            return cls(text, 0, size)
        first, last = min(start for start, _ in marks), max(end for _, end in marks)
        if last <= size - len(_CUT):
            start = 0
        elif last - first > size - 2 * len(_CUT):
            start = max(0, first - len(_CUT))
        else:
            start = min(last + len(_CUT), full) - size
        shown = _between(text, start, start + size)
        if _between(text, 0, start).strip():
            shown = _CUT + _between(shown, len(_CUT), size)
        if start + size < full:
            shown = _between(shown, 0, size - len(_CUT)) + _CUT
        return cls(shown, start, size)

    def shown(self, start: int, end: int) -> tuple[int, int]:
        """Where a mark begins in the window, and its columns there."""
        first = min(max(start - self.start, 0), self.size - 1)
        return first, max(min(end - self.start, self.size) - first, 1)


def _between(text: str, start: int, end: int) -> str:
    """The characters in the terminal columns from `start` to `end`; a space for half of a wide one."""
    shown, column = [], 0
    for character in text:
        width = _width(character)
        if start <= column and column + width <= end:
            shown.append(character)
        else:
            shown.append(" " * max(0, min(column + width, end) - max(column, start)))
        column += width
    return "".join(shown)


def last_row(span: Span) -> int:
    """The last row to show: a span that ends at the start of a line ends in the line before."""
    end = span.end_row - 1 if span.end_column == 1 and span.end_row > span.row else span.end_row
    return min(end, span.row + MAX_ROWS - 1)


def margin(gutter: int) -> str:
    """The left border of a row without a line number."""
    return style(f"{' ' * gutter} |", fg="blue")


def wrapped(indent: str, text: str, width: int) -> str:
    """`text` in lines of at most `width` columns, each after `indent`. A longer word, as a path, is not broken."""
    return "\n".join(
        textwrap.wrap(
            text,
            width,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
    )


def _printable(source: str) -> str:
    return escape(source.replace("\t", "    "))


def _width(text: str) -> int:
    """The number of terminal columns: wide characters take two, combining ones none."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
