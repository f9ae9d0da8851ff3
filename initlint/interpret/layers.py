"""The layers of a module tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from initlint.facts.layers import MODULES, Product
from initlint.graph import LostWrite, Place, Write
from initlint.interpret.held import held
from initlint.interpret.objects import ClassValue, Instance
from initlint.interpret.tree import conditional_children
from initlint.source import Site

_ROLES = ("layer", "norm")


class Item:
    """A layer of the tree, before its flow is known."""

    __slots__ = (
        "arguments", "attribute", "frozen", "inside", "key", "lost", "owner", "parametrized", "path", "place",
        "product", "shapes", "subclass", "type", "uninitialized", "writes",
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
        self.uninitialized = False
        self.writes: list[Write] = []
        self.lost: list[LostWrite] = []
        self.shapes: dict[str, tuple[int | None, ...] | None] = {}
        self.product: Product | None = None


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
    label = "*" if name.startswith("<") or (here.module.open and name.isdigit()) else name
    path = (*here.path, label)
    if here.module.user_class is None:
        return _Position(child, path, (*here.below, label), here.owner, here.assigned, inside)
    by, place = here.module.assigned.get(name, (None, None))
    return _Position(child, path, (label,), by or here.module.user_class, place, inside)


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
    for parameter in held(module):
        item.shapes[parameter.name] = parameter.storage.shape
        if parameter.name == "weight":
            item.frozen = item.frozen or parameter.storage.frozen
            item.parametrized = item.parametrized or parameter.parametrized
        item.writes += parameter.writes
        item.lost += parameter.lost
    return item


def _raw_parameters(module: Instance, path: tuple[str, ...], seen: set[int]) -> Iterator[Item]:
    for parameter in held(module, called="weight"):
        name, storage = parameter.name, parameter.storage
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
        item.uninitialized = storage.uninitialized
        item.parametrized = parameter.parametrized
        item.writes += parameter.writes
        item.lost += parameter.lost
        item.product = next(iter(storage.products)) if len(storage.products) == 1 else None
        yield item


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
