"""Renders the report as one HTML page that loads nothing: styles, script and pictures are inside."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from initlint import __version__
from initlint._records import dataclass
from initlint.analysis.signal_propagation import mean_squares
from initlint.diagnostics import Severity, Span
from initlint.graph.model import ModelGraph
from initlint.linter.results import CheckResult, Finding
from initlint.project.decoding import Lines
from initlint.project.file_io import CannotRead, read_file
from initlint.report.html.curves import PlotFrame
from initlint.report.html.drawing import Badge
from initlint.report.html.file_pages import ModelLink, file_pages
from initlint.report.html.marks import concerned_layers
from initlint.report.html.model_pages import Levels, Measured, ModelPage, by_layer, model_page
from initlint.report.html.plot import plot
from initlint.report.html.templates import environment
from initlint.report.model_list import list_models
from initlint.report.text import escape

WIDE, NARROW = PlotFrame(760, 300), PlotFrame(350, 260)
"""The two sizes of a plot; the page shows the one that fits."""

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
    templates = environment()
    script = templates.get_template("report.js").render()
    return templates.get_template("report.html").render(
        title=escape(title),
        script=script,
        script_hash=_hash(script),
        left_out=listed.left_out,
        version=__version__,
        files=file_pages(diagnostics, page_input.lines, _links(pages), page_input.folder),
        file_count=len(result.files),
        counts=[(severity, sum(d.severity is severity for d in diagnostics)) for severity in reversed(Severity)],
        fixable=sum(d.fix is not None for d in diagnostics),
        models=pages,
        plots={page.anchor: _plots(page) for page in pages if page.curves},
    )


def _hash(script: str) -> str:
    """What a Content-Security-Policy calls a script by. A page with it runs this script and no other."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


def _plots(page: ModelPage) -> tuple[str, str]:
    """The two sizes."""
    curves, circled = page.curves, page.circled
    return plot(curves, WIDE, f"{page.anchor}w-", circled), plot(curves, NARROW, f"{page.anchor}n-", circled)


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


def read_measured(file: Path) -> Measured:
    """The measured signal at each layer of each model in `file`.

    Raises `CannotRead`, also for files that are no output of `initlint trace --measure --output-format json`.
    """
    try:
        return {model["name"]: _signals(model) for model in json.loads(read_file(file).decode("utf-8"))["models"]}
    except OSError as error:
        raise CannotRead(f"{file} cannot be read: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise CannotRead(f"{file} is not a report of `initlint trace --measure --output-format json`") from None


def _signals(model: Mapping[str, Any]) -> dict[str, float]:
    measured = {layer["path"]: layer["measured"]["signal"] for layer in model["layers"]}
    signals = {path: float(signal) for path, signal in measured.items() if signal is not None}
    return {path: signal for path, signal in signals.items() if math.isfinite(signal)}  # `inf` cannot be drawn
