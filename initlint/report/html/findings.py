"""The findings of a run as the page shows them: by file, each with its code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from initlint.diagnostics import Applicability, Diagnostic, Related, Span
from initlint.project.decoding import Lines
from initlint.project.notebook import BREAK as CELL_BREAK
from initlint.report.formats.full import MAX_RELATED, MAX_ROWS
from initlint.report.text import escape, line_of

_AROUND = 2
"""How many lines of code stand before and behind what a finding speaks of."""


@dataclass(frozen=True, slots=True)
class CodeLine:
    """A line of source: what stands before the marked part, that part, and the rest."""

    row: int
    before: str
    marked: str
    after: str


@dataclass(frozen=True, slots=True)
class ShownLocation:
    """Another place that a finding speaks of, with its line of code."""

    where: str
    message: str
    code: str


@dataclass(frozen=True, slots=True)
class Finding:
    number: int
    diagnostic: Diagnostic
    code: tuple[CodeLine, ...]
    related: tuple[ShownLocation, ...]
    hidden: int
    """How many related places are not listed."""
    fix: str
    safe: bool


@dataclass(frozen=True, slots=True)
class FilePage:
    path: str
    findings: tuple[Finding, ...]


def file_pages(diagnostics: Sequence[Diagnostic], lines: Lines) -> list[FilePage]:
    """One for each file with findings, in their order; they are numbered from 1 over all files."""
    by_file: dict[str, list[Finding]] = {}
    for number, diagnostic in enumerate(diagnostics, 1):
        by_file.setdefault(diagnostic.span.file, []).append(_finding(number, diagnostic, lines))
    return [FilePage(escape(path), tuple(findings)) for path, findings in by_file.items()]


def _finding(number: int, diagnostic: Diagnostic, lines: Lines) -> Finding:
    related = list(_places(diagnostic.related, diagnostic.span, lines))
    fix = diagnostic.fix
    return Finding(
        number=number,
        diagnostic=diagnostic,
        code=tuple(_code(diagnostic.span, lines(diagnostic.span.file))),
        related=tuple(related[:MAX_RELATED]),
        hidden=max(0, len(related) - MAX_RELATED),
        fix=fix.message if fix else "",
        safe=fix is not None and fix.applicability is Applicability.SAFE,
    )


def _code(span: Span, lines: Sequence[str]) -> Iterator[CodeLine]:
    end = min(span.end_row, span.row + MAX_ROWS - 1)
    rows = _rows_around(span, end, lines)
    above = span.row - span.local.row
    shared = min((_indent(lines[row - 1]) for row in rows if lines[row - 1].strip()), default=0)
    for row in rows:
        line = lines[row - 1].rstrip()
        first = len(line) if not span.row <= row <= end else span.column - 1 if row == span.row else _indent(line)
        last = span.end_column - 1 if row == span.end_row else len(line)
        last = max(last, first)
        yield CodeLine(row - above, _shown(line[shared:first]), _shown(line[first:last]), _shown(line[last:]))


def _rows_around(span: Span, end: int, lines: Sequence[str]) -> range:
    """Those of `span` as far as `end`, and a few more of the same file or cell."""
    top = span.cell.row if span.cell else 1
    bottom = min(len(lines), end + _AROUND)
    if span.cell:
        bottom = next((row - 1 for row in range(end, bottom + 1) if lines[row - 1] == CELL_BREAK), bottom)
    return range(max(top, span.row - _AROUND), bottom + 1)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _shown(source: str) -> str:
    return escape(source.replace("\t", "    "))


def _places(related: Iterable[Related], own: Span, lines: Lines) -> Iterator[ShownLocation]:
    for other in related:
        span = other.span
        source = lines(span.file)
        code = source[span.row - 1].strip() if span.row <= len(source) else ""
        yield ShownLocation(line_of(span, own.file), escape(other.message), _shown(code))
