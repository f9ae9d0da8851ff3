"""`def` and `class` statements, and the decorators that change their meaning."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from contextlib import suppress

from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.machine.special_methods import call_special
from initlint.tracers.static.values.classes import ClassValue
from initlint.tracers.static.values.enums import EnumClass, is_enumeration
from initlint.tracers.static.values.environment import CallFrame, Environment
from initlint.tracers.static.values.external_names import external
from initlint.tracers.static.values.functions import Function, as_function
from initlint.tracers.static.values.values import AbstractValue, CallArguments, Raised, Unknown, Value

_WRAPPERS = {
    "no_grad": "no_grad",
    "inference_mode": "no_grad",
    "enable_grad": "grad",
    "set_grad_enabled": "unknown_grad",
    "property": "property",
    "cached_property": "cached_property",
    "staticmethod": "staticmethod",
    "classmethod": "classmethod",
    "setter": "setter",
    "getter": "setter",
    "deleter": "setter",
    "overload": "overload",
    "singledispatch": "dispatch",
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
    """`def`: bind the function. A setter belongs to its property; overloads are ignored."""
    kinds = wrappers(node.decorator_list)
    if kinds & {"setter", "overload"}:
        existing = as_function(env.values.get(node.name))
        if existing is not None and any(
            isinstance(d, ast.Attribute) and d.attr == "setter" for d in node.decorator_list
        ):
            existing.setter = Function(node, node.name, env.scope, env.seen_by_closures)
        return
    function = Function(node, node.name, env.scope, env.seen_by_closures, wrappers=kinds)
    if env.frame.function is not None:
        _call_defaults(interpreter, function, env)
    interpreter.assign(env, function.name, _unless_dropped(interpreter, function, node, env))


def _unless_dropped(
    interpreter: Interpreter, function: Function, node: ast.FunctionDef | ast.AsyncFunctionDef, env: Environment
) -> Value:
    """The function; what a decorator of the same file gives, if that surely does not call it."""
    for decorator in node.decorator_list:
        if not isinstance(decorator, ast.Name) or decorator.id not in env.scope.defined_names:
            continue
        wrapper = as_function(interpreter.evaluate(decorator, env))
        inner = None if wrapper is None else _returned_function(wrapper)
        names = {name.id for name in ast.walk(inner) if isinstance(name, ast.Name)} if inner is not None else set()
        if wrapper is None or inner is None or names & {parameter.name for parameter in wrapper.signature.named}:
            continue
        with suppress(Raised):
            return interpreter.call(wrapper, CallArguments([function], {}, interpreter.location_of(decorator, env)))
    return function


def _returned_function(decorator: Function) -> ast.AST | None:
    """The function that a decorator returns, if it is all that the decorator defines."""
    if isinstance(decorator.node, ast.Lambda):
        return None
    last = decorator.node.body[-1]
    value = last.value if isinstance(last, ast.Return) else None
    if isinstance(value, ast.Lambda):
        return value
    inner = [statement for statement in decorator.node.body if isinstance(statement, ast.FunctionDef)]
    is_only = isinstance(value, ast.Name) and len(inner) == 1 and inner[0].name == value.id
    return inner[0] if is_only and not inner[0].decorator_list else None


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
    kind = EnumClass if is_enumeration(bases) else ClassValue
    cls = kind(node.name, node, env.scope, bases, env.seen_by_closures)
    body = Environment(env.scope, env.seen_by_closures, CallFrame(None))
    with suppress(Raised):
        interpreter.run_block(node.body, body)
    for name, value in body.values.items():
        function = as_function(value)
        for method in () if function is None else (function, function.setter):
            if method is not None and method.owner is None and method.closure is body:
                method.owner, method.closure = cls, env.seen_by_closures
        cls.fields[name] = value
    _finish_class(interpreter, cls, node, env)
    interpreter.assign(env, cls.name, _decorated(interpreter, cls, node, env))


def _finish_class(interpreter: Interpreter, cls: ClassValue, node: ast.ClassDef, env: Environment) -> None:
    """The metaclass, `__set_name__` and `__init_subclass__`."""
    location, options = interpreter.location_of(node, env), {}
    for keyword in node.keywords:
        value = interpreter.evaluate(keyword.value, env)
        if keyword.arg == "metaclass" and isinstance(value, ClassValue):
            cls.metaclass = value
        elif keyword.arg not in (None, "metaclass"):
            options[str(keyword.arg)] = value
    with suppress(Raised):
        for name, value in list(cls.fields.items()):
            call_special(interpreter, value, "__set_name__", [cls, name], location)
        hook = as_function(cls.find("__init_subclass__", after=cls)[0])
        if hook is not None:
            interpreter.call(hook, CallArguments([cls], options, location))


def _decorated(interpreter: Interpreter, cls: ClassValue, node: ast.ClassDef, env: Environment) -> Value:
    """The class that the decorators give, as far as functions of the same file give one."""
    result: ClassValue = cls
    for decorator in reversed(node.decorator_list):
        if not isinstance(decorator, ast.Name) or decorator.id not in env.scope.defined_names:
            continue
        function = as_function(interpreter.evaluate(decorator, env))
        if function is None:
            continue
        with suppress(Raised):
            made = interpreter.call(function, CallArguments([result], {}, interpreter.location_of(decorator, env)))
            result = made if isinstance(made, ClassValue) else result
    return result
