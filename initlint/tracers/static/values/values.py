"""The values of the abstract interpreter.

Numbers, strings, None, booleans, tuples, ranges and slices represent themselves. Every other value is an instance of
a class here, in `tensors`, `containers` or `objects`. A value that cannot be determined is an `Unknown` with a reason,
never a guess.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Protocol, TypeAlias

from initlint.facts.canonical_names import canonical
from initlint.graph.dataflow import ALWAYS, Condition, FlowNode

Value: TypeAlias = Any
CONSTANTS = (type(None), bool, int, float, complex, str, bytes, range, slice, type(Ellipsis))


class Unknown:
    """An unknown value. The same object is always the same value: two tests of it have the same result.

    `hint` is its annotated or known type: a class or an external name.
    """

    __slots__ = ("attributes", "hint", "node", "reason")

    def __init__(self, reason: str, hint: Value = None, node: FlowNode | None = None) -> None:
        self.reason = reason
        self.hint = hint
        self.node = node
        """The data-flow node that it was computed from, if any."""
        self.attributes: dict[Any, Unknown] | None = None

    def member(self, name: Any, hint: Value = None) -> Unknown:
        """An attribute or item of it: the same object for the same name."""
        if self.attributes is None:
            self.attributes = {}
        if name not in self.attributes:
            self.attributes[name] = Unknown(self.reason, hint, self.node)
        return self.attributes[name]

    def __repr__(self) -> str:
        return f"Unknown({self.reason!r})"


class Unbound:
    """The value of a name or attribute under conditions in which it is not set."""

    def __repr__(self) -> str:
        return "UNBOUND"


UNBOUND = Unbound()


class Union:
    """One of several values, each under its own condition."""

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
    """The external object with this dotted name, in its documented spelling."""
    return ExternalName(canonical(name))


BOOL, FLOAT, INT, STR = (ExternalName(f"builtins.{name}") for name in ("bool", "float", "int", "str"))
"""Types for `Unknown.hint`."""


class Mutable(Protocol):
    """An object whose state a branch can change: see `branches.BranchState.save_before_change`.

    A protocol, not an abstract base class, which would slow down `isinstance`, the interpreter's most frequent call.
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
    """A method that the interpreter implements itself: `layers.append`, `x.view`, `net.apply`."""

    __slots__ = ("name", "receiver")

    def __init__(self, receiver: Value, name: str) -> None:
        self.receiver = receiver
        self.name = name


class ContextManager:
    """A context manager that has an effect here: `no_grad`, `suppress`."""

    __slots__ = ("kind",)

    def __init__(self, kind: str) -> None:
        self.kind = kind


def options(value: Value) -> list[tuple[Value, Condition]]:
    """The alternatives of a value: several for a `Union`, else the value itself."""
    if isinstance(value, Union):
        return value.options
    return [(value, ALWAYS)]


def without_unbound(value: Value) -> Value:
    """The value without its unbound alternative; `UNBOUND` if that is the only one."""
    if not isinstance(value, Union):
        return value
    remaining = [(v, c) for v, c in value.options if v is not UNBOUND]
    if len(remaining) == len(value.options):
        return value
    return remaining[0][0] if len(remaining) == 1 else Union(remaining)
