"""Special methods (`__len__`, `__add__`, ...) that the classes of the project define."""

from __future__ import annotations

from typing import Protocol

from initlint.project.source import SourceLocation
from initlint.tracers.static.values.objects import Instance, as_object
from initlint.tracers.static.values.questions import bound_to, truth, without_unbound
from initlint.tracers.static.values.values import UNBOUND, AbstractValue, CallArguments, Machine, Value


class GuardedMachine(Machine, Protocol):
    """What running special methods of attributes needs of the interpreter."""

    running_special: set[tuple[int, str]]


def may_have_special_methods(value: Value) -> bool:
    """Whether it is an object of a class of the project: a cheap test before `call_special`."""
    if not isinstance(value, AbstractValue):
        return False
    instance = value.as_object()
    return instance is not None and instance.user_class is not None


def call_special(machine: Machine, value: Value, name: str, arguments: list[Value], site: SourceLocation) -> Value:
    """`value.name(*arguments)`, if the class of the object is of the project and defines it; else `UNBOUND`."""
    instance = as_object(value)
    method = UNBOUND if instance is None else special_method(machine, instance, name)
    return UNBOUND if method is UNBOUND else machine.call(method, CallArguments(arguments, {}, site))


def special_method(machine: Machine, instance: Instance, name: str) -> Value:
    """The method of the class of an object, bound to it; `UNBOUND` if no class of the project defines it."""
    cls = instance.user_class
    if cls is None or instance.symbolic:
        return UNBOUND
    member, owner = cls.find(name)
    return UNBOUND if owner is None else bound_to(machine, without_unbound(member), instance, cls)


def call_attribute_hook(
    machine: GuardedMachine, instance: Instance, hook: str, arguments: list[Value], site: SourceLocation
) -> Value:
    """`__getattr__`, `__getattribute__` or `__setattr__` of the project, except within itself; else `UNBOUND`."""
    key = (id(instance), hook)
    if key in machine.running_special:
        return UNBOUND
    machine.running_special.add(key)
    try:
        return call_special(machine, instance, hook, arguments, site)
    finally:
        machine.running_special.discard(key)


def truth_of(machine: Machine, value: Value, site: SourceLocation) -> bool | None:
    """`bool(value)`, also by `__bool__` or `__len__` of the project; None if unknown."""
    for name in ("__bool__", "__len__"):
        result = call_special(machine, value, name, [], site)
        if result is not UNBOUND:
            return truth(result)
    return truth(value)
