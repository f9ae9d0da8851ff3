"""Abstract tensors, and the storages that they are views of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from initlint._records import dataclass
from initlint.facts.fans import AxisRoles, Rows
from initlint.facts.operator_kinds import Operator
from initlint.facts.operators import METHODS
from initlint.graph.dataflow import ALWAYS, Condition, FlowNode
from initlint.project.source import Location, SourceLocation
from initlint.tracers.static.values.axes import Axes, transposed_shape, view_axes
from initlint.tracers.static.values.external_names import INT, ExternalName
from initlint.tracers.static.values.values import (
    AbstractValue,
    CallArguments,
    Copier,
    ExternalClass,
    Machine,
    NativeMethod,
    Sides,
    Sizes,
    Unknown,
    Value,
)

_ATTRIBUTES = frozenset("data device dtype fill_ grad grad_fn is_leaf ndim normal_ requires_grad shape size".split())
"""What every tensor has, besides `METHODS`."""

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
        "is_converted",
        "is_of_several",
        "is_split",
        "loads",
        "location",
        "name",
        "origins",
        "owner",
        "parameter",
        "products",
        "requires_grad",
        "shape",
        "shape_read",
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
        self.origins: tuple[Value, ...] = ()
        """Of a parameter that is made of an unknown tensor: the values that this was computed from."""
        self.owner: Any = None
        """The `Instance` whose parameter it is, or None. Its class is defined above this module."""
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
        self.shape_read = False
        """Code got its sizes, by `shape` or `size()`."""
        self.uninitialized = False
        """Created uninitialized (`torch.empty`)."""
        self.is_converted = False
        """Its device or element type was chosen, so that a further conversion may return the tensor itself."""
        self.is_of_several = False
        """Several Parameters were made of it: each of them leaves it when its `data` is set."""
        self.is_split = False
        """One of these has left it, so that a write to one of them may not be to the others."""
        self.used_transformed = False
        """Data is multiplied by a value computed from the parameter, not by the parameter itself."""

    def deep_copy(self, copies: Copier) -> Storage:
        """New memory with the writes so far; the same for the same storage."""
        if id(self) in copies.finished:
            earlier: Storage = copies.finished[id(self)]
            return earlier
        copy = Storage(self.shape, self.location, copies.condition)
        copies.finished[id(self)] = copy
        copy.writes, copy.parameter = list(self.writes), self.parameter
        copy.loads, copy.is_of_several, copy.is_split = self.loads, self.is_of_several, self.is_split
        copy.name, copy.frozen, copy.is_converted = self.name, self.frozen, self.is_converted
        copy.owner = copies.finished.get(id(self.owner))
        if self.derived is not None:
            originals = tuple(original.deep_copy(copies) for original in self.derived.originals)
            copy.derived = replace(self.derived, originals=originals)
        return copy

    @property
    def origin(self) -> Storage:
        """The parameter's storage: this one, or the one that it is derived from."""
        return self if self.derived is None or self.parameter else self.derived.original.origin


@dataclass(frozen=True, slots=True, eq=False)
class Elementwise:
    """The factors of a product `x * y`, whose data-flow node is `node`."""

    node: FlowNode | None
    factors: tuple[Tensor, Tensor]


