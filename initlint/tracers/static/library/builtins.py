"""Python's built-in functions, except for those on sequences."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from initlint.tracers.static.library.instantiate import allocate, construct
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.machine.special_methods import call_special
from initlint.tracers.static.tensors.composed_names import set_by_pattern
from initlint.tracers.static.tensors.dataflow import unknown_result
from initlint.tracers.static.values.amounts import converted
from initlint.tracers.static.values.classes import ClassValue
from initlint.tracers.static.values.external_names import (
    BOOL,
    FLOAT,
    INT,
    STR,
    ExternalName,
    composed_pattern,
    python_type,
)
from initlint.tracers.static.values.objects import as_object, is_registered
from initlint.tracers.static.values.pretrained import note_unknown_use
from initlint.tracers.static.values.questions import (
    AttributeNames,
    delete_attribute,
    external_name,
    has_attribute,
    is_callable,
    is_instance,
    is_subclass,
    set_attribute,
    surely_lacks,
    text,
    truth,
    without_unbound,
)
from initlint.tracers.static.values.values import UNBOUND, CallArguments, NativeMethod, Raised, Unknown, Value
from initlint.tracers.static.values.verdicts import ask


def _isinstance(interpreter: Interpreter, call: CallArguments) -> Value:
    verdict = ask(lambda option: is_instance(option, call.get(1, "cls")), call.get(0, "obj"))
    return Unknown("an isinstance test", BOOL) if verdict is None else verdict


def _issubclass(interpreter: Interpreter, call: CallArguments) -> Value:
    verdict = ask(lambda option: is_subclass(option, call.get(1, "base")), call.get(0, "cls"))
    return Unknown("an issubclass test", BOOL) if verdict is None else verdict


def _hasattr(interpreter: Interpreter, call: CallArguments) -> Value:
    value, name = without_unbound(call.get(0, "obj")), call.get(1, "name")
    verdict: Value = None
    if isinstance(name, str) and not _is_mangled(name):
        _record_attribute_test(interpreter, value, name)
        verdict = ask(partial(_has_attribute, interpreter, name), value)
    return Unknown("a hasattr test", BOOL) if verdict is None else verdict


def _has_attribute(interpreter: Interpreter, name: str, value: Value) -> bool | None:
    try:
        return has_attribute(interpreter, value, name)
    except Raised:  # by `__getattr__` of the project, or by a module of torch
        return False


def _is_mangled(name: str) -> bool:
    """Whether Python stores `self.__name` under another name, so that this text does not find it."""
    return name.startswith("__") and not name.endswith("__")


def _record_attribute_test(interpreter: Interpreter, value: Value, name: str) -> None:
    instance = as_object(value) if interpreter.visits.active else None
    if instance is None:
        return
    interpreter.visits.record_attribute_test(instance, name)
    if interpreter.state.observation is not None:
        interpreter.state.observation.record(value, lambda other: _record_attribute_test(interpreter, other, name))


def _getattr(interpreter: Interpreter, call: CallArguments) -> Value:
    value, name = without_unbound(call.get(0, "obj")), call.get(1, "name")
    return interpreter.state.map_union(name, lambda option: _attribute_named(interpreter, value, option, call))


def _attribute_named(interpreter: Interpreter, value: Value, name: Value, call: CallArguments) -> Value:
    if not isinstance(name, str):
        holder, pattern = as_object(value), composed_pattern(name)
        if holder is not None and pattern is not None and pattern in holder.fields:
            return holder.fields[pattern]
        return Unknown("an attribute of unknown name")
    _record_attribute_test(interpreter, value, name)
    try:
        attribute = interpreter.attribute(value, name)
    except Raised:
        if len(call.arguments) <= 2:
            raise
        return call.arguments[2]
    if isinstance(attribute, NativeMethod) and len(call.arguments) > 2:
        verdict = has_attribute(interpreter, value, name)
        if verdict is not True:
            return Unknown("an attribute that may be set") if verdict is None else call.arguments[2]
    if not isinstance(attribute, Unknown):
        return attribute
    if len(call.arguments) <= 2:
        if interpreter.open_guards and surely_lacks(value, name):
            raise Raised
        return attribute
    return call.arguments[2] if surely_lacks(value, name) else attribute


def _setattr(interpreter: Interpreter, call: CallArguments) -> Value:
    value, name = without_unbound(call.get(0, "obj")), call.get(1, "name")
    if isinstance(name, str):
        set_attribute(interpreter, value, name, call.get(2, "value"), call.site)
        return None
    holder, pattern = as_object(value), composed_pattern(name)
    if holder is not None and pattern is not None:
        set_by_pattern(interpreter, holder, pattern, call.get(2, "value"), call.site)
    note_unknown_use(value)
    for changed in (holder, as_object(call.get(2, "value"))):
        if changed is not None:
            changed.registry_changed = changed.may_have_more = True
    return None


def _delattr(interpreter: Interpreter, call: CallArguments) -> Value:
    name = call.get(1, "name")
    if isinstance(name, str):
        delete_attribute(interpreter, call.get(0, "obj"), name)
    return None


def _type(interpreter: Interpreter, call: CallArguments) -> Value:
    value = without_unbound(call.get(0, "obj", Unknown("nothing")))
    if len(call.arguments) != 1:
        return Unknown("a class made at run time")
    return interpreter.state.map_union(value, python_type)


def _callable(interpreter: Interpreter, call: CallArguments) -> Value:
    verdict = ask(is_callable, call.get(0, "obj"))
    return Unknown("a callable test", BOOL) if verdict is None else verdict


def _dir(interpreter: Interpreter, call: CallArguments) -> Value:
    holder = without_unbound(call.get(0, "obj"))
    return AttributeNames(interpreter, holder) if external_name(holder) else Unknown("the names of all attributes")


OBJECT_FUNCTIONS: dict[str, Callable[[Interpreter, CallArguments], Value]] = {
    "isinstance": _isinstance,
    "issubclass": _issubclass,
    "hasattr": _hasattr,
    "getattr": _getattr,
    "setattr": _setattr,
    "delattr": _delattr,
    "type": _type,
    "callable": _callable,
    "dir": _dir,
    "id": lambda interpreter, call: Unknown("an identity", INT),
}


_METHODS = {
    **{name: (f"__{name}__",) for name in "repr bytes len hash int float abs round reversed dir iter next".split()},
    "str": ("__str__", "__repr__"),
    "format": ("__format__", "__str__", "__repr__"),
    "bool": ("__bool__", "__len__"),
}
"""The special methods that a built-in function calls: the first that the class defines."""


def call_by_protocol(interpreter: Interpreter, name: str, call: CallArguments) -> Value:
    """A built-in function on an object whose class is of the project and defines what it calls; else `UNBOUND`."""
    for method in _METHODS.get(name, ()) if call.arguments else ():
        result = call_special(interpreter, call.arguments[0], method, call.arguments[1:], call.site)
        if result is not UNBOUND:
            return truth(result) if name == "bool" and truth(result) is not None else result
    return UNBOUND


def call_builtin(interpreter: Interpreter, name: str, call: CallArguments) -> Value:
    """A call of the built-in function or class `name`, if it is none of `builtin_sequences`."""
    handler = _HANDLERS.get(name)
    if handler is not None:
        return handler(interpreter, call)
    if name in _PURE:
        return _pure(name, call)
    if name in _OF_OBJECT:
        return _of_object(interpreter, name, call)
    if name[:1].isupper() or name.startswith("object"):
        return Unknown(f"an object of {name}")
    return unknown_result(interpreter, f"{name}() is not followed", call.values, call.site)


_OF_OBJECT = frozenset({"object.__setattr__", "object.__getattribute__", "object.__new__", "type.__call__"})


def _of_object(interpreter: Interpreter, name: str, call: CallArguments) -> Value:
    """What a special method calls to do what it does by default."""
    receiver = call.get(0, "self", None)
    instance = as_object(receiver)
    if isinstance(receiver, ClassValue):
        if name == "object.__new__":
            return allocate(interpreter, receiver, call.site)
        if name == "type.__call__":
            further = CallArguments(call.arguments[1:], call.keywords, call.site, call.open)
            return construct(interpreter, receiver, further, by_metaclass=True)
    if instance is not None and len(call.arguments) > 1 and name != "object.__new__":
        method = name.removeprefix("object.")
        key, value = call.arguments[1], call.get(2, "value")
        hides = method == "__setattr__" and instance.is_module and isinstance(key, str) and is_registered(value)
        if hides and instance.hide(interpreter, str(key), value, call.site):
            return None
        return instance.call_method(
            interpreter, method, CallArguments(call.arguments[1:], call.keywords, call.site, call.open)
        )
    return unknown_result(interpreter, name, call.values, call.site)


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
        result = Unknown("a number", hint)
        result.amount = converted(value, kind)
        return result

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
