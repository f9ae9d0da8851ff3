"""The data flow of `forward`: the nodes that operators and tensor methods add to it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

from initlint.facts.activations import ACTIVATIONS
from initlint.facts.fans import MODULES, AxisRoles
from initlint.graph.dataflow import ALWAYS, Condition, FlowNode
from initlint.graph.model import Arguments, Location, OperationKind
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.tensors.contents import is_zero, scaled, selects_all, zeros
from initlint.tracers.static.values.axes import Axes, Equation, einsum_roles, index_axes, matmul_roles, view_axes
from initlint.tracers.static.values.constants import contents
from initlint.tracers.static.values.containers import ListValue
from initlint.tracers.static.values.external_names import INT, ExternalName
from initlint.tracers.static.values.objects import Instance
from initlint.tracers.static.values.tensors import Storage, Tensor
from initlint.tracers.static.values.unions import Union, options
from initlint.tracers.static.values.values import CONSTANTS, Unknown, Value

_NUMBERS = ("builtins.int", "builtins.float", "builtins.bool")


def data_of(values: Iterable[Value]) -> list[tuple[FlowNode, Condition]]:
    """The data-flow nodes of all values among `values` that carry data, each with its condition."""
    nodes: list[tuple[FlowNode, Condition]] = []
    _collect_data(values, ALWAYS, nodes, set())
    return nodes


def _collect_data(
    values: Iterable[Value], under: Condition, nodes: list[tuple[FlowNode, Condition]], seen: set[int]
) -> None:
    for value in values:
        for option, condition in options(value):
            if isinstance(option, (Tensor, Unknown)):
                if option.node is not None:
                    nodes.append((option.node, condition | under))
            elif not isinstance(option, CONSTANTS) and id(option) not in seen:
                # Objects may refer to each other in cycles.
                seen.add(id(option))
                _collect_data(contents(option), condition | under, nodes, seen)


def new_node(
    interpreter: Interpreter,
    kind: OperationKind,
    op: str,
    values: Iterable[Value],
    location: Location | None,
    layer: Any = None,
    arguments: Arguments | None = None,
    exact: bool = False,
    factors: tuple[Any, ...] = (),
) -> Tensor:
    """Add a node to the data flow; gives the tensor that is its output."""
    flow_node = FlowNode(
        kind, op, data_of(values), location, interpreter.state.condition, layer, arguments, exact, factors
    )
    if layer is not None:
        interpreter.state.record_side_effect()
        interpreter.log.nodes.setdefault(id(layer), []).append(flow_node)
    return Tensor(flow_node)


def operation(
    interpreter: Interpreter, kind: OperationKind, op: str, values: list[Value], location: Location | None, **more: Any
) -> Tensor:
    """As `new_node`; for parameters without data, a tensor that depends on them and adds no node."""
    if not data_of(values):
        storages = source_parameters(values)
        if storages:
            activation = ACTIVATIONS.get(op)
            keeps = activation is not None and activation.value_at_zero == 0.0 and activation.slope_at_zero != 0.0
            factors = _factors(values[0]) if keeps else ()
            return Tensor(sources=storages, factors=factors, in_products=_in_products(values[0]) if factors else _NONE)
    return new_node(interpreter, kind, op, values, location, **more)


def unknown_result(
    interpreter: Interpreter, reason: str, values: Iterable[Value], location: Location | None
) -> Unknown:
    """The result of code that is not interpreted: its data arguments end there."""
    inputs = data_of(values)
    if not inputs:
        return Unknown(reason)
    return Unknown(reason, node=FlowNode("sink", "unknown", inputs, location, interpreter.state.condition))


def source_parameters(values: Iterable[Value]) -> frozenset[Storage]:
    """The storages of the parameters among `values`, and of those that they were computed from."""
    storages: set[Storage] = set()
    for value in values:
        for option, _ in options(value):
            if isinstance(option, Tensor):
                storages |= option.sources
                if option.storage is not None:
                    storages.add(option.storage.origin)
            elif isinstance(option, (tuple, ListValue)):
                storages |= source_parameters(option if isinstance(option, tuple) else option.items)
    return frozenset(storages)


def pass_through(interpreter: Interpreter, value: Value, operator: str = "", arguments: Iterable[Value] = ()) -> Value:
    """The result of an operator that keeps the scale of its input; `arguments` are those after the tensor."""
    if isinstance(value, Union):
        return interpreter.state.map_union(value, lambda option: pass_through(interpreter, option, operator, arguments))
    if isinstance(value, Tensor):
        axes = view_axes(value.axes, operator, arguments)
        return Tensor(
            value.node,
            value.storage,
            False,
            value.covers_storage,
            value.sources,
            shape=None,
            axes=axes,
            factors=value.factors,
            in_products=value.in_products,
        )
    return value


def arithmetic(interpreter: Interpreter, name: str, left: Value, right: Value, location: Location) -> Value:
    """`left` and `right` combined by the operator `name`; at least one of them is a tensor."""
    left_data, right_data = data_of([left]), data_of([right])
    if not left_data and not right_data:
        return _of_parameters(interpreter, name, left, right, location)
    if name == "matmul":
        return product(interpreter, [left, right], location)
    if name == "neg":
        return new_node(interpreter, "modifier", "scale", [left, right], location, arguments={"operator": name})
    if name in ("pow", "remainder", "floor_divide"):
        return new_node(interpreter, "sink", name, [left, right], location)
    if name in ("add", "sub"):
        if (left_data and right_data) or _may_be_data(right if left_data else left):
            return _of_data(interpreter, "add", name, left, right, location)
        number = _with_number(name, left, right)
        return new_node(interpreter, "modifier", "shift", [left, right], location, arguments=number)
    if name in ("mul", "div"):
        if (left_data and right_data) or _may_be_data(right if left_data else left):
            return _of_data(interpreter, "mul", name, left, right, location)
        factors, number = _factors(right if left_data else left), _with_number(name, left, right)
        exact = bool(factors) and are_data(left if left_data else right)
        factors = factors if exact else ()
        return new_node(
            interpreter, "modifier", "scale", [left, right], location, exact=exact, factors=factors, arguments=number
        )
    return unknown_result(interpreter, f"the operator {name}", [left, right], location)


def _of_data(interpreter: Interpreter, op: str, name: str, left: Value, right: Value, location: Location) -> Tensor:
    exact, arguments = are_data(left, right), {"operator": name}
    return new_node(interpreter, "modifier", op, [left, right], location, exact=exact, arguments=arguments)


def _with_number(name: str, left: Value, right: Value) -> Arguments:
    """The operator and its number, if one operand is a number; `rsub` and `rdiv` if that is the first."""
    number, operator = (left, f"r{name}") if isinstance(left, (int, float)) else (right, name)
    is_known = isinstance(number, (int, float)) and not isinstance(number, bool)
    return {"operator": operator, "number": number} if is_known else {"operator": operator}


def are_data(*values: Value) -> bool:
    """Whether each value is a tensor with data."""
    return all(isinstance(value, Tensor) and value.node is not None for value in values)


_NONE: frozenset[Storage] = frozenset()


def _factors(value: Value) -> tuple[Storage, ...]:
    """The parameters that a value without data is a product of: see `Tensor.factors`."""
    factors = value.factors if isinstance(value, Tensor) and value.node is None else ()
    return factors if all(factor.parameter for factor in factors) else ()


def _in_products(value: Value) -> frozenset[Storage]:
    return value.in_products if isinstance(value, Tensor) else _NONE


def _may_be_data(value: Value) -> bool:
    """Whether a value may be a tensor with data: unknown, and not annotated as a number."""
    if isinstance(value, Union):
        return any(_may_be_data(option) for option in value.values)
    if not isinstance(value, Unknown):
        return False
    return not (isinstance(value.hint, ExternalName) and value.hint.name in _NUMBERS)


def _of_parameters(interpreter: Interpreter, name: str, left: Value, right: Value, location: Location) -> Value:
    """Arithmetic without data: it rescales a newly created tensor, or computes a value from parameters."""
    for tensor, other in ((left, right), (right, left)):
        if isinstance(other, Tensor) or (tensor is right and name in ("sub", "div")):
            continue
        if isinstance(tensor, Tensor) and tensor.storage is not None and not tensor.storage.origin.parameter:
            return scaled(interpreter, tensor, name, other, location)
        if name == "mul" and isinstance(tensor, Tensor) and is_zero(other):
            return zeros(interpreter, tensor.shape, location)
    storages = source_parameters([left, right])
    if not storages:
        return Unknown("an operation on tensors that are not followed")
    return _of_both(interpreter, name, left, right, location)


def _of_both(interpreter: Interpreter, name: str, left: Value, right: Value, location: Location) -> Tensor:
    """The result of an operation on parameters. A product of several ones adds a node to the data flow."""
    left_factors, right_factors = _factors(left), _factors(right)
    sources = source_parameters([left, right])
    if left_factors and right_factors and name in ("mul", "matmul"):
        factors = (*left_factors, *right_factors)
        node = FlowNode(
            "factor", name, (), location, interpreter.state.condition, exact=len(set(factors)) > 1, factors=factors
        )
        for factor in dict.fromkeys(factors):
            interpreter.log.nodes.setdefault(id(factor), []).append(node)
        return Tensor(sources=sources, factors=factors, in_products=sources)
    outside = frozenset[Storage]().union(*(source_parameters([side]) - _in_products(side) for side in (left, right)))
    is_scaled = name in ("mul", "div", "neg") and not (isinstance(left, Tensor) and isinstance(right, Tensor))
    return Tensor(
        sources=sources, factors=left_factors or right_factors if is_scaled else (), in_products=sources - outside
    )


def product(
    interpreter: Interpreter, values: list[Value], location: Location, equation: Equation | None = None
) -> Tensor:
    """A matrix product or an einsum. With a parameter it is a layer; a product of data only ends the path."""
    data = [value for value in values if data_of([value])]
    weights = [value for value in values if not data_of([value]) and source_parameters([value])]
    if weights and not data and len(values) == 2:
        return _of_both(interpreter, "matmul", values[0], values[1], location)
    if not data or not weights:
        return new_node(interpreter, "sink", "matmul", values, location, exact=len(values) == 2 and are_data(*values))
    if len(weights) > 1 and len(weights) + len(data) == len(values):
        return _multiply_by_all(interpreter, weights, data, location)
    used = None
    if len(values) == 2:
        position = values.index(weights[0])
        axes = _axes(weights[0])
        used = matmul_roles(axes, position == 1) if equation is None else einsum_roles(equation, position, axes)
    return multiply_by_weight(interpreter, weights[0], data, location, used)


def _multiply_by_all(interpreter: Interpreter, weights: list[Value], data: list[Value], location: Location) -> Tensor:
    """Data multiplied by several parameters at once: `einsum('bd,dr,re->be', x, a, b)`."""
    factors = [_factors(weight) for weight in weights]
    sources = source_parameters(weights)
    product_of_all = Tensor(
        sources=sources, factors=tuple(chain(*factors)) if all(factors) else (), in_products=sources
    )
    return multiply_by_weight(interpreter, product_of_all if all(factors) else weights[0], data, location)


def _axes(value: Value) -> Axes:
    return value.axes if isinstance(value, Tensor) else None


def multiply_by_weight(
    interpreter: Interpreter, weight: Value, data: list[Value], location: Location, used: AxisRoles | None = None
) -> Tensor:
    """Data multiplied by a weight: a use of the layer that owns it, or of a raw parameter.

    `used`: the roles of the raw parameter's axes in the product.
    """
    factors = _factors(weight)
    outside_products = source_parameters([weight]) - _in_products(weight)
    storages = sorted(factors or outside_products, key=_weight_order)
    if not storages:
        return new_node(interpreter, "layer", "unknown", data, location)
    storage = storages[0]
    itself = isinstance(weight, Tensor) and weight.storage is storage
    storage.products.add(used if itself else None)
    owner = storage.owner
    if isinstance(weight, Tensor) and weight.storage is None and len(factors) < 2:
        # The weight is standardized, normalized or masked before use, so its own scale has no effect.
        storage.used_transformed = True
    exact = bool(factors) and are_data(*data)
    if owner is not None and is_layer(owner) and storage.name == "weight":
        return new_node(interpreter, "layer", owner.class_name, data, location, layer=owner)
    others = factors if exact and len(factors) > 1 else ()
    return new_node(interpreter, "layer", "Parameter", data, location, layer=storage, exact=exact, factors=others)


def _weight_order(storage: Storage) -> tuple[bool, bool, str]:
    """Sort key that puts first the parameter that is most likely the weight."""
    rank = None if storage.shape is None else len(storage.shape)
    return (storage.name != "weight", rank is not None and rank < 2, storage.name)


def is_layer(instance: Instance) -> bool:
    """Whether it is an instance of one of torch's layers with a weight."""
    name = instance.torch_name
    return name is not None and name in MODULES and MODULES[name].role == "layer"


