"""Builds the models of trace targets in the worker, and returns their graphs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from initlint.facts.library_initializers import LIBRARY_INITIALIZERS
from initlint.facts.operators import EXTERNAL_MODULES
from initlint.graph.model import ModelGraph
from initlint.project.queries import module_name
from initlint.project.trace_targets import TargetSpec
from initlint.project.user_tables import UserTables
from initlint.tracers.fx.graphs import read_graph
from initlint.tracers.fx.json_values import JsonObject
from initlint.tracers.fx.source_locations import Load, SourceLocations
from initlint.tracers.fx.worker_process import Limits, Request, run


class MeasuredSignal(NamedTuple):
    """The second moments of a layer's output and of the gradient there; None where not measured."""

    signal: float | None = None
    gradient: float | None = None


@dataclass(frozen=True, slots=True)
class TraceResult:
    """The result for one target: a graph, or one line that says why there is none. An optional target may have neither.

    `measured`: by the path of the layer; None if measuring was not requested, or the model could not be run.
    """

    spec: TargetSpec
    graph: ModelGraph | None
    problem: str | None = None
    measured: Mapping[str, MeasuredSignal] | None = None


@dataclass(frozen=True, slots=True)
class TraceContext:
    """Shared by all targets of a run. `roots`: import roots in addition to that of the target's file.

    `load` and `display_path`: see `SourceLocations`.
    """

    limits: Limits
    roots: Sequence[Path]
    user_tables: UserTables
    load: Load
    display_path: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class BuildResult:
    """The worker's JSON for one target, or one line that says why there is none."""

    spec: TargetSpec
    result: JsonObject | None
    problem: str | None = None


def build_models(
    specs: Sequence[TargetSpec],
    limits: Limits,
    roots: Sequence[Path],
    user_tables: UserTables,
    optional: bool = False,
    measure: bool = False,
) -> list[BuildResult]:
    """Build and trace each target in the worker, in order; with `measure`, also run it. Raises `WorkerError`.

    `roots`: import roots in addition to that of the target's file. `optional`: skip targets that are no module class
    or cannot be built without arguments.
    """
    requests = [_request(spec, roots, optional, measure) for spec in specs]
    helpers = sorted({*LIBRARY_INITIALIZERS, *user_tables.initializers})
    leaves = sorted({*EXTERNAL_MODULES, *user_tables.activations})
    results = run(requests, limits, helpers, leaves)
    return [BuildResult(specs[result.number], result.result, result.problem) for result in results]


def trace_models(
    specs: Sequence[TargetSpec], context: TraceContext, optional: bool = False, measure: bool = False
) -> list[TraceResult]:
    """The graphs of the targets, in order. Raises `WorkerError`."""
    user_tables = context.user_tables
    source_locations = SourceLocations(context.load, context.display_path)
    results = []
    for built in build_models(specs, context.limits, context.roots, user_tables, optional, measure):
        worker_output, graph, measured, problem = built.result, None, None, built.problem
        if worker_output is not None:
            graph = read_graph(worker_output, built.spec.attribute, source_locations, user_tables)
            measured, problem = _measured(worker_output["measured"]), worker_output["unmeasured"]
        results.append(TraceResult(built.spec, graph, problem, measured))
    return results


def _measured(moments_by_path: Mapping[str, Sequence[float | None]] | None) -> Mapping[str, MeasuredSignal] | None:
    return (
        None
        if moments_by_path is None
        else {path: MeasuredSignal(*moments) for path, moments in moments_by_path.items()}
    )


def _request(spec: TargetSpec, roots: Sequence[Path], optional: bool, measure: bool) -> Request:
    file, module = None, spec.where
    folders = [str(root.absolute()) for root in roots if root.is_dir()]
    if spec.is_file:
        path = Path(spec.where).resolve()
        root, module = module_name(path)
        file = str(path)
        folders.insert(0, str(root))
    return Request(
        file=file,
        module=module,
        attribute=spec.attribute,
        roots=tuple(dict.fromkeys(folders)),
        args=spec.args,
        kwargs=spec.kwargs,
        inputs=None
        if spec.inputs is None
        else tuple((input_spec.shape, input_spec.dtype) for input_spec in spec.inputs),
        optional=optional,
        measure=measure,
    )
