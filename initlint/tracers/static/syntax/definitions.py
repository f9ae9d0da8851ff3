"""`def` and `class` statements, and the decorators that change their meaning."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from contextlib import suppress

from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.values.classes import ClassValue
from initlint.tracers.static.values.environment import CallFrame, Environment
from initlint.tracers.static.values.external_names import external
from initlint.tracers.static.values.functions import Function, as_function
from initlint.tracers.static.values.values import AbstractValue, Raised, Unknown

_WRAPPERS = {
    "no_grad": "no_grad",
    "inference_mode": "no_grad",
    "property": "property",
    "cached_property": "cached_property",
    "staticmethod": "staticmethod",
    "classmethod": "classmethod",
    "setter": "setter",
    "getter": "setter",
    "deleter": "setter",
    "overload": "overload",
    "cache": "cache",
    "lru_cache": "cache",
    "dataclass": "dataclass",
}
"""Decorators with a known effect on a definition. All others are assumed to return it unchanged."""


def wrappers(decorators: Iterable[ast.expr]) -> frozenset[str]:
    """The known effects of a definition's decorators: the values of `_WRAPPERS`."""
    kinds = set()
    for node in decorators:
        while isinstance(node, ast.Call):
            node = node.func
        last = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        if last in _WRAPPERS:
            kinds.add(_WRAPPERS[last])
    return frozenset(kinds)


def define_function(interpreter: Interpreter, node: ast.FunctionDef | ast.AsyncFunctionDef, env: Environment) -> None:
    """`def`: bind the function. Setters and overloads are ignored."""
    kinds = wrappers(node.decorator_list)
    if kinds & {"setter", "overload"}:
        return
    function = Function(node, node.name, env.scope, env.seen_by_closures, wrappers=kinds)
    if env.frame.function is not None:
        _call_defaults(interpreter, function, env)
    interpreter.assign(env, function.name, function)


def _call_defaults(interpreter: Interpreter, function: Function, env: Environment) -> None:
    """Evaluate the defaults that are calls, which run where an inner function is defined."""
    for parameter in (*function.signature.positional, *function.signature.keyword_only):
        if isinstance(parameter.default, ast.Call):
            function.defaults[parameter.name] = interpreter.evaluate(parameter.default, env)


def define_class(interpreter: Interpreter, node: ast.ClassDef, env: Environment) -> None:
    """`class`: run the body and bind the class."""
    bases = []
    for expression in node.bases:
        base = interpreter.evaluate(expression, env)
        bases.append(base if isinstance(base, AbstractValue) and base.is_class() else Unknown("a base class"))
    if any(base.external_name() in interpreter.user_tables.base_classes for base in bases):
        bases.append(external("torch.nn.Module"))
    cls = ClassValue(node.name, node, env.scope, bases, env.seen_by_closures)
    body = Environment(env.scope, env.seen_by_closures, CallFrame(None))
    with suppress(Raised):
        interpreter.run_block(node.body, body)
    for name, value in body.values.items():
        function = as_function(value)
        if function is not None and function.owner is None and function.closure is body:
            function.owner, function.closure = cls, env.seen_by_closures
        cls.fields[name] = value
    interpreter.assign(env, cls.name, cls)