class Tensor(AbstractValue):
    """A tensor: data in `forward` (`node`), a view of a storage, or a value computed from parameters only.

    `leaf`: it is the parameter itself. `tracked`: it is, or is a view through which autograd forbids in-place writes to
    a parameter that requires grad. `covers_storage`: it is all of it.
    `sources`: the storages of the parameters that a value without data was computed from. `transposed`: its elements
    are not in storage order. `conversion`: it is the result of `.to(...)` or a similar method of a Parameter: surely a
    `copy`, or one only if the `device` changes. `factors`: the parameters such that this value is 0 where one of them
    is 0, with a derivative there that is not 0 unless another one is. `in_products`: those of the `sources` that it
    contains only in products of several parameters, which have nodes of their own. `axes`: the parameter's axis for
    each axis of this view. `elementwise`: it is the product of data with data or with a parameter. `inserted`: the axes
    of size one that an index or `unsqueeze` has just added to data, counted as in the source. `rows`: see `Write.rows`.
    `computed`: an operator or `.data` made it, so that it is surely no parameter.
    """

    __slots__ = (
        "axes",
        "computed",
        "conversion",
        "covers_storage",
        "elementwise",
        "factors",
        "in_products",
        "inserted",
        "leaf",
        "map_size",
        "node",
        "rows",
        "shape",
        "sources",
        "storage",
        "tracked",
        "transposed",
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
        factors: tuple[Storage, ...] = (),
        axes: Axes = None,
        tracked: bool = False,
        conversion: Literal["", "device", "copy"] = "",
        in_products: frozenset[Storage] = frozenset(),
        inserted: tuple[int, ...] = (),
        rows: Rows | None = None,
        computed: bool = False,
    ) -> None:
        self.rows = rows
        self.computed = computed
        self.map_size: tuple[int, ...] | None = None
        """Of the feature map that data is, as far as the source says it."""
        self.elementwise: Elementwise | None = None
        self.inserted = inserted
        self.factors = (storage.origin,) if not factors and storage is not None and covers_storage else factors
        self.in_products = in_products
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

    def as_tensor(self) -> Tensor:
        return self

    def is_plain_tensor(self) -> bool:
        if self.leaf or self.computed:
            return not self.leaf
        return self.node is None and self.storage is not None and not self.storage.parameter

    def leads_to_modules(self) -> bool:
        return True

    def flow_node(self) -> FlowNode | None:
        return self.node

    def save(self) -> Any:
        return self.node

    def restore(self, saved: Any) -> None:
        self.node = saved

    def joined(self, sides: Sides, one: Any, other: Any) -> Any:
        if one is None or other is None or one is other:
            return one or other
        return FlowNode("join", "join", [(one, sides.when), (other, sides.otherwise)], None)

    def get_attribute(self, machine: Machine, name: str) -> Value:
        operator = METHODS.get(name)
        if operator is not None and operator.attribute and operator.kind == "identity":
            return self._view(operator)
        if name == "shape":
            if self.shape is None or self.node is not None:
                return Unknown("a shape")
            return self.sizes()
        if name == "ndim" and self.node is None:
            return Unknown("a rank", INT) if self.shape is None else len(self.shape)
        if name == "requires_grad":
            storage = self.storage
            is_trained = self.tracked and storage is not None and storage.parameter and not storage.frozen
            return True if is_trained else Unknown(name)
        if name in ("grad", "grad_fn"):
            return None if self.leaf else Unknown(name)
        if operator is not None and operator.attribute and operator.op == "metadata":
            return Unknown(f"a tensor's {name}")
        return NativeMethod(self, name)

    def has_attribute(self, machine: Machine, name: str) -> bool | None:
        return True if name in METHODS or name in _ATTRIBUTES else None  # code may set any other

    def sizes(self) -> Sizes:
        """The sizes of a tensor without data whose rank is known."""
        if self.storage is not None:
            self.storage.shape_read = True
        return Sizes(Unknown("a size", INT) if size is None else size for size in self.shape or ())

    def _view(self, operator: Operator) -> Tensor:
        """`tensor.T`, `tensor.data`: an attribute that shares the memory of the tensor."""
        return Tensor(
            self.node,
            self.storage,
            False,
            self.covers_storage,
            self.sources,
            transposed_shape(self.shape) if operator.is_transposing else self.shape,
            self.transposed != operator.is_transposing,
            axes=view_axes(self.axes, operator.axes),
            tracked=self.tracked and operator.memory == "view",
            factors=self.factors,
            in_products=self.in_products,
            rows=self.rows if operator.axes == "same" else None,
            computed=operator.name != "real",  # of a real tensor it is the tensor itself
        )

    def shallow_copy(self) -> Value:
        if self.leaf and self.storage is not None:
            self.storage.is_of_several = True
        return self  # it shares the memory

    def set_attribute(self, machine: Machine, name: str, value: Value, location: Location | None) -> None:
        if self.storage is not None:
            machine.handlers.set_tensor_attribute(machine, self, name, value, location)

    def get_item(self, machine: Machine, index: Value, location: SourceLocation) -> Value:
        return machine.handlers.tensor_item(machine, self, index, location)

    def set_item(self, machine: Machine, index: Value, value: Value, location: SourceLocation) -> None:
        machine.handlers.set_tensor_item(machine, self, index, value, location)

    def call_method(self, machine: Machine, name: str, call: CallArguments) -> Value:
        return machine.handlers.tensor_method(machine, self, name, call)

    @property
    def precedence(self) -> int:
        return 2  # a comparison with a tensor compares its elements

    def equals(self, other: Value) -> bool | None:
        self._note_comparison(other)
        return True if self is other else None

    def is_same_object(self, other: Value) -> bool | None:
        if not isinstance(other, Tensor):
            return False
        self._note_comparison(other)
        return True if self is other or (self.storage is not None and self.storage is other.storage) else None

    def _note_comparison(self, other: Value) -> None:
        storages = (self.storage, other.storage) if isinstance(other, Tensor) else ()
        for storage in storages:
            if storage is not None and isinstance(storage.owner, AbstractValue):
                storage.owner.note_comparison()

    def is_same(self, other: Value) -> bool:
        if not isinstance(other, Tensor) or self.map_size != other.map_size:
            return False
        return self is other or (self.node is other.node and self.storage is other.storage is None)

    def merged_with(self, others: list[tuple[Value, Condition]], under: Condition) -> Tensor | None:
        tensors = [(value, condition) for value, condition in others if isinstance(value, Tensor)]
        if len(tensors) < len(others):
            return None
        tensors.insert(0, (self, under))
        inputs = [(tensor.node, c) for tensor, c in tensors if tensor.node is not None and tensor.storage is None]
        if len(inputs) == len(tensors):
            merged = Tensor(FlowNode("join", "join", inputs, None))
            sizes = {tensor.map_size for tensor, _ in tensors}
            merged.map_size = sizes.pop() if len(sizes) == 1 else None
            return merged
        return self._as_view_of_all([tensor for tensor, _ in tensors])

    def _as_view_of_all(self, views: list[Tensor]) -> Tensor | None:
        """One view that represents several views of one parameter along the same axes; None if these differ."""
        if self.storage is None or not self.axes:
            return None
        if any(v.node is not None or v.storage is not self.storage or v.axes != self.axes for v in views):
            return None
        return Tensor(None, self.storage, False, False, self.sources, None, self.transposed, axes=self.axes)

    def deep_copy(self, copies: Copier) -> Value:
        if self.storage is None:
            return self
        copy = Tensor(self.node, self.storage.deep_copy(copies), self.leaf, sources=self.sources)
        copies.finished[id(self)] = copy
        return copy

    def python_type(self) -> Value:
        return ExternalName("torch.Tensor")

    def is_instance_of_external(self, cls: ExternalClass) -> bool | None:
        if cls.name == "torch.nn.Parameter":
            return self.leaf
        return cls.name in ("torch.Tensor", "torch.FloatTensor") or (None if cls.name.startswith("torch.") else False)

    def __repr__(self) -> str:
        return f"Tensor({self.node.kind if self.node else None}, {self.storage.name if self.storage else None})"


def as_tensor(value: Value) -> Tensor | None:
    """The tensor that a value is; None for any other value."""
    tensor: Tensor | None = value.as_tensor() if isinstance(value, AbstractValue) else None
    return tensor


def storage_of(value: Value) -> Storage | None:
    """The memory of a tensor; None for data, and for any other value."""
    tensor = as_tensor(value)
    return None if tensor is None else tensor.storage
