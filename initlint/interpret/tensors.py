"""Data flow: what operators and tensor methods do to the tensors of a `forward`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from initlint.facts.layers import MODULES
from initlint.flow import Condition, Node
from initlint.graph import Arguments, Place
from initlint.interpret.machine import Machine
from initlint.interpret.parameters import scaled
from initlint.interpret.values import (
    External,
    Instance,
    ListValue,
    Storage,
    Tensor,
    Union,
    Unknown,
    Value,
    options,
)

_NUMBERS = ("builtins.int", "builtins.float", "builtins.bool")


def node(
    machine: Machine,
    kind: str,
    op: str,
    values: Iterable[Value],
    place: Place | None,
    layer: Any = None,
    arguments: Arguments | None = None,
) -> Tensor:
    """The tensor that an operation gives; a new node of the flow."""
    made = Node(kind, op, machine.data(values), place, machine.state.condition, layer, arguments)
    if layer is not None:
        machine.journal.nodes.setdefault(id(layer), []).append(made)
    return Tensor(made)


def operation(machine: Machine, kind: str, op: str, values: list[Value], place: Place | None, **more: Any) -> Tensor:
    """As `node`; of parameters alone it gives what is computed from them, which is no data."""
    if not machine.data(values):
        found = sources(values)
        if found:
            return Tensor(sources=found)
    return node(machine, kind, op, values, place, **more)


def unknown_result(machine: Machine, reason: str, values: Iterable[Value], place: Place | None) -> Unknown:
    """What code that is not followed returns: it consumes the data that it is handed."""
    inputs = machine.data(values)
    if not inputs:
        return Unknown(reason)
    return Unknown(reason, node=Node("end", "unknown", inputs, place, machine.state.condition))


def sources(values: Iterable[Value]) -> frozenset[Storage]:
    """The storages of the parameters among `values`, or that they were computed from."""
    found: set[Storage] = set()
    for value in values:
        for option, _ in options(value):
            if isinstance(option, Tensor):
                found |= option.sources
                if option.storage is not None:
                    found.add(option.storage)
            elif isinstance(option, (tuple, ListValue)):
                found |= sources(option if isinstance(option, tuple) else option.items)
    return frozenset(found)


def passed(machine: Machine, value: Value) -> Value:
    """The result of an operator that changes nothing that counts."""
    if isinstance(value, Union):
        return machine.each(value, lambda option: passed(machine, option))
    if isinstance(value, Tensor):
        return Tensor(value.node, value.storage, False, value.whole, value.sources, shape=None)
    return value


def arithmetic(machine: Machine, name: str, left: Value, right: Value, place: Place) -> Value:
    """`left` and `right` combined by an operator of which at least one side is a tensor."""
    one, other = machine.data([left]), machine.data([right])
    if not one and not other:
        return _of_parameters(machine, name, left, right, place)
    if name == "matmul":
        return product(machine, [left, right], place)
    if name in ("neg", "pow", "remainder", "floor_divide"):
        kind, op = ("noted", "scale") if name == "neg" else ("end", name)
        return node(machine, kind, op, [left, right], place)
    if name in ("add", "sub"):
        if (one and other) or _may_be_data(right if one else left):
            return node(machine, "noted", "add", [left, right], place)
        return node(machine, "noted", "shift", [left, right], place)
    if name in ("mul", "div"):
        if (one and other) or _may_be_data(right if one else left):
            return node(machine, "noted", "mul", [left, right], place)
        return node(machine, "noted", "scale", [left, right], place)
    return unknown_result(machine, f"the operator {name}", [left, right], place)


def _may_be_data(value: Value) -> bool:
    """An unknown value that is not said to be a number may be a tensor."""
    if isinstance(value, Union):
        return any(_may_be_data(option) for option in value.values)
    if not isinstance(value, Unknown):
        return False
    return not (isinstance(value.hint, External) and value.hint.name in _NUMBERS)


def _of_parameters(machine: Machine, name: str, left: Value, right: Value, place: Place) -> Value:
    """Arithmetic without data: on new tensors it changes how they are filled, on parameters it gives a derived value."""
    for tensor, other in ((left, right), (right, left)):
        if isinstance(tensor, Tensor) and tensor.storage is not None and not tensor.storage.parameter:
            if not isinstance(other, Tensor) and not (tensor is right and name in ("sub", "div")):
                return scaled(machine, tensor, name, other, place)
    found = sources([left, right])
    return Tensor(sources=found) if found else Unknown("an operation on tensors that are not followed")


def product(machine: Machine, values: list[Value], place: Place) -> Tensor:
    """A matrix product: with a parameter it is a layer, of data alone it ends their paths."""
    data = [value for value in values if machine.data([value])]
    weights = [value for value in values if not machine.data([value]) and sources([value])]
    if data and weights:
        return weighted(machine, weights[0], data, place)
    return node(machine, "end", "matmul", values, place)


def weighted(machine: Machine, weight: Value, data: list[Value], place: Place) -> Tensor:
    """Data multiplied by a weight: the layer that owns it, or the raw parameter itself."""
    found = sorted(sources([weight]), key=_weight_likeness)
    if not found:
        return node(machine, "layer", "unknown", data, place)
    storage = found[0]
    owner = storage.owner
    if owner is not None and is_layer(owner) and storage.name == "weight":
        return node(machine, "layer", owner.class_name, data, place, layer=owner)
    storage.product = True
    return node(machine, "layer", "Parameter", data, place, layer=storage)


def _weight_likeness(storage: Storage) -> tuple[bool, bool, str]:
    """Sorts what is most likely the weight among the parameters that a value was computed from to the front."""
    rank = None if storage.shape is None else len(storage.shape)
    return (storage.name != "weight", rank is not None and rank < 2, storage.name)


def is_layer(instance: Instance) -> bool:
    name = instance.torch_name
    return name is not None and name in MODULES and MODULES[name].role == "layer"


def subscript_tensor(machine: Machine, value: Tensor, index: Value, place: Place | None) -> Tensor:
    """`tensor[index]`: part of the same storage, and the same flow."""
    return Tensor(value.node, value.storage, leaf=False, whole=False, sources=value.sources, shape=_indexed(value, index))


def _indexed(value: Tensor, index: Value) -> tuple[int | None, ...] | None:
    if value.shape is None or not isinstance(index, (int, slice)) or isinstance(index, bool) or not value.shape:
        return None
    return value.shape[1:] if isinstance(index, int) else (None, *value.shape[1:])


def overwrite(machine: Machine, tensor: Value, result: Tensor) -> None:
    """An in-place operation: the tensor itself is now what the operation gives."""
    if isinstance(tensor, Tensor) and tensor.node is not None:
        machine.state.touch(tensor)
        tensor.node = result.node


def conditions(values: list[tuple[Any, Condition]]) -> Condition:
    """The conditions common to all."""
    found = values[0][1] if values else frozenset()
    for _, condition in values[1:]:
        found &= condition
    return found
