"""The formats by name. A format is imported on first use: most runs need one, and each costs start-up time."""

from __future__ import annotations

import importlib
from typing import Protocol, cast

from initlint.diagnostics import Applicability
from initlint.report.report import Report
from initlint.report.text import summary

FOR_PEOPLE = ("concise", "full")
"""The formats that end in a summary."""

_WITH_FIXES = ("concise", "full", "json", "json-lines", "sarif")
"""The formats that show fixes, or whether there are any."""


class _Format(Protocol):
    def render(self, report: Report) -> str: ...


def shown_fixes(name: str, quiet: bool) -> tuple[Applicability, ...]:
    """Which fixes a report in the format `name` shows. No others need edits."""
    if name == "concise" and quiet:
        return (Applicability.SAFE,)
    return tuple(Applicability) if name in _WITH_FIXES else ()


def render(name: str, report: Report, quiet: bool = False) -> str:
    """`report` in the format `name`, one of `settings.OUTPUT_FORMATS`; `quiet` omits the summary."""
    module = cast(_Format, importlib.import_module(f"{__package__}.{name.replace('-', '_')}"))
    closing = summary(report.diagnostics, report.fixed) if name in FOR_PEOPLE and not quiet else ""
    return module.render(report) + closing
