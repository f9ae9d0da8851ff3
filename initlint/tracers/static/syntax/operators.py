"""Unary and binary operators, `and`, `or`, comparisons and conditional expressions."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Sequence
from typing import Any

from initlint.project.source import SourceLocation
from initlint.tracers.static.machine.interpreter import Interpreter, ModuleCopy
from initlint.tracers.static.machine.special_methods import call_special, may_have_special_methods
from initlint.tracers.static.syntax.comparisons import compare
from initlint.tracers.static.syntax.conditions import decide, narrow
from initlint.tracers.static.tensors.arithmetic import arithmetic
from initlint.tracers.static.tensors.dataflow import data_of, is_constant
from initlint.tracers.static.tensors.plain_tensors import mark_tensor
from initlint.tracers.static.values.amounts import computed
from initlint.tracers.static.values.containers import ListValue
from initlint.tracers.static.values.environment import Environment
from initlint.tracers.static.values.external_names import ARRAY, BOOL, FLOAT, ComposedText, text_pattern
from initlint.tracers.static.values.objects import as_module, as_object
from initlint.tracers.static.values.questions import (
    MAX_BITS,
    MAX_SEQUENCE,
    combine,
    contents,
    has_alternatives,
    hint_of,
    is_plain_tensor,
    without_unbound,
)
from initlint.tracers.static.values.tensors import as_tensor
from initlint.tracers.static.values.values import CONSTANTS, UNBOUND, Raised, Unknown, Value

_BINARY: dict[type, tuple[str, Callable[[Any, Any], Any]]] = {
    ast.Add: ("add", operator.add),
    ast.Sub: ("sub", operator.sub),
    ast.Mult: ("mul", operator.mul),
    ast.Div: ("div", operator.truediv),
    ast.FloorDiv: ("floor_divide", operator.floordiv),
    ast.Mod: ("remainder", operator.mod),
    ast.Pow: ("pow", operator.pow),
    ast.MatMult: ("matmul", operator.matmul),
    ast.BitAnd: ("and", operator.and_),
    ast.BitOr: ("or", operator.or_),
    ast.BitXor: ("xor", operator.xor),
    ast.LShift: ("lshift", operator.lshift),
    ast.RShift: ("rshift", operator.rshift),
}
_UNARY: dict[type, str] = {ast.USub: "__neg__", ast.UAdd: "__pos__", ast.Invert: "__invert__"}
_PLACEHOLDER = re.compile(r"%[-+ #0-9.]*[a-zA-Z]")
_WIDE = re.compile(r"%[^a-zA-Z%]*(?:\*|\d{4})")
"""A format width that may be as large as memory."""


def binary(interpreter: Interpreter, node: ast.BinOp, env: Environment) -> Value:
    """`a + b`."""
    left = interpreter.evaluate(node.left, env)
    right = interpreter.evaluate(node.right, env)
    return operate(interpreter, type(node.op), left, right, node, env)


def operate(interpreter: Interpreter, kind: type, left: Value, right: Value, node: ast.AST, env: Environment) -> Value:
    """`left` and `right` combined by the operator class `kind`."""
    result = _operate(interpreter, kind, left, right, node, env)
    if is_plain_tensor(left) or is_plain_tensor(right):
        mark_tensor(result, (left, right))
    return result


def _operate(interpreter: Interpreter, kind: type, left: Value, right: Value, node: ast.AST, env: Environment) -> Value:
    name, compute = _BINARY[kind]
    if isinstance(left, CONSTANTS) and isinstance(right, CONSTANTS):
        return _compute(compute, left, right)
    left, right = without_unbound(left), without_unbound(right)
    if may_have_special_methods(left) or may_have_special_methods(right):
        location = interpreter.location_of(node, env)
        special = _operate_by_method(interpreter, _METHODS.get(name, name), left, right, location)
        if special is not UNBOUND:
            return special
    if isinstance(left, CONSTANTS) and isinstance(right, CONSTANTS):
        return _compute(compute, left, right)
    if isinstance(left, tuple) and isinstance(right, (tuple, int)):
        return _compute(compute, left, right)
    combined = combine(name, left, right)
    if combined is not UNBOUND:
        if name == "mul":
            _record_repetition(interpreter, left, right, interpreter.location_of(node, env))
        return combined
    joined = _joined_module_lists(left, right) if name == "add" else UNBOUND
    if joined is not UNBOUND:
        return joined
    if has_alternatives(left) and not data_of([left]):
        return interpreter.state.map_union(left, lambda option: operate(interpreter, kind, option, right, node, env))
    if has_alternatives(right) and not data_of([right]):
        return interpreter.state.map_union(right, lambda option: operate(interpreter, kind, left, option, node, env))
    if has_alternatives(left) or has_alternatives(right) or as_tensor(left) or as_tensor(right):
        return arithmetic(interpreter, name, left, right, interpreter.location_of(node, env))
    if isinstance(left, str) and name == "remainder":
        return ComposedText(_PLACEHOLDER.sub("*", left))
    if name == "add":
        first, second = text_pattern(left), text_pattern(right)
        if first is not None and second is not None and len(first) + len(second) <= MAX_SEQUENCE:
            return ComposedText(first + second)
    result = Unknown("an operation on something unknown", _number_hint(left, right))
    result.amount = computed(name, left, right)
    return result


_METHODS = {"div": "truediv", "floor_divide": "floordiv", "remainder": "mod"}
"""The names of operators in special methods, where they differ."""


def _operate_by_method(
    interpreter: Interpreter, name: str, left: Value, right: Value, location: SourceLocation
) -> Value:
    """`__add__` or `__radd__` of an object whose class is of the project; else `UNBOUND`."""
    result = call_special(interpreter, left, f"__{name}__", [right], location)
    return call_special(interpreter, right, f"__r{name}__", [left], location) if result is UNBOUND else result


def operate_in_place(
    interpreter: Interpreter, kind: type, left: Value, right: Value, location: SourceLocation
) -> Value:
    """`__iadd__` of an object whose class is of the project; else `UNBOUND`."""
    name = _BINARY[kind][0]
    return call_special(interpreter, left, f"__i{_METHODS.get(name, name)}__", [right], location)


def _joined_module_lists(left: Value, right: Value) -> Value:
    """`self.down_blocks + self.up_blocks`: a list of modules to iterate over; `UNBOUND` for other values."""
    one, other = as_object(left), as_object(right)
    if one is None or other is None:
        return UNBOUND
    first, second = one.known_items(), other.known_items()
    if first is None or second is None:
        return Unknown("a sum of objects")
    return ListValue([*first, *second], open=one.open or other.open)


def _number_hint(left: Value, right: Value) -> Value:
    if hint_of(left) is ARRAY or hint_of(right) is ARRAY:
        return ARRAY if is_constant(left) and is_constant(right) else None
    for value in (left, right):
        if isinstance(value, (int, float)):
            return FLOAT
        hint = hint_of(value)
        if hint is not None:
            return hint
    return None


def _compute(compute: Callable[[Any, Any], Any], left: Any, right: Any) -> Value:
    if _is_too_large(compute, left, right):
        return Unknown("a result too large")
    try:
        result: Value = compute(left, right)
    except ZeroDivisionError:
        raise Raised from None
    except (TypeError, ValueError, OverflowError):
        return Unknown("an operation that fails")
    return result


def _is_too_large(compute: Callable[[Any, Any], Any], left: Any, right: Any) -> bool:
    """Whether a result may use up memory: `9 ** 9 ** 9`, `"a" * 10**9`, or `n *= n` in a loop."""
    if isinstance(left, int) and isinstance(right, int):
        if compute is operator.pow:
            return abs(right) > 64 or abs(left) > 10**9
        if compute is operator.lshift and right > 64:
            return True
        return left.bit_length() + right.bit_length() > MAX_BITS
    if compute is operator.pow:
        return isinstance(right, int) and abs(right) > 64
    if compute is operator.mod and isinstance(left, (str, bytes)):
        return _WIDE.search(left if isinstance(left, str) else left.decode("latin-1")) is not None
    size = sum(len(one) for one in (left, right) if isinstance(one, (str, bytes, tuple)))
    times = max(one if isinstance(one, int) else 1 for one in (left, right)) if compute is operator.mul else 1
    return size * times > MAX_SEQUENCE


def _record_repetition(interpreter: Interpreter, left: Value, right: Value, location: SourceLocation) -> None:
    """Record the modules of `[layer] * n`."""
    items, times = (left, right) if isinstance(left, ListValue) else (right, left)
    for item in contents(items):
        module = as_module(item)
        if module is not None:
            count = times if isinstance(times, int) else None
            interpreter.log.copies.append(ModuleCopy(module, module, location, count))


def unary(interpreter: Interpreter, node: ast.UnaryOp, env: Environment) -> Value:
    """`-a`, `not a`."""
    if isinstance(node.op, ast.Not):
        verdict, _ = decide(interpreter, node.operand, env)
        return Unknown("a test", BOOL) if verdict is None else not verdict
    value = without_unbound(interpreter.evaluate(node.operand, env))
    special = call_special(interpreter, value, _UNARY[type(node.op)], [], interpreter.location_of(node, env))
    if special is not UNBOUND:
        return special
    if isinstance(value, (int, float)):
        if isinstance(node.op, ast.USub):
            return -value
        if isinstance(node.op, ast.Invert) and isinstance(value, int):
            return ~value
        return value
    if as_tensor(value) is not None:
        return arithmetic(interpreter, "neg", value, None, interpreter.location_of(node, env))
    result = Unknown("an operation on something unknown", hint_of(value))
    result.is_tensor = is_plain_tensor(value)
    return result


def boolean(interpreter: Interpreter, node: ast.BoolOp, env: Environment) -> Value:
    """`a and b`, `a or b`; after an undecided operand, the result is one of that and the following operands."""
    return _any_side(interpreter, isinstance(node.op, ast.Or), node.values, env)


def _any_side(interpreter: Interpreter, is_or: bool, sides: Sequence[ast.expr], env: Environment) -> Value:
    first, *others = sides
    if not others:
        return interpreter.evaluate(first, env)
    verdict, token = decide(interpreter, first, env)
    if verdict is not None:
        return interpreter.evaluate(first, env) if verdict is is_or else _any_side(interpreter, is_or, others, env)

    def left() -> Value:
        narrow(interpreter, first, env, is_or)
        return interpreter.evaluate(first, env)

    def right() -> Value:
        narrow(interpreter, first, env, not is_or)
        return _any_side(interpreter, is_or, others, env)

    return (
        interpreter.state.join_values(token, left, right)
        if is_or
        else interpreter.state.join_values(token, right, left)
    )


def comparison(interpreter: Interpreter, node: ast.Compare, env: Environment) -> Value:
    """`a < b < c`."""
    verdict = compare(interpreter, node, env)
    return Unknown("a comparison", BOOL) if verdict is None else verdict


def conditional(interpreter: Interpreter, node: ast.IfExp, env: Environment) -> Value:
    """`a if test else b`."""
    verdict, token = decide(interpreter, node.test, env)
    if verdict is not None:
        return interpreter.evaluate(node.body if verdict else node.orelse, env)

    def side(expression: ast.expr, which: bool) -> Callable[[], Value]:
        def run() -> Value:
            narrow(interpreter, node.test, env, which)
            return interpreter.evaluate(expression, env)

        return run

    return interpreter.state.join_values(token, side(node.body, True), side(node.orelse, False))
