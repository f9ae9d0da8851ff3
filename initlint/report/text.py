"""The report for people: a line for each finding, in the full format with the code that it speaks of.

Everything is styled; whoever prints strips the styles where they are not wanted.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from click import style

from initlint.diagnostics import Applicability, Diagnostic, Fix, Severity, Span
from initlint.report.escape import escape
from initlint.report.places import place

Lines = Callable[[str], Sequence[str]]
"""A file's path to its lines, those of all cells in a notebook; none if it cannot be read."""

MAX_ROWS = 8
"""Longer spans (a class, a long call) are shown by their first rows."""

MAX_RELATED = 6
"""A loop may initialise hundreds of layers."""

_COLOUR = {Severity.INFO: "cyan", Severity.WARNING: "yellow", Severity.ERROR: "red"}


def concise(diagnostics: Sequence[Diagnostic]) -> str:
    """`path:row:column: CODE [*] message`, one line each; `[*]` marks what `--fix` mends."""
    return "".join(f"{_headline(diagnostic)}\n" for diagnostic in diagnostics)


def full(diagnostics: Sequence[Diagnostic], lines: Lines) -> str:
    """As `concise`, each with a code frame, the related places and the fix that is offered."""
    return "".join(f"{_headline(diagnostic)}\n{_body(diagnostic, lines)}\n" for diagnostic in diagnostics)


def summary(diagnostics: Sequence[Diagnostic], fixed: int = 0) -> str:
    """`Found N errors (M fixable with --fix).`, or that all is well. `fixed`: how many there were besides these."""
    total = len(diagnostics) + fixed
    if not total:
        return "All checks passed!\n"
    kinds = [diagnostic.fix.applicability for diagnostic in diagnostics if diagnostic.fix]
    notes = [f"{fixed} fixed", f"{len(diagnostics)} remaining"] if fixed else []
    if safe := kinds.count(Applicability.SAFE):
        notes.append(f"{safe} fixable with --fix")
    if unsafe := kinds.count(Applicability.UNSAFE):
        notes.append(f"{unsafe} fixable with --fix --unsafe-fixes")
    remark = f" ({', '.join(notes)})" if notes else ""
    return f"Found {total} error{'' if total == 1 else 's'}{remark}.\n"


def _headline(diagnostic: Diagnostic) -> str:
    span = diagnostic.span
    separator = style(":", fg="cyan")
    cell = [f"cell {span.cell.number}"] if span.cell else []
    place = separator.join((style(escape(span.file), bold=True), *cell, str(span.local.row), str(span.column), " "))
    code = style(diagnostic.code, fg=_COLOUR[diagnostic.severity], bold=True)
    safe = diagnostic.fix and diagnostic.fix.applicability is Applicability.SAFE
    mark = f"[{style('*', fg='cyan')}] " if safe else ""
    return f"{place}{code} {mark}{escape(diagnostic.message)}"


@dataclass(frozen=True, slots=True)
class _Frame:
    """A range of one file to be shown, underlined with `marker` and labelled."""

    span: Span
    marker: str
    label: str
    colour: str


def _body(diagnostic: Diagnostic, lines: Lines) -> str:
    shown = diagnostic.related[:MAX_RELATED]
    frames = [
        _Frame(diagnostic.span, "^", "", _COLOUR[diagnostic.severity]),
        *(_Frame(related.span, "-", related.message, "blue") for related in shown),
    ]
    gutter = max(len(str(_last_row(frame.span.local))) for frame in frames)
    body = [_margin(gutter)] if lines(diagnostic.span.file) else []
    before = diagnostic.span
    for frame in frames:
        span = frame.span
        if (span.file, span.cell) != (before.file, before.cell):
            body.append(f"{' ' * gutter}{style('::: ', fg='blue')}{place(span)}")
        elif span != before and span.row != _last_row(before) + 1:
            body.append(style("...", fg="blue"))
        body += _frame(frame, lines(span.file), gutter)
        before = span
    if body:
        body.append(_margin(gutter))
    if hidden := len(diagnostic.related) - len(shown):
        body.append(_note(gutter, "note", f"and {hidden} more places"))
    if diagnostic.fix:
        body.append(_note(gutter, "help", _offer(diagnostic.fix)))
    return "".join(f"{line}\n" for line in body)


def _frame(frame: _Frame, lines: Sequence[str], gutter: int) -> Iterator[str]:
    span = frame.span
    last = min(_last_row(span), len(lines))
    above = span.row - span.local.row
    for row in range(span.row, last + 1):
        line = lines[row - 1]
        first_column = span.column if row == span.row else len(line) - len(line.lstrip()) + 1
        end_column = span.end_column if row == span.end_row else len(line.rstrip()) + 1
        before = _printable(line[: first_column - 1])
        marked = _printable(line[first_column - 1 : end_column - 1])
        yield f"{style(f'{row - above:>{gutter}} |', fg='blue')} {_printable(line.rstrip())}".rstrip()
        if not line.strip() and row != last:
            continue
        underline = style(frame.marker * max(_width(marked), 1), fg=frame.colour, bold=True)
        label = f" {escape(frame.label)}" if frame.label and row == last else ""
        yield f"{_margin(gutter)} {' ' * _width(before)}{underline}{label}"
    if _last_row(span) < span.end_row and last == _last_row(span):
        yield f"{_margin(gutter)} ..."


def _last_row(span: Span) -> int:
    """The last row that is shown: an end at the start of a line belongs to the line before."""
    end = span.end_row - 1 if span.end_column == 1 and span.end_row > span.row else span.end_row
    return min(end, span.row + MAX_ROWS - 1)


def _margin(gutter: int) -> str:
    return style(f"{' ' * gutter} |", fg="blue")


def _note(gutter: int, kind: str, text: str) -> str:
    return f"{' ' * gutter} {style('=', fg='blue')} {style(kind, bold=True)}: {escape(text)}"


def _offer(fix: Fix) -> str:
    return fix.message if fix.applicability is Applicability.SAFE else f"{fix.message} (unsafe: --fix --unsafe-fixes)"


def _printable(source: str) -> str:
    return escape(source.replace("\t", "    "))


def _width(text: str) -> int:
    """Columns of a terminal: wide characters take two, combining ones none."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
