"""The report as one page to look at: findings with their code, each model drawn, its signal through depth.

Needs the extra `report` (jinja2, grandalf, matplotlib), which is why nothing but `initlint report` imports this.
The page is one file and loads nothing: styles, script and pictures stand in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from jinja2 import Environment, PackageLoader, StrictUndefined

from initlint import __version__
from initlint.analysis.signal_propagation import second_moments
from initlint.diagnostics import Severity, Span
from initlint.graph.model import ModelGraph
from initlint.linter.pipeline import DrawnModels, FindingMark
from initlint.project.decoding import Lines
from initlint.report.html.drawing import Badge
from initlint.report.html.findings import FilePage, file_pages
from initlint.report.html.measured import Measured, read
from initlint.report.html.models import Levels, ModelPage, by_layer, model_page
from initlint.report.html.paths import curve, marked_up
from initlint.report.text import escape

MOST_MODELS = 40
"""A page that draws more would be slow to open; those with findings go first, and the page says what is left out."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What the page is made from, beside the survey: the survey of the mended files, and what a trace measured."""

    lines: Lines
    mended: DrawnModels | None = None
    measured: Measured = field(default_factory=lambda: MappingProxyType({}))


def render(survey: DrawnModels, title: str, sources: Sources) -> str:
    """The page, as HTML."""
    diagnostics = survey.result.diagnostics
    badges = {(d.code, d.span): Badge(d.code, d.severity, at) for at, d in enumerate(diagnostics, 1)}
    shown = [(model, [mark for mark in marks if (mark.code, mark.span) in badges]) for model, marks in survey.models]
    models = sorted(shown, key=lambda found: not found[1])
    environment = Environment(
        loader=PackageLoader(__name__), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"curve": curve, "marked_up": marked_up}
    return environment.get_template("report.html").render(
        title=escape(title),
        version=__version__,
        files=file_pages(diagnostics, sources.lines),
        file_count=len(survey.result.files),
        counts=[(severity, sum(d.severity is severity for d in diagnostics)) for severity in reversed(Severity)],
        fixable=sum(d.fix is not None for d in diagnostics),
        models=_pages(models[:MOST_MODELS], badges, sources),
        left_out=max(0, len(models) - MOST_MODELS),
    )


def _pages(
    models: Sequence[tuple[ModelGraph, Sequence[FindingMark]]],
    badges: Mapping[tuple[str, Span], Badge],
    sources: Sources,
) -> list[ModelPage]:
    mended = {_key(model): model for model, _ in sources.mended.models} if sources.mended else {}
    return [
        model_page(model, marks, badges, f"m{at}", _levels(model, mended.get(_key(model)), sources.measured))
        for at, (model, marks) in enumerate(models, 1)
    ]


def _key(model: ModelGraph) -> tuple[str, str]:
    return model.location.span.file, model.name


def _levels(model: ModelGraph, mended: ModelGraph | None, measured: Measured) -> Levels:
    after = {} if mended is None else by_layer(mended, second_moments(mended))
    if after == by_layer(model, second_moments(model)):
        after = {}
    return Levels(after, measured.get(model.name, {}))


__all__ = ["FilePage", "Sources", "read", "render"]
