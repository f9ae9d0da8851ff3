"""Builds a `ModelGraph` from the log of an entry point."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from initlint.graph.consumers import ConsumerIndex, with_fed_by
from initlint.graph.dataflow import FlowNode
from initlint.graph.mistakes import ParameterMisuse, UninitializedParameter
from initlint.graph.model import CheckpointLoad, Forward, InitCall, Layer, ModelGraph
from initlint.graph.operations import list_operations
from initlint.graph.zero_stalls import stalled_groups, zero_start
from initlint.project.source import Location, SourceLocation
from initlint.tracers.static.identical_modules import GroupOfCopies, groups_of_copies, identical_modules, redrawn_copies
from initlint.tracers.static.layers import LayerDraft, layers_of, uninitialized_parameters
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.tensors.loads import loads_of_content
from initlint.tracers.static.values.module_tree import own_parameters
from initlint.tracers.static.values.objects import Instance
from initlint.tracers.static.values.questions import literals
from initlint.tracers.static.values.tensors import Storage


class Extraction:
    """Builds the graphs of one entry point."""

    def __init__(self, interpreter: Interpreter) -> None:
        self.interpreter = interpreter
        self._grouped: tuple[int, list[GroupOfCopies]] = (0, [])

    def model(self, roots: Mapping[str, Instance], name: str, location: Location, forward: Forward) -> ModelGraph:
        """One graph of the modules `roots`, whose names are the prefixes of their layers' paths."""
        drafts = [draft for prefix, root in roots.items() for draft in layers_of(root, prefix)]
        flows = self.interpreter.log.nodes
        nodes = _uses(drafts, flows)
        paths = {id(draft.key): draft.path for draft in drafts}
        flow = ConsumerIndex(nodes, paths)
        left = self.interpreter.log.left_by_init_weights
        without_gradient = _without_gradient(nodes)
        left_keys = frozenset().union(*(left.get(id(root), ()) for root in roots.values()))
        layers = [
            replace(
                self._layer(draft, flow, paths, id(draft.key) in left_keys),
                without_gradient=id(draft.key) in without_gradient,
            )
            for draft in drafts
        ]
        stalled_groups = _stalled({id(draft.key): layer for draft, layer in zip(drafts, layers, strict=True)}, nodes)
        nodes_by_path = {draft.path: nodes[id(draft.key)] for draft in drafts if id(draft.key) in nodes}
        parameters: dict[Hashable, str] = {id(draft.key): draft.path for draft in drafts if draft.type == "Parameter"}
        copies = self._copies()
        return ModelGraph(
            name=name,
            location=location,
            engine="static",
            layers=with_fed_by(_merged(layers)),
            calls=self.calls(),
            misuses=self.misuses(),
            forward=forward,
            incomplete=tuple(self.interpreter.log.incomplete),
            root=_only_root(roots),
            root_class=_only_root_class(roots),
            parts=frozenset(part for draft in drafts if id(draft.key) in nodes for part in draft.inside)
            - {_only_root(roots)},
            stalled=stalled_groups,
            identical=tuple(identical_modules(roots, self.interpreter.log, copies, forward)),
            redrawn=tuple(redrawn_copies(roots, copies)),
            pretrained=self.pretrained(),
            uninitialized=_uninitialized(roots, drafts),
            flow=partial(list_operations, nodes_by_path, parameters),
        )

    def _copies(self) -> list[GroupOfCopies]:
        """The copies of the entry point so far, in groups, which all of its models share."""
        log = self.interpreter.log
        if self._grouped[0] != len(log.copies):
            self._grouped = (len(log.copies), groups_of_copies(log))
        return self._grouped[1]

    def calls(self) -> tuple[InitCall, ...]:
        """The init calls of the entry point, in order of their first execution."""
        return tuple(record.as_call() for record in self.interpreter.log.calls.values())

    def pretrained(self) -> tuple[CheckpointLoad, ...]:
        """The loads of the models of other libraries that come with pretrained weights."""
        return tuple(loads_of_content(self.interpreter.log.pretrained))

    def misuses(self) -> tuple[ParameterMisuse, ...]:
        """The statements of the entry point that raise for a parameter."""
        return tuple(self.interpreter.log.misuses.values())

    def _emptied(self, key: Instance | Storage) -> Location | None:
        emptied = self.interpreter.log.emptied
        storage = _first_parameter(key) if emptied else None
        if storage is None or id(storage) not in emptied:
            return None
        location, count = emptied[id(storage)]
        return location if len(storage.writes) == count else None

    def _layer(self, draft: LayerDraft, flow: ConsumerIndex, paths: Mapping[int, str], left: bool) -> Layer:
        key = id(draft.key)
        return Layer(
            path=draft.path,
            type=draft.type,
            arguments=literals(draft.arguments),
            owner=draft.owner,
            attribute=draft.attribute,
            location=draft.location,
            followed_by=flow.of(key),
            writes=tuple(draft.writes),
            subclass=draft.subclass,
            residual=flow.residual(key),
            starts_stream=flow.starts_stream(key),
            frozen=draft.frozen,
            parametrized=draft.parametrized,
            called=flow.is_called(key),
            ineffective_writes=tuple(draft.ineffective_writes),
            shapes=draft.shapes,
            product=draft.product,
            uninitialized=draft.uninitialized,
            load=draft.load,
            tied=paths.get(id(draft.tied)),
            left_by_init_weights=left,
            emptied=self._emptied(draft.key),
            repeated=draft.repeated,
            map_size=flow.map_size(key),
            outputs_per_input=draft.outputs_per_input,
        )


