"""No two outputs disagree on a layer: messages with their fields and chains, hover, trace, the page, and torch's trace.

`initlint graph` states no figures: that of a layer on the page and in `trace` is about the layers that it lists.
"""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping

import pytest

from initlint.analysis.messages import format_number
from initlint.analysis.signal_propagation import layer_inputs
from initlint.diagnostics import Diagnostic
from initlint.graph.model import ModelGraph
from initlint.integrations.lsp.hover import describe
from initlint.linter.pipeline import check_models
from initlint.project.settings import Selection, Settings
from initlint.project.trace_targets import TargetSpec
from initlint.report import graph_json, trace_table
from initlint.report.html.model_pages import Levels, model_page
from initlint.tracers.fx import Limits, TraceContext, trace_models
from initlint.tracers.fx.models import TraceResult
from initlint.tracers.fx_run import display_path, project_file_loader
from initlint.tracers.static.project import Project
from tests.support.paths import FIXTURES

SOURCES = [path for path in sorted(FIXTURES.rglob("*.py")) if not path.name.endswith(".fixed.py")]
SETTINGS = Settings(respect_gitignore=False, command_line=Selection(("ALL",), (), ()))
STATES_SIGNAL = {"INI301", "INI304", "INI306", "INI401", "INI404"}
"""Rules whose `factor` is that of the layers with their activations on the signal, of those where it means something."""
INITIALIZED_OUTSIDE = {"dcgan/bad.py", "mlp/bad.py", "teaching/digits_apply.py"}
"""The script around the class builds it with other arguments, or initializes it: `initlint trace` does not run that."""

_HOVER = re.compile(r"^- the layer (?:passes on|multiplies the signal's mean square by) ([\d.e+-]*\d)", re.MULTILINE)
_STEP = re.compile(r"^`(?P<path>[^`]+)` .*: factor (?P<factor>[\d.e+-]*\d)")


@pytest.fixture(scope="module", params=SOURCES, ids=lambda path: path.relative_to(FIXTURES).as_posix())
def linted(request: pytest.FixtureRequest) -> tuple[dict[str, ModelGraph], list[Diagnostic]]:
    """The models of a fixture by name, without those whose name is not unique, and its findings."""
    result = check_models([request.param], SETTINGS, {}, whole_models=True)
    names = [model.name for model in result.models]
    return {model.name: model for model in result.models if names.count(model.name) == 1}, list(result.diagnostics)


def traced(model: ModelGraph) -> Mapping[str, str]:
    """The factors that `initlint trace` shows, by the path of the layer."""
    document = trace_table.to_json([TraceResult(TargetSpec("net.py", model.name), model)])
    (entry,) = document["models"]
    return {layer["path"]: format_number(layer["factor"]) for layer in entry["layers"] if layer["factor"] is not None}


def hovered(model: ModelGraph, path: str) -> str | None:
    """The factor that hover shows for a layer."""
    span = model.by_path[path].location.span
    text = describe([model], span.file, span.cell.number if span.cell else 0, span.local.row, str) or ""
    parts = [part for part in text.split("\n\n---\n\n") if f"**`{path}`**" in part]
    found = _HOVER.search(parts[0]) if parts else None
    return found.group(1) if found and "as many outputs as inputs" not in parts[0] else None


def stated_steps(diagnostics: list[Diagnostic]) -> Iterator[tuple[str, str, str]]:
    """Model, layer and factor of each line of a chain."""
    for diagnostic in diagnostics:
        for line in diagnostic.chain:
            step = _STEP.match(line)
            if step and diagnostic.model and "as many outputs as inputs" not in line:
                yield diagnostic.model, step["path"], step["factor"]


def test_hover_shows_the_factors_of_trace(linted: tuple[dict[str, ModelGraph], list[Diagnostic]]) -> None:
    for model in linted[0].values():
        factors = traced(model)
        for layer in model.layers:
            shown = hovered(model, layer.path)
            assert shown is None or shown == factors.get(layer.path), layer.path


