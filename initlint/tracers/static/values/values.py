"""The kinds of values of the abstract interpreter, and the questions that each of them answers.

Numbers, strings, None, booleans, tuples, ranges and slices represent themselves: `constants` answers for them. Every
other value is an instance of an `AbstractValue`: of a class here, or in `tensors`, `containers` or `objects`. A value
that cannot be determined is an `Unknown` with a reason, never a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import cache
from types import EllipsisType
from typing import Any, Protocol, TypeAlias

from initlint.facts.canonical_names import canonical, is_reference
from initlint.facts.fans import BASES, MODULES
from initlint.graph.dataflow import Condition, FlowNode
from initlint.graph.model import UNDETERMINED

CONSTANTS = (type(None), bool, int, float, complex, str, bytes, range, slice, type(Ellipsis))

PYTHON_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "builtins.int": int,
    "builtins.float": float,
    "builtins.str": str,
    "builtins.bool": bool,
    "builtins.tuple": tuple,
    "builtins.bytes": bytes,
    "numbers.Number": (int, float, complex),
    "numbers.Real": (int, float),
    "numbers.Integral": int,
    "builtins.range": range,
}
"""The types that constants and tuples may be of, by the names that `isinstance` is called with."""
SEQUENCE_TYPES = ("Sequence", "Iterable", "Collection", "Sized")


class AbstractValue:
    """A value that is not a constant of Python. Each kind of value is a subclass.

    The methods are the questions that the interpreter asks. Here they answer that nothing is known: None, or an
    `Unknown` with its reason; a kind overrides those that it can answer. Call them by the functions in `constants`
    where the value may also be a constant.
    """

    __slots__ = ()

    @property
    def precedence(self) -> int:
        """Of two compared values, the one with the higher precedence decides: see `equals` and `is_same_object`."""
        return 0

    def known_items(self) -> list[Value] | None:
        """The known items, in the order of iteration; None if it is not known to be iterable."""
        return None

    def has_known_length(self) -> bool:
        """Whether `known_items` are all its items."""
        return False

    def contents(self) -> Iterable[Value]:
        """The values that it holds: items of a container, fields of an object that is no module."""
        return ()

    def container_kind(self) -> str:
        """The type of a container of Python: `list`, `dict`, `iterator`; empty for any other value."""
        return ""

    def truth(self) -> bool | None:
        """`bool(value)`; None if unknown."""
        return None

    def is_key(self) -> bool:
        """Whether it can be a key of a `DictValue`."""
        return False

    def is_data_only(self, depth: int) -> bool:
        """Whether it is, and contains, no module, tensor, class or function. Contents below `depth` are not known."""
        return False

    def contains(self, item: Value) -> bool | None:
        """`item in value`; None if unknown."""
        return None

    def equals(self, other: Value) -> bool | None:
        """`value == other`, for an `other` of no higher precedence; None if unknown."""
        if self is other:
            return True
        return False if is_plain(other) else None

    def is_same_object(self, other: Value) -> bool | None:
        """`value is other`, for an `other` of no higher precedence; None if unknown."""
        return self is other

    def is_same(self, other: Value) -> bool:
        """Whether two values are surely the same, cheaply: a join keeps one of them."""
        return self is other

    def merged_with(self, others: list[tuple[Value, Condition]], under: Condition) -> AbstractValue | None:
        """One value for this one, which holds `under` a condition, and others; None if that takes a `Union`."""
        return None

    def python_type(self) -> Value:
        """`type(value)`."""
        return Unknown("the type of something unknown")

    def flat_classes(self) -> list[Value]:
        """The classes that it stands for as the second argument of `isinstance`, which may be nested tuples."""
        return [self]

    def has_instance(self, value: Value) -> bool | None:
        """`isinstance(value, self)`, where this is a class; None if unknown."""
        return None

    def is_instance_of_project_class(self, cls: AbstractValue) -> bool | None:
        """`isinstance(value, cls)` for a `ClassValue`; None if unknown."""
        return False

    def is_instance_of_external(self, cls: ExternalName) -> bool | None:
        """`isinstance(value, cls)` for a class outside the project; None if unknown."""
        return False if cls.name in PYTHON_TYPES else None

    def literal(self) -> Any:
        """The value as it is stored in graphs: a constant, a tuple of constants, or `UNDETERMINED`."""
        return UNDETERMINED

    def variant_key(self, inner: Callable[[Value], Hashable]) -> Hashable:
        """A key that is equal for arguments of builder functions that differ in numbers only.

        `inner` gives the key of a value that this one holds.
        """
        return object()


Value: TypeAlias = (
    "AbstractValue | bool | int | float | complex | str | bytes | range | slice | EllipsisType"
    " | tuple[Value, ...] | None"
)
"""What an expression evaluates to: a kind of value that is a class, or a constant of Python."""


def is_plain(value: Value) -> bool:
    """Whether it is a constant of Python, or a tuple of these."""
    if isinstance(value, tuple):
        return all(is_plain(item) for item in value)
    return isinstance(value, CONSTANTS)


class Unknown(AbstractValue):
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

    @property
    def precedence(self) -> int:
        return 5

    def is_data_only(self, depth: int) -> bool:
        return self.node is None

    def equals(self, other: Value) -> bool | None:
        return True if self is other else None

    def is_same_object(self, other: Value) -> bool | None:
        return True if self is other else None

    def is_instance_of_project_class(self, cls: AbstractValue) -> bool | None:
        return None

    def is_instance_of_external(self, cls: ExternalName) -> bool | None:
        return True if self.hint == cls and cls.name.startswith("builtins.") else None

    def variant_key(self, inner: Callable[[Value], Hashable]) -> Hashable:
        return Unknown

    def __repr__(self) -> str:
        return f"Unknown({self.reason!r})"


class Unbound(AbstractValue):
    """The value of a name or attribute under conditions in which it is not set."""

    __slots__ = ()

    def is_data_only(self, depth: int) -> bool:
        return True

    def __repr__(self) -> str:
        return "UNBOUND"


UNBOUND = Unbound()


class ExternalName(AbstractValue):
    """A name outside the project: a module, class or function of torch, Python or another library.

    `name` is dotted and canonical.
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def precedence(self) -> int:
        return 1 if is_reference(self.name) else 4  # other names may be bound to a number, a string or None

    def truth(self) -> bool | None:
        # `if TYPE_CHECKING:` is taken: packages with lazy imports declare their contents there.
        return True if self.name.endswith(".TYPE_CHECKING") or is_reference(self.name) else None

    def is_key(self) -> bool:
        return True

    def is_data_only(self, depth: int) -> bool:
        return True

    def equals(self, other: Value) -> bool | None:
        if self == other:
            return True
        return False if is_reference(self.name) else None

    def is_same_object(self, other: Value) -> bool | None:
        return self.equals(other)

    def is_same(self, other: Value) -> bool:
        return self == other

    def has_instance(self, value: Value) -> bool | None:
        if isinstance(value, AbstractValue):
            return value.is_instance_of_external(self)
        if self.name in PYTHON_TYPES:
            return isinstance(value, PYTHON_TYPES[self.name])
        last = self.name.rpartition(".")[2]
        if last in SEQUENCE_TYPES:
            return isinstance(value, (tuple, str, range))
        # Besides its own type, a constant is an instance of the ABCs that this type is registered with.
        return None if last in _ABSTRACT_TYPES else False

    def torch_base(self) -> str | None:
        """The name itself, if it is a class of torch's modules; else None."""
        return self.name if self.name in MODULES else None

    def is_instance_of_project_class(self, cls: AbstractValue) -> bool | None:
        return False if is_reference(self.name) else None

    def is_instance_of_external(self, cls: ExternalName) -> bool | None:
        if not is_reference(self.name):
            return None
        if cls.name == "builtins.type":
            return self.name.rpartition(".")[2][:1].isupper()
        return is_instance_of_callable(cls)

    def variant_key(self, inner: Callable[[Value], Hashable]) -> Hashable:
        return self.name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ExternalName) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"External({self.name})"


