"""A Markdown table, for the comment of a bot on a pull request or the summary of a CI job.

Source: https://github.github.com/gfm/#tables-extension-
"""

from __future__ import annotations

import re

from initlint.diagnostics import Diagnostic
from initlint.report.report import Report
from initlint.report.text import by_severity, escape, in_file, is_auto_fixable, message_of

MAX_OPEN = 20
"""Of longer tables, readers see the heading, and open the table with a click."""

_SPECIAL = re.compile(r"([\\*_\[\]<>#~|@!&])")


def render(report: Report) -> str:
    """A heading with the numbers by severity, and a table with a row for each finding."""
    if not report.diagnostics:
        return "**initlint**: all checks passed\n"
    rows = "".join(f"{_row(diagnostic, report)}\n" for diagnostic in report.diagnostics)
    table = f"| severity | rule | place | finding |\n|---|---|---|---|\n{rows}"
    heading = f"**initlint** found {by_severity(report.diagnostics)}"
    if len(report.diagnostics) <= MAX_OPEN:
        return f"{heading}\n\n{table}"
    return f"<details>\n<summary>{heading.replace('**', '')}</summary>\n\n{table}\n</details>\n"


def _row(diagnostic: Diagnostic, report: Report) -> str:
    span = in_file(diagnostic.span)
    place = f"{escape(report.path(span.file))}:{span.row}"
    fixable = " *(fixable)*" if is_auto_fixable(diagnostic) else ""
    rule = f"[{diagnostic.code}]({diagnostic.url})"
    return f"| {diagnostic.severity.kind} | {rule} | {_plain(place)} | {_inline(message_of(diagnostic))}{fixable} |"


def _inline(text: str) -> str:
    """`text` with its code spans; everything else in it is shown as it is."""
    if text.count("`") % 2:
        return _plain(text).replace("`", "\\`")
    parts = text.split("`")
    return "`".join(part.replace("|", "\\|") if number % 2 else _plain(part) for number, part in enumerate(parts))


def _plain(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)
