"""Python's built-in functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from initlint.interpret.builtin_objects import OBJECT_FUNCTIONS
from initlint.interpret.builtin_sequences import SEQUENCE_FUNCTIONS
from initlint.interpret.calls import Call
from initlint.interpret.machine import Machine
from initlint.interpret.objects import ClassValue
from initlint.interpret.state import Raised
from initlint.interpret.tensors import unknown_result
from initlint.interpret.truth import truth
from initlint.interpret.values import (
    BOOL,
    FLOAT,
    INT,
    STR,
    External,
    Function,
    Unknown,
    Value,
    present,
)


def call_builtin(machine: Machine, name: str, call: Call) -> Value:
    """A call of the built-in function or class `name`."""
    handler = _HANDLERS.get(name)
    if handler is not None:
        return handler(machine, call)
    if name in _PURE:
        return _pure(name, call)
    if name[:1].isupper() or name.startswith("object"):
        return Unknown(f"an object of {name}")
    return unknown_result(machine, f"{name}() is not followed", call.values, call.site)


def _bool(machine: Machine, call: Call) -> Value:
    verdict = truth(present(call.get(0, "x", False)))
    return Unknown("a truth value", BOOL) if verdict is None else verdict


def _number(kind: type, hint: External) -> Callable[[Machine, Call], Value]:
    def run(machine: Machine, call: Call) -> Value:
        value = present(call.get(0, "x", 0))
        if isinstance(value, (int, float, str, bool)):
            try:
                return kind(value)
            except (ValueError, OverflowError):
                raise Raised from None
        return Unknown("a number", hint)

    return run


def _str(machine: Machine, call: Call) -> Value:
    value = present(call.get(0, "object", ""))
    if isinstance(value, (int, float, str)) or value is None:
        return str(value)
    if isinstance(value, (ClassValue, External, Function)):
        return f"<class '{value.name}'>"
    return Unknown("a composed string", STR)


def _print(machine: Machine, call: Call) -> Value:
    return None


_PURE: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "round": round,
    "divmod": divmod,
    "ord": ord,
    "chr": chr,
    "pow": pow,
}


def _pure(name: str, call: Call) -> Value:
    arguments = call.arguments
    if call.open or call.keywords or not all(isinstance(argument, (int, float, str)) for argument in arguments):
        return Unknown(f"{name}()", FLOAT)
    if name == "pow" and any(abs(a) > 1000 for a in arguments if isinstance(a, (int, float))):
        return Unknown("a power too large", FLOAT)
    try:
        return _PURE[name](*arguments)
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):
        return Unknown(f"{name} fails")


_HANDLERS: dict[str, Callable[[Machine, Call], Value]] = {
    **SEQUENCE_FUNCTIONS,
    **OBJECT_FUNCTIONS,
    "bool": _bool,
    "int": _number(int, INT),
    "float": _number(float, FLOAT),
    "str": _str,
    "repr": _str,
    "print": _print,
    "object.__init__": _print,
}
