"""The part of the page about the findings: by file, each with its source lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from markupsafe import Markup

from initlint._records import dataclass
from initlint.diagnostics import Applicability, Diagnostic, Related, Span
from initlint.project.decoding import Lines
from initlint.project.notebook import BREAK as CELL_BREAK
from initlint.report.code_frame import MAX_ROWS
from initlint.report.formats.full import MAX_RELATED
from initlint.report.html.highlighting import HighlightedFile
from initlint.report.text import escape, line_of

_MAX_MODELS = 6
"""The largest number of models that a finding links to."""
_CONTEXT_LINES = 2
"""How many source lines to show before and after a finding."""


@dataclass(frozen=True, slots=True)
class CodeLine:
    """A source line in three parts of HTML: before the marked text, the marked text, and after it."""

    row: int
    before: Markup
    marked: Markup
    after: Markup


@dataclass(frozen=True, slots=True)
class RelatedLine:
    """A related location of a finding, with its source line."""

    where: str
    message: str
    code: Markup


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
    diagnostics: Sequence[Diagnostic], lines: Lines, models: Mapping[int, Sequence[ModelLink]], folder: str
) -> list[FilePage]:
    """One page section per file with findings, which are numbered from 1 over all files. `models`: by that number.

    `folder`: what paths are shown without.
    """
    source = _Source(lines)
    by_file: dict[str, list[FindingEntry]] = {}
    for number, diagnostic in enumerate(diagnostics, 1):
        entry = _finding(number, diagnostic, source, models.get(number, ()), folder)
        by_file.setdefault(diagnostic.span.file, []).append(entry)
    return [FilePage(escape(path.removeprefix(folder)), tuple(findings)) for path, findings in by_file.items()]


class _Source:
    """The lines of files, plain and highlighted; each file is read once."""

    def __init__(self, lines: Lines) -> None:
        self._read = lines
        self._files: dict[str, tuple[Sequence[str], HighlightedFile]] = {}

    def plain(self, file: str) -> Sequence[str]:
        return self._file(file)[0]

    def highlighted(self, file: str) -> HighlightedFile:
        return self._file(file)[1]

    def _file(self, file: str) -> tuple[Sequence[str], HighlightedFile]:
        if file not in self._files:
            lines = [line.rstrip(" \t\r\n") for line in self._read(file)]  # a form feed ends a cell
            self._files[file] = lines, HighlightedFile(lines)
        return self._files[file]


def _finding(
    number: int, diagnostic: Diagnostic, source: _Source, models: Sequence[ModelLink], folder: str
) -> FindingEntry:
    related = list(_related_lines(diagnostic.related, diagnostic.span, source, folder))
    fix = diagnostic.fix
    return FindingEntry(
        number=number,
        diagnostic=diagnostic,
        code=tuple(_code(diagnostic.span, source)),
        related=tuple(related[:MAX_RELATED]),
        hidden=max(0, len(related) - MAX_RELATED),
        fix=fix.message if fix else "",
        safe=fix is not None and fix.applicability is Applicability.SAFE,
        models=tuple(models[:_MAX_MODELS]),
        more_models=max(0, len(models) - _MAX_MODELS),
    )


def _code(span: Span, source: _Source) -> Iterator[CodeLine]:
    lines, highlighted = source.plain(span.file), source.highlighted(span.file)
    end = min(span.end_row, span.row + MAX_ROWS - 1)
    rows = _rows_around(span, end, lines)
    rows_before_cell = span.row - span.local.row
    common_indent = min((_indent(lines[row - 1]) for row in rows if lines[row - 1].strip()), default=0)
    for row in rows:
        line = lines[row - 1]
        first = len(line) if not span.row <= row <= end else span.column - 1 if row == span.row else _indent(line)
        last = span.end_column - 1 if row == span.end_row else len(line)
        last = max(last, first)
        yield CodeLine(
            row - rows_before_cell,
            highlighted.between(row, common_indent, first),
            highlighted.between(row, first, last),
            highlighted.between(row, last, len(line)),
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


def _related_lines(
    related: Iterable[Related], finding_span: Span, source: _Source, folder: str
) -> Iterator[RelatedLine]:
    for related_location in related:
        span = related_location.span
        lines = source.plain(span.file)
        line = lines[span.row - 1] if span.row <= len(lines) else ""
        code = source.highlighted(span.file).between(span.row, _indent(line), len(line))
        where = line_of(span, finding_span.file).removeprefix(folder)
        yield RelatedLine(where, escape(related_location.message), code)
