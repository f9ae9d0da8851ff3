"""Built-in functions on objects and classes."""

from __future__ import annotations

from collections.abc import Callable

from initlint.interpret.calls import Call
from initlint.interpret.containers import DictValue, ListValue
from initlint.interpret.machine import Machine
from initlint.interpret.objects import ClassValue, Instance
from initlint.interpret.storage import Tensor
from initlint.interpret.targets import set_attribute
from initlint.interpret.tree import class_of
from initlint.interpret.type_tests import is_instance
from initlint.interpret.values import (
    BOOL,
    CONSTANTS,
    INT,
    External,
    Union,
    Unknown,
    Value,
    present,
)


def _isinstance(machine: Machine, call: Call) -> Value:
    verdict = is_instance(present(call.get(0, "obj")), call.get(1, "cls"))
    return Unknown("an isinstance test", BOOL) if verdict is None else verdict


def _issubclass(machine: Machine, call: Call) -> Value:
    cls, base = call.get(0, "cls"), call.get(1, "base")
    if isinstance(cls, ClassValue) and isinstance(base, (ClassValue, External)):
        if base in cls.mro:
            return True
        return False if cls.readable else Unknown("an issubclass test", BOOL)
    if isinstance(cls, External) and isinstance(base, External):
        verdict = is_instance(Instance(cls, None, torch_name=cls.name), base)
        return Unknown("an issubclass test", BOOL) if verdict is None else verdict
    return Unknown("an issubclass test", BOOL)


def _hasattr(machine: Machine, call: Call) -> Value:
    value, name = present(call.get(0, "obj")), call.get(1, "name")
    if not isinstance(name, str) or isinstance(value, (Unknown, Union)):
        return Unknown("a hasattr test", BOOL)
    if isinstance(value, Instance) and value.symbolic and value.torch_name in (None, "torch.nn.Module"):
        return Unknown("a hasattr test", BOOL)
    if isinstance(value, External):
        return True
    of_layers = name in ("weight", "bias")
    if isinstance(value, Instance) and not of_layers and not _readable(value):
        return Unknown("a hasattr test", BOOL)
    found = machine.attribute(value, name)
    if isinstance(found, Unknown):
        if isinstance(value, Instance) and name in value.fields:
            return True
        known = isinstance(value, Instance) and not value.symbolic
        return False if known else Unknown("a hasattr test", BOOL)
    if isinstance(value, Instance) and found is None and of_layers and name not in value.fields:
        return value.torch_name != "torch.nn.Module"
    return True


def _getattr(machine: Machine, call: Call) -> Value:
    value, name = present(call.get(0, "obj")), call.get(1, "name")
    if isinstance(name, Union):
        return machine.state.each(
            name, lambda option: _getattr(machine, Call([value, option, *call.arguments[2:]], {}, call.site))
        )
    if not isinstance(name, str):
        return Unknown("an attribute of unknown name")
    found = machine.attribute(value, name)
    if not isinstance(found, Unknown) or len(call.arguments) <= 2:
        return found
    missing = isinstance(value, Instance) and not value.symbolic and name not in value.fields and _readable(value)
    return call.arguments[2] if missing else found


def _readable(value: Instance) -> bool:
    return value.user_class is None or value.user_class.readable


def _setattr(machine: Machine, call: Call) -> Value:
    value, name = present(call.get(0, "obj")), call.get(1, "name")
    if isinstance(name, str):
        set_attribute(machine, value, name, call.get(2, "value"), call.site)
    return None


def _delattr(machine: Machine, call: Call) -> Value:
    value, name = call.get(0, "obj"), call.get(1, "name")
    if isinstance(value, Instance) and isinstance(name, str):
        machine.state.touch(value)
        value.fields.pop(name, None)
    return None


def _type(machine: Machine, call: Call) -> Value:
    value = present(call.get(0, "obj", Unknown("nothing")))
    if len(call.arguments) != 1:
        return Unknown("a class made at run time")
    if isinstance(value, Instance):
        return class_of(value) if not value.symbolic else Unknown("the type of something unknown")
    if isinstance(value, CONSTANTS):
        return External(f"builtins.{type(value).__name__}")
    if isinstance(value, (ListValue, DictValue, tuple)):
        return External(
            f"builtins.{'tuple' if isinstance(value, tuple) else 'list' if isinstance(value, ListValue) else 'dict'}"
        )
    return External("torch.Tensor") if isinstance(value, Tensor) else Unknown("the type of something unknown")


def _callable(machine: Machine, call: Call) -> Value:
    value = call.get(0, "obj")
    if isinstance(value, (Unknown, Union)):
        return Unknown("a callable test", BOOL)
    return not isinstance(value, (*CONSTANTS, tuple, ListValue, DictValue))


OBJECT_FUNCTIONS: dict[str, Callable[[Machine, Call], Value]] = {
    "isinstance": _isinstance,
    "issubclass": _issubclass,
    "hasattr": _hasattr,
    "getattr": _getattr,
    "setattr": _setattr,
    "delattr": _delattr,
    "type": _type,
    "callable": _callable,
    "id": lambda machine, call: Unknown("an identity", INT),
}
