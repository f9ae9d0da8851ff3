"""The consumers of each layer, and whether a skip connection runs around it.

Both tracers use this module, so their results differ only if their data flows do.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from initlint.graph.dataflow import (
    FlowNode,
    PathEnd,
    PathFinder,
    is_always_one,
    nodes_after,
    residual_layers,
    starts_stream,
)
from initlint.graph.hand_written_norms import recognize_norms
from initlint.graph.model import Consumer, Layer, NextLayer


class ConsumerIndex:
    """The consumers of all layers in one data flow.

    `nodes`: the uses of each layer, by its key. `paths`: the paths of the layers, by the same keys.
    """

    def __init__(self, nodes: Mapping[Any, Sequence[FlowNode]], paths: Mapping[Any, str]) -> None:
        recognize_norms(nodes.values())
        self._nodes = nodes
        self._paths = paths
        self._path_finder = PathFinder()
        self._residual = {layer_key(layer) for layer in residual_layers(_sums_after(nodes.values()))}

    def is_called(self, layer: Hashable) -> bool:
        """Whether the data flow uses the layer."""
        return bool(self._nodes.get(layer))

    def residual(self, layer: Hashable) -> bool:
        """Whether a skip connection runs around it, or may do so because the data flow before it is unknown."""
        uses = self._nodes.get(layer, ())
        return layer in self._residual or (bool(uses) and not any(use.inputs for use in uses))

    def starts_stream(self, layer: Hashable) -> bool:
        """Whether it is a norm whose output reaches sums of values that all come from that output."""
        uses = self._nodes.get(layer, ())
        return len(uses) == 1 and uses[0].kind == "modifier" and starts_stream(uses[0])

    def map_size(self, layer: Hashable) -> tuple[int, ...] | None:
        """The size of the feature map that reaches the layer, if it is known and the same in all uses."""
        sizes = {use.map_size for use in self._nodes.get(layer, ())}
        return next(iter(sizes)) if len(sizes) == 1 else None

    def of(self, layer: Hashable) -> tuple[Consumer, ...]:
        """The distinct consumers of the layer."""
        consumers: dict[tuple[Any, ...], Consumer] = {}
        for consumer in self._of_all_uses(self._nodes.get(layer, ())):
            identity = (consumer.op, consumer.between, consumer.layer, consumer.location)
            if identity not in consumers or (consumer.certain and not consumers[identity].certain):
                consumers[identity] = consumer
        return tuple(consumers.values())

    def _of_all_uses(self, uses: Sequence[FlowNode]) -> Iterator[Consumer]:
        """The consumers of consumers use of a layer.

        A consumer is certain if it follows on all paths: either all uses have the same condition, or it is a certain
        consumer of every use.
        """
        if not uses:
            return
        always = frozenset.intersection(*(use.condition for use in uses))
        consumers_by_use = [self._of_use(use) for use in uses]
        everywhere = set.intersection(
            *({consumer.op for consumer in consumers if consumer.certain} for consumers in consumers_by_use)
        )
        for use, consumers in zip(uses, consumers_by_use, strict=True):
            for consumer in consumers:
                certain = consumer.certain and (use.condition == always or consumer.op in everywhere)
                yield consumer if certain == consumer.certain else replace(consumer, certain=certain)

    def _of_use(self, use: FlowNode) -> list[Consumer]:
        """The consumers of one use of a layer; certain if both sides of a condition lead to the same one."""
        ends = self._path_finder.ends(use)
        consumers = [self._consumer(use, end) for end in ends]
        alike: dict[Hashable, list[int]] = {}
        for at, consumer in enumerate(consumers):
            if not consumer.certain:
                alike.setdefault(_what_follows(consumer), []).append(at)
        for group in alike.values():
            if len(group) > 1 and is_always_one(ends[at].condition - use.condition for at in group):
                # Where a factor is on one side only, as in a layer that drops paths, the path that has it counts.
                longest = max(len(consumers[at].between) for at in group)
                for at in group:
                    if len(consumers[at].between) == longest:
                        consumers[at] = replace(consumers[at], certain=True)
        return consumers

    def _consumer(self, start: FlowNode, end: PathEnd) -> Consumer:
        node = end.node
        certain = end.condition <= start.condition
        location = node.location or start.location
        assert location is not None
        if node.kind == "activation":
            onward = tuple(dict.fromkeys(self._next_layer(node, further) for further in self._path_finder.ends(node)))
            return Consumer(node.op, end.between, location, certain, None, node.arguments, onward)
        if node.kind == "layer":
            return Consumer("layer", end.between, location, certain, self._paths.get(layer_key(node.layer)))
        return Consumer(node.op, end.between, location, certain)

    def _next_layer(self, start: FlowNode, end: PathEnd) -> NextLayer:
        node = end.node
        op = "layer" if node.kind == "layer" else node.op
        layer = self._paths.get(layer_key(node.layer)) if node.kind == "layer" else None
        return NextLayer(op, layer, end.between, end.condition <= start.condition)


def _what_follows(consumer: Consumer) -> Hashable:
    """Equal for consumers that differ at most in factors before them."""
    between = tuple(op for op in consumer.between if op != "scale")
    arguments = tuple(sorted((name, repr(value)) for name, value in consumer.arguments.items()))
    return consumer.op, consumer.layer, between, arguments, consumer.onward


def layer_key(layer: Any) -> Hashable:
    """The key of a node's layer: a string itself, for any other object its identity."""
    return layer if isinstance(layer, str) else id(layer)


def with_fed_by(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """The layers with `fed_by` computed from the consumers of the others."""
    feeds: dict[str, dict[str, None]] = {}
    for layer in layers:
        for consumer in layer.followed_by:
            if consumer.op == "layer" and not consumer.between and consumer.layer is not None:
                feeds.setdefault(consumer.layer, {})[layer.path] = None
    return tuple(replace(layer, fed_by=tuple(feeds.get(layer.path, ()))) for layer in layers)


def _sums_after(uses: Iterable[Sequence[FlowNode]]) -> list[FlowNode]:
    """All sums after these layers."""
    return [node for node in nodes_after(uses) if node.kind == "modifier" and node.op == "add"]
