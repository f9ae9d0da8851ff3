"""Where a finding stands, in words: `net.py:12:5`, and in a notebook `net.ipynb:cell 3:12:5`."""

from __future__ import annotations

from initlint.diagnostics import Diagnostic, Span
from initlint.report.escape import escape


def file_of(span: Span) -> str:
    """The file, with the cell if it is a notebook; cells count from 1, those of text included."""
    return escape(span.file) + (f":cell {span.cell.number}" if span.cell else "")


def place(span: Span) -> str:
    """The file, the row and the column."""
    return f"{file_of(span)}:{span.local.row}:{span.column}"


def in_file(span: Span) -> Span:
    """The range by the lines of the file itself. Of a notebook, whose lines of JSON nobody sees, its beginning."""
    return Span(span.file, 1, 1, 1, 1) if span.cell else span


def message_of(diagnostic: Diagnostic) -> str:
    """The message for those who are shown `in_file`: in a notebook it begins with the place."""
    span = diagnostic.span
    place = f"cell {span.cell.number}:{span.local.row}:{span.column}: " if span.cell else ""
    return f"{place}{escape(diagnostic.message)}"


def line_of(span: Span, file: str) -> str:
    """The line, for a reader who looks at `file`: `line 3`, `cell 4, line 3`, or with the name of another file."""
    if span.file != file:
        return f"{file_of(span)}:{span.local.row}"
    return f"cell {span.cell.number}, line {span.local.row}" if span.cell else f"line {span.row}"
