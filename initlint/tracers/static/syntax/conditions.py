"""Branch conditions: which side is taken, and how names are narrowed on that side."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import TypeAlias

from initlint.graph.dataflow import Token
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.machine.path_conditions import new_token
from initlint.tracers.static.machine.special_methods import may_have_special_methods, truth_of
from initlint.tracers.static.tensors.writes import record_init_call
from initlint.tracers.static.values.classes import ClassValue
from initlint.tracers.static.values.environment import Environment
from initlint.tracers.static.values.external_names import ExternalName
from initlint.tracers.static.values.objects import Instance, as_object
from initlint.tracers.static.values.questions import (
    Union,
    flat_classes,
    has_alternatives,
    is_instance,
    options,
    reaches,
    truth,
    without_unbound,
)
from initlint.tracers.static.values.tensors import Tensor
from initlint.tracers.static.values.values import UNBOUND, Unknown, Value
from initlint.tracers.static.values.verdicts import deciding_token

Block: TypeAlias = Callable[[], str | None]
"""Runs one side of a condition; gives how it exits: `break`, `continue`, `return`, or None at its end."""


_SETTLED: Token = (None, True)
"""The token of a decided test, which is never used."""


def decide(interpreter: Interpreter, test: ast.expr, env: Environment) -> tuple[bool | None, Token]:
    """The result of a test, and the token of its true side.

    Two tests of the same unknown value have the same token and therefore the same result.
    """
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        verdict, (base, side) = decide(interpreter, test.operand, env)
        return (None if verdict is None else not verdict), (base, not side)
    if isinstance(test, ast.BoolOp):
        return _decide_any(interpreter, isinstance(test.op, ast.Or), test.values, env)
    value = without_unbound(interpreter.evaluate(test, env))
    may_be_parameter = value.__class__ is Tensor or value.__class__ is Union
    if (
        may_be_parameter
        and isinstance(test, (ast.Name, ast.Attribute))
        and all(_is_parameter(tensor) for tensor, _ in options(value))
    ):
        for tensor, _ in options(value):
            location = interpreter.location_of(test, env)
            record_init_call(interpreter, ast.unparse(test), "builtins.bool", location, {}, tensor)
    is_object = may_have_special_methods(value)
    verdict = truth_of(interpreter, value, interpreter.location_of(test, env)) if is_object else truth(value)
    if verdict is not None:
        return verdict, _SETTLED
    deciding = None if is_object else deciding_token(truth, value)
    if deciding is not None:
        known = interpreter.state.decided_side(deciding[0])
        return (known if known is None else known is deciding[1]), deciding
    # The object itself is the key, not its address: a token must outlive it.
    key = value if isinstance(value, (Unknown, ExternalName)) else new_token()
    return interpreter.state.decided_side(key), (key, True)


def _is_parameter(value: Value) -> bool:
    """Whether it is a parameter or its `.data`."""
    if not isinstance(value, Tensor) or value.node is not None or not value.covers_storage:
        return False
    return value.leaf or (value.storage is not None and value.storage.parameter)


def _decide_any(
    interpreter: Interpreter, is_or: bool, sides: Sequence[ast.expr], env: Environment
) -> tuple[bool | None, Token]:
    """The result of `a or b or c`, or of `a and b and c`."""
    first, *others = sides
    if not others:
        return decide(interpreter, first, env)
    left, token = decide(interpreter, first, env)
    if left is is_or:
        return left, _SETTLED
    if left is not None:
        return _decide_any(interpreter, is_or, others, env)

    def right_side() -> bool | None:
        narrow(interpreter, first, env, not is_or)
        return _decide_any(interpreter, is_or, others, env)[0]

    followed = interpreter.state.run_side((new_token(), True), right_side)
    right = None if followed is None else followed.result
    if right is is_or:
        return is_or, _SETTLED
    return None, (new_token(), True) if right is None else token


def run_undecided(interpreter: Interpreter, token: Token, first: Block, second: Block, env: Environment) -> str | None:
    """Run both sides of a condition and join their states.

    If one side exits the block, the rest of the block runs under the condition of the other side.
    """
    state = interpreter.state
    sides = state.run_both(token, first, second)
    if len(sides) == 1:
        return sides[0].result
    (first_exit, first_changes), (second_exit, second_changes) = ((side.result, side.changes) for side in sides)
    opposite = sides[1].token
    # The local names of a side that returns are not visible afterwards.
    if first_exit == "return" and second_exit != "return":
        first_changes = {key: change for key, change in first_changes.items() if change[0] is not env}
    elif second_exit == "return" and first_exit != "return":
        second_changes = {key: change for key, change in second_changes.items() if change[0] is not env}
    if first_exit == "return" and second_exit is None and id(env) in second_changes:
        state.apply_changes({id(env): second_changes.pop(id(env))})
    elif second_exit == "return" and first_exit is None and id(env) in first_changes:
        state.apply_changes({id(env): first_changes.pop(id(env))})
    state.join_states(first_changes, token, second_changes, opposite)
    if first_exit is not None and second_exit is not None:
        return (
            first_exit
            if first_exit == second_exit
            else "continue"
            if "continue" in (first_exit, second_exit)
            else "break"
        )
    if first_exit is None and second_exit is None:
        return None
    remaining = opposite if first_exit is not None else token
    state.condition = state.condition | {remaining}
    if "return" in (first_exit, second_exit):
        env.frame.not_returned = env.frame.not_returned | {remaining}
    return None


def narrow(interpreter: Interpreter, test: ast.expr, env: Environment, side: bool) -> None:
    """Narrow the names and attributes of a test in `env` to their values on the side `side`."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        narrow(interpreter, test.operand, env, not side)
    elif isinstance(test, ast.BoolOp):
        if isinstance(test.op, ast.And) is side:
            for part in test.values:
                narrow(interpreter, part, env, side)
    elif isinstance(test, ast.Compare):
        if len(test.ops) == 1:
            _narrow_comparison(interpreter, test, env, side)
    elif isinstance(test, ast.Call):
        _narrow_call(interpreter, test, env, side)
    elif isinstance(test, (ast.Name, ast.Attribute)):
        _keep_options(interpreter, test, env, lambda value: truth(value) in (side, None))


