"""Names, attributes and calls."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable

from initlint.interpret.calls import Call
from initlint.interpret.containers import DictValue
from initlint.interpret.machine import Machine
from initlint.interpret.objects import Super
from initlint.interpret.scopes import Environment
from initlint.interpret.sequences import bounded, limited, sequence
from initlint.interpret.values import (
    ABSENT,
    External,
    Function,
    Package,
    Union,
    Unknown,
    Value,
    present,
)


def name(machine: Machine, node: ast.Name, env: Environment) -> Value:
    """The value of a name: local, enclosing, global, built in."""
    written = node.id
    scope = env.scope
    inner: Environment | None = env
    while inner is not None:
        values = inner.values
        if written in values and values is not scope.values:
            value = values[written]
            return value if value.__class__ is not Union and value is not ABSENT else _present(written, value)
        inner = inner.parent
    value = scope.lookup(written)
    if value is not ABSENT:
        return _present(written, value)
    if written in _BUILTINS:
        return External(f"builtins.{written}")
    return Unknown(f"{written} is not defined")


def _present(written: str, value: Value) -> Value:
    value = present(value)
    return value if value is not ABSENT else Unknown(f"{written} is not set")


_BUILTINS = frozenset(name for name in dir(builtins) if not name.startswith("_"))


def attribute(machine: Machine, node: ast.Attribute, env: Environment) -> Value:
    """`value.name`."""
    return machine.attribute(machine.evaluate(node.value, env), node.attr)


def call(machine: Machine, node: ast.Call, env: Environment) -> Value:
    """A call: the function, then its arguments from left to right."""
    function = machine.evaluate(node.func, env)
    arguments: list[Value] = []
    keywords: dict[str, Value] = {}
    open = starred = False
    for argument in node.args:
        if not isinstance(argument, ast.Starred):
            arguments.append(machine.evaluate(argument, env))
            continue
        value = machine.evaluate(argument.value, env)
        starred = True
        items = sequence(value)
        open = open or not bounded(value)
        if items is not None:
            arguments.extend(items)
    for keyword in node.keywords:
        value = machine.evaluate(keyword.value, env)
        if keyword.arg is not None:
            keywords[keyword.arg] = value
        else:
            value = present(value)
            if isinstance(value, DictValue):
                keywords.update({k: v for k, v in value.items.items() if isinstance(k, str)})
                open = open or value.open
            else:
                open = True
    if isinstance(function, External) and function.name in _SCOPED:
        return _SCOPED[function.name](machine, arguments, env)
    if starred:
        arguments, open = limited(arguments, open)
    return machine.call(function, Call(arguments, keywords, machine.site(node, env), open))


def _super(machine: Machine, arguments: list[Value], env: Environment) -> Value:
    frame = env.frame
    if len(arguments) >= 2:
        return Super(arguments[0], arguments[1])
    if frame.function is None or frame.function.owner is None:
        return Unknown("super() outside of a method")
    receiver = _first_parameter(frame.function, env)
    return Super(frame.function.owner, receiver)


def _first_parameter(function: Function, env: Environment) -> Value:
    parameters = function.signature.positional
    if not parameters:
        return Unknown("no receiver")
    written = parameters[0].name
    owner = env.owner_of(written)
    return owner.values[written] if owner is not None else Unknown(f"{written} is not set")


def _locals(machine: Machine, arguments: list[Value], env: Environment) -> Value:
    return DictValue(dict(env.values))


def _globals(machine: Machine, arguments: list[Value], env: Environment) -> Value:
    return Package(env.scope)


_SCOPED: dict[str, Callable[[Machine, list[Value], Environment], Value]] = {
    "builtins.super": _super,
    "builtins.locals": _locals,
    "builtins.vars": lambda m, a, e: DictValue(dict(e.values)) if not a else Unknown("vars()"),
    "builtins.globals": _globals,
}
