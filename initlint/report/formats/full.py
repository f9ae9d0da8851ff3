"""One block for each finding: a line, the code frame, the related locations and the fix.

The text is styled; the command line strips the styles if the output has no colours. Prose is wrapped at the width of
the terminal, source lines are cut.
"""

from __future__ import annotations

from click import style

from initlint.diagnostics import Applicability, Diagnostic, Fix
from initlint.report.code_frame import Mark, draw, grouped, last_row, margin, wrapped
from initlint.report.report import Report
from initlint.report.text import COLOUR, escape, headline, place, said

MAX_RELATED = 6
"""A loop may initialize hundreds of layers."""


def render(report: Report) -> str:
    """For each finding where it is and how bad, the message, a code frame, the related locations and the fix.

    A verbose report also shows the layers behind the numbers.
    """
    return "".join(
        f"{headline(diagnostic)} {style(diagnostic.name, bold=True)}\n"
        f"{wrapped('  ', said(diagnostic), report.width)}\n"
        f"{_body(diagnostic, report)}\n"
        for diagnostic in report.diagnostics
    )


def _body(diagnostic: Diagnostic, report: Report) -> str:
    lines, width = report.lines, report.width
    shown = diagnostic.related[:MAX_RELATED]
    marks = [
        Mark(diagnostic.span, "^", "", COLOUR[diagnostic.severity]),
        *(Mark(related.span, "-", related.message, "blue") for related in shown),
    ]
    gutter = max(len(str(last_row(mark.span.local))) for mark in marks)
    body = [margin(gutter)] if lines(diagnostic.span.file) else []
    before = diagnostic.span
    for group in grouped(marks):
        span = group[0].span
        if (span.file, span.cell) != (before.file, before.cell):
            body.append(f"{' ' * gutter}{style('::: ', fg='blue')}{place(span)}")
        elif span != before and span.row != last_row(before) + 1:
            body.append(style("...", fg="blue"))
        body += draw(group, lines(span.file), gutter, width)
        before = span
    if body:
        body.append(margin(gutter))
    if hidden := len(diagnostic.related) - len(shown):
        body.append(_note(gutter, "note", f"and {hidden} more places", width))
    if report.verbose:
        body += [_note(gutter, "chain", step, width) for step in diagnostic.chain]
    if diagnostic.fix:
        body.append(_note(gutter, "help", _offer(diagnostic.fix), width))
    return "".join(f"{line}\n" for line in body)


def _note(gutter: int, kind: str, text: str, width: int) -> str:
    hanging = " " * (gutter + 3 + len(kind) + 2)
    shown = wrapped(hanging, escape(text), width).removeprefix(hanging)
    return f"{' ' * gutter} {style('=', fg='blue')} {style(kind, bold=True)}: {shown}"


def _offer(fix: Fix) -> str:
    return fix.message if fix.applicability is Applicability.SAFE else f"{fix.message} (unsafe: --fix --unsafe-fixes)"
