"""Comparisons: `==`, `is`, `in`, `<`."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

from initlint.project.source import SourceLocation
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.machine.lazy_iterators import use_partly
from initlint.tracers.static.machine.special_methods import call_special, may_have_special_methods
from initlint.tracers.static.values.environment import Environment
from initlint.tracers.static.values.loop_indices import LoopIndex
from initlint.tracers.static.values.questions import (
    contains,
    equal,
    has_alternatives,
    is_same_object,
    options,
    truth,
    without_unbound,
)
from initlint.tracers.static.values.values import UNBOUND, Value, is_plain
from initlint.tracers.static.values.verdicts import ask

_COMPARE: dict[type, Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def compare(interpreter: Interpreter, node: ast.Compare, env: Environment) -> Value:
    """The value of a (chained) comparison: a bool, or one of both under its conditions; None if unknown."""
    left = without_unbound(interpreter.evaluate(node.left, env))
    verdict: Value = True
    for kind, comparator in zip(node.ops, node.comparators, strict=True):
        right = without_unbound(interpreter.evaluate(comparator, env))
        one: Any = UNBOUND
        if isinstance(kind, (ast.In, ast.NotIn)):
            use_partly(interpreter, right)
        if may_have_special_methods(left) or may_have_special_methods(right):
            one = _compare_by_method(interpreter, type(kind), left, right, interpreter.location_of(node, env))
        if one is UNBOUND:
            one = _compare_options(type(kind), left, right)
        if one is None and isinstance(left, LoopIndex):
            one = _compare_index(type(kind), left, comparator)
        if one is False:
            return False
        if one is not True:
            verdict = one if len(node.ops) == 1 else None
        left = right
    return verdict


_METHODS: dict[type, str] = {
    ast.Eq: "__eq__",
    ast.NotEq: "__ne__",
    ast.Lt: "__lt__",
    ast.LtE: "__le__",
    ast.Gt: "__gt__",
    ast.GtE: "__ge__",
}


def _compare_by_method(interpreter: Interpreter, kind: type, left: Value, right: Value, site: SourceLocation) -> Any:
    """The result of a special method of the project's classes, None if unknown; `UNBOUND` if there is none."""
    if kind in (ast.In, ast.NotIn):
        inside = call_special(interpreter, right, "__contains__", [left], site)
        return _negated(inside, kind is ast.NotIn)
    if kind not in _METHODS:
        return UNBOUND
    result = call_special(interpreter, left, _METHODS[kind], [right], site)
    if result is UNBOUND and kind is ast.NotEq:
        return _negated(call_special(interpreter, left, "__eq__", [right], site), True)
    return _negated(result, False)


def _negated(result: Value, opposite: bool) -> Any:
    verdict = UNBOUND if result is UNBOUND else truth(result)
    return not verdict if opposite and isinstance(verdict, bool) else verdict


def _compare_index(kind: type, index: LoopIndex, other: ast.expr) -> bool | None:
    """The comparison of a loop's index with an expression for its end."""
    offsets = index.offsets(other) if kind in _COMPARE else None
    verdicts = {_COMPARE[kind](offset, 0) for offset in offsets or ()}
    return verdicts.pop() if len(verdicts) == 1 else None


def _compare_options(kind: type, left: Value, right: Value) -> Value:
    if not has_alternatives(right):
        return ask(lambda option: _compare_one(kind, option, right), left)
    if not has_alternatives(left):
        return ask(lambda option: _compare_one(kind, left, option), right)
    verdicts = {_compare_one(kind, a, b) for a, _ in options(left) for b, _ in options(right)}
    return verdicts.pop() if len(verdicts) == 1 else None


def _compare_one(kind: type, left: Value, right: Value) -> bool | None:
    if kind in (ast.In, ast.NotIn):
        inside = contains(right, left)
        return inside if inside is None or kind is ast.In else not inside
    if kind in (ast.Is, ast.IsNot):
        same = is_same_object(left, right)
        return same if same is None or kind is ast.Is else not same
    if kind in (ast.Eq, ast.NotEq):
        same = equal(left, right)
        return same if same is None or kind is ast.Eq else not same
    if is_plain(left) and is_plain(right):
        try:
            return bool(_COMPARE[kind](left, right))
        except TypeError:
            return None
    return None
