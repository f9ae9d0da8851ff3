"""Both engines give the same graph: the static tracer's reading of a file against torch itself."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from initlint.graph.model import Layer, ModelGraph
from initlint.graph.words import UNDETERMINED
from initlint.linter import pipeline
from initlint.project.settings import Settings
from initlint.project.trace_targets import TargetSpec
from initlint.tracers.fx import Limits, TraceContext, trace_models
from initlint.tracers.fx_run import display_path, project_file_loader
from initlint.tracers.static.project import Project
from tests.support.paths import FIXTURES, PROGRAMS, ROOT

FOLDERS = (FIXTURES, PROGRAMS)

DIFFERENT = {
    "fixtures/actor_critic/good.py": "it has no forward, and the static tracer runs its other methods",
    "fixtures/dcgan/bad.py": "it is initialised at module level, outside of the class",
    "fixtures/mlp/bad.py": "the script builds it with other arguments than the defaults",
    "fixtures/gru_tagger/good.py": "`pack_padded_sequence` is opaque to the static tracer",
    "fixtures/teaching/digits_apply.py": "it is initialised at module level, outside of the class",
    "tests/tracers/static/programs/init_apply_at_module_level.py": "it is initialised at module level",
    "tests/tracers/static/programs/init_apply_in_main.py": "it is initialised at module level",
    "tests/tracers/static/programs/state_dict.py": "torch copies the whole state that is loaded, also equal values",
}
"""The files in which the engines do not look at the same thing."""


def _files() -> list[Path]:
    found = (path for folder in FOLDERS for path in sorted(folder.rglob("*.py")))
    names = (path.relative_to(ROOT) for path in found if not path.name.endswith(".fixed.py"))
    return [name for name in names if str(name) not in DIFFERENT]


def _pairs() -> Iterator[tuple[str, ModelGraph, ModelGraph]]:
    """For each class that can be built from its defaults: what the static tracer and torch say of it."""
    files = _files()
    models = pipeline.check_models(files, Settings(respect_gitignore=False), rules=False).models
    counts = Counter((model.location.span.file, model.name) for model in models)
    static = {(model.location.span.file, model.name): model for model in models}
    classes = [
        TargetSpec(str(file), node.name)
        for file in files
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and counts[str(file), node.name] == 1
    ]
    load = project_file_loader(Project().load)
    context = TraceContext(Limits(), [], Settings().additions, load, display_path)
    for traced in trace_models(classes, context, optional=True):
        if traced.graph is not None:
            yield traced.spec.text, static[traced.spec.where, traced.spec.attribute], traced.graph


@pytest.fixture(scope="module")
def pairs() -> list[tuple[str, ModelGraph, ModelGraph]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        return list(_pairs())


def _initialised(layer: Layer, known: Layer, both: set[str]) -> dict[str, object]:
    """The effective write of each parameter that `known` is settled about, without what the other engine lacks."""
    found: dict[str, object] = {}
    for parameter in sorted(both):
        write, other = layer.effective_write(parameter), known.effective_write(parameter)
        if not known.last_write_is_certain(parameter):
            continue
        doubtful = {name for name, value in (other.arguments if other else {}).items() if value is UNDETERMINED}
        found[parameter] = write and (
            write.initializer,
            {name: value for name, value in write.arguments.items() if name not in doubtful},
            write.location.span,
        )
    return found


def _facts(layer: Layer, static: Layer, other: Layer) -> dict[str, object]:
    # torch itself passes on more than the user wrote, as for `MultiheadAttention.out_proj`.
    settled = {name for name, value in static.arguments.items() if value is not UNDETERMINED}
    return {
        "type": (layer.type, layer.subclass, layer.owner, layer.attribute, layer.location.span.row),
        "arguments": {name: value for name, value in layer.arguments.items() if name in settled},
        "follows": {(f.op, f.between, f.layer, f.location.span.row) for f in layer.followed_by if f.certain},
        "init": _initialised(layer, static, static.shapes.keys() & other.shapes.keys()),
        "flags": (layer.residual, layer.frozen, layer.parametrized, layer.called),
    }


def test_the_layers_are_the_same(pairs: list[tuple[str, ModelGraph, ModelGraph]]) -> None:
    assert len(pairs) > 80
    for name, static, traced in pairs:
        assert [layer.path for layer in static.layers] == [layer.path for layer in traced.layers], name


def test_what_is_said_of_each_layer_is_the_same(pairs: list[tuple[str, ModelGraph, ModelGraph]]) -> None:
    for name, static, traced in pairs:
        for one, other in zip(static.layers, traced.layers, strict=True):
            if traced.trace_method is not None:
                assert (name, one.path, _facts(one, one, other)) == (name, other.path, _facts(other, one, other))


def test_what_cannot_be_followed_says_so(pairs: list[tuple[str, ModelGraph, ModelGraph]]) -> None:
    for name, _, traced in pairs:
        assert traced.trace_method is not None or not traced.parts, name
