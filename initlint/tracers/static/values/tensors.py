"""Tensors, and the memory that they are views of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from initlint.facts.fans import AxisRoles
from initlint.graph.dataflow import ALWAYS, Condition, FlowNode
from initlint.graph.model import Location
from initlint.tracers.static.values.axes import Axes
from initlint.tracers.static.values.values import Value

COPY = "a copy"
"""The cause of a `DerivedStorage` that is computed once."""


@dataclass(frozen=True, slots=True, eq=False)
class DerivedStorage:
    """What the elements of a storage were computed from: by a copy once, by a parametrization at each use.

    `originals`: the last one has the memory of the parameter. `names`: the paths by which the module knows these.
    `earlier`: how many writes the last one had had before. `sure`: a write to the derived storage reaches none of them.
    """

    cause: str
    originals: tuple[Storage, ...]
    location: Location
    names: tuple[str, ...] = ()
    writes_before: int = 0
    certain: bool = True

    @property
    def original(self) -> Storage:
        """What has the memory of the parameter."""
        return self.originals[-1]


class Storage:
    """What a tensor's elements live in: views, `.data` and the parameter itself share one.

    `writes` are `records.WriteRecord` in execution order. `shape`: sizes, None where unknown; None: unknown rank.
    `lost`: the writes to what is derived from it, each with what it is derived by.
    """

    __slots__ = (
        "condition",
        "derived",
        "frozen",
        "ineffective_writes",
        "location",
        "name",
        "owner",
        "parameter",
        "products",
        "shape",
        "uninitialized",
        "used_transformed",
        "writes",
    )

    def __init__(
        self,
        shape: tuple[int | None, ...] | None = None,
        location: Location | None = None,
        condition: Condition = ALWAYS,
    ) -> None:
        self.shape = shape
        self.location = location
        self.condition = condition
        self.writes: list[Any] = []
        self.parameter = False
        self.owner: Value = None
        """The `Instance` that it is a parameter of."""
        self.name = ""
        self.frozen = False
        self.derived: DerivedStorage | None = None
        self.ineffective_writes: list[tuple[Any, DerivedStorage]] = []
        self.products: set[AxisRoles | None] = set()
        """The ways in which data was multiplied with it outside of a module; None: in one that is not known."""
        self.uninitialized = False
        """It was made of memory as it was."""
        self.used_transformed = False
        """Data meets something that is computed from it, and not the parameter itself."""

    @property
    def origin(self) -> Storage:
        """The parameter that it is, or is derived from."""
        return self if self.derived is None or self.parameter else self.derived.original.origin


class Tensor:
    """A tensor: data that flows (`node`), or a view of a storage, or what was computed from parameters alone.

    `leaf`: it is the parameter itself, so that an in-place write needs `no_grad`. `whole`: it covers the storage.
    `sources`: storages of the parameters that a value without data was computed from. `transposed`: its elements do
    not stand in the order of the storage. `like`: the parameter that it is zero with, and has a slope against there.
    `axes`: how its axes run along those of the parameter that it is a view of.
    """

    __slots__ = ("axes", "covers_storage", "leaf", "node", "shape", "sources", "storage", "transposed", "zero_with")

    def __init__(
        self,
        node: FlowNode | None = None,
        storage: Storage | None = None,
        leaf: bool = False,
        covers_storage: bool = True,
        sources: frozenset[Storage] = frozenset(),
        shape: tuple[int | None, ...] | None = None,
        transposed: bool = False,
        zero_with: Storage | None = None,
        axes: Axes = None,
    ) -> None:
        self.zero_with = storage.origin if zero_with is None and storage is not None and covers_storage else zero_with
        self.transposed = transposed
        self.node = node
        self.storage = storage
        self.leaf = leaf
        self.covers_storage = covers_storage
        self.sources = sources
        self.shape = shape if shape is not None or storage is None else storage.shape
        self.axes = tuple(range(len(self.shape))) if leaf and self.shape is not None else axes

    def save(self) -> Any:
        return self.node

    def restore(self, saved: Any) -> None:
        self.node = saved

    def joined(self, one: Any, when: Condition, other: Any, otherwise: Condition) -> Any:
        if one is None or other is None or one is other:
            return one or other
        return FlowNode("join", "join", [(one, when), (other, otherwise)], None)

    def __repr__(self) -> str:
        return f"Tensor({self.node.kind if self.node else None}, {self.storage.name if self.storage else None})"
