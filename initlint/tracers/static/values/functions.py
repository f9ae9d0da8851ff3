"""Functions of the project, and callables made of others."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from initlint.tracers.static.values.calls import FunctionNode, Signature
from initlint.tracers.static.values.classes import ClassValue
from initlint.tracers.static.values.environment import Environment, ModuleScope
from initlint.tracers.static.values.values import AbstractValue, ExternalName, Value, is_instance_of_callable


class Function(AbstractValue):
    """A function or lambda of the project, with the scope it closes over."""

    __slots__ = ("_signature", "closure", "defaults", "name", "node", "owner", "scope", "wrappers")

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

    @property
    def precedence(self) -> int:
        return 3

    def truth(self) -> bool | None:
        return True

    def is_key(self) -> bool:
        return True

    def equals(self, other: Value) -> bool | None:
        return self is other

    def is_instance_of_external(self, cls: ExternalName) -> bool | None:
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

    def truth(self) -> bool | None:
        return True

    def is_instance_of_external(self, cls: ExternalName) -> bool | None:
        return is_instance_of_callable(cls, ("types.MethodType",))


class Partial(AbstractValue):
    """`functools.partial`, and `functools.partial(...).func`."""

    __slots__ = ("arguments", "function", "keywords")

    def __init__(self, function: Value, arguments: list[Value], keywords: dict[str, Value]) -> None:
        self.function = function
        self.arguments = arguments
        self.keywords = keywords

    def truth(self) -> bool | None:
        return True

    def is_instance_of_external(self, cls: ExternalName) -> bool | None:
        return is_instance_of_callable(cls, ("functools.partial",))

    def variant_key(self, inner: Callable[[Value], Hashable]) -> Hashable:
        keywords = frozenset((name, inner(value)) for name, value in self.keywords.items())
        return Partial, inner(self.function), frozenset(map(inner, self.arguments)), keywords
