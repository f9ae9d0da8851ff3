"""Operators on tensors, as functions and as methods: one handler for each kind of row in `facts.operators`."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from typing import Literal

from initlint.facts.equations import Equation
from initlint.facts.initializer_formulas import CONSTRUCTORS
from initlint.facts.operator_kinds import OperatorKind
from initlint.facts.operators import Operator, is_in_place, is_overflow_guard, permanent_dropout, pooling
from initlint.graph.hand_written_norms import PARAMETERS, function_of
from initlint.graph.words import UNDETERMINED
from initlint.tracers.static.library.init_calls import new_tensor, shape_of
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.tensors.arithmetic import arithmetic
from initlint.tracers.static.tensors.contents import cut
from initlint.tracers.static.tensors.contractions import einsum, multiply_by_weight, product, sum_of_product
from initlint.tracers.static.tensors.dataflow import (
    are_data,
    chunks_of,
    data_of,
    factors_of,
    is_constant,
    new_node,
    operation,
    part_of,
    set_in_place,
    unknown_result,
)
from initlint.tracers.static.tensors.feature_maps import map_size_in_view, map_size_of
from initlint.tracers.static.tensors.writes import copy_of
from initlint.tracers.static.values.axes import linear_roles, time_roles, transposed_shape, view_axes
from initlint.tracers.static.values.containers import ListValue
from initlint.tracers.static.values.external_names import ARRAY, INT
from initlint.tracers.static.values.questions import Union, external_name, hint_of, known_items, literals
from initlint.tracers.static.values.shapes import completed, flattened, with_or_without_axis
from initlint.tracers.static.values.tensors import DerivedStorage, Storage, Tensor, as_tensor
from initlint.tracers.static.values.values import CONSTANTS, CallArguments, Unknown, Value

_MAX_CHUNKS = 16

Handler = Callable[[Interpreter, Operator, CallArguments], Value]


def call_operator(interpreter: Interpreter, operator: Operator, spelling: str, call: CallArguments) -> Value:
    """Call `operator` by the name `spelling`, as a function or with the tensor of a method as first argument."""
    result = _HANDLERS[operator.kind](interpreter, operator, call)
    if is_in_place(spelling.rpartition(".")[2]) or _is_set_in_place(operator, call):
        changed = as_tensor(result)
        if changed is not None:
            set_in_place(interpreter, _first(call), changed)
    return result


def _is_set_in_place(operator: Operator, call: CallArguments) -> bool:
    names = [name for name, _ in operator.parameters]
    return "inplace" in names and call.get(names.index("inplace"), "inplace", False) is True


def _first(call: CallArguments) -> Value:
    return call.get(0, "input", Unknown("no input"))


def _after_first(call: CallArguments) -> CallArguments:
    keywords = {name: value for name, value in call.keywords.items() if name != "input"}
    return CallArguments(call.arguments[1:], keywords, call.site, call.open)


def _data(operator: Operator, call: CallArguments) -> list[Value]:
    """The arguments that carry data."""
    if not operator.data:
        return list(call.values)
    names = [name for name, _ in operator.parameters]
    values = [call.get(names.index(name), name, None) for name in operator.data]
    return [value for value in values if value is not None]


# Functions of one tensor -----------------------------------------------------------------------------------------


def _activation(interpreter: Interpreter, operator: Operator, call: CallArguments) -> Value:
    arguments = literals(call.bound(operator.parameters, skip=1))
    return operation(interpreter, "activation", operator.op, [_first(call)], call.site, arguments=arguments)


def _identity(interpreter: Interpreter, operator: Operator, call: CallArguments) -> Value:
    if operator.op == "dropout":
        scaling = permanent_dropout(literals(call.bound(operator.parameters, skip=1)), UNDETERMINED)
        if scaling is not None:
            return operation(interpreter, "modifier", "scale", [_first(call)], call.site, arguments=scaling)
    result = _view(interpreter, operator, _first(call), call)
    return (result, Unknown("lengths")) if operator.indices else result


def _view(interpreter: Interpreter, operator: Operator, value: Value, call: CallArguments) -> Value:
    if isinstance(value, Union):
        return interpreter.state.map_union(value, lambda option: _view(interpreter, operator, option, call))
    if is_constant(value) and not isinstance(value, Unknown):
        return Unknown(f"{operator.name} of a constant", ARRAY)
    if not isinstance(value, Tensor):
        return value
    name = operator.name
    is_copy = operator.memory == "copy" or (value.transposed and name in ("contiguous", "reshape"))
    if is_copy and value.node is None and value.storage is not None:
        return copy_of(interpreter, value, call.site)
    if name in _CONVERSIONS and value.node is None and value.storage is not None:
        return _converted(interpreter, value, value.storage, call)
    rest = _after_first(call)
    conversion = _conversion(name, rest) if value.node is None else ""
    if value.storage is not None and not value.leaf and conversion:
        value.storage.is_converted = True
    view = Tensor(
        value.node,
        value.storage,
        False,
        value.covers_storage,
        value.sources,
        transposed=value.transposed != operator.is_transposing,
        axes=view_axes(value.axes, operator.axes, rest.values),
        tracked=value.tracked and operator.memory == "view",
        conversion=conversion if value.leaf and not _is_converted(value) else "",
        factors=value.factors,
        in_products=value.in_products,
        rows=value.rows if operator.axes == "same" else None,
        inserted=_inserted(rest) if name == "unsqueeze" and value.node is not None else (),
    )
    view.shape = _shape(operator, value, rest)
    view.map_size = map_size_in_view(name, operator.axes, value, rest)
    return view


_CONVERSIONS = frozenset({"half", "double", "bfloat16"})


def _converted(interpreter: Interpreter, value: Tensor, storage: Storage, call: CallArguments) -> Tensor:
    """`parameter.double()`: a copy, unless the parameter has that type already."""
    result = copy_of(interpreter, value, call.site)
    assert result.storage is not None
    if storage.origin.parameter:
        result.storage.derived = DerivedStorage("a conversion", (storage.origin,), call.site, certain=False)
    result.conversion = "copy" if value.leaf and not _is_converted(value) else ""
    result.storage.is_converted = True
    return result


def _is_converted(value: Tensor) -> bool:
    return value.storage is not None and value.storage.is_converted


def _inserted(call: CallArguments) -> tuple[int, ...]:
    position = call.get(0, "dim", None)
    return (position,) if isinstance(position, int) else ()


def _shape(operator: Operator, tensor: Tensor, call: CallArguments) -> tuple[int | None, ...] | None:
    """The shape of a view; None for an unknown rank."""
    if operator.axes == "same":
        return tensor.shape
    if operator.axes == "reverse":
        return transposed_shape(tensor.shape)
    if operator.axes:
        return None if tensor.shape is None else (None,) * len(tensor.shape)
    if call.open:
        return None
    if operator.name in ("view", "reshape") and call.arguments:
        return completed(shape_of(call.arguments), tensor.shape)
    if operator.name == "flatten":
        return flattened(tensor.shape, call.get(0, "start_dim", 0), call.get(1, "end_dim", -1))
    if operator.name in ("squeeze", "unsqueeze"):
        return with_or_without_axis(tensor.shape, operator.name, call.get(0, "dim", None))
    return None


def _conversion(name: str, call: CallArguments) -> Literal["", "device", "copy"]:
    """What `parameter.name(...)` returns: the Parameter itself for the device and type that it surely has."""
    if name in ("half", "double", "bfloat16"):
        return "copy"
    if name in ("cuda", "xpu"):
        return "device"
    if name != "to":
        return ""
    node = call.site.node
    written = [*node.args, *(keyword.value for keyword in node.keywords)] if isinstance(node, ast.Call) else []
    if any(external_name(value) in _TYPES for value in call.values):
        return "copy"
    # An argument of the constructor may be another device than its default.
    is_device = any(not external_name(value) and not isinstance(value, bool) for value in call.values)
    return "device" if is_device and not all(_is_default(argument) for argument in written) else ""


def _is_default(argument: ast.expr) -> bool:
    """Whether it is written as the device or type that a new Parameter has: `'cpu'`, `torch.device('cpu')`."""
    if isinstance(argument, ast.Call):
        return len(argument.args) == 1 and _is_default(argument.args[0])
    if isinstance(argument, ast.Constant):
        return not isinstance(argument.value, str) or argument.value.startswith("cpu")
    return isinstance(argument, ast.Attribute) and argument.attr in ("float32", "float")


_TYPES = frozenset(f"torch.{name}" for name in "float16 half bfloat16 float64 double".split())


def _modifier(interpreter: Interpreter, operator: Operator, call: CallArguments) -> Value:
    first, values = _first(call), list(call.values)
    tensor = as_tensor(first)
    if tensor is not None and tensor.node is None and tensor.storage is not None:
        if operator.memory == "part":
            count, dim = call.get(1, "chunks", None), call.get(2, "dim", 0)
            if operator.name == "chunk" and isinstance(count, int) and 0 < count <= _MAX_CHUNKS and dim == 0:
                return chunks_of(tensor, count)
            return part_of(tensor, None)
        if operator.axes == "same":
            return _view(interpreter, operator, first, call)
    if operator.op == "concat":
        result: Value = operation(interpreter, "modifier", "concat", values[:1], call.site)
        return (result, Unknown("shapes")) if operator.indices else result
    if operator.name == "sum" and tensor is not None:
        summed = sum_of_product(interpreter, tensor, call.get(1, "dim", None), call.site)
        if summed is not None:
            return summed
    # `torch.addcmul(beta, alpha, x)` takes parameters before the data.
    inputs = [first] if operator.data and data_of([first]) else values
    window = None
    if operator.op == "pool":
        window = pooling(operator.name, literals(call.bound(operator.parameters, skip=1)), map_size_of([first]))
    gains = _gains(operator, call)
    if gains is not None:
        return operation(
            interpreter, "modifier", operator.op, inputs, call.site, arguments={"gain": "parameter"}, factors=gains
        )
    result = operation(interpreter, "modifier", operator.op, inputs, call.site, arguments=window)
    _note_function(result, operator, call)
    return (result, Unknown("indices")) if _has_indices(operator, call) else result


def _gains(operator: Operator, call: CallArguments) -> tuple[Storage, ...] | None:
    """The raw parameter that `F.layer_norm` and its kin multiply by, empty if it is unknown; None if there is none."""
    if operator.op not in ("layer_norm", "rms_norm", "group_norm"):
        return None
    weight = call.get(2, "weight", None)
    return None if weight is None else factors_of(weight)


def _note_function(result: Value, operator: Operator, call: CallArguments) -> None:
    """Note what `graph.hand_written_norms` reads."""
    parameters = PARAMETERS.get(operator.name)
    tensor = as_tensor(result)
    if parameters is not None and tensor is not None and tensor.node is not None:
        tensor.node.function = function_of(operator.name, literals(call.bound(parameters, skip=1)))


def _has_indices(operator: Operator, call: CallArguments) -> bool:
    if operator.indices == "dim":
        by_dimension = call.get(1, "dim", None)
        return by_dimension is not None and as_tensor(by_dimension) is None
    return operator.indices == "always" or (operator.indices == "flag" and call.keywords.get("return_indices") is True)


# Functions of several --------------------------------------------------------------------------------------------


def _arithmetic(interpreter: Interpreter, operator: Operator, call: CallArguments) -> Value:
    left, right, word = _first(call), call.get(1, "other", None), operator.op
    if word == "rsub":
        left, right, word = right, left, "sub"
    if isinstance(left, CONSTANTS) and isinstance(right, CONSTANTS):
        return Unknown(f"{operator.name} of constants")
    scaled = call.get(2, "alpha", call.keywords.get("rounding_mode"))
    if scaled not in (None, 1) and data_of([left, right]):
        op = "add" if word in ("add", "sub") else "mul"
        return operation(interpreter, "modifier", op, [left, right], call.site, arguments={"operator": "scaled"})
    return arithmetic(interpreter, word, left, right, call.site)


def _product(interpreter: Interpreter, operator: Operator, call: CallArguments) -> Value:
    operands: list[Value] = []
    for value in _data(operator, call):
        operands.extend(known_items(value) or () if isinstance(value, (tuple, ListValue)) else [value])
    texts = [value for value in operands if isinstance(value, str)]
    operands = [value for value in operands if not isinstance(value, CONSTANTS)]
    if operator.axes == "equation":
        equation = Equation(texts[0] if texts else "", operator.name.startswith("einops"))
        return einsum(interpreter, operands, call.site, equation)
    if operator.axes != "chain" or len(operands) < 2:
        return product(interpreter, operands, call.site, is_matrix_product=operator.axes == "matmul")
    # From the data outwards: the result is the same, and each weight is one factor.
    start = next((at for at, operand in enumerate(operands) if data_of([operand])), 0)
    result = operands[start]
    for operand in operands[start + 1 :]:
        result = product(interpreter, [result, operand], call.site)
    for operand in operands[:start][::-1]:
        result = product(interpreter, [operand, result], call.site)
    return result


def _weighted(interpreter: Interpreter, operator: Operator, call: CallArguments) -> Value:
    arguments = {name: call.get(at, name, None) for at, (name, _) in enumerate(operator.parameters)}
    weight = arguments["weight"]
    if weight is None:
        return unknown_result(interpreter, f"{operator.name} without a weight", call.values, call.site)
    data = _data(operator, call)
    if data_of([weight]):
        return new_node(interpreter, "sink", "matmul", [*data, weight], call.site)
    used, tensor = None, as_tensor(weight)
    if tensor is not None and operator.axes:
        used = time_roles(tensor.axes) if operator.axes == "time" else linear_roles(tensor.axes)
    return multiply_by_weight(interpreter, weight, data, call.site, used)


def _sink(interpreter: Interpreter, operator: Operator, call: CallArguments) -> Value:
    viewed = as_tensor(_first(call)) if operator.memory == "view" else None
    if viewed is not None and viewed.node is None and viewed.storage is not None:
        return part_of(viewed, None)
    first = as_tensor(_first(call)) if operator.name in ("fmod", "clamp", "clip") else None
    if first is not None:
        bounded = cut(interpreter, first, operator.name, list(_after_first(call).values), call.site)
        if bounded is not None:
            return bounded
    if operator.op == "clamp" and is_overflow_guard(_after_first(call).values):
        return _view(interpreter, operator, _first(call), call)
    exact = operator.op == "sdpa" and are_data(*call.arguments[:3])
    op = operator.op
    if operator.op_on_logits:
        at = [name for name, _ in operator.parameters].index("logits")
        op = operator.op_on_logits if call.get(at, "logits", None) is not None else op
    result = operation(interpreter, "sink", op, list(call.values), call.site, exact=exact)
    _note_function(result, operator, call)
    if operator.op != "item":
        return result
    return Unknown(f"tensor.{operator.name}()", hint_of(result), result.node)


def _constant(interpreter: Interpreter, operator: Operator, call: CallArguments) -> Value:
    """A function of the shape, the type or the device of a tensor, or one that makes a tensor of constants."""
    tensor, name = as_tensor(_first(call)), operator.name
    if operator.op == "new":
        is_known = not data_of(call.values) and (bool(operator.data) or is_constant(call.get(0, "data", None)))
        return Unknown(name, ARRAY) if is_known else unknown_result(interpreter, name, call.values, call.site)
    rest = _after_first(call)
    if name == "new":
        return new_tensor(interpreter, CONSTRUCTORS["torch.Tensor"], rest)
    if name.startswith("new_"):
        constructor = CONSTRUCTORS.get(f"torch.{name.removeprefix('new_')}")
        return new_tensor(interpreter, constructor, rest) if constructor is not None else Unknown(f"tensor.{name}()")
    if tensor is not None and tensor.node is None and tensor.shape is not None:
        if name in ("dim", "ndimension"):
            return len(tensor.shape)
        if name == "size":
            sizes = tensor.sizes()
            at = rest.get(0, "dim", None)
            if at is None:
                return sizes
            return sizes[at] if isinstance(at, int) and -len(sizes) <= at < len(sizes) else Unknown("a size", INT)
        counted = [size for size in tensor.shape if size is not None]
        if name in ("numel", "nelement") and len(counted) == len(tensor.shape):
            return math.prod(counted)
    if name in ("dim", "ndimension", "numel", "nelement") or (name == "size" and rest.arguments):
        return Unknown(f"tensor.{name}()", INT)
    return Unknown(f"tensor.{name}()")


_HANDLERS: Mapping[OperatorKind, Handler] = {
    "activation": _activation,
    "identity": _identity,
    "modifier": _modifier,
    "arithmetic": _arithmetic,
    "product": _product,
    "weighted": _weighted,
    "sink": _sink,
    "constant": _constant,
}
