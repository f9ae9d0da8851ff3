"""Enumerations of the project: their classes and members."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

from initlint.project.source import Location, SourceLocation
from initlint.tracers.references.syntax_index import last_name
from initlint.tracers.static.values.classes import ClassValue
from initlint.tracers.static.values.containers import DictValue
from initlint.tracers.static.values.external_names import ExternalName
from initlint.tracers.static.values.questions import bound_to, equal, is_data_only, is_function, same
from initlint.tracers.static.values.values import (
    UNBOUND,
    AbstractValue,
    CallArguments,
    ExternalClass,
    Machine,
    Unknown,
    Value,
)

_PLAIN = frozenset({"enum.Enum", "enum.Flag"})
_FLAGS = frozenset({"enum.Flag", "enum.IntFlag"})
_RESERVED = re.compile(r"_[^_].*_|__.*")
"""Names that are never members: with an underscore or two at both ends, and those that Python mangles."""
_OF_CONSTANTS = frozenset({"enum.IntEnum", "enum.IntFlag", "enum.StrEnum", "enum.ReprEnum"})


def is_enumeration(bases: Iterable[AbstractValue]) -> bool:
    """Whether a class with these bases is an enumeration."""
    return any(name in _PLAIN or name in _OF_CONSTANTS for base in bases for name in _names(base))


def _names(base: AbstractValue) -> Sequence[str]:
    return base.externals() if isinstance(base, ClassValue) else (base.external_name(),)


class EnumClass(ClassValue):
    """A class derived from `enum.Enum`.

    Members that are constants at the same time (`class Kind(str, Enum)`) are represented by these constants, which lack
    only their names.
    """

    __slots__ = ("_members",)

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._members: dict[str, Value] | None = None

    @property
    def _has_constants(self) -> bool:
        return any(name not in _PLAIN for name in self.externals())

    def members(self) -> dict[str, Value]:
        """The members by name, with further names of a member."""
        if self._members is None:
            self._members = self._found_members()
        return self._members

    def _found_members(self) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for cls in reversed(self.project_classes):
            for name, value in cls.fields.items():
                if self._is_member(name, value):
                    found[name] = self._member(name, value, found)
        return found

    def _is_member(self, name: str, value: Any) -> bool:
        """Whether an attribute of the class body is a member: no method, descriptor or private name."""
        if _RESERVED.fullmatch(name) or is_function(value) or isinstance(value, ClassValue):
            return False
        if self.given_by_call(name) == "nonmember":
            return False
        # A function of another library may be one of Python, which is a method, or one of C, which is a member.
        return not isinstance(value, ExternalName) or value.name.rpartition(".")[2][:1].isupper()

    def given_by_call(self, name: str) -> str:
        """The function that gives an attribute of the class body its value, without its module: `auto`."""
        for cls in self.project_classes:
            for statement in cls.node.body:
                if (
                    isinstance(statement, ast.Assign)
                    and isinstance(statement.value, ast.Call)
                    and any(isinstance(target, ast.Name) and target.id == name for target in statement.targets)
                ):
                    return last_name(statement.value.func)
        return ""

    @property
    def combines(self) -> bool:
        """Whether its members are sets of bits: some are sums of others, and an empty one is false."""
        return not _FLAGS.isdisjoint(self.externals())

    def _member(self, name: str, value: Value, earlier: dict[str, Value]) -> Value:
        if self._has_constants:
            return value
        known = (member for member in earlier.values() if isinstance(member, EnumMember) and same(member.value, value))
        return next(known, EnumMember(self, name, value))

    def _distinct(self) -> list[Value]:
        items: list[Value] = []
        for member in self.members().values():
            if not any(same(member, item) for item in items):
                items.append(member)
        return items

    def get_attribute(self, machine: Machine, name: str) -> Value:
        if name == "__members__":
            return DictValue(dict(self.members()))
        value, owner = self.find(name)
        if owner is not None and not self._has_constants and self._is_member(name, value):
            return self.members()[name]
        return super().get_attribute(machine, name)

    def set_attribute(self, machine: Machine, name: str, value: Value, location: Location | None) -> None:
        super().set_attribute(machine, name, value, location)
        self._members = None

    def class_constant(self, name: str) -> Value:
        constant = super().class_constant(name)
        return constant if constant is UNBOUND else self.members().get(name, constant)

    def get_item(self, machine: Machine, index: Value, location: SourceLocation) -> Value:
        found = self.members().get(index) if isinstance(index, str) else None
        return Unknown("a member of an enumeration", self) if found is None else found

    def call(self, machine: Machine, call: CallArguments) -> Value:
        wanted = call.get(0, "value")
        for member in self._distinct():
            if same(member, wanted) or equal(_value_of(member), wanted) is True:
                return member
        return Unknown("a member of an enumeration", self)

    def known_items(self) -> list[Value]:
        return self._distinct()

    def has_known_length(self) -> bool:
        # What a function of another library returns may be no member, or the same as another one.
        values = (
            member.value for member in self._distinct() if isinstance(member, EnumMember) and not member.is_automatic
        )
        return self.readable and not self.combines and not any(isinstance(value, Unknown) for value in values)

    def contains(self, item: Value) -> bool | None:
        return True if any(same(member, item) for member in self._distinct()) else None

    def has_instance(self, value: Value) -> bool | None:
        if isinstance(value, AbstractValue):
            return value.is_instance_of_project_class(self)
        return None if self._has_constants and any(same(member, value) for member in self._distinct()) else False


class EnumMember(AbstractValue):
    """A member of an enumeration: `Mode.FAST`, with its value."""

    __slots__ = ("cls", "name", "value")

    def __init__(self, cls: EnumClass, name: str, value: Value) -> None:
        self.cls = cls
        self.name = name
        # A constructor may set another value.
        is_made = any(cls.find(method)[1] is not None for method in ("__new__", "__init__"))
        self.value = Unknown("the value of a member") if is_made else value

    @property
    def is_automatic(self) -> bool:
        """Whether its value is `auto()`, which differs from all others."""
        return self.cls.given_by_call(self.name) == "auto"

    def get_attribute(self, machine: Machine, name: str) -> Value:
        if name in ("name", "_name_"):
            return self.name
        if name == "__class__":
            return self.cls
        attribute, owner = self.cls.find(name)
        if owner is None and name in ("value", "_value_"):
            return Unknown("the value of a member") if self.is_automatic else self.value
        return Unknown(f"an attribute {name}") if owner is None else bound_to(machine, attribute, self, self.cls)

    def call(self, machine: Machine, call: CallArguments) -> Value:
        method, owner = self.cls.find("__call__")
        if owner is None:
            return super().call(machine, call)
        return machine.call(method, CallArguments([self, *call.arguments], call.keywords, call.site, call.open))

    def contents(self) -> Iterable[Value]:
        return (self.value,)

    @property
    def precedence(self) -> int:
        return 2

    def truth(self) -> bool | None:
        if self._defines("__bool__", "__len__"):
            return None
        if not self.cls.combines or self.is_automatic:
            return True
        is_empty = equal(self.value, 0)
        return None if is_empty is None else not is_empty

    def is_key(self) -> bool:
        return not self._defines("__eq__", "__hash__")

    def is_data_only(self, depth: int) -> bool:
        return is_data_only(self.value, depth - 1)

    def is_callable(self) -> bool | None:
        return self._defines("__call__")

    def equals(self, other: Value) -> bool | None:
        return None if self._defines("__eq__") else self.is_same_object(other)

    def is_same_object(self, other: Value) -> bool | None:
        if not isinstance(other, EnumMember) or other.cls.node is not self.cls.node:
            return False
        if self.name == other.name:
            return True
        if self.is_automatic and other.is_automatic:
            return False
        return False if equal(self.value, other.value) is False else None

    def is_same(self, other: Value) -> bool:
        return isinstance(other, EnumMember) and other.cls.node is self.cls.node and other.name == self.name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EnumMember) and self.is_same(other)

    def __hash__(self) -> int:
        return hash((self.cls.node, self.name))

    def python_type(self) -> Value:
        return self.cls

    def is_instance_of_project_class(self, cls: AbstractValue) -> bool | None:
        return self.cls.is_subclass(cls)

    def is_instance_of_external(self, cls: ExternalClass) -> bool | None:
        if cls.name in self.cls.externals() or cls.name == "builtins.object":
            return True
        return super().is_instance_of_external(cls)

    def text(self) -> str | None:
        return None if self._defines("__str__") else f"{self.cls.name}.{self.name}"

    def variant_key(self, inner: Callable[[Value], Hashable]) -> Hashable:
        return self.cls.node, self.name

    def _defines(self, *names: str) -> bool:
        return any(self.cls.find(name)[1] is not None for name in names)

    def __repr__(self) -> str:
        return f"EnumMember({self.cls.name}.{self.name})"


def _value_of(member: Value) -> Value:
    return member.value if isinstance(member, EnumMember) else member
