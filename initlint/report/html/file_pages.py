"""The part of the page about the findings: by file, each with its source lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from initlint.diagnostics import Applicability, Diagnostic, Related, Span
from initlint.project.decoding import Lines
from initlint.project.notebook import BREAK as CELL_BREAK
from initlint.report.formats.full import MAX_RELATED, MAX_ROWS
from initlint.report.text import escape, line_of

_MAX_MODELS = 6
"""The largest number of models that a finding links to."""
_CONTEXT_LINES = 2
"""How many source lines to show before and after a finding."""


@dataclass(frozen=True, slots=True)
class CodeLine:
    """A source line in three parts: before the marked text, the marked text, and after it."""

    row: int
    before: str
    marked: str
    after: str


@dataclass(frozen=True, slots=True)
class RelatedLine:
    """A related location of a finding, with its source line."""

    where: str
    message: str
    code: str


@dataclass(frozen=True, slots=True)
class ModelLink:
    """A model that a finding is about, and the anchor of its part of the page."""

    anchor: str
    name: str


@dataclass(frozen=True, slots=True)
class FindingEntry:
    number: int
    diagnostic: Diagnostic
    code: tuple[CodeLine, ...]
    related: tuple[RelatedLine, ...]
    hidden: int
    """How many related locations are omitted."""
    fix: str
    safe: bool
    models: tuple[ModelLink, ...]
    more_models: int


@dataclass(frozen=True, slots=True)
class FilePage:
    path: str
    findings: tuple[FindingEntry, ...]


def file_pages(
    diagnostics: Sequence[Diagnostic], lines: Lines, models: Mapping[int, Sequence[ModelLink]]
) -> list[FilePage]:
    """One page section per file with findings, which are numbered from 1 over all files. `models`: by that number."""
    by_file: dict[str, list[FindingEntry]] = {}
    for number, diagnostic in enumerate(diagnostics, 1):
        by_file.setdefault(diagnostic.span.file, []).append(_finding(number, diagnostic, lines, models.get(number, ())))
    return [FilePage(escape(path), tuple(findings)) for path, findings in by_file.items()]


def _finding(number: int, diagnostic: Diagnostic, lines: Lines, models: Sequence[ModelLink]) -> FindingEntry:
    related = list(_related_lines(diagnostic.related, diagnostic.span, lines))
    fix = diagnostic.fix
    return FindingEntry(
        number=number,
        diagnostic=diagnostic,
        code=tuple(_code(diagnostic.span, lines(diagnostic.span.file))),
        related=tuple(related[:MAX_RELATED]),
        hidden=max(0, len(related) - MAX_RELATED),
        fix=fix.message if fix else "",
        safe=fix is not None and fix.applicability is Applicability.SAFE,
        models=tuple(models[:_MAX_MODELS]),
        more_models=max(0, len(models) - _MAX_MODELS),
    )


def _code(span: Span, lines: Sequence[str]) -> Iterator[CodeLine]:
    end = min(span.end_row, span.row + MAX_ROWS - 1)
    rows = _rows_around(span, end, lines)
    rows_before_cell = span.row - span.local.row
    common_indent = min((_indent(lines[row - 1]) for row in rows if lines[row - 1].strip()), default=0)
    for row in rows:
        line = lines[row - 1].rstrip()
        first = len(line) if not span.row <= row <= end else span.column - 1 if row == span.row else _indent(line)
        last = span.end_column - 1 if row == span.end_row else len(line)
        last = max(last, first)
        yield CodeLine(
            row - rows_before_cell,
            _display_text(line[common_indent:first]),
            _display_text(line[first:last]),
            _display_text(line[last:]),
        )


def _rows_around(span: Span, end: int, lines: Sequence[str]) -> range:
    """The rows of `span` up to `end`, and a few rows of context in the same file or cell."""
    top = span.cell.row if span.cell else 1
    bottom = min(len(lines), end + _CONTEXT_LINES)
    if span.cell:
        bottom = next((row - 1 for row in range(end, bottom + 1) if lines[row - 1] == CELL_BREAK), bottom)
    return range(max(top, span.row - _CONTEXT_LINES), bottom + 1)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _display_text(source: str) -> str:
    return escape(source.replace("\t", "    "))


def _related_lines(related: Iterable[Related], finding_span: Span, lines: Lines) -> Iterator[RelatedLine]:
    for related_location in related:
        span = related_location.span
        source = lines(span.file)
        code = source[span.row - 1].strip() if span.row <= len(source) else ""
        yield RelatedLine(line_of(span, finding_span.file), escape(related_location.message), _display_text(code))
