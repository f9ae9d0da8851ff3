"""Builds the models of trace targets in the worker, and returns their graphs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from initlint._records import dataclass
from initlint.facts.library_initializers import LIBRARY_INITIALIZERS
from initlint.facts.operators import EXTERNAL_MODULES
from initlint.graph.model import ModelGraph, Write
from initlint.project.queries import module_name
from initlint.project.trace_targets import TargetSpec
from initlint.project.user_tables import UserTables
from initlint.tracers.fx.graphs import read_graph
from initlint.tracers.fx.json_values import JsonObject
from initlint.tracers.fx.measured_signals import MeasuredSignal, measured_signals, not_finite
from initlint.tracers.fx.source_locations import Load, SourceLocations
from initlint.tracers.fx.worker_process import Limits, Measurement, Request, run

_ORTHOGONAL = "torch.nn.init.orthogonal_"


@dataclass(frozen=True, slots=True)
class TraceResult:
    """The result for one target: a graph, or one line that says why there is none. An optional target may have neither.

    `measured`: by the path of the layer, in the order of the calls; None if measuring was not requested, or the model
    could not be run. `runs`: how often it was run. `calls`: the paths of the layers in the order of their first use.
    `built_as`: the call in the project whose arguments it was built with, and its place; None for those of the target.
    A signal that is infinite or not a number is a problem, too.
    """

    spec: TargetSpec
    graph: ModelGraph | None
    problem: str | None = None
    measured: Mapping[str, MeasuredSignal] | None = None
    runs: int = 0
    calls: tuple[str, ...] = ()
    built_as: str | None = None


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
    measurement: Measurement | None = None,
) -> list[BuildResult]:
    """Build and trace each target in the worker, in order; with `measurement`, also run it. Raises `WorkerError`.

    `roots`: import roots in addition to that of the target's file. `optional`: skip targets that are no module class
    or cannot be built without arguments.
    """
    measure = None if measurement is None else {**asdict(measurement), "seconds": limits.seconds}
    requests = [_request(spec, roots, optional, measure) for spec in specs]
    helpers = sorted({*LIBRARY_INITIALIZERS, *user_tables.initializers})
    leaves = sorted({*EXTERNAL_MODULES, *user_tables.activations})
    results = run(requests, limits, helpers, leaves)
    return [BuildResult(specs[result.number], result.result, result.problem) for result in results]


def trace_models(
    specs: Sequence[TargetSpec],
    context: TraceContext,
    optional: bool = False,
    measurement: Measurement | None = None,
) -> list[TraceResult]:
    """The graphs of the targets, in order. Raises `WorkerError`."""
    source_locations = SourceLocations(context.load, context.display_path)
    built = build_models(specs, context.limits, context.roots, context.user_tables, optional, measurement)
    return [_trace_result(one, source_locations, context.user_tables) for one in built]


def _trace_result(built: BuildResult, source_locations: SourceLocations, user_tables: UserTables) -> TraceResult:
    output = built.result
    if output is None:
        return TraceResult(built.spec, None, built.problem)
    if built.spec.inputs is not None and output["problem"]:
        return TraceResult(built.spec, None, f"cannot be called with this input: {output['problem']}")
    graph = read_graph(output, built.spec.attribute, source_locations, user_tables)
    graph = _with_initial_values(graph, output, source_locations)
    calls, measured = _calls(output, graph), output["measured"]
    if measured is None:
        return TraceResult(built.spec, graph, output["unmeasured"], calls=calls)
    signals = measured_signals(measured)
    problem = not_finite(signals, measured["parameters"])
    return TraceResult(built.spec, graph, problem, signals, measured["runs"], calls)


def _with_initial_values(graph: ModelGraph, output: JsonObject, source_locations: SourceLocations) -> ModelGraph:
    """The graph with an init of the weights that a parametrization keeps orthogonal, whatever was written before.

    It also says which weights a weight norm leaves as they were.
    """
    positions = {
        module["path"]: output["locations"][module["orthogonal"]]
        for module in output["modules"]
        if module["orthogonal"] is not None
    }
    untouched = {module["path"] for module in output["modules"] if module["keeps_init"]}
    if untouched:
        kept = (replace(layer, keeps_init=layer.path in untouched) for layer in graph.layers)
        graph = replace(graph, layers=tuple(kept))
    if not positions:
        return graph
    locations = {path: source_locations.location(position) for path, position in positions.items()}
    layers = (
        replace(
            layer, parametrized=False, writes=(*layer.writes, Write("weight", _ORTHOGONAL, {}, locations[layer.path]))
        )
        if layer.path in locations
        else layer
        for layer in graph.layers
    )
    return replace(graph, layers=tuple(layers))


def _calls(output: JsonObject, graph: ModelGraph) -> tuple[str, ...]:
    """The paths of the layers in the order in which the model uses them or their parameters."""
    nodes = (node for flow in output["flows"] for node in flow if node["op"] in ("call_module", "get_attr"))
    targets = (node["target"] for node in nodes)
    paths = (target if target in graph.by_path else target.rpartition(".")[0] for target in targets)
    return tuple(dict.fromkeys(path for path in paths if path in graph.by_path))


def _request(spec: TargetSpec, roots: Sequence[Path], optional: bool, measure: Mapping[str, Any] | None) -> Request:
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
        names=spec.names,
        inputs=None
        if spec.inputs is None
        else tuple((input_spec.shape, input_spec.dtype) for input_spec in spec.inputs),
        optional=optional,
        measure=measure,
    )
