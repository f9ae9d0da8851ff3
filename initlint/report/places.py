"""Where a finding stands, in words: `net.py:12:5`, and in a notebook `net.ipynb:cell 3:12:5`."""

from __future__ import annotations

from initlint.diagnostics import Span
from initlint.report.escape import escape


def file_of(span: Span) -> str:
    """The file, with the cell if it is a notebook; cells count from 1, those of text included."""
    return escape(span.file) + (f":cell {span.cell.number}" if span.cell else "")


def place(span: Span) -> str:
    """The file, the row and the column."""
    return f"{file_of(span)}:{span.local.row}:{span.column}"
