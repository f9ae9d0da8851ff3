"""Reviewdog's JSON, from which reviewdog comments on pull requests of most code hosts.

Source: https://github.com/reviewdog/reviewdog/tree/master/proto/rdf
"""

from __future__ import annotations

from typing import Any

from initlint.diagnostics import Diagnostic, Severity, Span
from initlint.report.formats.json import dumps
from initlint.report.report import Report
from initlint.report.text import escape, in_file, message_of

_SEVERITY = {Severity.INFO: "INFO", Severity.WARNING: "WARNING", Severity.ERROR: "ERROR"}


def render(report: Report) -> str:
    """One JSON document. Columns count bytes of UTF-8, from 1; ends are exclusive."""
    source = {"name": "initlint", "url": "https://initlint.readthedocs.io/"}
    return dumps({"source": source, "diagnostics": [_diagnostic(d, report) for d in report.diagnostics]})


def _diagnostic(diagnostic: Diagnostic, report: Report) -> dict[str, Any]:
    related = [{"message": escape(r.message), "location": _location(r.span, report)} for r in diagnostic.related]
    return {
        "message": message_of(diagnostic),
        "severity": _SEVERITY[diagnostic.severity],
        "code": {"value": diagnostic.code, "url": diagnostic.url},
        "location": _location(diagnostic.span, report),
        **({"relatedLocations": related} if related else {}),
        **({"suggestions": suggestions} if (suggestions := _suggestions(diagnostic, report)) else {}),
    }


def _suggestions(diagnostic: Diagnostic, report: Report) -> list[dict[str, Any]]:
    """The edits of the fix. Reviewdog applies them one by one, so a fix of several edits, or in a cell, is none."""
    fix = diagnostic.fix
    if fix is None or len(fix.edits) != 1 or fix.edits[0].span.cell or fix.edits[0].span.file != diagnostic.span.file:
        return []
    (edit,) = fix.edits
    return [{"range": _range(edit.span, report), "text": edit.replacement}]


def _location(span: Span, report: Report) -> dict[str, Any]:
    return {"path": escape(report.path(span.file)), "range": _range(in_file(span), report)}


def _range(span: Span, report: Report) -> dict[str, Any]:
    return {
        "start": _position(span.file, span.row, span.column, report),
        "end": _position(span.file, span.end_row, span.end_column, report),
    }


def _position(file: str, row: int, column: int, report: Report) -> dict[str, int]:
    lines = report.lines(file)
    before = lines[row - 1][: column - 1] if row <= len(lines) else " " * (column - 1)
    return {"line": row, "column": len(before.encode("utf-8", "surrogatepass")) + 1}
