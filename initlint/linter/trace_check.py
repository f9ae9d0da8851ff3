"""`check --trace`: both tracers on the same files. The fx tracer's graph of a model takes precedence."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from initlint.diagnostics import Diagnostic, Span
from initlint.graph.model import FileGraph, Layer, ModelGraph, Write
from initlint.linter import pipeline
from initlint.linter.results import CheckResult
from initlint.project.queries import FileSystemQueries, module_name
from initlint.project.settings import Settings
from initlint.project.source import SourceLocation
from initlint.project.trace_targets import TargetSpec
from initlint.project.tracking import TrackedQueries
from initlint.tracers.fx import IMPORT_FAILED, BuildResult, Limits, SourceLocations, build_models, read_graph
from initlint.tracers.fx_run import display_path, project_file_loader, specs_of_calls
from initlint.tracers.references.project_index import ProjectIndex
from initlint.tracers.static.project import Project

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def check(paths: Sequence[Path], settings: Settings, limits: Limits) -> CheckResult:
    """Lint `paths`, and build and trace the models they define, which runs their code.

    `warnings` of the result names the models that could not be traced, whose static graph is used. `verbose_notes`
    names the traced models, and the findings of the static tracer that the trace contradicts. Raises `WorkerError` if
    the interpreter cannot trace at all, and as `pipeline.check` does.
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
    """The models in `paths` as torch builds them. The warnings name those not traced. Raises as `check` does."""
    static = pipeline.check_models(paths, settings, rules=False)
    built = _build(static.models, settings, limits)
    project = Project(pipeline.files(paths, settings), {}, settings.module_roots, settings.additions)
    locations = SourceLocations(project_file_loader(project.load), display_path)
    additions = settings.additions
    models = (
        read_graph(one.result, one.spec.attribute, locations, additions) for one in built if one.result is not None
    )
    return replace(static, models=tuple(models), warnings=_problems(static.models, built))


def layer_differences(one: Layer, other: Layer) -> tuple[str, ...]:
    """The fields in which the graphs of two tracers differ for a layer: `followed_by`, `writes`."""
    consumers = [{(f.op, f.between, f.layer) for f in layer.followed_by if f.certain} for layer in (one, other)]
    inits = [
        {name: _init_and_span(layer.effective_write(name)) for name in one.shapes.keys() & other.shapes.keys()}
        for layer in (one, other)
    ]
    different = {"followed_by": consumers[0] != consumers[1], "writes": inits[0] != inits[1]}
    return tuple(name for name, differs in different.items() if differs)


def _init_and_span(write: Write | None) -> object:
    return None if write is None else (write.initializer, write.location.span)


def _build(models: Sequence[ModelGraph], settings: Settings, limits: Limits) -> list[BuildResult]:
    """Build every class, and call every function that returns a model.

    With the arguments of the configuration file; else with the defaults; a class that needs arguments, with those of
    the first call in the project that builds it.
    """
    classes = _importable(spec for model in models for spec in _classes(model))
    functions = _importable(spec for model in models for spec in _builder(model))
    roots, configured = settings.import_roots, [_configured(spec, settings) for spec in (*classes, *functions)]
    wanted = [spec for spec in configured if spec is not None]
    names = {spec.text for spec in wanted}
    build = partial(build_models, limits=limits, roots=roots, user_tables=settings.additions)
    built = build([spec for spec in classes if spec.text not in names], optional=True)
    built = _with_arguments_of_calls(built, partial(build, optional=True), settings)
    return built + build([*wanted, *(spec for spec in functions if spec.text not in names)])


def _configured(spec: TargetSpec, settings: Settings) -> TargetSpec | None:
    """The target with the arguments and inputs that the configuration file has for it."""
    file = Path(spec.where).resolve()
    for target in settings.trace:
        is_same_file = Path(target.where).resolve() == file if target.is_file else module_name(file)[1] == target.where
        if target.attribute == spec.attribute and is_same_file:
            return replace(target, where=spec.where)
    return None


def _with_arguments_of_calls(
    built: Sequence[BuildResult], build: Callable[[list[TargetSpec]], list[BuildResult]], settings: Settings
) -> list[BuildResult]:
    """The results; a class that cannot be built without arguments, with those of the first calls that can build it."""
    index = ProjectIndex(TrackedQueries(FileSystemQueries({}, map(str, settings.import_roots)), records=False))
    skipped = [one.spec for one in built if one.result is None and one.problem is None]
    candidates = [spec for one in skipped for spec, _ in specs_of_calls(one, index)]
    by_text: dict[str, BuildResult] = {}
    for one in build(candidates) if candidates else ():
        if one.result is not None:
            by_text.setdefault(one.spec.text, one)
    return [by_text.get(one.spec.text, one) for one in built]


