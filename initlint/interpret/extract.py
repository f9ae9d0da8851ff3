"""What an entry point left behind becomes a `ModelGraph`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from initlint.flow import End, Node, Walk, around
from initlint.graph import Following, Forward, InitCall, Layer, ModelGraph, Place, Reach
from initlint.interpret.layers import Item, layers_of
from initlint.interpret.machine import Machine
from initlint.interpret.objects import Instance
from initlint.interpret.tree import literals


class Extraction:
    """Makes the graphs of one entry point."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.walk = Walk()

    def model(self, roots: Mapping[str, Instance], name: str, place: Place, forward: Forward) -> ModelGraph:
        """One graph of the modules `roots`; the paths of each begin with its name, unless that is empty."""
        found = [item for prefix, root in roots.items() for item in layers_of(root, prefix)]
        by_key = {id(item.key): item.path for item in found}
        flows = self.machine.journal.nodes
        nodes = {id(item.key): flows[id(item.key)] for item in found if id(item.key) in flows}
        residual = {id(key) for key in around(_adds(nodes))}
        made = [self._layer(item, nodes, by_key, residual) for item in found]
        return ModelGraph(
            name=name,
            place=place,
            engine="static",
            layers=_with_feeders(_merged(made)),
            calls=self.calls(),
            forward=forward,
            incomplete=tuple(self.machine.journal.incomplete),
            root=_only_root(roots),
            parts=frozenset(part for item in found if id(item.key) in nodes for part in item.inside)
            - {_only_root(roots)},
        )

    def calls(self) -> tuple[InitCall, ...]:
        """The init calls of the entry point, in the order in which they were first made."""
        return tuple(record.as_call() for record in self.machine.journal.calls.values())

    def _layer(self, item: Item, nodes: dict[int, list[Node]], paths: dict[int, str], residual: set[int]) -> Layer:
        own = nodes.get(id(item.key), [])
        following: dict[tuple[Any, ...], Following] = {}
        for made in self._followings(own, paths):
            key = (made.op, made.between, made.layer, made.place)
            if key not in following or (made.certain and not following[key].certain):
                following[key] = made
        return Layer(
            path=item.path,
            type=item.type,
            arguments=literals(item.arguments),
            owner=item.owner,
            attribute=item.attribute,
            place=item.place,
            followed_by=tuple(following.values()),
            writes=tuple(item.writes),
            subclass=item.subclass,
            # Where the flow before it is lost, a skip around it cannot be ruled out.
            residual=id(item.key) in residual or (bool(own) and not any(use.inputs for use in own)),
            frozen=item.frozen,
            parametrized=item.parametrized,
            called=bool(own),
            shapes=item.shapes,
        )

    def _followings(self, uses: list[Node], paths: dict[int, str]) -> Iterator[Following]:
        """What follows each use of a layer.

        A use is certain if the layer is used in no other way, or if what follows it follows every other use too.
        """
        if not uses:
            return
        always = frozenset.intersection(*(use.condition for use in uses))
        found = [[self._following(use, end, paths) for end in self.walk.ends(use)] for use in uses]
        everywhere = set.intersection(*({f.op for f in each if f.certain} for each in found))
        for use, each in zip(uses, found, strict=True):
            for made in each:
                certain = made.certain and (use.condition == always or made.op in everywhere)
                yield made if certain == made.certain else replace(made, certain=certain)

    def _following(self, start: Node, end: End, paths: dict[int, str]) -> Following:
        node = end.node
        certain = end.condition <= start.condition
        place = node.place or start.place
        assert place is not None
        if node.kind == "activation":
            onward = tuple(dict.fromkeys(self._reach(node, further, paths) for further in self.walk.ends(node)))
            return Following(node.op, end.between, place, certain, None, node.arguments, onward)
        if node.kind == "layer":
            return Following("layer", end.between, place, certain, paths.get(id(node.layer)))
        return Following(node.op, end.between, place, certain)

    def _reach(self, start: Node, end: End, paths: dict[int, str]) -> Reach:
        node = end.node
        op = "layer" if node.kind == "layer" else node.op
        layer = paths.get(id(node.layer)) if node.kind == "layer" else None
        return Reach(op, layer, end.between, end.condition <= start.condition)


def _only_root(roots: Mapping[str, Instance]) -> str | None:
    classes = [root.user_class for root in roots.values()]
    return classes[0].qualified if len(classes) == 1 and classes[0] is not None else None


def _adds(nodes: dict[int, list[Node]]) -> list[Node]:
    """The sums that the outputs of these layers flow into, through anything."""
    seen: set[int] = set()
    found: list[Node] = []
    stack = [node for own in nodes.values() for node in own]
    while stack:
        node = stack.pop()
        if node.index in seen:
            continue
        seen.add(node.index)
        if node.kind == "noted" and node.op == "add":
            found.append(node)
        stack.extend(user for user, _ in node.users)
    return found


def _merged(layers: list[Layer]) -> list[Layer]:
    """One layer for each path: the rounds of a loop of unknown length share theirs."""
    by_path: dict[str, Layer] = {}
    for layer in layers:
        known = by_path.get(layer.path)
        if known is None:
            by_path[layer.path] = layer
            continue
        both = {(f.op, f.between, f.layer, f.place): f for f in (*known.followed_by, *layer.followed_by)}
        by_path[layer.path] = replace(
            known,
            followed_by=tuple(both.values()),
            residual=known.residual or layer.residual,
            called=known.called or layer.called,
        )
    return list(by_path.values())


def _with_feeders(layers: list[Layer]) -> tuple[Layer, ...]:
    feeds: dict[str, dict[str, None]] = {}
    for layer in layers:
        for following in layer.followed_by:
            if following.op == "layer" and not following.between and following.layer is not None:
                feeds.setdefault(following.layer, {})[layer.path] = None
    return tuple(replace(layer, fed_by=tuple(feeds.get(layer.path, ()))) for layer in layers)
