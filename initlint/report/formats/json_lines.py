"""JSON, one finding a line, in the shape that `json` documents: for `jq`, `grep` and logs."""

from __future__ import annotations

import json

from initlint.report.formats.json import finite
from initlint.report.report import Report


def render(report: Report) -> str:
    """One JSON object a line; nothing if there is no finding."""
    return "".join(f"{json.dumps(finite(diagnostic.to_dict()))}\n" for diagnostic in report.diagnostics)
