"""GitLab's code quality report, which merge requests show.

It is a subset of Code Climate's, and other readers of that take it too.
Sources: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format and
https://github.com/codeclimate/platform/blob/master/spec/analyzers/SPEC.md
"""

from __future__ import annotations

from typing import Any

from initlint.diagnostics import Diagnostic, Severity
from initlint.linter.fingerprint import content, fingerprints
from initlint.report.formats.json import dumps
from initlint.report.report import Report
from initlint.report.text import in_file, message_of

_SEVERITY = {Severity.INFO: "info", Severity.WARNING: "minor", Severity.ERROR: "major"}


def render(report: Report) -> str:
    """One JSON list. GitLab recognizes findings by fingerprint, which does not depend on line numbers."""
    contents = (content(d, report.path(d.span.file), report.lines(d.span.file)) for d in report.diagnostics)
    named = zip(report.diagnostics, fingerprints(contents), strict=True)
    return dumps([_finding(diagnostic, fingerprint, report) for diagnostic, fingerprint in named])


def _finding(diagnostic: Diagnostic, fingerprint: str, report: Report) -> dict[str, Any]:
    span = in_file(diagnostic.span)
    return {
        "type": "issue",
        "categories": ["Bug Risk"],
        "check_name": diagnostic.code,
        "description": f"{diagnostic.code}: {message_of(diagnostic)}",
        "severity": _SEVERITY[diagnostic.severity],
        "fingerprint": fingerprint,
        "location": {"path": report.path(span.file), "lines": {"begin": span.row, "end": span.end_row}},
    }
