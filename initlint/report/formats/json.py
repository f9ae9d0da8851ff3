"""The report for programs. Its shape, version 1, is a contract: keys are added, never changed or removed."""

from __future__ import annotations

import json
import math
from typing import Any

from initlint.report.report import Report


def render(report: Report) -> str:
    """One JSON document. Rows and columns count from 1, columns in characters; ends are exclusive.

    In a notebook rows count from the top of a cell, and `cell` is its number.
    """
    return dumps({"version": 1, "diagnostics": [diagnostic.to_dict() for diagnostic in report.diagnostics]})


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
