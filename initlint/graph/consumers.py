"""What the data flow says of each layer: what follows it, and whether a skip runs around it.

Both tracers end here, so that what they say differs only where they saw different data flow.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from initlint.graph.dataflow import FlowNode, PathEnd, PathFinder, around
from initlint.graph.model import Consumer, Layer, NextLayer


class ConsumerIndex:
    """Answers for the layers of one flow.

    `nodes`: the uses of each layer, by its key in the flow; `paths`: the layers' paths, by the same keys.
    """

    def __init__(self, nodes: Mapping[Any, Sequence[FlowNode]], paths: Mapping[Any, str]) -> None:
        self._nodes = nodes
        self._paths = paths
        self._walk = PathFinder()
        self._residual = {key(layer) for layer in around(_adds(nodes.values()))}

    def called(self, layer: Hashable) -> bool:
        """Whether the flow uses the layer at all."""
        return bool(self._nodes.get(layer))

    def residual(self, layer: Hashable) -> bool:
        """Whether a skip connection runs around it. Where the flow before it is lost, that cannot be ruled out."""
        uses = self._nodes.get(layer, ())
        return layer in self._residual or (bool(uses) and not any(use.inputs for use in uses))

    def of(self, layer: Hashable) -> tuple[Consumer, ...]:
        """All that follows the layer, each once."""
        found: dict[tuple[Any, ...], Consumer] = {}
        for made in self._of_uses(self._nodes.get(layer, ())):
            same = (made.op, made.between, made.layer, made.location)
            if same not in found or (made.certain and not found[same].certain):
                found[same] = made
        return tuple(found.values())

    def _of_uses(self, uses: Sequence[FlowNode]) -> Iterator[Consumer]:
        """What follows each use of a layer.

        A use is certain if the layer is used in no other way, or if what follows it follows every other use too.
        """
        if not uses:
            return
        always = frozenset.intersection(*(use.condition for use in uses))
        found = [[self._following(use, end) for end in self._walk.ends(use)] for use in uses]
        everywhere = set.intersection(*({f.op for f in each if f.certain} for each in found))
        for use, each in zip(uses, found, strict=True):
            for made in each:
                certain = made.certain and (use.condition == always or made.op in everywhere)
                yield made if certain == made.certain else replace(made, certain=certain)

    def _following(self, start: FlowNode, end: PathEnd) -> Consumer:
        node = end.node
        certain = end.condition <= start.condition
        place = node.place or start.place
        assert place is not None
        if node.kind == "activation":
            onward = tuple(dict.fromkeys(self._reach(node, further) for further in self._walk.ends(node)))
            return Consumer(node.op, end.between, place, certain, None, node.arguments, onward)
        if node.kind == "layer":
            return Consumer("layer", end.between, place, certain, self._paths.get(key(node.layer)))
        return Consumer(node.op, end.between, place, certain)

    def _reach(self, start: FlowNode, end: PathEnd) -> NextLayer:
        node = end.node
        op = "layer" if node.kind == "layer" else node.op
        layer = self._paths.get(key(node.layer)) if node.kind == "layer" else None
        return NextLayer(op, layer, end.between, end.condition <= start.condition)


def key(layer: Any) -> Hashable:
    """What stands for the layer of a node: a string itself, of any other object its identity."""
    return layer if isinstance(layer, str) else id(layer)


def with_feeders(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """The layers with `fed_by` filled from what follows the others."""
    feeds: dict[str, dict[str, None]] = {}
    for layer in layers:
        for following in layer.followed_by:
            if following.op == "layer" and not following.between and following.layer is not None:
                feeds.setdefault(following.layer, {})[layer.path] = None
    return tuple(replace(layer, fed_by=tuple(feeds.get(layer.path, ()))) for layer in layers)


def _adds(uses: Iterable[Sequence[FlowNode]]) -> list[FlowNode]:
    """The sums that the outputs of these layers flow into, through anything."""
    seen: set[int] = set()
    found: list[FlowNode] = []
    stack = [node for own in uses for node in own]
    while stack:
        node = stack.pop()
        if node.index in seen:
            continue
        seen.add(node.index)
        if node.kind == "modifier" and node.op == "add":
            found.append(node)
        stack.extend(user for user, _ in node.users)
    return found
