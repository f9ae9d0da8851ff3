"""The formats by name. A format is imported on first use: most runs need one, and each costs start-up time."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import cast

from initlint.diagnostics import Applicability
from initlint.report.report import Report
from initlint.report.text import summary

FOR_PEOPLE = ("concise", "full", "grouped")
"""The formats that end in a summary."""

_WITH_FIXES = (*FOR_PEOPLE, "json", "json-lines", "rdjson", "sarif")
"""The formats that show fixes, or whether there are any."""

_ONE_LINE_EACH = ("azure", "concise", "grouped", "pylint")
"""The formats that share a module, as functions by their names; each other one is the `render` of its own module."""


def shown_fixes(name: str, quiet: bool) -> tuple[Applicability, ...]:
    """Which fixes a report in the format `name` shows. No others need edits."""
    if name == "markdown" or (name in ("concise", "grouped") and quiet):
        return (Applicability.SAFE,)
    return tuple(Applicability) if name in _WITH_FIXES else ()


def render(name: str, report: Report, quiet: bool = False) -> str:
    """`report` in the format `name`, one of `settings.OUTPUT_FORMATS`; `quiet` omits the summary."""
    module, function = ("lines", name) if name in _ONE_LINE_EACH else (name.replace("-", "_"), "render")
    rendered = cast(Callable[[Report], str], getattr(importlib.import_module(f"{__package__}.{module}"), function))
    closing = summary(report.diagnostics, report.fixed) if name in FOR_PEOPLE and not quiet else ""
    return rendered(report) + closing