def test_messages_state_the_factors_of_trace(linted: tuple[dict[str, ModelGraph], list[Diagnostic]]) -> None:
    models, diagnostics = linted
    for name, path, factor in stated_steps(diagnostics):
        if name in models:
            assert traced(models[name]).get(path) == factor, path
    for diagnostic in diagnostics:
        if diagnostic.code not in STATES_SIGNAL or diagnostic.numbers.factor is None or diagnostic.model not in models:
            continue
        factors = traced(models[diagnostic.model])
        shown = {factors[path] for path in diagnostic.layers if path in factors}
        stated = {format_number(diagnostic.numbers.factor), format_number(diagnostic.numbers.factor_max or 0)}
        assert "as many outputs" in diagnostic.message or stated <= shown, diagnostic.message


def test_the_page_lists_the_factors_of_trace(linted: tuple[dict[str, ModelGraph], list[Diagnostic]]) -> None:
    for model in linted[0].values():
        page = model_page(model, [], {}, "m1", Levels({}, {}))
        assert {row.path: row.factor for row in page.rows if row.factor} == traced(model)
        shown = {row.number: row.factor for row in page.rows}
        assert all(shown[row.shown] == row.factor for row in page.rows)  # also of blocks that are shown once


def test_graph_lists_the_layers_that_have_figures(linted: tuple[dict[str, ModelGraph], list[Diagnostic]]) -> None:
    models = linted[0].values()
    document = json.loads(json.dumps(graph_json.to_json(models)))
    for model, entry in zip(models, document["models"], strict=True):
        assert set(traced(model)) <= {layer["path"] for layer in entry["layers"]}


@pytest.fixture(scope="module")
def built() -> Mapping[tuple[str, str], ModelGraph]:
    """The models that torch builds, by their file and name: of all fixtures in one run of the worker."""
    classes = [
        (path, node.name)
        for path in SOURCES
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
    ]
    counts = Counter(classes)
    specs = [TargetSpec(str(path), name) for path, name in classes if counts[path, name] == 1]
    load = project_file_loader(Project().load)
    context = TraceContext(Limits(), [], SETTINGS.additions, load, display_path)
    results = trace_models(specs, context, optional=True)
    return {(result.spec.where, result.spec.attribute): result.graph for result in results if result.graph is not None}


def test_torch_traces_the_factors_of_the_source(built: Mapping[tuple[str, str], ModelGraph]) -> None:
    """Where both know the signal that reaches a layer; torch also knows sizes and values that the source does not."""
    compared = 0
    for path in SOURCES:
        if path.relative_to(FIXTURES).as_posix() in INITIALIZED_OUTSIDE:
            continue
        models = check_models([path], SETTINGS, {}, whole_models=True).models
        names = Counter(model.name for model in models)
        for model in models:
            other = built.get((str(path), model.name))
            if other is not None and names[model.name] == 1:
                of_source, of_torch = traced(model), traced(other)
                both = [
                    at for at in of_source if at in of_torch and at in layer_inputs(model) and at in layer_inputs(other)
                ]
                assert {at: of_source[at] for at in both} == {at: of_torch[at] for at in both}, path
                compared += len(both)
    assert compared > 150


def test_the_page_shows_what_the_factors_give(linted: tuple[dict[str, ModelGraph], list[Diagnostic]]) -> None:
    for model in linted[0].values():
        factors = traced(model)
        page = model_page(model, [], {}, "m1", Levels({}, {}))
        levels = {row.path: row.level for row in page.rows if row.level}
        for path, signal in layer_inputs(model).items():
            layer = model.by_path[path]
            follows = {(consumer.op, consumer.between) for consumer in layer.followed_by if consumer.certain}
            if path in factors and path in levels and follows <= {("layer", ()), ("output", ())}:
                level = float(factors[path]) * signal.moment
                assert float(levels[path]) == pytest.approx(level, rel=0.07), path
