"""Results that surely are tensors and no Parameters, by the table of operators."""

from __future__ import annotations

from collections.abc import Iterable

from initlint.facts.operators import METHODS, Operator, is_in_place, makes_new_tensor
from initlint.tracers.static.values.containers import ListValue
from initlint.tracers.static.values.questions import is_plain_tensor
from initlint.tracers.static.values.tensors import Tensor
from initlint.tracers.static.values.values import Unknown, Value


def mark_result(result: Value, operator: Operator, spelling: str, inputs: Iterable[Value]) -> None:
    """Mark the result of an operator that makes new tensors, or that is called on a plain one."""
    inputs = list(inputs)
    is_plain = bool(inputs) and is_plain_tensor(inputs[0])
    if operator.kind == "identity" and not is_plain:
        # The argument may come back: only what is known to be a tensor has a view or a copy.
        if isinstance(result, Tensor) and makes_new_tensor(operator):
            mark_tensor(result, inputs)
    elif is_plain_result(operator, spelling, is_plain):
        mark_tensor(result, inputs)


def is_plain_result(operator: Operator, spelling: str, is_plain: bool) -> bool:
    """Whether an operator gives no Parameter; `is_plain`: its first argument is none."""
    if operator.attribute and operator.kind != "identity":
        return False
    changes = is_in_place(spelling) or "inplace" in dict(operator.parameters)
    return (makes_new_tensor(operator) and (is_plain or not changes)) or (is_plain and operator.kind == "identity")


def mark_method_result(result: Value, receiver: Value, name: str) -> None:
    """Mark the result of a method of a tensor that is no Parameter."""
    operator = METHODS.get(name)
    if is_in_place(name) if operator is None else is_plain_result(operator, name, True):
        mark_tensor(result, [receiver])


def mark_tensor(result: Value, inputs: Iterable[Value] = ()) -> None:
    """Mark a new value, or each of several, as a tensor and no Parameter."""
    inputs = list(inputs)
    for item in result if isinstance(result, tuple) else result.items if isinstance(result, ListValue) else [result]:
        if not any(item is value for value in inputs):
            if isinstance(item, Unknown):
                item.is_tensor = True
            elif isinstance(item, Tensor) and not item.leaf:
                item.computed = True