def _narrow_comparison(interpreter: Interpreter, test: ast.Compare, env: Environment, side: bool) -> None:
    operator, comparator = test.ops[0], test.comparators[0]
    if isinstance(operator, ast.IsNot):
        side = not side
    elif not isinstance(operator, ast.Is):
        return
    if isinstance(comparator, ast.Constant) and comparator.value is None:
        if side:
            _keep_options(interpreter, test.left, env, lambda value: value is None or isinstance(value, Unknown), None)
        else:
            _keep_options(interpreter, test.left, env, lambda value: value is not None)


def _narrow_call(interpreter: Interpreter, test: ast.Call, env: Environment, side: bool) -> None:
    if not (isinstance(test.func, ast.Name) and test.func.id == "isinstance" and len(test.args) == 2):
        return
    cls = interpreter.evaluate(test.args[1], env)
    subject = test.args[0]
    _keep_options(interpreter, subject, env, lambda value: is_instance(value, cls) in (side, None))
    if side and isinstance(subject, ast.Name):
        value = interpreter.evaluate(subject, env)
        if is_assumed(value):
            interpreter.assign(env, subject.id, symbolic_instance(interpreter, cls, value))


def _keep_options(
    interpreter: Interpreter,
    subject: ast.expr,
    env: Environment,
    wanted: Callable[[Value], bool],
    instead: Value = UNBOUND,
) -> None:
    """Drop the alternatives of a name or attribute that are not `wanted`; an unknown value may become `instead`."""
    if not isinstance(subject, (ast.Name, ast.Attribute)):
        return
    value = interpreter.evaluate(subject, env)
    if isinstance(value, Unknown) and instead is not UNBOUND:
        narrowed: Value = instead
    elif has_alternatives(value):
        remaining = [(v, c) for v, c in options(value) if wanted(v)]
        if not remaining or len(remaining) == len(options(value)):
            return
        narrowed = remaining[0][0] if len(remaining) == 1 else Union(remaining)
    else:
        return
    if isinstance(subject, ast.Name):
        owner = env.owner_of(subject.id)
        interpreter.assign(owner or env, subject.id, narrowed)
        return
    holder = as_object(interpreter.evaluate(subject.value, env))
    if holder is not None and subject.attr in holder.fields:
        interpreter.state.save_before_change(holder)
        holder.fields[subject.attr] = narrowed


def symbolic_instance(interpreter: Interpreter, cls: Value, value: Value) -> Value:
    """The symbolic instance that replaces an unknown value after `isinstance(value, cls)`."""
    instances = [_symbolic_instance_of(interpreter, one, value) for one in flat_classes(cls)]
    known = [instance for instance in instances if instance is not None]
    if not known or len(known) < len(instances):
        return value
    if len(known) == 1:
        return known[0]
    return Union([(instance, frozenset([(new_token(), True)])) for instance in known])


def _symbolic_instance_of(interpreter: Interpreter, cls: Value, value: Value) -> Instance | None:
    """A symbolic instance of a class of modules, which the unknown `value` is; None for any other class."""
    name = cls.torch_base() if isinstance(cls, (ClassValue, ExternalName)) else None
    if name is None or not isinstance(cls, (ClassValue, ExternalName)):
        return None
    instance = Instance(cls, None, interpreter.state.condition, name, symbolic=True)
    assumed = as_object(value)
    instance.origins = tuple(reaches(value)) if assumed is None else assumed.origins
    return instance


def is_assumed(value: Value) -> bool:
    """Whether a value is unknown, or some instance of a class that a test found."""
    instance = as_object(value)
    return isinstance(value, Unknown) if instance is None else instance.symbolic
