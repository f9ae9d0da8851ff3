"""Names outside the project: modules, classes and functions of torch, Python and other libraries."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from functools import cache

from initlint.facts.canonical_names import canonical, is_reference
from initlint.facts.fans import BASES, MODULES
from initlint.project.source import SourceLocation
from initlint.tracers.static.values.values import (
    AbstractValue,
    CallArguments,
    ExternalClass,
    Machine,
    Unknown,
    Value,
)

PYTHON_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "builtins.int": int,
    "builtins.float": float,
    "builtins.str": str,
    "builtins.bool": bool,
    "builtins.tuple": tuple,
    "builtins.bytes": bytes,
    "builtins.complex": complex,
    "builtins.NoneType": type(None),
    "types.NoneType": type(None),
    "numbers.Number": (int, float, complex),
    "numbers.Real": (int, float),
    "numbers.Integral": int,
    "builtins.range": range,
}
"""The types that constants and tuples may be of, by the names that `isinstance` is called with."""
_NUMBERS: Mapping[str, float] = {
    f"{module}.{name}": getattr(math, name) for module in ("math", "numpy", "torch") for name in ("pi", "e")
} | {"math.tau": math.tau}
SEQUENCE_TYPES = ("Sequence", "Iterable", "Collection", "Sized")


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

    def get_attribute(self, machine: Machine, name: str) -> Value:
        if name in ("__name__", "__qualname__"):
            return self.name.rpartition(".")[2]
        return external_member(f"{self.name}.{name}")

    def get_item(self, machine: Machine, index: Value, location: SourceLocation) -> Value:
        return self  # `Optional[int]`, `nn.Module[T]`

    def call(self, machine: Machine, call: CallArguments) -> Value:
        return machine.handlers.call_external(machine, self, call)

    def truth(self) -> bool | None:
        # `if TYPE_CHECKING:` is taken: packages with lazy imports declare their contents there.
        return True if self.name.endswith(".TYPE_CHECKING") or is_reference(self.name) else None

    def is_key(self) -> bool:
        return True

    def is_class(self) -> bool:
        return True

    def external_name(self) -> str:
        return self.name

    def text(self) -> str | None:
        return f"<class '{self.name}'>"

    def has_attribute(self, machine: Machine, name: str) -> bool | None:
        return True

    def is_subclass(self, base: Value) -> bool | None:
        if not isinstance(base, ExternalName):
            return None
        return base.name == self.name or base.name in BASES.get(self.name, ())

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

    @property
    def is_type_of_constants(self) -> bool:
        """Whether only constants of Python, and tuples, are instances of it."""
        return self.name in PYTHON_TYPES

    def torch_base(self) -> str | None:
        """The name itself, if it is a class of torch's modules; else None."""
        return self.name if self.name in MODULES else None

    def is_instance_of_project_class(self, cls: AbstractValue) -> bool | None:
        return False if is_reference(self.name) else None

    def is_instance_of_external(self, cls: ExternalClass) -> bool | None:
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


def is_instance_of_callable(cls: ExternalClass, kinds: tuple[str, ...] = ()) -> bool | None:
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


def external_member(name: str) -> Value:
    """The external object with this dotted name, or the number that it is known to be."""
    return _NUMBERS.get(name) or external(name)


def python_type(value: Value) -> Value:
    """`type(value)`."""
    if isinstance(value, AbstractValue):
        return value.python_type()
    return ExternalName(f"builtins.{'tuple' if isinstance(value, tuple) else type(value).__name__}")


ARRAY = ExternalName("numpy.ndarray")
"""The `hint` of an array or a tensor that depends on constants only."""
BOOL, FLOAT, INT, STR = (ExternalName(f"builtins.{name}") for name in ("bool", "float", "int", "str"))
"""Types for `Unknown.hint`."""


class ComposedText(Unknown):
    """A string of which only some parts are known: in `pattern` a `*` is each of the others, as in `lin*`."""

    __slots__ = ("pattern",)

    def __init__(self, pattern: str) -> None:
        super().__init__("a composed string", STR)
        self.pattern = pattern


def composed_pattern(value: Value) -> str | None:
    """The `pattern` of a composed string; None for any other value."""
    return value.pattern if isinstance(value, ComposedText) else None


def text_pattern(value: Value) -> str | None:
    """The known parts of a string, with a `*` for each other one; None if the value may be no string."""
    if isinstance(value, ComposedText):
        return value.pattern
    if isinstance(value, Unknown):
        return "*" if value.hint is STR else None
    return value if isinstance(value, str) else None