def part_of(value: Tensor, index: Value) -> Tensor:
    """`tensor[index]`: part of the same storage, at the same node of the data flow."""
    covers_storage = selects_all(index) and value.covers_storage
    shape = value.shape if covers_storage else _indexed(value, index)
    axes = index_axes(value.axes, index)
    tracked = value.tracked and _is_basic(index)
    return Tensor(
        value.node,
        value.storage,
        False,
        covers_storage,
        value.sources,
        shape,
        value.transposed,
        axes=axes,
        tracked=tracked,
    )


def _is_basic(index: Value) -> bool:
    """Whether indexing with it surely gives a view: it has numbers, slices, None and `...` only."""
    if isinstance(index, tuple):
        return all(_is_basic(part) for part in index)
    if isinstance(index, Unknown):
        return index.hint is INT
    return index is None or index is ... or (isinstance(index, (int, slice)) and not isinstance(index, bool))


def _indexed(value: Tensor, index: Value) -> tuple[int | None, ...] | None:
    if value.shape is None or not isinstance(index, (int, slice)) or isinstance(index, bool) or not value.shape:
        return None
    return value.shape[1:] if isinstance(index, int) else (None, *value.shape[1:])


def set_in_place(interpreter: Interpreter, tensor: Value, result: Tensor) -> None:
    """Make `result` the new value of a tensor that an operation changed in place."""
    if isinstance(tensor, Tensor) and tensor.node is not None:
        interpreter.state.save_before_change(tensor)
        tensor.node = result.node
