"""One line for each finding."""

from __future__ import annotations

from initlint.report.report import Report
from initlint.report.text import headline


def render(report: Report) -> str:
    """`path:row:column: CODE [*] message`, one line each."""
    return "".join(f"{headline(diagnostic)}\n" for diagnostic in report.diagnostics)
