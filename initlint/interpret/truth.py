"""Tests: which side of a condition is taken, and what is known on that side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import libcst as cst

from initlint.facts.names import is_reference
from initlint.flow import Token
from initlint.interpret.containers import DictValue, ListValue
from initlint.interpret.machine import Machine
from initlint.interpret.objects import ClassValue, Instance
from initlint.interpret.records import note_call
from initlint.interpret.scopes import Environment
from initlint.interpret.state import fresh
from initlint.interpret.storage import Tensor
from initlint.interpret.type_tests import is_instance, symbolic
from initlint.interpret.values import (
    ABSENT,
    CONSTANTS,
    Bound,
    External,
    Function,
    Method,
    Package,
    Partial,
    Union,
    Unknown,
    Value,
    present,
)

_SETTLED: Token = (None, True)
"""The token of a test that needs none."""
_ALWAYS_TRUE = (Function, Bound, Method, ClassValue, Package, Partial)


def truth(value: Value) -> bool | None:
    """`bool(value)`; None if that is not known."""
    if isinstance(value, CONSTANTS):
        return bool(value)
    if isinstance(value, tuple):
        return bool(value)
    if isinstance(value, (ListValue, DictValue)):
        return True if value.items else (None if value.open else False)
    if isinstance(value, Instance):
        if value.torch_name in ("torch.nn.Sequential", "torch.nn.ModuleList", "torch.nn.ModuleDict"):
            return True if value.fields else (None if value.open or value.symbolic else False)
        return True
    if isinstance(value, _ALWAYS_TRUE):
        return True
    if isinstance(value, External):
        # What is imported for type checkers alone is how packages that load themselves lazily say what they hold.
        return True if value.name.endswith(".TYPE_CHECKING") or is_reference(value.name) else None
    if isinstance(value, Union):
        verdicts = {truth(option) for option in value.values if option is not ABSENT}
        return verdicts.pop() if len(verdicts) == 1 else None
    return None


def decide(machine: Machine, test: Any, env: Environment) -> tuple[bool | None, Token]:
    """Which way a test goes, and the token of its being true.

    Two tests of the same unknown value have the same token, so that they go the same way.
    """
    # `isinstance` of libcst's abstract node classes is slow, and this is asked at every test.
    kind = test.__class__
    if kind is cst.UnaryOperation and test.operator.__class__ is cst.Not:
        verdict, (base, side) = decide(machine, test.expression, env)
        return (None if verdict is None else not verdict), (base, not side)
    if kind is cst.BooleanOperation:
        return _decide_both(machine, test, env)
    value = present(machine.evaluate(test, env))
    if isinstance(value, Tensor) and value.leaf and kind in (cst.Name, cst.Attribute):
        note_call(machine, "bool", "builtins.bool", machine.site(test, env), {}, value)
    verdict = truth(value)
    if verdict is not None:
        return verdict, _SETTLED
    # The object itself is the key, not its address: a token must outlive it.
    key = value if isinstance(value, (Unknown, External)) else fresh()
    return machine.state.known(key), (key, True)


def _decide_both(machine: Machine, test: cst.BooleanOperation, env: Environment) -> tuple[bool | None, Token]:
    is_or = test.operator.__class__ is cst.Or
    left, token = decide(machine, test.left, env)
    if left is is_or:
        return left, _SETTLED
    if left is not None:
        return decide(machine, test.right, env)

    def right_side() -> bool | None:
        narrow(machine, test.left, env, not is_or)
        return decide(machine, test.right, env)[0]

    followed = machine.state.branch((fresh(), True), right_side)
    right = None if followed is None else followed.result
    if right is is_or:
        return is_or, _SETTLED
    return None, (fresh(), True) if right is None else token


def narrow(machine: Machine, test: Any, env: Environment, side: bool) -> None:
    """Note in `env` what the test tells of its names on the side `side`."""
    kind = test.__class__  # see `decide`
    if kind is cst.UnaryOperation and test.operator.__class__ is cst.Not:
        narrow(machine, test.expression, env, not side)
    elif kind is cst.BooleanOperation:
        if (test.operator.__class__ is cst.And) is side:
            narrow(machine, test.left, env, side)
            narrow(machine, test.right, env, side)
    elif kind is cst.Comparison:
        if len(test.comparisons) == 1:
            _narrow_comparison(machine, test, env, side)
    elif kind is cst.Call:
        _narrow_call(machine, test, env, side)
    elif kind is cst.Name or kind is cst.Attribute:
        _keep(machine, test, env, lambda value: truth(value) in (side, None))


def _narrow_comparison(machine: Machine, test: cst.Comparison, env: Environment, side: bool) -> None:
    target = test.comparisons[0]
    operator = target.operator.__class__
    if operator is cst.IsNot:
        side = not side
    elif operator is not cst.Is:
        return
    if isinstance(target.comparator, cst.Name) and target.comparator.value == "None":
        if side:
            _keep(machine, test.left, env, lambda value: value is None or isinstance(value, Unknown), None)
        else:
            _keep(machine, test.left, env, lambda value: value is not None)


def _narrow_call(machine: Machine, test: cst.Call, env: Environment, side: bool) -> None:
    if not (isinstance(test.func, cst.Name) and test.func.value == "isinstance" and len(test.args) == 2):
        return
    cls = machine.evaluate(test.args[1].value, env)
    subject = test.args[0].value
    _keep(machine, subject, env, lambda value: is_instance(value, cls) in (side, None))
    if side and isinstance(subject, cst.Name):
        value = machine.evaluate(subject, env)
        if isinstance(value, Unknown) or (isinstance(value, Instance) and value.symbolic):
            machine.assign(env, subject.value, symbolic(machine, cls, value))


def _keep(
    machine: Machine,
    subject: cst.BaseExpression,
    env: Environment,
    wanted: Callable[[Value], bool],
    instead: Value = ABSENT,
) -> None:
    """Drop the alternatives of a name or attribute that are not `wanted`; an unknown value may become `instead`."""
    if not isinstance(subject, (cst.Name, cst.Attribute)):
        return
    value = machine.evaluate(subject, env)
    if isinstance(value, Unknown) and instead is not ABSENT:
        kept: Value = instead
    elif isinstance(value, Union):
        left = [(v, c) for v, c in value.options if wanted(v)]
        if not left or len(left) == len(value.options):
            return
        kept = left[0][0] if len(left) == 1 else Union(left)
    else:
        return
    if isinstance(subject, cst.Name):
        owner = env.owner_of(subject.value)
        machine.assign(owner or env, subject.value, kept)
        return
    holder = machine.evaluate(subject.value, env)
    if isinstance(holder, Instance) and subject.attr.value in holder.fields:
        machine.state.touch(holder)
        holder.fields[subject.attr.value] = kept
