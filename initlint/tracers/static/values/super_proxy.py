"""`super()`: the attributes of an object or class that come after one of its classes."""

from __future__ import annotations

from initlint.facts.frameworks import POST_INIT_METHODS, POST_INIT_NAMES
from initlint.tracers.static.values.classes import ClassValue
from initlint.tracers.static.values.constants import bound_to, is_function
from initlint.tracers.static.values.functions import BoundMethod
from initlint.tracers.static.values.objects import Instance
from initlint.tracers.static.values.unions import without_unbound
from initlint.tracers.static.values.values import UNBOUND, AbstractValue, Machine, NativeMethod, Unknown, Value


class SuperProxy(AbstractValue):
    """`super()` inside a method of `cls`, called on `receiver` (an object, or a class in a class method)."""

    __slots__ = ("cls", "receiver")

    def __init__(self, cls: Value, receiver: Value) -> None:
        self.cls = cls
        self.receiver = receiver

    def get_attribute(self, machine: Machine, name: str) -> Value:
        receiver = self.receiver
        instance = receiver if isinstance(receiver, Instance) else None
        cls = receiver if instance is None else instance.user_class
        if not isinstance(cls, ClassValue):
            return Unknown("super() of something unknown")
        member, owner = cls.find(name, after=self.cls)
        if owner is not None:
            member = without_unbound(member)
            if instance is not None and name in POST_INIT_METHODS and owner.name in POST_INIT_NAMES:
                return NativeMethod(instance, name)
            if instance is not None:
                return bound_to(machine, member, instance, cls)
            return BoundMethod(member, receiver) if is_function(member) else member
        method = UNBOUND if instance is None else machine.handlers.inherited_method(machine, instance, name)
        return Unknown(f"super().{name} is not followed") if method is UNBOUND else method
