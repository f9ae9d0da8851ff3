"""What an entry point left behind becomes a `ModelGraph`."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace

from initlint.graph.consumers import ConsumerIndex, with_feeders
from initlint.graph.dataflow import FlowNode
from initlint.graph.model import Forward, InitCall, Layer, Location, ModelGraph
from initlint.graph.operations import operations
from initlint.graph.zero_stalls import stalled, start
from initlint.tracers.static.layers import LayerDraft, layers_of
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.tensors.module_tree import as_literals
from initlint.tracers.static.values.objects import Instance


class Extraction:
    """Makes the graphs of one entry point."""

    def __init__(self, interpreter: Interpreter) -> None:
        self.interpreter = interpreter

    def model(self, roots: Mapping[str, Instance], name: str, place: Location, forward: Forward) -> ModelGraph:
        """One graph of the modules `roots`; the paths of each begin with its name, unless that is empty."""
        found = [item for prefix, root in roots.items() for item in layers_of(root, prefix)]
        flows = self.interpreter.journal.nodes
        keys = (id(item.key) for item in found)
        nodes: dict[Hashable, Sequence[FlowNode]] = {key: flows[key] for key in keys if key in flows}
        flow = ConsumerIndex(nodes, {id(item.key): item.path for item in found})
        made = [self._layer(item, flow) for item in found]
        stuck = _stalled({id(item.key): layer for item, layer in zip(found, made, strict=True)}, nodes)
        drawn = {item.path: nodes[id(item.key)] for item in found if id(item.key) in nodes}
        return ModelGraph(
            name=name,
            location=place,
            engine="static",
            layers=with_feeders(_merged(made)),
            calls=self.calls(),
            forward=forward,
            incomplete=tuple(self.interpreter.journal.incomplete),
            root=_only_root(roots),
            parts=frozenset(part for item in found if id(item.key) in nodes for part in item.inside)
            - {_only_root(roots)},
            stalled=stuck,
            operations=operations(drawn) if self.interpreter.keeps_operations else (),
        )

    def calls(self) -> tuple[InitCall, ...]:
        """The init calls of the entry point, in the order in which they were first made."""
        return tuple(record.as_call() for record in self.interpreter.journal.calls.values())

    def _layer(self, item: LayerDraft, flow: ConsumerIndex) -> Layer:
        key = id(item.key)
        return Layer(
            path=item.path,
            type=item.type,
            arguments=as_literals(item.arguments),
            owner=item.owner,
            attribute=item.attribute,
            location=item.place,
            followed_by=flow.of(key),
            writes=tuple(item.writes),
            subclass=item.subclass,
            residual=flow.residual(key),
            frozen=item.frozen,
            parametrized=item.parametrized,
            called=flow.called(key),
            ineffective_writes=tuple(item.lost),
            shapes=item.shapes,
            product=item.product,
            uninitialized=item.uninitialized,
        )


def _stalled(
    layers: Mapping[Hashable, Layer], nodes: Mapping[Hashable, Sequence[FlowNode]]
) -> tuple[tuple[str, ...], ...]:
    starts = {key: begun for key, layer in layers.items() if (begun := start(layer)) is not None}
    groups = stalled(nodes, starts)
    # The rounds of a loop of unknown length share their paths.
    return tuple(dict.fromkeys(tuple(dict.fromkeys(layers[key].path for key in group)) for group in groups))


def _only_root(roots: Mapping[str, Instance]) -> str | None:
    classes = [root.user_class for root in roots.values()]
    return classes[0].qualified if len(classes) == 1 and classes[0] is not None else None


def _merged(layers: list[Layer]) -> list[Layer]:
    """One layer for each path: the rounds of a loop of unknown length share theirs."""
    by_path: dict[str, Layer] = {}
    for layer in layers:
        known = by_path.get(layer.path)
        if known is None:
            by_path[layer.path] = layer
            continue
        both = {(f.op, f.between, f.layer, f.location): f for f in (*known.followed_by, *layer.followed_by)}
        by_path[layer.path] = replace(
            known,
            followed_by=tuple(both.values()),
            residual=known.residual or layer.residual,
            called=known.called or layer.called,
        )
    return list(by_path.values())
