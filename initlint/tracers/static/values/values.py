"""The values of the abstract interpreter.

Numbers, strings, None, booleans, tuples, ranges and slices stand for themselves. Everything else is one of
the classes here, in `storage`, `containers` and `objects`. What the interpreter does not understand is an `Unknown`,
which says why; it is never a guess.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Protocol, TypeAlias

from initlint.facts.canonical_names import canonical
from initlint.graph.dataflow import ALWAYS, Condition, FlowNode

Value: TypeAlias = Any
CONSTANTS = (type(None), bool, int, float, complex, str, bytes, range, slice, type(Ellipsis))


class Unknown:
    """A value that is not known. Two uses of one object are the same value, so that a test of it is decided once.

    `hint` is what it is annotated with, if that is known: a class or an external name.
    """

    __slots__ = ("attributes", "hint", "node", "reason")

    def __init__(self, reason: str, hint: Value = None, node: FlowNode | None = None) -> None:
        self.reason = reason
        self.hint = hint
        self.node = node
        """The flow that it was computed from, if it was computed from data."""
        self.attributes: dict[Any, Unknown] | None = None

    def member(self, name: Any, hint: Value = None) -> Unknown:
        """An attribute or item of it: the same object each time it is asked for."""
        if self.attributes is None:
            self.attributes = {}
        if name not in self.attributes:
            self.attributes[name] = Unknown(self.reason, hint, self.node)
        return self.attributes[name]

    def __repr__(self) -> str:
        return f"Unknown({self.reason!r})"


class Unbound:
    """The other side of an attribute or a name that only one branch sets."""

    def __repr__(self) -> str:
        return "UNBOUND"


UNBOUND = Unbound()


class Union:
    """One of a few values, each under the conditions that led to it."""

    __slots__ = ("options",)

    def __init__(self, options: list[tuple[Value, Condition]]) -> None:
        self.options = options

    @property
    def values(self) -> list[Value]:
        """The alternatives without their conditions."""
        return [value for value, _ in self.options]

    def __repr__(self) -> str:
        return f"Union({self.values!r})"


class ExternalName:
    """A name outside the project: a module, class or function of torch, Python or another library.

    `name` is dotted and canonical.
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ExternalName) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"External({self.name})"


@cache
def external(name: str) -> ExternalName:
    """The external thing of that dotted name, in its documented form."""
    return ExternalName(canonical(name))


BOOL, FLOAT, INT, STR = (ExternalName(f"builtins.{name}") for name in ("bool", "float", "int", "str"))
"""What a value that is not known is known to be: its `hint`."""


class Mutable(Protocol):
    """Something with a state that a branch can change: see `state.State.save_before_change`.

    A protocol, not a base class: `isinstance` is what the interpreter does most, and an abstract base makes it slow.
    """

    def save(self) -> Any:
        """A copy of the state."""

    def restore(self, saved: Any) -> None:
        """Go back to a saved state."""

    def joined(self, one: Any, when: Condition, other: Any, otherwise: Condition) -> Any:
        """The state that is `one` under the condition `when` and `other` under `otherwise`."""


class Partial:
    """`functools.partial`, and `functools.partial(...).func`."""

    __slots__ = ("arguments", "function", "keywords")

    def __init__(self, function: Value, arguments: list[Value], keywords: dict[str, Value]) -> None:
        self.function = function
        self.arguments = arguments
        self.keywords = keywords


class NativeMethod:
    """A method of a value that the interpreter knows by name: `layers.append`, `x.view`, `net.apply`."""

    __slots__ = ("name", "receiver")

    def __init__(self, receiver: Value, name: str) -> None:
        self.receiver = receiver
        self.name = name


class ContextManager:
    """A context manager that matters: `no_grad`, `suppress`."""

    __slots__ = ("kind",)

    def __init__(self, kind: str) -> None:
        self.kind = kind


def options(value: Value) -> list[tuple[Value, Condition]]:
    """The alternatives of a value, one for all but a `Union`."""
    if isinstance(value, Union):
        return value.options
    return [(value, ALWAYS)]


def without_unbound(value: Value) -> Value:
    """The value without its absent alternative; `UNBOUND` if that is the only one."""
    if not isinstance(value, Union):
        return value
    remaining = [(v, c) for v, c in value.options if v is not UNBOUND]
    if len(remaining) == len(value.options):
        return value
    return remaining[0][0] if len(remaining) == 1 else Union(remaining)
