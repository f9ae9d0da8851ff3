"""The report for programs. Its shape, version 1, is a contract: keys are added, never changed or removed."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

from initlint.diagnostics import Diagnostic, Fix, Span
from initlint.report.report import Report


def render(report: Report) -> str:
    """One JSON document. Rows and columns count from 1, columns in characters; ends are exclusive.

    In a notebook rows count from the top of a cell, and `cell` is its number.
    """
    return dumps({"version": 1, "diagnostics": [as_json(diagnostic) for diagnostic in report.diagnostics]})


def dumps(document: dict[str, Any] | list[Any]) -> str:
    """JSON in ASCII, which every terminal and encoding can represent."""
    return json.dumps(finite(document), indent=2, allow_nan=False) + "\n"


def finite(value: Any) -> Any:
    """`value` with the strings `nan`, `inf` and `-inf` for the numbers that JSON does not have."""
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    return [finite(item) for item in value] if isinstance(value, (list, tuple)) else value


def as_json(diagnostic: Diagnostic) -> dict[str, Any]:
    """One finding in the documented shape. Numbers that its message does not state are null."""
    return {
        "code": diagnostic.code,
        "name": diagnostic.name,
        "message": diagnostic.message,
        "severity": diagnostic.severity.label,
        **_span(diagnostic.span),
        "fix": _fix(diagnostic.fix) if diagnostic.fix else None,
        "related": [{**_start(related.span), "message": related.message} for related in diagnostic.related],
        "url": diagnostic.url,
        "model": diagnostic.model,
        "layers": list(diagnostic.layers),
        **asdict(diagnostic.numbers),
        **({"engines": list(diagnostic.engines)} if diagnostic.engines else {}),
    }


def _fix(fix: Fix) -> dict[str, Any]:
    edits = [{**_span(edit.span), "replacement": edit.replacement} for edit in fix.edits]
    return {"applicability": fix.applicability.value, "message": fix.message, "edits": edits}


def _span(span: Span) -> dict[str, Any]:
    end = {"end_row": span.local.end_row, "end_column": span.end_column}
    return {**_start(span), "column": span.column, **end}


def _start(span: Span) -> dict[str, Any]:
    return {"file": span.file, **cell_of(span), "row": span.local.row}


def cell_of(span: Span) -> dict[str, Any]:
    """The key `cell`, which only locations in notebooks have."""
    return {"cell": span.cell.number} if span.cell else {}
