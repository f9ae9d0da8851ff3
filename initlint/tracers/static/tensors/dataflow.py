"""The data flow of `forward`: the nodes that operators and tensor methods add to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from initlint.facts.activations import ACTIVATIONS
from initlint.facts.fans import MODULES
from initlint.graph.dataflow import ALWAYS, Condition, FlowNode
from initlint.graph.words import Arguments, OperationKind
from initlint.project.source import Location
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.machine.path_conditions import new_token
from initlint.tracers.static.tensors.feature_maps import map_size_after, map_size_of
from initlint.tracers.static.values.axes import index_axes, inserted_axes, selects_all, sliced_rows
from initlint.tracers.static.values.containers import ListValue
from initlint.tracers.static.values.external_names import ARRAY, FLOAT, INT
from initlint.tracers.static.values.objects import Instance
from initlint.tracers.static.values.questions import (
    contents,
    external_name,
    hint_of,
    node_of,
    options,
    steps_to_look_at,
)
from initlint.tracers.static.values.tensors import Storage, Tensor, as_tensor
from initlint.tracers.static.values.values import CONSTANTS, CallArguments, Unknown, Value


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
    values = list(values)
    # Of code that may not run completely, no step follows from another one.
    doubt = frozenset([(new_token(), True)]) if interpreter.doubt else ALWAYS
    flow_node = FlowNode(
        kind,
        op,
        data_of(values),
        location,
        interpreter.state.condition | doubt,
        layer,
        arguments,
        exact,
        factors,
    )
    flow_node.repeated = interpreter.repetitions > 0
    flow_node.last = interpreter.last_iterations > 0
    flow_node.no_grad = interpreter.grad_mode.enabled is False and not interpreter.unknown_contexts
    if layer is not None:
        interpreter.state.record_side_effect()
        interpreter.log.nodes.setdefault(id(layer), []).append(flow_node)
    result = Tensor(flow_node)
    size = map_size_of(values)
    if layer is not None:
        flow_node.map_size = size
    result.map_size = map_size_after(kind, op, size, layer, arguments or {})
    return result


def operation(
    interpreter: Interpreter, kind: OperationKind, op: str, values: list[Value], location: Location | None, **more: Any
) -> Tensor | Unknown:
    """As `new_node`; for parameters without data, a tensor that depends on them; for constants, an unknown one."""
    if not data_of(values):
        storages = source_parameters(values)
        if storages:
            activation = ACTIVATIONS.get(op)
            keeps = activation is not None and activation.value_at_zero == 0.0 and activation.slope_at_zero != 0.0
            factors = factors_of(values[0]) if keeps else ()
            in_products = in_products_of(values[0]) if factors else frozenset[Storage]()
            return Tensor(sources=storages, factors=factors, in_products=in_products)
        if values and all(map(is_constant, values)):
            return Unknown(f"{op} of constants", ARRAY)
    return new_node(interpreter, kind, op, values, location, **more)


def apply_activation(interpreter: Interpreter, op: str, call: CallArguments) -> Value:
    """Apply the activation `op` to the first argument."""
    return operation(interpreter, "activation", op, [call.get(0, "input", Unknown("no input"))], call.site)


def unknown_result(
    interpreter: Interpreter, reason: str, values: Iterable[Value], location: Location | None
) -> Unknown:
    """The result of code that is not interpreted: its data arguments end there."""
    values = list(values)
    interpreter.spend_steps(steps_to_look_at(values))
    inputs = data_of(values)
    if not inputs:
        return Unknown(reason)
    return Unknown(reason, node=FlowNode("sink", "unknown", inputs, location, interpreter.state.condition))


def source_parameters(values: Iterable[Value]) -> frozenset[Storage]:
    """The storages of the parameters among `values`, and of those that they were computed from."""
    storages: set[Storage] = set()
    for value in values:
        for option, _ in options(value):
            tensor = as_tensor(option)
            if tensor is not None:
                storages |= tensor.sources
                if tensor.storage is not None:
                    storages.add(tensor.storage.origin)
            elif isinstance(option, (tuple, ListValue)):
                storages |= source_parameters(option if isinstance(option, tuple) else option.items)
    return frozenset(storages)


def pass_through(interpreter: Interpreter, value: Value) -> Value:
    """The result of a module that keeps the scale of its input."""
    return interpreter.state.map_union(value, _with_same_scale)


def _with_same_scale(value: Value) -> Value:
    tensor = as_tensor(value)
    if tensor is None:
        return value
    return Tensor(
        tensor.node,
        tensor.storage,
        False,
        tensor.covers_storage,
        tensor.sources,
        factors=tensor.factors,
        in_products=tensor.in_products,
    )


def are_data(*values: Value) -> bool:
    """Whether each value is a tensor with data."""
    return all(tensor is not None and tensor.node is not None for tensor in map(as_tensor, values))


def is_constant(value: Value) -> bool:
    """Whether it is a constant, or an array or a number computed from constants only."""
    if isinstance(value, (tuple, ListValue)):
        return all(map(is_constant, value if isinstance(value, tuple) else value.items))
    if isinstance(value, CONSTANTS) or external_name(value):
        return True
    return node_of(value) is None and hint_of(value) in (ARRAY, INT, FLOAT)


def factors_of(value: Value) -> tuple[Storage, ...]:
    """The parameters that a value without data is a product of: see `Tensor.factors`."""
    tensor = as_tensor(value)
    factors = tensor.factors if tensor is not None and tensor.node is None else ()
    return factors if all(factor.parameter for factor in factors) else ()


def in_products_of(value: Value) -> frozenset[Storage]:
    """The parameters that a value contains only in products: see `Tensor.in_products`."""
    tensor = as_tensor(value)
    return frozenset() if tensor is None else tensor.in_products


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
    part = Tensor(
        value.node,
        value.storage,
        False,
        covers_storage,
        value.sources,
        transposed=value.transposed,
        axes=axes,
        tracked=tracked,
        inserted=() if value.node is None else inserted_axes(index),
        rows=sliced_rows(value.shape, index) if value.covers_storage and not value.transposed else None,
    )
    part.shape = shape
    return part


def chunks_of(value: Tensor, count: int) -> tuple[Tensor, ...]:
    """`parameter.chunk(count)`, for a size that `count` divides."""
    shape = (None, *value.shape[1:]) if value.shape else None
    if value.shape and value.shape[0] is not None:
        shape = (value.shape[0] // count, *value.shape[1:])
    has_rows = value.covers_storage and not value.transposed
    return tuple(
        Tensor(
            None,
            value.storage,
            False,
            False,
            value.sources,
            shape,
            value.transposed,
            tracked=value.tracked,
            rows=(at / count, (at + 1) / count) if has_rows else None,
        )
        for at in range(count)
    )


def _is_basic(index: Value) -> bool:
    """Whether indexing with it surely gives a view: it has numbers, slices, None and `...` only."""
    if isinstance(index, tuple):
        return all(_is_basic(part) for part in index)
    if hint_of(index) is INT:
        return True
    return index is None or index is ... or (isinstance(index, (int, slice)) and not isinstance(index, bool))


def _indexed(value: Tensor, index: Value) -> tuple[int | None, ...] | None:
    if value.shape is None or not isinstance(index, (int, slice)) or isinstance(index, bool) or not value.shape:
        return None
    return value.shape[1:] if isinstance(index, int) else (None, *value.shape[1:])


def set_in_place(interpreter: Interpreter, tensor: Value, result: Tensor) -> None:
    """Make `result` the new value of a tensor that an operation changed in place."""
    changed = as_tensor(tensor)
    if changed is not None and changed.node is not None:
        interpreter.state.save_before_change(changed)
        changed.node = result.node
