"""Hooks that compute a weight before each forward, as an equalized learning rate or a hand-written weight norm does."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.values.functions import Function, Partial, as_function, wrapped_function
from initlint.tracers.static.values.module_tree import modules, own_parameters
from initlint.tracers.static.values.objects import Instance, as_object
from initlint.tracers.static.values.values import CallArguments, Unknown, Value

_ANY = "*"
_HARMLESS = frozenset({"getattr", "hasattr", "isinstance", "len", "print", "id", "type", "repr", "str"})


def register_forward_pre_hook(interpreter: Interpreter, instance: Instance, call: CallArguments) -> Value:
    """`module.register_forward_pre_hook(hook)`: the weights that the hook sets are recomputed at each use."""
    written = set(_attributes_written(call.get(0, "hook", None)))
    if written:
        interpreter.state.record_side_effect()
        for _, module, _ in modules(instance):
            names = {name for name, _, _ in own_parameters(module)} | set(module.parameter_names())
            if _ANY in written or not written.isdisjoint(names):
                module.parametrized = True
    if _ANY in written:
        instance.registry_changed = True
    return Unknown("the handle of a hook")


def register_forward_hook(interpreter: Interpreter, instance: Instance, call: CallArguments) -> Value:
    """`module.register_forward_hook(hook)`: the hook runs after each call, and may change the result."""
    hook = call.get(0, "hook", None)
    if _function_of(hook) is not None and call.keywords.get("with_kwargs") is None:
        interpreter.state.record_side_effect()
        hooks = interpreter.log.forward_hooks
        hooks[id(instance)] = (*hooks.get(id(instance), ()), hook)
    return Unknown("the handle of a hook")


def _attributes_written(hook: Value) -> Iterator[str]:
    """The attributes that the hook may assign; `*` stands for any."""
    function = _function_of(hook)
    if function is None:
        yield _ANY
        return
    arguments = function.node.args
    positional = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    module = next(iter(positional[_bound_arguments(hook) :]), None)
    for node in ast.walk(function.node):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield _ANY if node.attr == "data" else node.attr
        elif isinstance(node, ast.Call):
            yield from _attributes_of_call(node, module)


def _attributes_of_call(call: ast.Call, module: str | None) -> Iterator[str]:
    function = call.func
    name = function.id if isinstance(function, ast.Name) else ""
    if name == "setattr" and len(call.args) > 1:
        attribute = call.args[1]
        is_constant = isinstance(attribute, ast.Constant) and isinstance(attribute.value, str)
        yield str(attribute.value) if is_constant and isinstance(attribute, ast.Constant) else _ANY
    elif isinstance(function, ast.Attribute) and function.attr.endswith("_") and not function.attr.startswith("_"):
        yield _ANY  # `module.weight.data.clamp_(...)`
    elif name not in _HARMLESS and any(isinstance(value, ast.Name) and value.id == module for value in call.args):
        yield _ANY  # a function that may set any of the module's attributes


def _bound_arguments(hook: Value) -> int:
    """How many positional arguments the hook has before the module."""
    if isinstance(hook, Partial):
        return len(hook.arguments) + _bound_arguments(hook.function)
    return 1 if as_function(hook) is None else 0


def _function_of(hook: Value) -> Function | None:
    """The function of the project that is called; None if that is unknown."""
    instance = as_object(hook)
    if instance is not None and instance.user_class is not None:
        hook = instance.user_class.find("__call__")[0]
    return wrapped_function(hook)
