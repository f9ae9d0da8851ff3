"""Renders the report as one HTML page that loads nothing: styles, script and pictures are inside."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path
from types import MappingProxyType

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from markupsafe import escape as html_escape

from initlint import __version__
from initlint._records import dataclass
from initlint.analysis.signal_propagation import mean_squares
from initlint.diagnostics import Severity, Span
from initlint.graph.model import ModelGraph
from initlint.linter.results import CheckResult, Finding
from initlint.project.decoding import Lines
from initlint.report.html.drawing import Badge
from initlint.report.html.file_pages import ModelLink, file_pages
from initlint.report.html.layout import Point
from initlint.report.html.marks import concerned_layers
from initlint.report.html.model_pages import Levels, Measured, ModelPage, by_layer, model_page
from initlint.report.model_list import list_models
from initlint.report.text import escape

_CODE = re.compile(r"`([^`]+)`")
_RANGE = re.compile(r"\d+-\d+")

MOST_MODELS = 40
"""How many models are drawn. A page with more drawings would be slow to open. Models with findings come first."""


@dataclass(frozen=True, slots=True)
class PageInput:
    """Input of the page besides the result of the run: source lines, models after all fixes, and measured signals.

    `folder`: what is left out at the beginning of paths, see `folder_of`.
    """

    lines: Lines
    fixed: CheckResult | None = None
    measured: Measured = field(default_factory=lambda: MappingProxyType({}))
    folder: str = ""


def title_of(paths: Sequence[Path]) -> str:
    """The names of folders, which `.` does not show, and the paths of files."""
    return ", ".join((path.resolve().name or str(path)) if path.is_dir() else str(path) for path in paths)


def folder_of(paths: Sequence[Path]) -> str:
    """The folder that all of `paths` are or are in, as the paths of files begin; empty for the current one."""
    try:
        common = os.path.commonpath([path if path.is_dir() else path.parent for path in paths])
    except ValueError:  # absolute and relative paths, or different drives
        return ""
    return os.path.join(common, "") if common not in ("", os.curdir) else ""


def render(result: CheckResult, title: str, page_input: PageInput) -> str:
    """The report as HTML. `result` is one of `linter.pipeline.check_models` with `whole_models`."""
    diagnostics = result.diagnostics
    listed = list_models(result.models, result.findings_by_model)
    badges = {(d.code, d.span): Badge(d.code, d.severity, number) for number, d in enumerate(diagnostics, 1)}
    models_with_findings = [
        (
            model,
            [
                finding
                for finding in (*findings, *(f for f in result.file_findings if concerned_layers(model, f)))
                if (finding.diagnostic.code, finding.diagnostic.span) in badges
            ],
        )
        for model, findings in listed.entries
    ]
    models = sorted(models_with_findings, key=lambda model_and_findings: not model_and_findings[1])
    pages = _model_pages(models, badges, page_input)
    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"arrow_path": arrow_path, "breakable": breakable, "marked_up": marked_up}
    return environment.get_template("report.html").render(
        title=escape(title),
        left_out=listed.left_out,
        version=__version__,
        files=file_pages(diagnostics, page_input.lines, _links(pages), page_input.folder),
        file_count=len(result.files),
        counts=[(severity, sum(d.severity is severity for d in diagnostics)) for severity in reversed(Severity)],
        fixable=sum(d.fix is not None for d in diagnostics),
        models=pages,
    )


def _links(pages: Sequence[ModelPage]) -> Mapping[int, Sequence[ModelLink]]:
    """By the number of the finding, the models that it is about."""
    links: dict[int, list[ModelLink]] = {}
    for page in pages:
        for badge in page.badges:
            links.setdefault(badge.number, []).append(ModelLink(page.anchor, page.name))
    return links


def _model_pages(
    models: Sequence[tuple[ModelGraph, Sequence[Finding]]],
    badges: Mapping[tuple[str, Span], Badge],
    page_input: PageInput,
) -> list[ModelPage]:
    fixed_models = {_identity(model): model for model in page_input.fixed.models} if page_input.fixed else {}
    return [
        model_page(
            model,
            findings,
            badges,
            f"m{number}",
            _signal_levels(model, fixed_models.get(_identity(model)), page_input.measured),
            folder=page_input.folder,
            drawn=number <= MOST_MODELS,
        )
        for number, (model, findings) in enumerate(models, 1)
    ]


def _identity(model: ModelGraph) -> tuple[str, str]:
    return model.location.span.file, model.name


def _signal_levels(model: ModelGraph, fixed: ModelGraph | None, measured: Measured) -> Levels:
    fixed_levels = {} if fixed is None else by_layer(fixed, mean_squares(fixed))
    if fixed_levels == by_layer(model, mean_squares(model)):
        fixed_levels = {}
    return Levels(fixed_levels, measured.get(model.name, {}))


def arrow_path(points: Sequence[Point]) -> str:
    """The `d` attribute of an SVG path through `points` from top to bottom, vertical at each point."""
    (x, y), *further_points = points
    commands = [f"M{x:.1f} {y:.1f}"]
    for to_x, to_y in further_points:
        middle = (y + to_y) / 2
        commands.append(f"C{x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f} {to_x:.1f} {to_y:.1f}")
        x, y = to_x, to_y
    return "".join(commands)


def breakable(path: str) -> Markup:
    """The path of a layer, with line breaks after dots, and none in a range of numbers."""
    return Markup(_RANGE.sub(r'<span class="range">\g<0></span>', str(html_escape(path)).replace(".", ".<wbr>")))


def marked_up(message: str) -> Markup:
    """The message as HTML, with `code` elements for text in backticks. Everything in it is escaped."""
    parts = _CODE.split(escape(message))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if index % 2 else html_escape(part) for index, part in enumerate(parts)
    )
