"""The number of findings of each rule, for `--statistics`."""

from __future__ import annotations

from collections import Counter
from typing import Any

from initlint.diagnostics import Applicability
from initlint.report.formats import FOR_PEOPLE
from initlint.report.formats.json import dumps
from initlint.report.report import Report
from initlint.report.text import is_auto_fixable

SHOWN_FIXES = (Applicability.SAFE,)
"""The fixes that it counts."""


class UnsupportedFormat(Exception):
    """A format without a form for statistics."""


def render(name: str, report: Report) -> str:
    """The statistics in the format `name`. Raises `UnsupportedFormat`."""
    if name == "json":
        return as_json(report)
    if name in FOR_PEOPLE:
        return listing(report)
    raise UnsupportedFormat(f"--statistics cannot be shown as {name}; take full, concise or json")


def listing(report: Report) -> str:
    """`count  CODE  [*] name`, the most frequent first; `[*]` where `--fix` fixes all, `[-]` where some."""
    rows = _rows(report)
    width = max((len(str(row["count"])) for row in rows), default=0)
    return "".join(f"{row['count']:>{width}}  {row['code']}  {_mark(row)} {row['name']}\n" for row in rows)


def as_json(report: Report) -> str:
    """A JSON list of objects with `code`, `name`, `count`, and `fixable`, the number that `--fix` fixes."""
    return dumps(_rows(report))


def _rows(report: Report) -> list[dict[str, Any]]:
    counts = Counter((diagnostic.code, diagnostic.name) for diagnostic in report.diagnostics)
    fixable = Counter(diagnostic.code for diagnostic in report.diagnostics if is_auto_fixable(diagnostic))
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [{"code": code, "name": name, "count": count, "fixable": fixable[code]} for (code, name), count in ordered]


def _mark(row: dict[str, Any]) -> str:
    if not row["fixable"]:
        return "[ ]"
    return "[*]" if row["fixable"] == row["count"] else "[-]"
