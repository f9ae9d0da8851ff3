"""The formats with one line for each finding: `concise`, `grouped` by file, and those of pylint and Azure Pipelines."""

from __future__ import annotations

from itertools import groupby

from click import style

from initlint.diagnostics import Diagnostic, Severity
from initlint.report.report import Report
from initlint.report.text import escape, file_of, headline, in_file, kind_of, message_of, said

_IN_PROPERTY = str.maketrans({"%": "%AZP25", ";": "%3B", "\r": "%0D", "\n": "%0A", "]": "%5D"})
_IN_DATA = str.maketrans({"%": "%AZP25", "\r": "%0D", "\n": "%0A"})


def concise(report: Report) -> str:
    """`path:row:column: severity[CODE] [*] message`, one line each."""
    return "".join(f"{headline(diagnostic)} {said(diagnostic)}\n" for diagnostic in report.diagnostics)


def grouped(report: Report) -> str:
    """The name of each file (and cell of a notebook), and below it `row:column  severity[CODE] [*] message`."""
    groups = groupby(sorted(report.diagnostics, key=lambda d: d.sort_key), lambda d: file_of(d.span))
    return "\n".join(f"{style(name, bold=True)}:\n{_group(list(found))}" for name, found in groups)


def _group(diagnostics: list[Diagnostic]) -> str:
    places = [f"{d.span.local.row}:{d.span.column}" for d in diagnostics]
    width = max(map(len, places))
    return "".join(
        f"  {place:<{width}}  {kind_of(diagnostic)} {said(diagnostic)}\n"
        for place, diagnostic in zip(places, diagnostics, strict=True)
    )


def pylint(report: Report) -> str:
    """`path:row: [CODE] message`, which the plugins of many editors and CI servers read. Without the summary."""
    return "".join(
        f"{escape(report.path(d.span.file))}:{in_file(d.span).row}: [{d.code}] {message_of(d)}\n"
        for d in report.diagnostics
    )


def azure(report: Report) -> str:
    """Logging commands, which Azure Pipelines shows as issues of the build; it knows errors and warnings only.

    Source: https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands
    """
    return "".join(f"{_logging_command(diagnostic, report)}\n" for diagnostic in report.diagnostics)


def _logging_command(diagnostic: Diagnostic, report: Report) -> str:
    span = in_file(diagnostic.span)
    properties = {
        "type": "error" if diagnostic.severity is Severity.ERROR else "warning",
        "sourcepath": escape(report.path(span.file)),
        "linenumber": span.row,
        "columnnumber": span.column,
        "code": diagnostic.code,
    }
    listed = "".join(f"{key}={str(value).translate(_IN_PROPERTY)};" for key, value in properties.items())
    return f"##vso[task.logissue {listed}]{message_of(diagnostic).translate(_IN_DATA)}"