_ABSTRACT_TYPES = (
    "Hashable", "SupportsInt", "SupportsFloat", "SupportsIndex", "Complex", "Rational", "object", "Container",
)  # fmt: skip


def is_instance_of_callable(cls: ExternalName, kinds: tuple[str, ...] = ()) -> bool | None:
    """`isinstance(value, cls)` for a function, method or class, which is an instance of the types `kinds` only."""
    if cls.name in _CALLABLE_TYPES:
        return cls.name in kinds
    return False if cls.name in BASES or cls.name in PYTHON_TYPES else None


_CALLABLE_TYPES = (
    "builtins.type", "functools.partial", "types.FunctionType", "types.LambdaType", "types.MethodType",
)  # fmt: skip


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


class NativeMethod(AbstractValue):
    """A method that the interpreter implements itself: `layers.append`, `x.view`, `net.apply`."""

    __slots__ = ("name", "receiver")

    def __init__(self, receiver: Value, name: str) -> None:
        self.receiver = receiver
        self.name = name

    def truth(self) -> bool | None:
        return True

    def contents(self) -> Iterable[Value]:
        return (self.receiver,)  # `batch.x`, where `batch` was assumed to be a tensor


class ContextManager(AbstractValue):
    """A context manager that has an effect here: `no_grad`, `suppress`."""

    __slots__ = ("kind",)

    def __init__(self, kind: str) -> None:
        self.kind = kind
