"""Functions of the project, callables made of others, and context managers."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any

from initlint.project.source import SourceLocation
from initlint.tracers.static.values.calls import FunctionNode, Signature
from initlint.tracers.static.values.classes import ClassValue
from initlint.tracers.static.values.environment import Environment, ModuleScope
from initlint.tracers.static.values.external_names import is_instance_of_callable
from initlint.tracers.static.values.values import (
    UNBOUND,
    AbstractValue,
    CallArguments,
    ExternalClass,
    Machine,
    Unknown,
    Value,
)


class Function(AbstractValue):
    """A function or lambda of the project, with the scope it closes over."""

    __slots__ = ("_signature", "closure", "defaults", "name", "node", "owner", "scope", "setter", "wrappers")

    def __init__(
        self,
        node: FunctionNode,
        name: str,
        scope: ModuleScope,
        closure: Environment | None,
        owner: ClassValue | None = None,
        wrappers: frozenset[str] = frozenset(),
    ) -> None:
        self.node = node
        self.name = name
        self.scope = scope
        self.closure = closure
        self.owner = owner
        self.wrappers = wrappers
        self.defaults: dict[str, Value] = {}
        self._signature: Signature | None = None
        self.setter: Function | None = None
        """Of a property: the function that runs when it is set."""

    def get_attribute(self, machine: Machine, name: str) -> Value:
        if name in ("__name__", "__qualname__"):
            return self.name
        return self if name == "__call__" else Unknown(f"an attribute {name} of a function")

    def get_item(self, machine: Machine, index: Value, location: SourceLocation) -> Value:
        return self

    def call(self, machine: Machine, call: CallArguments) -> Value:
        return machine.call_function(self, call)

    def text(self) -> str | None:
        return f"<class '{self.name}'>"

    @property
    def is_cached(self) -> bool:
        """Whether it keeps its results: `functools.cache`, `lru_cache`, `cached_property`."""
        return not self.wrappers.isdisjoint(("cache", "cached_property"))

    def is_function(self) -> bool:
        return True

    def as_function(self) -> Function:
        return self

    def wrapped_function(self) -> Function:
        return self

    def bound_to(self, machine: Machine, instance: Value, cls: Value) -> Value:
        if self.wrappers & {"property", "cached_property"}:
            return machine.call(self, CallArguments([instance], {}, SourceLocation(self.scope.source, self.node)))
        if "staticmethod" in self.wrappers:
            return self
        return BoundMethod(self, cls if "classmethod" in self.wrappers else instance)

    def bound_to_class(self, cls: Value) -> Value:
        return BoundMethod(self, cls) if "classmethod" in self.wrappers else self

    def bound_in_class_method(self, cls: Value) -> Value:
        return BoundMethod(self, cls)

    @property
    def precedence(self) -> int:
        return 3

    def truth(self) -> bool | None:
        return True

    def is_key(self) -> bool:
        return True

    def equals(self, other: Value) -> bool | None:
        return self is other

    def is_instance_of_external(self, cls: ExternalClass) -> bool | None:
        return is_instance_of_callable(cls, ("types.FunctionType", "types.LambdaType"))

    def variant_key(self, inner: Callable[[Value], Hashable]) -> Hashable:
        return self.node

    @property
    def signature(self) -> Signature:
        """Its parameters."""
        if self._signature is None:
            self._signature = Signature.of(self.node)
        return self._signature

    @property
    def qualified(self) -> str:
        """The dotted name: `models.layers.Block.reset`."""
        owner = f"{self.owner.name}." if self.owner is not None else ""
        return f"{self.scope.name}.{owner}{self.name}"

    def __repr__(self) -> str:
        return f"Function({self.qualified})"


class BoundMethod(AbstractValue):
    """A method with its object."""

    __slots__ = ("function", "receiver")

    def __init__(self, function: Value, receiver: Value) -> None:
        self.function = function
        self.receiver = receiver

    def get_attribute(self, machine: Machine, name: str) -> Value:
        if isinstance(self.function, Function):
            return self.function.get_attribute(machine, name)
        return Unknown(f"an attribute {name} of a function")

    def wrapped_function(self) -> Function | None:
        return wrapped_function(self.function)

    def leads_to_modules(self) -> bool:
        return True

    def reaches(self) -> Iterable[Value]:
        return (self.receiver,)

    def call(self, machine: Machine, call: CallArguments) -> Value:
        return machine.call(
            self.function, CallArguments([self.receiver, *call.arguments], call.keywords, call.site, call.open)
        )

    def truth(self) -> bool | None:
        return True

    def is_instance_of_external(self, cls: ExternalClass) -> bool | None:
        return is_instance_of_callable(cls, ("types.MethodType",))


class Partial(AbstractValue):
    """`functools.partial`, and `functools.partial(...).func`."""

    __slots__ = ("arguments", "function", "keywords")

    def __init__(self, function: Value, arguments: list[Value], keywords: dict[str, Value]) -> None:
        self.function = function
        self.arguments = arguments
        self.keywords = keywords

    def get_attribute(self, machine: Machine, name: str) -> Value:
        if name in ("func", "args", "keywords"):
            return self.function if name == "func" else Unknown(f"partial.{name}")
        return super().get_attribute(machine, name)

    def wrapped_function(self) -> Function | None:
        return wrapped_function(self.function)

    def leads_to_modules(self) -> bool:
        return True

    def reaches(self) -> Iterable[Value]:
        return (self.function, *self.arguments, *self.keywords.values())

    def call(self, machine: Machine, call: CallArguments) -> Value:
        keywords = {**self.keywords, **call.keywords}
        return machine.call(
            self.function, CallArguments([*self.arguments, *call.arguments], keywords, call.site, call.open)
        )

    def truth(self) -> bool | None:
        return True

    def is_instance_of_external(self, cls: ExternalClass) -> bool | None:
        return is_instance_of_callable(cls, ("functools.partial",))

    def variant_key(self, inner: Callable[[Value], Hashable]) -> Hashable:
        keywords = frozenset((name, inner(value)) for name, value in self.keywords.items())
        return Partial, inner(self.function), frozenset(map(inner, self.arguments)), keywords


def as_function(value: Value) -> Function | None:
    """The function of the project that a value is; None for any other value."""
    function: Function | None = value.as_function() if isinstance(value, AbstractValue) else None
    return function


def wrapped_function(value: Value) -> Function | None:
    """The function of the project that a call runs, also of a bound method or a `partial`; None for any other value."""
    function: Function | None = value.wrapped_function() if isinstance(value, AbstractValue) else None
    return function


def method_of(cls: ClassValue, name: str) -> Function | None:
    """The function that is the attribute `name` of a class or of its bases; None if that is no function."""
    return as_function(cls.find(name)[0])


class ContextManager(AbstractValue):
    """A context manager that has an effect here: `suppress`, and those of `GRAD_MODES`.

    `previous`: the mode of gradients before the call that made it, if that call already changed it.
    """

    __slots__ = ("kind", "previous")

    def __init__(self, kind: str, previous: Any = UNBOUND) -> None:
        self.kind = kind
        self.previous = previous


GRAD_MODES = {"no_grad": False, "grad": True, "unknown_grad": None}
"""Kinds of context managers and decorators that set whether gradients are enabled, and to what."""
