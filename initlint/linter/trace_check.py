"""`check --trace`: both tracers on the same files. Where torch has built and followed a model, its word counts."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from initlint.diagnostics import Diagnostic, Span
from initlint.graph.model import FileGraph, Layer, ModelGraph, Write
from initlint.linter import pipeline
from initlint.linter.results import CheckResult
from initlint.project.settings import Settings
from initlint.project.source import SourceLocation
from initlint.project.trace_targets import TargetSpec
from initlint.tracers.fx import IMPORT_FAILED, BuildResult, Limits, SourceLocations, build_models, read_graph
from initlint.tracers.fx_run import display_path, project_file_loader
from initlint.tracers.static.project import Project

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def check(paths: Sequence[Path], settings: Settings, limits: Limits) -> CheckResult:
    """Lint `paths`, and build and trace what they define. It runs their code.

    The result's notes are the models that could not be traced, for which the static result stands; its details are
    those that were, and the findings of the static tracer that the trace contradicts. Raises `WorkerError` if the
    interpreter cannot trace at all, and as `linter.check` does.
    """
    static = pipeline.check_models(paths, settings)
    built = _build(static.models, settings, limits)
    refinement = _Refinement(built, settings)
    result = pipeline.check_models(paths, settings, refine=refinement.refine)
    before = {(diagnostic.code, diagnostic.span): diagnostic for diagnostic in static.diagnostics}
    marked = tuple(
        replace(
            diagnostic, engines=_engines(before.pop((diagnostic.code, diagnostic.span), None), diagnostic, refinement)
        )
        for diagnostic in result.diagnostics
    )
    dropped = (f"contradicted by the trace: {d.span.file}:{d.span.row}: {d.code} {d.message}" for d in before.values())
    return replace(
        result,
        diagnostics=marked,
        warnings=_problems(static.models, built),
        verbose_notes=(*refinement.traced, *dropped),
    )


def graphs(paths: Sequence[Path], settings: Settings, limits: Limits) -> CheckResult:
    """The models in `paths` as torch builds them; the notes say which could not be traced. Raises as `check` does."""
    static = pipeline.check_models(paths, settings, rules=False)
    built = _build(static.models, settings, limits)
    project = Project(pipeline.files(paths, settings), {}, settings.import_roots, settings.additions)
    places = SourceLocations(project_file_loader(project.load), display_path)
    additions = settings.additions
    models = (read_graph(one.result, one.spec.attribute, places, additions) for one in built if one.result is not None)
    return replace(static, models=tuple(models), warnings=_problems(static.models, built))


def layer_differences(one: Layer, other: Layer) -> tuple[str, ...]:
    """What two engines say differently of a layer: `followed_by`, `writes`."""
    followings = [{(f.op, f.between, f.layer) for f in layer.followed_by if f.certain} for layer in (one, other)]
    inits = [
        {name: _said(layer.effective_write(name)) for name in one.shapes.keys() & other.shapes.keys()}
        for layer in (one, other)
    ]
    different = {"followed_by": followings[0] != followings[1], "writes": inits[0] != inits[1]}
    return tuple(name for name, differs in different.items() if differs)


def _said(write: Write | None) -> object:
    return None if write is None else (write.initializer, write.location.span)


def _build(models: Sequence[ModelGraph], settings: Settings, limits: Limits) -> list[BuildResult]:
    """Every class that can be built from its defaults, and every function that was seen to return a model."""
    classes = _importable(spec for model in models for spec in _classes(model))
    functions = _importable(spec for model in models for spec in _builder(model))
    roots = settings.import_roots
    built = build_models(classes, limits, roots, settings.additions, optional=True)
    return built + build_models(functions, limits, roots, settings.additions)


def _importable(targets: Iterable[tuple[str, str]]) -> list[TargetSpec]:
    """Those in files that Python can import, each once."""
    return [spec for spec in (TargetSpec(*target) for target in dict.fromkeys(targets)) if spec.is_file]


def _classes(model: ModelGraph) -> Iterator[tuple[str, str]]:
    """All classes at the top of the model's file; which of them are modules is for the worker to tell."""
    if isinstance(model.location, SourceLocation):
        body = model.location.source.tree.body
        yield from ((model.location.source.path, node.name) for node in body if isinstance(node, ast.ClassDef))


