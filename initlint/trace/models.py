"""From targets to the graphs of the models that they build."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from initlint.facts.additions import Additions
from initlint.facts.helpers import HELPERS
from initlint.facts.operators import EXTERNAL_MODULES
from initlint.graph import ModelGraph
from initlint.layout import module_name
from initlint.targets import TargetSpec
from initlint.trace.client import Limits, Request, run
from initlint.trace.graphs import read_graph
from initlint.trace.places import Load, Places


class Measured(NamedTuple):
    """The second moment of a layer's output, and of the gradient that reaches it; None for what was not to be had."""

    signal: float | None = None
    gradient: float | None = None


@dataclass(frozen=True, slots=True)
class Traced:
    """What came of a target: a graph, or one line on why there is none; neither for an optional one passed over.

    `measured` is by the layer's path; None if nobody asked for it, or the model could not be run.
    """

    spec: TargetSpec
    graph: ModelGraph | None
    problem: str | None = None
    measured: Mapping[str, Measured] | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What all targets of a run share. `roots`: folders that imports may start from, beside a file's own.

    `load` and `shown` as in `Places`.
    """

    limits: Limits
    roots: Sequence[Path]
    additions: Additions
    load: Load
    shown: Callable[[str], str]


def trace_models(
    specs: Sequence[TargetSpec], context: Context, optional: bool = False, measure: bool = False
) -> list[Traced]:
    """Build and trace each target, in order, and `measure` it if asked to. Raises `WorkerError`."""
    requests = [_request(spec, context.roots, optional, measure) for spec in specs]
    additions = context.additions
    helpers = sorted({*HELPERS, *additions.initializers})
    leaves = sorted({*EXTERNAL_MODULES, *additions.activations})
    places = Places(context.load, context.shown)
    traced = []
    for outcome in run(requests, context.limits, helpers, leaves):
        spec = specs[outcome.number]
        if outcome.result is None:
            traced.append(Traced(spec, None, outcome.problem))
            continue
        graph = read_graph(outcome.result, spec.attribute, places, additions)
        traced.append(Traced(spec, graph, outcome.result["unmeasured"], _measured(outcome.result["measured"])))
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