def _uninitialized(roots: Mapping[str, Instance], drafts: Sequence[LayerDraft]) -> tuple[UninitializedParameter, ...]:
    if not any(draft.uninitialized for draft in drafts):
        return ()
    return tuple(parameter for root in roots.values() for parameter in uninitialized_parameters(root))


def _uses(drafts: Sequence[LayerDraft], flows: Mapping[int, Sequence[FlowNode]]) -> dict[Hashable, Sequence[FlowNode]]:
    """The uses of each layer, by its key.

    A layer that represents those of all iterations of a loop is none of the last iteration, if the loop tests for that.
    """
    nodes: dict[Hashable, Sequence[FlowNode]] = {
        id(draft.key): flows[id(draft.key)] for draft in drafts if id(draft.key) in flows
    }
    shared = [draft for draft in drafts if "*" in draft.path and id(draft.key) in nodes]
    has_others = {draft.path for draft in shared if not all(node.last for node in nodes[id(draft.key)])}
    for draft in shared:
        if draft.path in has_others:
            kept = [node for node in nodes.pop(id(draft.key)) if not node.last]
            if kept:
                nodes[id(draft.key)] = kept
    return nodes


def _without_gradient(nodes: Mapping[Hashable, Sequence[FlowNode]]) -> frozenset[Hashable]:
    """The layers that are only used under `no_grad`; none if no other one gets a gradient, as in code for inference."""
    untrained = frozenset(key for key, uses in nodes.items() if all(use.no_grad for use in uses))
    return untrained if len(untrained) < len(nodes) else frozenset()


def _first_parameter(key: Instance | Storage) -> Storage | None:
    """The memory of a raw parameter, or of the first parameter of a layer."""
    if isinstance(key, Storage):
        return key
    return next((tensor.storage for _, tensor, _ in own_parameters(key)), None)


def _stalled(
    layers: Mapping[Hashable, Layer], nodes: Mapping[Hashable, Sequence[FlowNode]]
) -> tuple[tuple[str, ...], ...]:
    starts = {key: begin for key, layer in layers.items() if (begin := zero_start(layer)) is not None}
    keys = {layer.path: key for key, layer in layers.items()}
    tied = {key: keys[layer.tied] for key, layer in layers.items() if layer.tied is not None}
    groups = stalled_groups(nodes, starts, tied)
    # The iterations of a loop of unknown length share their paths.
    return tuple(dict.fromkeys(tuple(dict.fromkeys(layers[key].path for key in group)) for group in groups))


def _only_root(roots: Mapping[str, Instance]) -> str | None:
    classes = [root.user_class for root in roots.values()]
    return classes[0].qualified if len(classes) == 1 and classes[0] is not None else None


def _only_root_class(roots: Mapping[str, Instance]) -> SourceLocation | None:
    classes = [root.user_class for root in roots.values()]
    if len(classes) != 1 or classes[0] is None:
        return None
    return SourceLocation(classes[0].scope.source, classes[0].node)


def _merged(layers: list[Layer]) -> list[Layer]:
    """One layer for each path: the iterations of a loop of unknown length share theirs."""
    by_path: dict[str, Layer] = {}
    for layer in layers:
        first = by_path.get(layer.path)
        if first is None:
            by_path[layer.path] = layer
            continue
        both = {(f.op, f.between, f.layer, f.location): f for f in (*first.followed_by, *layer.followed_by)}
        by_path[layer.path] = replace(
            first,
            followed_by=tuple(both.values()),
            residual=first.residual or layer.residual,
            called=first.called or layer.called,
        )
    return list(by_path.values())