def _builder(model: ModelGraph) -> Iterator[tuple[str, str]]:
    if isinstance(model.location, SourceLocation) and isinstance(model.location.node, _FUNCTIONS) and model.returned:
        yield model.location.source.path, model.name


def _problems(models: Sequence[ModelGraph], built: Sequence[BuildResult]) -> tuple[str, ...]:
    """A line for each file that cannot be imported, such as a notebook, and for each target without a graph."""
    files = (model.location.span.file for model in models)
    foreign = (f"{file}: not traced: Python cannot import it" for file in files if not TargetSpec(file, "").is_file)
    # An import that fails does so for every class of the file.
    lines = (
        f"{one.spec.where if one.problem.startswith(IMPORT_FAILED) else one.spec.text}: {one.problem}"
        for one in built
        if one.problem is not None
    )
    return tuple(dict.fromkeys((*foreign, *lines)))


def _engines(static: Diagnostic | None, diagnostic: Diagnostic, refinement: _Refinement) -> tuple[str, ...]:
    by_trace = static is None or diagnostic.span in refinement.seen
    return (*(("static",) if static is not None else ()), *(("fx",) if by_trace else ()))


class _Refinement:
    """Puts what was traced in the place of what was read."""

    def __init__(self, built: Sequence[BuildResult], settings: Settings) -> None:
        self._results = {
            (one.spec.where, one.spec.attribute): one.result for one in built if one.result and one.result["flows"]
        }
        self._settings = settings
        self.seen: set[Span] = set()
        """The places of the init calls of all models that count as traced."""
        self.traced: list[str] = []

    def refine(self, graph: FileGraph, project: Project) -> FileGraph:
        """The models of one file, the traced ones as torch built them."""
        path = graph.source.path
        places = SourceLocations(project_file_loader(project.load), display_path)
        additions = self._settings.additions
        traced = {
            name: read_graph(result, name, places, additions)
            for (where, name), result in self._results.items()
            if where == path
        }
        models = []
        for static in graph.models:
            found = traced.pop(static.name, None)
            if found is not None and _is_same_run(static, found):
                self._note(found, path)
                models.append(_merged(static, found))
            else:
                models.append(static)
        known = {model.name for model in graph.models}
        for name, found in traced.items():
            if name not in known:
                self._note(found, path)
                models.append(found)
        return replace(graph, models=tuple(models))

    def _note(self, model: ModelGraph, path: str) -> None:
        self.seen.update(write.location.span for layer in model.layers for write in layer.writes)
        self.traced.append(f"traced: {path}: {model.name}, {model.trace_method}")


def _is_same_run(static: ModelGraph, traced: ModelGraph) -> bool:
    """Whether the static tracer looked at the same model, and not at one that a script builds or initialises itself."""
    if not isinstance(static.location, SourceLocation) or not isinstance(
        static.location.node, (ast.ClassDef, *_FUNCTIONS)
    ):
        return False
    done = {write.location for layer in traced.layers for write in layer.writes}
    written = {write.location for layer in static.layers for write in layer.writes if write.certain}
    vague = static.incomplete or not static.layers or any("*" in layer.path for layer in static.layers)
    return written <= done and bool(vague or static.by_path.keys() == traced.by_path.keys())


def _merged(static: ModelGraph, traced: ModelGraph) -> ModelGraph:
    """The traced layers, with what only the source tells of them: calls that are guarded, writes that are lost."""
    layers = tuple(_merged_layer(static.by_path.get(layer.path), layer) for layer in traced.layers)
    return replace(
        static,
        layers=layers,
        engine=traced.engine,
        forward=traced.forward,
        trace_method=traced.trace_method,
        incomplete=(),
    )


def _merged_layer(static: Layer | None, traced: Layer) -> Layer:
    if static is None:
        return traced
    visits = {(write.location, write.parameter): write.visit for write in static.writes}
    writes = tuple(replace(write, visit=visits.get((write.location, write.parameter))) for write in traced.writes)
    return replace(
        traced, writes=writes, ineffective_writes=static.ineffective_writes, parametrized=static.parametrized
    )
