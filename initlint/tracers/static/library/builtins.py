"""Python's built-in functions, except for those on sequences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.tensors.dataflow import unknown_result
from initlint.tracers.static.values.external_names import BOOL, FLOAT, INT, STR, ComposedText, ExternalName, python_type
from initlint.tracers.static.values.objects import Instance
from initlint.tracers.static.values.questions import (
    has_attribute,
    is_callable,
    is_instance,
    set_attribute,
    text,
    truth,
    without_unbound,
)
from initlint.tracers.static.values.values import AbstractValue, CallArguments, Raised, Unknown, Value


def _isinstance(interpreter: Interpreter, call: CallArguments) -> Value:
    verdict = is_instance(without_unbound(call.get(0, "obj")), call.get(1, "cls"))
    return Unknown("an isinstance test", BOOL) if verdict is None else verdict


def _issubclass(interpreter: Interpreter, call: CallArguments) -> Value:
    cls = call.get(0, "cls")
    verdict = cls.is_subclass(call.get(1, "base")) if isinstance(cls, AbstractValue) else None
    return Unknown("an issubclass test", BOOL) if verdict is None else verdict


def _hasattr(interpreter: Interpreter, call: CallArguments) -> Value:
    value, name = without_unbound(call.get(0, "obj")), call.get(1, "name")
    verdict = None
    if isinstance(name, str):
        _record_attribute_test(interpreter, value, name)
        verdict = has_attribute(interpreter, value, name)
    return Unknown("a hasattr test", BOOL) if verdict is None else verdict


def _record_attribute_test(interpreter: Interpreter, value: Value, name: str) -> None:
    if not isinstance(value, Instance) or not interpreter.visits.active:
        return
    interpreter.visits.record_attribute_test(value, name)
    if interpreter.state.observation is not None:
        interpreter.state.observation.record(value, lambda other: _record_attribute_test(interpreter, other, name))


def _getattr(interpreter: Interpreter, call: CallArguments) -> Value:
    value, name = without_unbound(call.get(0, "obj")), call.get(1, "name")
    return interpreter.state.map_union(name, lambda option: _attribute_named(interpreter, value, option, call))


def _attribute_named(interpreter: Interpreter, value: Value, name: Value, call: CallArguments) -> Value:
    if isinstance(name, ComposedText) and isinstance(value, Instance) and name.pattern in value.fields:
        return value.fields[name.pattern]
    if not isinstance(name, str):
        return Unknown("an attribute of unknown name")
    _record_attribute_test(interpreter, value, name)
    attribute = interpreter.attribute(value, name)
    if not isinstance(attribute, Unknown) or len(call.arguments) <= 2:
        return attribute
    is_missing = isinstance(value, AbstractValue) and value.surely_lacks(name)
    return call.arguments[2] if is_missing else attribute


def _setattr(interpreter: Interpreter, call: CallArguments) -> Value:
    value, name = without_unbound(call.get(0, "obj")), call.get(1, "name")
    if isinstance(name, str):
        set_attribute(interpreter, value, name, call.get(2, "value"), call.site)
        return None
    if isinstance(value, Instance) and isinstance(name, ComposedText):
        _set_by_pattern(interpreter, value, name.pattern, call)
    for holder in (value, call.get(2, "value")):
        if isinstance(holder, Instance):
            holder.registry_changed = True
    return None


def _set_by_pattern(interpreter: Interpreter, holder: Instance, pattern: str, call: CallArguments) -> None:
    """`setattr(self, f"lin{i}", layer)` for an unknown `i`: the first layer represents those that are built alike."""
    value, first = call.get(2, "value"), holder.fields.get(pattern)
    if not isinstance(value, Instance) or not value.is_module or pattern.startswith("*"):
        return
    if first is None:
        set_attribute(interpreter, holder, pattern, value, call.site)
    elif isinstance(first, Instance) and first.location == value.location:
        value.parent = True


def _delattr(interpreter: Interpreter, call: CallArguments) -> Value:
    value, name = call.get(0, "obj"), call.get(1, "name")
    if isinstance(value, AbstractValue) and isinstance(name, str):
        value.delete_attribute(interpreter, name)
    return None


def _type(interpreter: Interpreter, call: CallArguments) -> Value:
    value = without_unbound(call.get(0, "obj", Unknown("nothing")))
    if len(call.arguments) != 1:
        return Unknown("a class made at run time")
    return python_type(value)


def _callable(interpreter: Interpreter, call: CallArguments) -> Value:
    verdict = is_callable(call.get(0, "obj"))
    return Unknown("a callable test", BOOL) if verdict is None else verdict


OBJECT_FUNCTIONS: dict[str, Callable[[Interpreter, CallArguments], Value]] = {
    "isinstance": _isinstance,
    "issubclass": _issubclass,
    "hasattr": _hasattr,
    "getattr": _getattr,
    "setattr": _setattr,
    "delattr": _delattr,
    "type": _type,
    "callable": _callable,
    "id": lambda interpreter, call: Unknown("an identity", INT),
}


def call_builtin(interpreter: Interpreter, name: str, call: CallArguments) -> Value:
    """A call of the built-in function or class `name`, if it is none of `builtin_sequences`."""
    handler = _HANDLERS.get(name)
    if handler is not None:
        return handler(interpreter, call)
    if name in _PURE:
        return _pure(name, call)
    if name[:1].isupper() or name.startswith("object"):
        return Unknown(f"an object of {name}")
    return unknown_result(interpreter, f"{name}() is not followed", call.values, call.site)


def _bool(interpreter: Interpreter, call: CallArguments) -> Value:
    verdict = truth(without_unbound(call.get(0, "x", False)))
    return Unknown("a truth value", BOOL) if verdict is None else verdict


def _number(kind: type[int] | type[float], hint: ExternalName) -> Callable[[Interpreter, CallArguments], Value]:
    def run(interpreter: Interpreter, call: CallArguments) -> Value:
        value = without_unbound(call.get(0, "x", 0))
        if isinstance(value, (int, float, str, bool)):
            try:
                return kind(value)
            except (ValueError, OverflowError):
                raise Raised from None
        return Unknown("a number", hint)

    return run


def _str(interpreter: Interpreter, call: CallArguments) -> Value:
    written = text(without_unbound(call.get(0, "object", "")))
    return Unknown("a composed string", STR) if written is None else written


def _print(interpreter: Interpreter, call: CallArguments) -> Value:
    return None


_PURE: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "round": round,
    "divmod": divmod,
    "ord": ord,
    "chr": chr,
    "pow": pow,
}


def _pure(name: str, call: CallArguments) -> Value:
    arguments = call.arguments
    if call.open or call.keywords or not all(isinstance(argument, (int, float, str)) for argument in arguments):
        return Unknown(f"{name}()", FLOAT)
    if name == "pow" and any(abs(a) > 1000 for a in arguments if isinstance(a, (int, float))):
        return Unknown("a power too large", FLOAT)
    try:
        result: Value = _PURE[name](*arguments)
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):
        return Unknown(f"{name} fails")
    return result


_HANDLERS: dict[str, Callable[[Interpreter, CallArguments], Value]] = {
    **OBJECT_FUNCTIONS,
    "bool": _bool,
    "int": _number(int, INT),
    "float": _number(float, FLOAT),
    "str": _str,
    "repr": _str,
    "print": _print,
    "object.__init__": _print,
}
