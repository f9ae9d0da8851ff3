"""Comparisons: `==`, `is`, `in`, `<`."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Sequence
from typing import Any

from initlint.facts.canonical_names import is_reference
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.syntax.iteration import has_known_length, is_key, known_items
from initlint.tracers.static.values.containers import DictValue, ListValue
from initlint.tracers.static.values.environment import Environment
from initlint.tracers.static.values.objects import ClassValue, Function, Instance
from initlint.tracers.static.values.tensors import Tensor
from initlint.tracers.static.values.values import CONSTANTS, ExternalName, Union, Unknown, Value, without_unbound

_COMPARE: dict[type, Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def compare(interpreter: Interpreter, node: ast.Compare, env: Environment) -> bool | None:
    """The value of a (chained) comparison; None if unknown."""
    left = without_unbound(interpreter.evaluate(node.left, env))
    verdict: bool | None = True
    for kind, comparator in zip(node.ops, node.comparators, strict=True):
        right = without_unbound(interpreter.evaluate(comparator, env))
        one = _compare_one(type(kind), left, right)
        if one is False:
            return False
        if one is None:
            verdict = None
        left = right
    return verdict


def _compare_one(kind: type, left: Value, right: Value) -> bool | None:
    if isinstance(left, Union) or isinstance(right, Union):
        lefts = left.values if isinstance(left, Union) else [left]
        rights = right.values if isinstance(right, Union) else [right]
        verdicts = {_compare_one(kind, a, b) for a in lefts for b in rights}
        return verdicts.pop() if len(verdicts) == 1 else None
    if kind in (ast.In, ast.NotIn):
        inside = _contains(left, right)
        return inside if inside is None or kind is ast.In else not inside
    if kind in (ast.Is, ast.IsNot):
        same = _is(left, right)
        return same if same is None or kind is ast.Is else not same
    if kind in (ast.Eq, ast.NotEq):
        same = equal(left, right)
        return same if same is None or kind is ast.Eq else not same
    if _plain(left) and _plain(right):
        try:
            return bool(_COMPARE[kind](left, right))
        except TypeError:
            return None
    return None


def _plain(value: Value) -> bool:
    if isinstance(value, tuple):
        return all(_plain(item) for item in value)
    return isinstance(value, CONSTANTS)


def _is(left: Value, right: Value) -> bool | None:
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return True if left is right else None
    if _may_be_anything(left) or _may_be_anything(right):
        return True if left == right else None
    if left is None or right is None or (isinstance(left, (bool, str)) and isinstance(right, (bool, str))):
        return left is right if left is None or right is None else left == right
    if isinstance(left, ExternalName) and isinstance(right, ExternalName):
        return left == right
    if isinstance(left, Tensor) and isinstance(right, Tensor):
        return True if left is right or (left.storage is not None and left.storage is right.storage) else None
    return left is right or (isinstance(left, CONSTANTS) and equal(left, right) is True)


def _may_be_anything(value: Value) -> bool:
    """Whether it is a name of another library that may be bound to a number, a string or None."""
    return isinstance(value, ExternalName) and not is_reference(value.name)


def equal(left: Value, right: Value) -> bool | None:
    """`left == right`; None if unknown."""
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return True if left is right else None
    if _plain(left) and _plain(right):
        return bool(left == right)
    if _may_be_anything(left) or _may_be_anything(right):
        return True if left == right else None
    if isinstance(left, ClassValue) and isinstance(right, ClassValue):
        return left is right or left.node is right.node
    if isinstance(left, (ExternalName, ClassValue)) and isinstance(right, (ExternalName, ClassValue)):
        return left == right
    if isinstance(left, (Instance, Function)) or isinstance(right, (Instance, Function)):
        return left is right
    if isinstance(left, (ExternalName, ClassValue)) or isinstance(right, (ExternalName, ClassValue)):
        return None if isinstance(left, Tensor) or isinstance(right, Tensor) else False
    if isinstance(left, ListValue) and isinstance(right, ListValue) and not left.open and not right.open:
        return _equal_items(left.items, right.items)
    if isinstance(left, tuple) and isinstance(right, tuple):
        return _equal_items(left, right)
    if type(left) is not type(right) and (_plain(left) or _plain(right)):
        return None if isinstance(left, Tensor) or isinstance(right, Tensor) else False
    return True if left is right else None


def _equal_items(left: Sequence[Value], right: Sequence[Value]) -> bool | None:
    if len(left) != len(right):
        return False
    verdicts = [equal(a, b) for a, b in zip(left, right, strict=True)]
    return False if False in verdicts else None if None in verdicts else True


def _contains(left: Value, right: Value) -> bool | None:
    if isinstance(right, str):
        return left in right if isinstance(left, str) else None
    if isinstance(right, Unknown):
        return None
    if isinstance(right, DictValue):
        if is_key(left):
            return True if left in right.items else (None if right.open else False)
        return None
    items = known_items(right)
    if items is None:
        return None
    verdicts = [equal(left, item) for item in items]
    if True in verdicts:
        return True
    return None if None in verdicts or not has_known_length(right) else False
