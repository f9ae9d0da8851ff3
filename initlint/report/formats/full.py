"""One block for each finding: a line, the code frame, the related locations and the fix.

The text is styled; the command line strips the styles if the output has no colours. Prose is wrapped at the width of
the terminal, source lines are not.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterator, Sequence

from click import style

from initlint._records import dataclass
from initlint.diagnostics import Applicability, Diagnostic, Fix, Span
from initlint.report.report import Report
from initlint.report.text import COLOUR, escape, headline, place, said

MAX_ROWS = 8
"""Of longer spans (a class, a long call) the first rows are shown."""

MAX_RELATED = 6
"""A loop may initialize hundreds of layers."""


def render(report: Report) -> str:
    """For each finding where it is and how bad, the message, a code frame, the related locations and the fix.

    A verbose report also shows the layers behind the numbers.
    """
    return "".join(
        f"{headline(diagnostic)} {style(diagnostic.name, bold=True)}\n"
        f"{_wrapped('  ', said(diagnostic), report.width)}\n"
        f"{_body(diagnostic, report)}\n"
        for diagnostic in report.diagnostics
    )


@dataclass(frozen=True, slots=True)
class _Frame:
    """A span to show, underlined with `marker` and labelled."""

    span: Span
    marker: str
    label: str
    colour: str


def _body(diagnostic: Diagnostic, report: Report) -> str:
    lines, width = report.lines, report.width
    shown = diagnostic.related[:MAX_RELATED]
    frames = [
        _Frame(diagnostic.span, "^", "", COLOUR[diagnostic.severity]),
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
        body += _frame(frame, lines(span.file), gutter, width)
        before = span
    if body:
        body.append(_margin(gutter))
    if hidden := len(diagnostic.related) - len(shown):
        body.append(_note(gutter, "note", f"and {hidden} more places", width))
    if report.verbose:
        body += [_note(gutter, "chain", step, width) for step in diagnostic.chain]
    if diagnostic.fix:
        body.append(_note(gutter, "help", _offer(diagnostic.fix), width))
    return "".join(f"{line}\n" for line in body)


def _frame(frame: _Frame, lines: Sequence[str], gutter: int, width: int) -> Iterator[str]:
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
        start, size = _width(before), max(_width(marked), 1)
        underline = style(frame.marker * size, fg=frame.colour, bold=True)
        label = escape(frame.label) if row == last else ""
        fits = gutter + 4 + start + size + _width(label) <= width
        yield f"{_margin(gutter)} {' ' * start}{underline}{' ' + label if label and fits else ''}"
        if not fits and label:
            indent = min(start, max(width // 2 - gutter, 0))
            rows = _wrapped(" " * indent, label, width - gutter - 3).split("\n")
            yield from (f"{_margin(gutter)} {line}" for line in rows)
    if _last_row(span) < span.end_row and last == _last_row(span):
        yield f"{_margin(gutter)} ..."


def _last_row(span: Span) -> int:
    """The last row to show: a span that ends at the start of a line ends in the line before."""
    end = span.end_row - 1 if span.end_column == 1 and span.end_row > span.row else span.end_row
    return min(end, span.row + MAX_ROWS - 1)


def _margin(gutter: int) -> str:
    return style(f"{' ' * gutter} |", fg="blue")


def _note(gutter: int, kind: str, text: str, width: int) -> str:
    hanging = " " * (gutter + 3 + len(kind) + 2)
    shown = _wrapped(hanging, escape(text), width).removeprefix(hanging)
    return f"{' ' * gutter} {style('=', fg='blue')} {style(kind, bold=True)}: {shown}"


def _wrapped(indent: str, text: str, width: int) -> str:
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


def _offer(fix: Fix) -> str:
    return fix.message if fix.applicability is Applicability.SAFE else f"{fix.message} (unsafe: --fix --unsafe-fixes)"


def _printable(source: str) -> str:
    return escape(source.replace("\t", "    "))


def _width(text: str) -> int:
    """The number of terminal columns: wide characters take two, combining ones none."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
