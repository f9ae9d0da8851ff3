"""What the playground's worker calls in Pyodide: a text in, findings and models out, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from initlint import rewrite
from initlint.api import fix_source
from initlint.diagnostics import Diagnostic, Span
from initlint.graph.model import ModelGraph
from initlint.linter import pipeline
from initlint.linter.fix_edits import compute_fixes
from initlint.linter.results import Finding
from initlint.project.settings import Settings
from initlint.report.diff import unified_diff
from initlint.report.formats.json import finite
from initlint.report.html.drawing import Badge
from initlint.report.html.marks import concerned_layers
from initlint.report.html.model_pages import FoldedRow, Levels, ModelPage, model_page
from initlint.report.html.templates import environment
from initlint.report.model_list import list_models
from initlint.rewrite.edits import apply

PATH = "model.py"
MOST_MODELS = 8
"""How many models are drawn, those with findings first."""

_SETTINGS = Settings(respect_gitignore=False)
_NO_LEVELS = Levels({}, {})
_ENVIRONMENT = environment()


def lint(text: str) -> str:
    """A JSON object: `findings`, `models`, `failures`, the number of models `left_out`, and whether it has `fixes`."""
    contents = {PATH: text.encode("utf-8", "surrogatepass")}
    result = pipeline.check_models([Path(PATH)], _SETTINGS, contents, whole_models=True)
    result = replace(result, diagnostics=compute_fixes(result.diagnostics, contents))
    listed = list_models(result.models, result.findings_by_model)
    badges = {(d.code, d.span): Badge(d.code, d.severity, number) for number, d in enumerate(result.diagnostics, 1)}
    models = [(model, _findings(model, own, result.file_findings, badges)) for model, own in listed.entries]
    models.sort(key=lambda model_and_findings: not model_and_findings[1])
    pages = [
        model_page(model, findings, badges, f"m{number}", _NO_LEVELS)
        for number, (model, findings) in enumerate(models[:MOST_MODELS], 1)
    ]
    document = {
        "findings": [_finding(text, diagnostic) for diagnostic in result.diagnostics],
        "models": list(map(_model, pages)),
        "left_out": len(models) - len(pages),
        "failures": [f"{failure.part}: {failure.error}" for failure in result.failures],
        "fixes": rewrite.can_rewrite(),
    }
    return json.dumps(finite(document))


def fix(text: str) -> str:
    """The text after all safe fixes. Raises `ImportError` without libcst."""
    return fix_source(text, PATH, _SETTINGS)


def _findings(
    model: ModelGraph,
    own: Iterable[Finding],
    of_file: Iterable[Finding],
    badges: Mapping[tuple[str, Span], Badge],
) -> list[Finding]:
    """The findings on a model, as the HTML report assigns them."""
    findings = [*own, *(finding for finding in of_file if concerned_layers(model, finding))]
    return [finding for finding in findings if (finding.diagnostic.code, finding.diagnostic.span) in badges]


def _finding(text: str, diagnostic: Diagnostic) -> dict[str, Any]:
    document = diagnostic.to_dict()
    if diagnostic.fix is not None:
        fixed, _ = apply(text, [diagnostic])
        diff = unified_diff(PATH, text.encode("utf-8", "replace"), fixed.encode("utf-8", "replace"))
        document["fix"]["diff"] = diff.split("\n")[2:-1]
    return document


def _model(page: ModelPage) -> dict[str, Any]:
    drawn = page.drawing is not None
    return {
        "anchor": page.anchor,
        "name": page.name,
        "row": page.location.row,
        "drawing": _ENVIRONMENT.get_template("drawing.svg").render(model=page) if drawn else None,
        "curves": [{"label": curve.label, "values": curve.values, "color": curve.variable} for curve in page.curves],
        "circled": page.circled,
        "summary": page.summary,
        "notes": page.notes,
        "layers": _layers(page.table),
    }


def _layers(table: Sequence[FoldedRow]) -> list[dict[str, Any]]:
    return [
        {
            "number": folded.row.number,
            "label": folded.label,
            "count": folded.count,
            "shape": folded.row.shape,
            "init": folded.row.init,
            "kind": folded.row.kind,
            "follows": folded.row.follows,
            "level": folded.row.level,
            "codes": [badge.code for badge in folded.row.badges],
        }
        for folded in table
    ]
