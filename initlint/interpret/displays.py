"""Literals, displays and comprehensions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import libcst as cst

from initlint.interpret.containers import DictValue, ListValue
from initlint.interpret.machine import Machine
from initlint.interpret.scopes import Environment
from initlint.interpret.sequences import MAX_SEQUENCE, bounded, is_key, iterate, limited, sequence
from initlint.interpret.targets import bind_target
from initlint.interpret.truth import decide, narrow
from initlint.interpret.values import (
    INT,
    STR,
    Unknown,
    Value,
    present,
)

_literals: dict[str, Value] = {}


def integer(machine: Machine, node: cst.Integer, env: Environment) -> Value:
    """A whole number, in any base."""
    try:
        return int(node.value) if node.value.isdigit() else int(node.value.replace("_", ""), 0)
    except ValueError:
        return Unknown("a number that Python does not read", INT)


def floating(machine: Machine, node: cst.Float, env: Environment) -> Value:
    """A floating-point number."""
    return float(node.value.replace("_", ""))


def imaginary(machine: Machine, node: cst.Imaginary, env: Environment) -> Value:
    """An imaginary number."""
    return complex(node.value.replace("_", ""))


def string(machine: Machine, node: cst.SimpleString, env: Environment) -> Value:
    """A string or bytes, decoded once."""
    raw = node.value
    if raw not in _literals:
        if len(_literals) > 50_000:
            _literals.clear()
        try:
            _literals[raw] = node.evaluated_value
        except (SyntaxError, ValueError):
            _literals[raw] = Unknown("a string that Python does not read", STR)
    return _literals[raw]


def concatenated(machine: Machine, node: cst.ConcatenatedString, env: Environment) -> Value:
    """Adjacent strings."""
    left, right = machine.evaluate(node.left, env), machine.evaluate(node.right, env)
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    if isinstance(left, bytes) and isinstance(right, bytes):
        return left + right
    return Unknown("a composed string", STR)


def formatted(machine: Machine, node: cst.FormattedString, env: Environment) -> Value:
    """An f-string; known if all of its parts are."""
    parts = []
    for part in node.parts:
        if isinstance(part, cst.FormattedStringText):
            parts.append(part.value)
            continue
        assert isinstance(part, cst.FormattedStringExpression)
        value = machine.evaluate(part.expression, env)
        if isinstance(value, (str, int, float)) and part.format_spec is None and part.conversion is None:
            parts.append(str(value))
        else:
            return Unknown("a composed string", STR)
    composed = "".join(parts)
    return composed if len(composed) <= MAX_SEQUENCE else Unknown("a string too long", STR)


_MAX_DISPLAY = 256
"""Elements of a list that is written out and that are looked at: longer ones are data, the names of classes."""


def elements(machine: Machine, nodes: Any, env: Environment) -> tuple[list[Value], bool]:
    """The values of the elements of a display, starred ones spread, and whether there may be more."""
    found: list[Value] = []
    open = len(nodes) > _MAX_DISPLAY
    for element in nodes[:_MAX_DISPLAY]:
        value = machine.evaluate(element.value, env)
        if element.__class__ is cst.StarredElement:
            items = sequence(value)
            open = open or not bounded(value)
            found.extend(items or ())
        else:
            found.append(value)
    return limited(found, open)


def tuple_(machine: Machine, node: cst.Tuple, env: Environment) -> Value:
    """`(a, b)`; an open list if its length is not known."""
    found, open = elements(machine, node.elements, env)
    return ListValue(found, open=True) if open else tuple(found)


def list_(machine: Machine, node: cst.List | cst.Set, env: Environment) -> Value:
    """`[a, b]` and `{a, b}`."""
    found, open = elements(machine, node.elements, env)
    return ListValue(found, open)


def dict_(machine: Machine, node: cst.Dict, env: Environment) -> Value:
    """`{key: value}`."""
    made = DictValue()
    for element in node.elements:
        value = machine.evaluate(element.value, env)
        if isinstance(element, cst.StarredDictElement):
            value = present(value)
            if isinstance(value, DictValue):
                made.items.update(value.items)
                made.open = made.open or value.open
            else:
                made.open = True
            continue
        assert isinstance(element, cst.DictElement)
        key = machine.evaluate(element.key, env)
        if is_key(key):
            made.items[key] = value
        else:
            made.open = True
    return made


def comprehension(machine: Machine, node: cst.ListComp, env: Environment) -> Value:
    """A list, set or generator, which runs at once."""
    made = ListValue()
    inner = Environment(env.scope, env.seen_by_closures, env.frame)
    made.open = _for(machine, node.for_in, inner, lambda: made.items.append(machine.evaluate(node.elt, inner)))
    if isinstance(node, cst.GeneratorExp):
        made.kind = "iterator"
    return made


def dict_comprehension(machine: Machine, node: cst.DictComp, env: Environment) -> Value:
    """`{key: value for ...}`."""
    made = DictValue()
    inner = Environment(env.scope, env.seen_by_closures, env.frame)

    def add() -> None:
        key = machine.evaluate(node.key, inner)
        value = machine.evaluate(node.value, inner)
        if not is_key(key):
            made.open = True
            key = f"<{len(made.items)}>"  # what is under it is there, whatever it is called
        made.items[key] = value

    made.open = _for(machine, node.for_in, inner, add) or made.open
    return made


def _for(machine: Machine, clause: cst.CompFor, env: Environment, act: Callable[[], None]) -> bool:
    """Run a comprehension's clauses. Gives whether there may be further items."""
    iterable = machine.evaluate(clause.iter, env)
    open = not bounded(iterable)
    before = machine.state.condition
    for item, under in iterate(machine, iterable):
        machine.state.condition = before | under
        bind_target(machine, clause.target, item, env)
        verdicts = [decide(machine, test.test, env)[0] for test in clause.ifs]
        if False in verdicts:
            continue
        if None in verdicts:
            open = True
            for test in clause.ifs:
                narrow(machine, test.test, env, True)
        if clause.inner_for_in is not None:
            open = _for(machine, clause.inner_for_in, env, act) or open
        else:
            act()
    machine.state.condition = before
    return open
