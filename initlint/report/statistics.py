"""The number of findings by rule, file or severity, for `--statistics`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from initlint.diagnostics import Applicability, Diagnostic, Severity
from initlint.report.formats import FOR_PEOPLE
from initlint.report.formats.json import dumps
from initlint.report.report import Report
from initlint.report.text import escape, is_auto_fixable

SHOWN_FIXES = (Applicability.SAFE,)
"""The fixes that it counts."""

_KEYS: dict[str, Callable[[Diagnostic], dict[str, str]]] = {
    "rule": lambda diagnostic: {"code": diagnostic.code, "name": diagnostic.name},
    "file": lambda diagnostic: {"file": diagnostic.span.file},
    "severity": lambda diagnostic: {"severity": diagnostic.severity.label},
}
"""What is counted, by name: the keys of an entry, the same for all findings that it counts."""

GROUPINGS = tuple(_KEYS)


_LEGEND = {"[*]": "--fix fixes all of them", "[-]": "--fix fixes some"}


class UnsupportedFormat(Exception):
    """A format without a form for statistics."""


def render(name: str, report: Report, by: str) -> str:
    """The statistics by `by`, one of `GROUPINGS`, in the format `name`. Raises `UnsupportedFormat`."""
    if name == "json":
        return as_json(report, by)
    if name in FOR_PEOPLE:
        return listing(report, by)
    raise UnsupportedFormat(f"--statistics cannot be shown as {name}; take full, concise or json")


def listing(report: Report, by: str = "rule") -> str:
    """A line for each entry, the most frequent first; `[*]` where `--fix` fixes all, `[-]` where some.

    By rule `count  CODE  [*] name`, by file `count  [*] path`, by severity `count  [*] warning`.
    """
    rows = _rows(report, by)
    width = max((len(str(row["count"])) for row in rows), default=0)
    lines = [f"{row['count']:>{width}}  {_label(row)}\n" for row in rows]
    legend = "; ".join(f"{mark} {text}" for mark, text in _LEGEND.items() if any(_mark(row) == mark for row in rows))
    return "".join([*lines, f"{legend}\n" if legend else ""])


def as_json(report: Report, by: str = "rule") -> str:
    """A JSON list of objects with `code` and `name`, `file`, or `severity`; `count`; and `fixable`, the number that
    `--fix` fixes.
    """
    return dumps(_rows(report, by))


def _rows(report: Report, by: str) -> list[dict[str, Any]]:
    entries: dict[tuple[str, ...], dict[str, str]] = {}
    counts: Counter[tuple[str, ...]] = Counter()
    fixable: Counter[tuple[str, ...]] = Counter()
    for diagnostic in report.diagnostics:
        entry = _KEYS[by](diagnostic)
        key = tuple(entry.values())
        entries[key] = entry
        counts[key] += 1
        fixable[key] += is_auto_fixable(diagnostic)
    ordered = sorted(counts, key=lambda key: (-counts[key], key))
    return [{**entries[key], "count": counts[key], "fixable": fixable[key]} for key in ordered]


def _label(row: dict[str, Any]) -> str:
    code = f"{row['code']}  " if "code" in row else ""
    name = Severity[row["severity"].upper()].kind if "severity" in row else row.get("name") or row["file"]
    return f"{code}{_mark(row)} {escape(name)}"


def _mark(row: dict[str, Any]) -> str:
    if not row["fixable"]:
        return "[ ]"
    return "[*]" if row["fixable"] == row["count"] else "[-]"
