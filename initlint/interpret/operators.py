"""Operators, and the expressions that choose: `and`, `or`, `if`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

import libcst as cst

from initlint.interpret.comparisons import compare
from initlint.interpret.containers import DictValue, ListValue
from initlint.interpret.machine import Machine
from initlint.interpret.objects import Instance
from initlint.interpret.scopes import Environment
from initlint.interpret.sequences import MAX_SEQUENCE, bounded, limited, sequence
from initlint.interpret.state import Raised
from initlint.interpret.storage import Tensor
from initlint.interpret.tensors import arithmetic, data_of
from initlint.interpret.truth import decide, narrow
from initlint.interpret.values import (
    BOOL,
    CONSTANTS,
    FLOAT,
    STR,
    Union,
    Unknown,
    Value,
    present,
)

_BINARY: dict[type, tuple[str, Callable[[Any, Any], Any]]] = {
    cst.Add: ("add", operator.add),
    cst.Subtract: ("sub", operator.sub),
    cst.Multiply: ("mul", operator.mul),
    cst.Divide: ("div", operator.truediv),
    cst.FloorDivide: ("floor_divide", operator.floordiv),
    cst.Modulo: ("remainder", operator.mod),
    cst.Power: ("pow", operator.pow),
    cst.MatrixMultiply: ("matmul", operator.matmul),
    cst.BitAnd: ("and", operator.and_),
    cst.BitOr: ("or", operator.or_),
    cst.BitXor: ("xor", operator.xor),
    cst.LeftShift: ("lshift", operator.lshift),
    cst.RightShift: ("rshift", operator.rshift),
}
_MAX_BITS = 4096
_WIDE = re.compile(r"%[^a-zA-Z%]*(?:\*|\d{4})")
"""A width in a format that may be as large as memory."""

_AUGMENTED: dict[type, type] = {
    cst.AddAssign: cst.Add,
    cst.SubtractAssign: cst.Subtract,
    cst.MultiplyAssign: cst.Multiply,
    cst.DivideAssign: cst.Divide,
    cst.FloorDivideAssign: cst.FloorDivide,
    cst.ModuloAssign: cst.Modulo,
    cst.PowerAssign: cst.Power,
    cst.MatrixMultiplyAssign: cst.MatrixMultiply,
    cst.BitAndAssign: cst.BitAnd,
    cst.BitOrAssign: cst.BitOr,
    cst.BitXorAssign: cst.BitXor,
}


def binary(machine: Machine, node: cst.BinaryOperation, env: Environment) -> Value:
    """`a + b`."""
    left = machine.evaluate(node.left, env)
    right = machine.evaluate(node.right, env)
    return operate(machine, type(node.operator), left, right, node, env)


def augmented(kind: type) -> type | None:
    """The operator class of an augmented assignment."""
    return _AUGMENTED.get(kind)


def operate(machine: Machine, kind: type, left: Value, right: Value, node: cst.CSTNode, env: Environment) -> Value:
    """`left` and `right` combined by the libcst operator class `kind`."""
    name, compute = _BINARY[kind]
    left, right = present(left), present(right)
    if isinstance(left, CONSTANTS) and isinstance(right, CONSTANTS):
        return _compute(compute, left, right)
    if isinstance(left, tuple) and isinstance(right, (tuple, int)):
        return _compute(compute, left, right)
    if isinstance(left, ListValue) or isinstance(right, ListValue):
        return _combine_lists(name, left, right)
    if isinstance(left, Instance) and isinstance(right, Instance) and name == "add":
        return _joined_module_lists(left, right)
    if isinstance(left, DictValue) and isinstance(right, DictValue) and name == "or":
        return DictValue({**left.items, **right.items}, left.open or right.open)
    if isinstance(left, Union) and not data_of([left]):
        return machine.state.each(left, lambda option: operate(machine, kind, option, right, node, env))
    if isinstance(right, Union) and not data_of([right]):
        return machine.state.each(right, lambda option: operate(machine, kind, left, option, node, env))
    if isinstance(left, (Tensor, Union)) or isinstance(right, (Tensor, Union)):
        return arithmetic(machine, name, left, right, machine.site(node, env))
    if isinstance(left, str) and name == "remainder":
        return Unknown("a composed string", STR)
    return Unknown("an operation on something unknown", _number_hint(left, right))


def _joined_module_lists(left: Instance, right: Instance) -> Value:
    """`self.down_blocks + self.up_blocks`: a list of modules that is there to be looped over."""
    first, second = sequence(left), sequence(right)
    if first is None or second is None:
        return Unknown("a sum of objects")
    return ListValue([*first, *second], open=left.open or right.open)


def _number_hint(left: Value, right: Value) -> Value:
    for value in (left, right):
        if isinstance(value, (int, float)):
            return FLOAT
        if isinstance(value, Unknown) and value.hint is not None:
            return value.hint
    return None


def _compute(compute: Callable[[Any, Any], Any], left: Any, right: Any) -> Value:
    if _is_too_large(compute, left, right):
        return Unknown("a result too large")
    try:
        return compute(left, right)
    except ZeroDivisionError:
        raise Raised from None
    except (TypeError, ValueError, OverflowError):
        return Unknown("an operation that fails")


def _is_too_large(compute: Callable[[Any, Any], Any], left: Any, right: Any) -> bool:
    """`9 ** 9 ** 9`, `"a" * 10**9`, and what a loop makes of `n *= n` must not be computed."""
    if isinstance(left, int) and isinstance(right, int):
        if compute is operator.pow:
            return abs(right) > 64 or abs(left) > 10**9
        if compute is operator.lshift and right > 64:
            return True
        return left.bit_length() + right.bit_length() > _MAX_BITS
    if compute is operator.pow:
        return isinstance(right, int) and abs(right) > 64
    if compute is operator.mod and isinstance(left, (str, bytes)):
        return _WIDE.search(left if isinstance(left, str) else left.decode("latin-1")) is not None
    size = sum(len(one) for one in (left, right) if isinstance(one, (str, bytes, tuple)))
    times = max(one if isinstance(one, int) else 1 for one in (left, right)) if compute is operator.mul else 1
    return size * times > MAX_SEQUENCE


def _combine_lists(name: str, left: Value, right: Value) -> Value:
    if name == "mul":
        items, times = (left, right) if isinstance(left, ListValue) else (right, left)
        if isinstance(times, int) and len(items.items) * times <= MAX_SEQUENCE:
            return ListValue(items.items * times, items.open)
        return ListValue(*limited(items.items * 2, open=True))
    if name == "add":
        first, second = sequence(left), sequence(right)
        open = not bounded(left) or not bounded(right)
        return ListValue(*limited([*(first or ()), *(second or ())], open))
    return Unknown("an operation on lists")


def unary(machine: Machine, node: cst.UnaryOperation, env: Environment) -> Value:
    """`-a`, `not a`."""
    if isinstance(node.operator, cst.Not):
        verdict, _ = decide(machine, node.expression, env)
        return Unknown("a test", BOOL) if verdict is None else not verdict
    value = present(machine.evaluate(node.expression, env))
    if isinstance(value, (int, float)):
        if isinstance(node.operator, cst.Minus):
            return -value
        if isinstance(node.operator, cst.BitInvert) and isinstance(value, int):
            return ~value
        return value
    if isinstance(value, Tensor):
        return arithmetic(machine, "neg", value, None, machine.site(node, env))
    return Unknown("an operation on something unknown", value.hint if isinstance(value, Unknown) else None)


def boolean(machine: Machine, node: cst.BooleanOperation, env: Environment) -> Value:
    """`a and b`, `a or b`; an undecided left side makes it either."""
    is_or = isinstance(node.operator, cst.Or)
    verdict, token = decide(machine, node.left, env)
    if verdict is not None:
        chosen = node.left if verdict is is_or else node.right
        return machine.evaluate(chosen, env)

    def left() -> Value:
        narrow(machine, node.left, env, is_or)
        return machine.evaluate(node.left, env)

    def right() -> Value:
        narrow(machine, node.left, env, not is_or)
        return machine.evaluate(node.right, env)

    return machine.state.either(token, left, right) if is_or else machine.state.either(token, right, left)


def comparison(machine: Machine, node: cst.Comparison, env: Environment) -> Value:
    """`a < b < c`."""
    verdict = compare(machine, node, env)
    return Unknown("a comparison", BOOL) if verdict is None else verdict


def conditional(machine: Machine, node: cst.IfExp, env: Environment) -> Value:
    """`a if test else b`."""
    verdict, token = decide(machine, node.test, env)
    if verdict is not None:
        return machine.evaluate(node.body if verdict else node.orelse, env)

    def side(expression: cst.BaseExpression, which: bool) -> Callable[[], Value]:
        def run() -> Value:
            narrow(machine, node.test, env, which)
            return machine.evaluate(expression, env)

        return run

    return machine.state.either(token, side(node.body, True), side(node.orelse, False))