def _importable(targets: Iterable[tuple[str, str]]) -> list[TargetSpec]:
    """The targets in files that Python can import, without duplicates."""
    return [spec for spec in (TargetSpec(*target) for target in dict.fromkeys(targets)) if spec.is_file]


def _classes(model: ModelGraph) -> Iterator[tuple[str, str]]:
    """All top-level classes of the model's file. The worker finds out which are modules."""
    if isinstance(model.location, SourceLocation):
        body = model.location.source.tree.body
        yield from ((model.location.source.path, node.name) for node in body if isinstance(node, ast.ClassDef))


def _builder(model: ModelGraph) -> Iterator[tuple[str, str]]:
    if isinstance(model.location, SourceLocation) and isinstance(model.location.node, _FUNCTIONS) and model.returned:
        yield model.location.source.path, model.name


def _problems(models: Sequence[ModelGraph], built: Sequence[BuildResult]) -> tuple[str, ...]:
    """One line for each file that Python cannot import, such as a notebook, and each target without a graph."""
    files = (model.location.span.file for model in models)
    foreign = (f"{file}: not traced: Python cannot import it" for file in files if not TargetSpec(file, "").is_file)
    # A failed import is one problem of the file, not one of each class.
    lines = (
        f"{one.spec.where if one.problem.startswith(IMPORT_FAILED) else one.spec.text}: {one.problem}"
        for one in built
        if one.problem is not None
    )
    return tuple(dict.fromkeys((*foreign, *lines)))


def _engines(static: Diagnostic | None, diagnostic: Diagnostic, refinement: _Refinement) -> tuple[str, ...]:
    by_trace = static is None or diagnostic.span in refinement.traced_spans
    return (*(("static",) if static is not None else ()), *(("fx",) if by_trace else ()))


class _Refinement:
    """Replaces the static graphs of models by the traced ones."""

    def __init__(self, built: Sequence[BuildResult], settings: Settings) -> None:
        self._results = {
            (one.spec.where, one.spec.attribute): one.result for one in built if one.result and one.result["flows"]
        }
        self._settings = settings
        self.traced_spans: set[Span] = set()
        """The spans of the init calls of all traced models."""
        self.traced: list[str] = []

    def refine(self, graph: FileGraph, project: Project) -> FileGraph:
        """The graph of a file, with the traced graph of each model that has one."""
        path = graph.source.path
        locations = SourceLocations(project_file_loader(project.load), display_path)
        additions = self._settings.additions
        traced = {
            name: read_graph(result, name, locations, additions)
            for (where, name), result in self._results.items()
            if where == path
        }
        models = []
        for static in graph.models:
            traced_model = traced.pop(static.name, None)
            if traced_model is not None and _is_same_model(static, traced_model):
                self._record(traced_model, path)
                models.append(_merged(static, traced_model))
            else:
                models.append(static)
        static_names = {model.name for model in graph.models}
        for name, traced_model in traced.items():
            if name not in static_names:
                self._record(traced_model, path)
                models.append(traced_model)
        return replace(graph, models=tuple(models))

    def _record(self, model: ModelGraph, path: str) -> None:
        self.traced_spans.update(write.location.span for layer in model.layers for write in layer.writes)
        self.traced.append(f"traced: {path}: {model.name}, {model.trace_method}")


def _is_same_model(static: ModelGraph, traced: ModelGraph) -> bool:
    """Whether both graphs are of the same model. A script may build a model with other arguments or inits."""
    if not isinstance(static.location, SourceLocation) or not isinstance(
        static.location.node, (ast.ClassDef, *_FUNCTIONS)
    ):
        return False
    traced_locations = {write.location for layer in traced.layers for write in layer.writes}
    static_locations = {write.location for layer in static.layers for write in layer.writes if write.certain}
    inexact = static.incomplete or not static.layers or any("*" in layer.path for layer in static.layers)
    return static_locations <= traced_locations and bool(inexact or static.by_path.keys() == traced.by_path.keys())


def _merged(static: ModelGraph, traced: ModelGraph) -> ModelGraph:
    """The traced layers, with the facts that only the static tracer knows: visits and ineffective writes."""
    layers = tuple(_merged_layer(static.by_path.get(layer.path), layer) for layer in traced.layers)
    return replace(
        static,
        layers=layers,
        engine=traced.engine,
        forward=traced.forward,
        trace_method=traced.trace_method,
        identical=static.identical or traced.identical,
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
