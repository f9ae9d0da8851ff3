"""From targets to the graphs of the models that they build."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from initlint.facts.library_initializers import HELPERS
from initlint.facts.operators import EXTERNAL_MODULES
from initlint.graph.model import ModelGraph
from initlint.project.dependencies import module_name
from initlint.project.trace_targets import TargetSpec
from initlint.project.user_tables import UserTables
from initlint.tracers.fx.graphs import read_graph
from initlint.tracers.fx.json_values import Raw
from initlint.tracers.fx.source_locations import Load, SourceLocations
from initlint.tracers.fx.worker_process import Limits, Request, run


class Measured(NamedTuple):
    """The second moment of a layer's output, and of the gradient that reaches it; None for what was not to be had."""

    signal: float | None = None
    gradient: float | None = None


@dataclass(frozen=True, slots=True)
class TraceResult:
    """What came of a target: a graph, or one line on why there is none; neither for an optional one passed over.

    `measured` is by the layer's path; None if nobody asked for it, or the model could not be run.
    """

    spec: TargetSpec
    graph: ModelGraph | None
    problem: str | None = None
    measured: Mapping[str, Measured] | None = None


@dataclass(frozen=True, slots=True)
class TraceContext:
    """What all targets of a run share. `roots`: folders that imports may start from, beside a file's own.

    `load` and `shown` as in `Places`.
    """

    limits: Limits
    roots: Sequence[Path]
    additions: UserTables
    load: Load
    shown: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What the worker made of a target, before its places are looked up; or one line on why there is nothing."""

    spec: TargetSpec
    result: Raw | None
    problem: str | None = None


def build_models(
    specs: Sequence[TargetSpec],
    limits: Limits,
    roots: Sequence[Path],
    additions: UserTables,
    optional: bool = False,
    measure: bool = False,
) -> list[BuildResult]:
    """Let the worker build and trace each target, in order, and `measure` it if asked to. Raises `WorkerError`.

    `roots`: folders that imports may start from, beside a file's own. `optional`: what is no module class, or cannot
    be built without arguments, is no problem.
    """
    requests = [_request(spec, roots, optional, measure) for spec in specs]
    helpers = sorted({*HELPERS, *additions.initializers})
    leaves = sorted({*EXTERNAL_MODULES, *additions.activations})
    outcomes = run(requests, limits, helpers, leaves)
    return [BuildResult(specs[outcome.number], outcome.result, outcome.problem) for outcome in outcomes]


def trace_models(
    specs: Sequence[TargetSpec], context: TraceContext, optional: bool = False, measure: bool = False
) -> list[TraceResult]:
    """The graphs of the targets, in order. Raises `WorkerError`."""
    additions = context.additions
    places = SourceLocations(context.load, context.shown)
    traced = []
    for built in build_models(specs, context.limits, context.roots, additions, optional, measure):
        result, graph, measured, problem = built.result, None, None, built.problem
        if result is not None:
            graph = read_graph(result, built.spec.attribute, places, additions)
            measured, problem = _measured(result["measured"]), result["unmeasured"]
        traced.append(TraceResult(built.spec, graph, problem, measured))
    return traced


def _measured(found: Mapping[str, Sequence[float | None]] | None) -> Mapping[str, Measured] | None:
    return None if found is None else {path: Measured(*moments) for path, moments in found.items()}


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
        inputs=None if spec.inputs is None else tuple((given.shape, given.dtype) for given in spec.inputs),
        optional=optional,
        measure=measure,
    )
