"""Python's operators on tensors: sums and products of data, of data with numbers, and of parameters."""

from __future__ import annotations

from initlint.graph.hand_written_norms import function_of
from initlint.graph.words import Arguments
from initlint.project.source import Location
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.tensors.contents import is_zero, scaled, zeros
from initlint.tracers.static.tensors.contractions import combined, product
from initlint.tracers.static.tensors.dataflow import (
    are_data,
    data_of,
    factors_of,
    is_constant,
    new_node,
    source_parameters,
    unknown_result,
)
from initlint.tracers.static.values.external_names import ARRAY
from initlint.tracers.static.values.questions import external_name, options
from initlint.tracers.static.values.tensors import Elementwise, Tensor, as_tensor
from initlint.tracers.static.values.values import Unknown, Value

_CONSTANTS = (ARRAY.name, "builtins.int", "builtins.float", "builtins.bool")


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
        result = new_node(interpreter, "sink", name, [left, right], location)
        if name == "pow" and result.node is not None:
            result.node.function = function_of(name, {"exponent": right})
        return result
    if name in ("add", "sub"):
        if (left_data and right_data) or _may_be_data(right if left_data else left):
            return _of_data(interpreter, "add", name, left, right, location)
        if name == "add" and (is_zero(left) or is_zero(right)):
            return left if left_data else right  # the start of a sum
        number = _with_number(name, left, right)
        return new_node(interpreter, "modifier", "shift", [left, right], location, arguments=number)
    if name in ("mul", "div"):
        if (left_data and right_data) or _may_be_data(right if left_data else left):
            return _of_data(interpreter, "mul", name, left, right, location)
        factors, number = factors_of(right if left_data else left), _with_number(name, left, right)
        exact = bool(factors) and are_data(left if left_data else right)
        factors = factors if exact else ()
        result = new_node(
            interpreter, "modifier", "scale", [left, right], location, exact=exact, factors=factors, arguments=number
        )
        return _with_factors(result, name, left, right)
    return unknown_result(interpreter, f"the operator {name}", [left, right], location)


def _of_data(interpreter: Interpreter, op: str, name: str, left: Value, right: Value, location: Location) -> Tensor:
    exact, arguments = are_data(left, right), {"operator": name}
    result = new_node(interpreter, "modifier", op, [left, right], location, exact=exact, arguments=arguments)
    return _with_factors(result, name, left, right)


def _with_factors(result: Tensor, name: str, left: Value, right: Value) -> Tensor:
    """`result` with its factors, if it is a product of tensors that a sum may make a contraction."""
    one, other = as_tensor(left), as_tensor(right)
    if name == "mul" and one is not None and other is not None:
        result.elementwise = Elementwise(result.node, (one, other))
    return result


def _with_number(name: str, left: Value, right: Value) -> Arguments:
    """The operator and its number, if one operand is a number; `rsub` and `rdiv` if that is the first."""
    number, operator = (left, f"r{name}") if isinstance(left, (int, float)) else (right, name)
    is_known = isinstance(number, (int, float)) and not isinstance(number, bool)
    return {"operator": operator, "number": number} if is_known else {"operator": operator}


def _may_be_data(value: Value) -> bool:
    """Whether a value may be a tensor with data: unknown, and neither a constant array nor annotated as a number."""
    unknown = (option for option, _ in options(value) if isinstance(option, Unknown))
    return any(external_name(option.hint) not in _CONSTANTS for option in unknown)


def _of_parameters(interpreter: Interpreter, name: str, left: Value, right: Value, location: Location) -> Value:
    """Arithmetic without data: it rescales a newly created tensor, or computes a value from parameters."""
    for value, other in ((left, right), (right, left)):
        tensor = as_tensor(value)
        if tensor is None or as_tensor(other) is not None or (value is right and name in ("sub", "div")):
            continue
        if tensor.storage is not None and not tensor.storage.origin.parameter:
            return scaled(interpreter, tensor, name, other, location)
        if name == "mul" and is_zero(other):
            return zeros(interpreter, tensor.shape, location)
    storages = source_parameters([left, right])
    if not storages:
        is_known = is_constant(left) and is_constant(right)
        return Unknown("an operation on tensors that are not followed", ARRAY if is_known else None)
    return combined(interpreter, name, left, right, location)
