"""What an entry point left behind becomes a `ModelGraph`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from initlint.facts.layers import MODULES
from initlint.flow import Condition, End, Node, Walk, around
from initlint.graph import Following, Forward, InitCall, Layer, ModelGraph, Place, Reach, Write
from initlint.interpret.machine import Machine
from initlint.interpret.parameters import Recorded
from initlint.interpret.tree import conditional_children, literals, own_parameters
from initlint.interpret.values import ClassValue, Instance, Storage
from initlint.source import Site

_ROLES = ("layer", "norm")


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
            parts=frozenset(part for item in found if id(item.key) in nodes for part in item.inside) - {_only_root(roots)},
        )

    def calls(self) -> tuple[InitCall, ...]:
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
            residual=id(item.key) in residual,
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
        for use, each in zip(uses, found):
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


class Item:
    """A layer of the tree, before its flow is known."""

    __slots__ = (
        "arguments", "attribute", "frozen", "inside", "key", "owner", "parametrized", "path", "place", "shapes", "subclass",
        "type", "writes",
    )  # fmt: skip

    def __init__(self, key: Any, path: str, type: str, owner: str, attribute: str, place: Place) -> None:
        self.key = key
        self.path = path
        self.type = type
        self.owner = owner
        self.attribute = attribute
        self.place = place
        self.arguments: dict[str, Any] = {}
        self.inside: frozenset[str] = frozenset()
        """The qualified names of the project's classes that it lies inside of."""
        self.subclass: str | None = None
        self.frozen = False
        self.parametrized = False
        self.writes: list[Write] = []
        self.shapes: dict[str, tuple[int | None, ...] | None] = {}


def layers_of(root: Instance, prefix: str = "") -> Iterator[Item]:
    """The weighted layers, norms and raw parameters below `root`, in PyTorch's order, each under its first path."""
    seen: set[int] = set()
    start = _Position(root, (prefix,) if prefix else (), (), root.user_class, root.place, frozenset())
    stack = [start]
    while stack:
        here = stack.pop()
        module = here.module
        if id(module) in seen:
            continue
        seen.add(id(module))
        found: list[Item] = []
        known = MODULES.get(module.torch_name or "")
        if known is not None and known.role in _ROLES:
            found.append(_module_item(here))
        elif module.user_class is not None:
            found.extend(_raw_parameters(module, here.path, seen))
        inside = here.inside | {module.user_class.qualified} if module.user_class is not None else here.inside
        for item in found:
            item.inside = inside
            yield item
        stack.extend(reversed([_below(here, name, child, inside) for name, child, _ in conditional_children(module)]))


@dataclass(frozen=True, slots=True)
class _Position:
    """A module on the way through the tree. `below`: the path from its owner, the class that `owner` says."""

    module: Instance
    path: tuple[str, ...]
    below: tuple[str, ...]
    owner: ClassValue | None
    assigned: Place | None
    inside: frozenset[str]


def _below(here: _Position, name: str, child: Instance, inside: frozenset[str]) -> _Position:
    label = "*" if here.module.open and name.isdigit() else name.strip("<>")
    path = (*here.path, label)
    if here.module.user_class is None:
        return _Position(child, path, (*here.below, label), here.owner, here.assigned, inside)
    by, place = here.module.assigned.get(name, (None, None))
    return _Position(child, path, (label,), by or here.module.user_class, place, inside)


def _only_root(roots: Mapping[str, Instance]) -> str | None:
    classes = [root.user_class for root in roots.values()]
    return classes[0].qualified if len(classes) == 1 and classes[0] is not None else None


def _module_item(here: _Position) -> Item:
    module, owner = here.module, here.owner
    assert module.torch_name is not None
    name = ".".join(here.path)
    item = Item(
        module,
        name,
        module.torch_name.rpartition(".")[2],
        owner.name if owner is not None else "",
        ".".join(here.below) or name,
        _place(module.place, owner, here.assigned),
    )
    item.arguments = module.arguments
    item.subclass = module.user_class.name if module.user_class is not None else None
    item.parametrized = module.parametrized
    for parameter, tensor, condition in own_parameters(module):
        storage = tensor.storage
        assert storage is not None
        item.shapes[parameter] = storage.shape
        item.frozen = item.frozen or (parameter == "weight" and storage.frozen)
        item.writes += _writes(storage, parameter, condition | module.condition)
    return item


def _raw_parameters(module: Instance, path: tuple[str, ...], seen: set[int]) -> Iterator[Item]:
    for name, tensor, condition in own_parameters(module):
        storage = tensor.storage
        assert storage is not None
        if id(storage) in seen:
            continue
        seen.add(id(storage))
        by, assigned = module.assigned.get(name, (module.user_class, None))
        owner = by or module.user_class
        item = Item(
            storage,
            ".".join((*path, name)),
            "Parameter",
            owner.name if owner is not None else "",
            name,
            _place(storage.place, owner, assigned),
        )
        item.shapes["weight"] = storage.shape
        item.frozen = storage.frozen
        item.writes += _writes(storage, "weight", condition | storage.condition)
        yield item


def _writes(storage: Storage, parameter: str, existing: Condition) -> list[Write]:
    return [write.as_write(parameter, existing) for write in storage.writes if isinstance(write, Recorded)]


def _place(built: Place | None, owner: ClassValue | None, assigned: Place | None) -> Place:
    """Where the layer is built if that is in its owner's file, else where it is assigned."""
    if owner is None:
        return built or assigned or _nowhere()
    source = owner.scope.source
    for place in (built, assigned):
        if isinstance(place, Site) and place.source is source:
            return place
    return Site(source, owner.node)


def _nowhere() -> Place:
    raise AssertionError("a layer without a place")


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
