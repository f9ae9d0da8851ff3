"""Binding of a call's arguments to the parameters of a function, with defaults and annotations."""

from __future__ import annotations

import ast

from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.values.calls import Parameter, Signature
from initlint.tracers.static.values.containers import DictValue, ListValue
from initlint.tracers.static.values.environment import CallFrame, Environment
from initlint.tracers.static.values.functions import Function
from initlint.tracers.static.values.questions import is_class
from initlint.tracers.static.values.values import CallArguments, Unknown, Value


def bind(interpreter: Interpreter, function: Function, call: CallArguments, env: Environment) -> None:
    """Bind arguments to the parameters of `function` in `env`. Surplus arguments are dropped."""
    signature = function.signature
    values = env.values
    positional = signature.positional
    arguments = call.arguments
    for parameter, value in zip(positional, arguments, strict=False):
        values[parameter.name] = value
    surplus = arguments[len(positional) :]
    keywords = call.keywords
    if keywords:
        keywords = dict(keywords)
        for parameter in (*positional[len(arguments) :], *signature.keyword_only):
            name = parameter.name
            if name in keywords:
                values[name] = keywords.pop(name)
    for parameter in (*positional[len(arguments) :], *signature.keyword_only):
        name = parameter.name
        if name in values:
            continue
        if call.open:
            values[name] = Unknown(f"argument {name}", annotation(interpreter, parameter, function))
        elif parameter.default is not None:
            values[name] = default(interpreter, function, parameter)
        else:
            values[name] = Unknown(f"argument {name}", annotation(interpreter, parameter, function))
    if signature.star is not None:
        values[signature.star] = (
            ListValue([*surplus, Unknown("more arguments")], open=True) if call.open or call.more else tuple(surplus)
        )
    if signature.double_star is not None:
        from_call = {k: v for k, v in keywords.items() if k not in values}
        values[signature.double_star] = DictValue(from_call, call.open)


def accepts(signature: Signature, call: CallArguments) -> bool:
    """Whether a function with these parameters can be called with these arguments, which are all."""
    positional, given = signature.positional, len(call.arguments)
    if signature.star is None and given > len(positional):
        return False
    names = {parameter.name for parameter in (*positional[given:], *signature.keyword_only)}
    if signature.double_star is None and not names.issuperset(call.keywords):
        return False
    required = {parameter.name for parameter in (*positional[given:], *signature.keyword_only) if not parameter.default}
    return required <= call.keywords.keys()


def default(interpreter: Interpreter, function: Function, parameter: Parameter) -> Value:
    """The default of a parameter, evaluated once, where the function was defined."""
    name = parameter.name
    if name not in function.defaults:
        function.defaults[name] = Unknown("recursive default")
        env = function.closure or function.scope.environment
        if function.owner is not None and function.closure is None:
            env = Environment(function.scope, None, CallFrame(None))
            env.values = dict(function.owner.fields)
        expression = parameter.default
        assert expression is not None
        function.defaults[name] = interpreter.state.outside_branches(lambda: interpreter.evaluate(expression, env))
    return function.defaults[name]


def annotation(interpreter: Interpreter, parameter: Parameter, function: Function) -> Value:
    """The annotation of a parameter if it is a class or an external name; else None."""
    node = parameter.annotation
    if not isinstance(node, (ast.Name, ast.Attribute)):
        return None
    env = function.closure or function.scope.environment
    hint = interpreter.state.outside_branches(lambda: interpreter.evaluate(node, env))
    return hint if is_class(hint) else None
