"""Abstract tensors, and the storages that they are views of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from initlint.facts.fans import AxisRoles
from initlint.graph.dataflow import ALWAYS, Condition, FlowNode
from initlint.graph.model import Location
from initlint.tracers.static.values.axes import Axes
from initlint.tracers.static.values.values import Value

COPY = "a copy"
"""The `cause` of a `DerivedStorage` that is computed once, not at each use."""


@dataclass(frozen=True, slots=True, eq=False)
class DerivedStorage:
    """What a storage is computed from: once by a copy, or at each use by a parametrization.

    `originals`: the storages it is computed from; the last one is the parameter's memory. `names`: their attribute
    paths in the module. `writes_before`: the number of writes to the last one before. `certain`: writes to the derived
    storage surely never reach the originals.
    """

    cause: str
    originals: tuple[Storage, ...]
    location: Location
    names: tuple[str, ...] = ()
    writes_before: int = 0
    certain: bool = True

    @property
    def original(self) -> Storage:
        """The storage of the parameter itself."""
        return self.originals[-1]


class Storage:
    """The memory of a tensor's elements: views, `.data` and the parameter itself share one.

    `writes`: `writes.WriteRecord`s in execution order. `shape`: sizes, None where unknown; None if the rank is unknown.
    `ineffective_writes`: writes to a storage derived from this one, each with how that one is derived.
    """

    __slots__ = (
        "condition",
        "derived",
        "frozen",
        "grad_unknown",
        "ineffective_writes",
        "loads",
        "location",
        "name",
        "owner",
        "parameter",
        "products",
        "requires_grad",
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
        self.loads: tuple[Any, ...] = ()
        """The `loads.LoadRecord`s of checkpoints that fill it, in execution order."""
        self.parameter = False
        self.owner: Value = None
        """The `Instance` whose parameter it is."""
        self.name = ""
        self.frozen = False
        self.requires_grad = False
        """It was created as a plain tensor with `requires_grad=True`, or that was set later."""
        self.grad_unknown = False
        """`requires_grad` was set to a value that is not known."""
        self.derived: DerivedStorage | None = None
        self.ineffective_writes: list[tuple[Any, DerivedStorage]] = []
        self.products: set[AxisRoles | None] = set()
        """The axis roles of each product with data outside of a module; None for a product of unknown form."""
        self.uninitialized = False
        """Created uninitialized (`torch.empty`)."""
        self.used_transformed = False
        """Data is multiplied by a value computed from the parameter, not by the parameter itself."""

    @property
    def origin(self) -> Storage:
        """The parameter's storage: this one, or the one that it is derived from."""
        return self if self.derived is None or self.parameter else self.derived.original.origin


class Tensor:
    """A tensor: data in `forward` (`node`), a view of a storage, or a value computed from parameters only.

    `leaf`: it is the parameter itself. `tracked`: it is, or is a view through which autograd forbids in-place writes to
    a parameter that requires grad. `covers_storage`: it is all of it.
    `sources`: the storages of the parameters that a value without data was computed from. `transposed`: its elements
    are not in storage order. `conversion`: it is the result of `.to(...)` or a similar method of a Parameter: surely a
    `copy`, or one only if the `device` changes. `zero_with`: the parameter p such that this value is 0 where p is 0,
    with a non-zero derivative there. `axes`: the parameter's axis for each axis of this view.
    """

    __slots__ = (
        "axes",
        "conversion",
        "covers_storage",
        "leaf",
        "node",
        "shape",
        "sources",
        "storage",
        "tracked",
        "transposed",
        "zero_with",
    )

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
        tracked: bool = False,
        conversion: Literal["", "device", "copy"] = "",
    ) -> None:
        self.zero_with = storage.origin if zero_with is None and storage is not None and covers_storage else zero_with
        self.transposed = transposed
        self.node = node
        self.storage = storage
        self.leaf = leaf
        self.tracked = leaf or tracked
        self.conversion = conversion
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
