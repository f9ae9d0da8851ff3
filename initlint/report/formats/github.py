"""GitHub Actions annotations: workflow commands, which the runner reads from the log.

Source: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from initlint.diagnostics import Diagnostic, Severity
from initlint.report.report import Report
from initlint.report.text import escape, in_file
from initlint.report.text import place as place_of

_COMMAND = {Severity.INFO: "notice", Severity.WARNING: "warning", Severity.ERROR: "error"}
_IN_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTY = {**_IN_DATA, **str.maketrans({":": "%3A", ",": "%2C"})}


def render(report: Report) -> str:
    """One command a line. GitHub shows the first ten of each level in a step, the log has all."""
    return "".join(f"{_command(diagnostic, report)}\n" for diagnostic in report.diagnostics)


def _command(diagnostic: Diagnostic, report: Report) -> str:
    span = in_file(diagnostic.span)
    place = {"file": escape(report.path(span.file)), "line": span.row, "endLine": span.end_row}
    if span.row == span.end_row:  # the runner rejects columns of spans over several lines
        place |= {"col": span.column, "endColumn": span.end_column}
    properties = {**place, "title": f"initlint ({diagnostic.code})"}
    listed = ",".join(f"{key}={str(value).translate(_IN_PROPERTY)}" for key, value in properties.items())
    # The log shows only the message, so it has to include the location.
    message = f"{place_of(diagnostic.span)}: {diagnostic.code} {escape(diagnostic.message)}"
    return f"::{_COMMAND[diagnostic.severity]} {listed}::{message.translate(_IN_DATA)}"
