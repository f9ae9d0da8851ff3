"""One of several values, each under its own condition; joins, which make it where branches meet; and items."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

from initlint.graph.dataflow import ALWAYS, Condition
from initlint.project.source import Location, SourceLocation
from initlint.tracers.static.values.constants import (
    are_data_only,
    has_known_length,
    known_items,
    same,
    set_attribute,
    truth,
)
from initlint.tracers.static.values.values import (
    UNBOUND,
    AbstractValue,
    CallArguments,
    ExternalClass,
    Machine,
    Raised,
    Unknown,
    Value,
)


class Union(AbstractValue):
    """One of several values, each under its own condition."""

    __slots__ = ("options",)

    def __init__(self, options: list[tuple[Value, Condition]]) -> None:
        self.options = options

    @property
    def values(self) -> list[Value]:
        """The alternatives without their conditions."""
        return [value for value, _ in self.options]

    def get_attribute(self, machine: Machine, name: str) -> Value:
        value = without_unbound(self)
        if not isinstance(value, Union):
            return machine.attribute(value, name)
        return machine.state.map_union(value, lambda option: machine.attribute(option, name))

    def set_attribute(self, machine: Machine, name: str, value: Value, location: Location | None) -> None:
        machine.state.map_union(self, lambda option: set_attribute(machine, option, name, value, location))

    def call(self, machine: Machine, call: CallArguments) -> Value:
        return machine.state.map_union(self, lambda option: machine.call(option, call))

    def known_items(self) -> list[Value] | None:
        value = without_unbound(self)
        return None if value.__class__ is Union else known_items(value)

    def has_known_length(self) -> bool:
        value = without_unbound(self)
        return value.__class__ is not Union and has_known_length(value)

    def truth(self) -> bool | None:
        return _agreed(truth(option) for option in self.values if option is not UNBOUND)

    def is_callable(self) -> bool | None:
        return None

    def has_attribute(self, machine: Machine, name: str) -> bool | None:
        return None

    def is_data_only(self, depth: int) -> bool:
        return are_data_only(self.values, depth)

    def is_instance_of_project_class(self, cls: AbstractValue) -> bool | None:
        return _agreed(cls.has_instance(option) for option in self.values if option is not UNBOUND)

    def is_instance_of_external(self, cls: ExternalClass) -> bool | None:
        return _agreed(cls.has_instance(option) for option in self.values if option is not UNBOUND)

    def variant_key(self, inner: Callable[[Value], Hashable]) -> Hashable:
        return Union, frozenset(map(inner, self.values))

    def __repr__(self) -> str:
        return f"Union({self.values!r})"


def _agreed(verdicts: Iterable[bool | None]) -> bool | None:
    """The verdict that all alternatives share; None if they differ."""
    distinct = set(verdicts)
    return distinct.pop() if len(distinct) == 1 else None


def options(value: Value) -> list[tuple[Value, Condition]]:
    """The alternatives of a value: several for a `Union`, else the value itself."""
    if isinstance(value, Union):
        return value.options
    return [(value, ALWAYS)]


def without_unbound(value: Value) -> Value:
    """The value without its unbound alternative; `UNBOUND` if that is the only one."""
    if value.__class__ is not Union:
        return value
    assert isinstance(value, Union)
    remaining = [(v, c) for v, c in value.options if v is not UNBOUND]
    if len(remaining) == len(value.options):
        return value
    return remaining[0][0] if len(remaining) == 1 else Union(remaining)


_MAX_OPTIONS = 6


def join(one: Value, when: Condition, other: Value, otherwise: Condition) -> Value:
    """The value that is `one` under the condition `when` and `other` under `otherwise`."""
    if same(one, other):
        return one
    if one.__class__ is not Union and other.__class__ is not Union:
        return _merged([(one, when), (other, otherwise)])
    merged: list[tuple[Value, Condition]] = []
    for value, condition in (
        *((v, c | when) for v, c in options(one)),
        *((v, c | otherwise) for v, c in options(other)),
    ):
        for at, (joined, under) in enumerate(merged):
            if same(value, joined):
                merged[at] = (joined, under & condition)
                break
        else:
            merged.append((value, condition))
    return merged[0][0] if len(merged) == 1 else _merged(merged)


def _merged(merged: list[tuple[Value, Condition]]) -> Value:
    """One value for several, no two of them the same."""
    (first, under), *others = merged
    one_value = first.merged_with(others, under) if isinstance(first, AbstractValue) else None
    if one_value is not None:
        return one_value
    return Unknown("too many alternatives") if len(merged) > _MAX_OPTIONS else Union(merged)


def join_fields(
    one: dict[Any, Value], when: Condition, other: dict[Any, Value], otherwise: Condition
) -> dict[Any, Value]:
    """Join two dictionaries by key; a key that only one of them has may be unbound."""
    merged = {}
    for key, value in one.items():
        beside = other.get(key, UNBOUND)
        # Fast path: most fields are unchanged by a branch.
        merged[key] = value if value is beside else join(value, when, beside, otherwise)
    for key, value in other.items():
        if key not in one:
            merged[key] = join(UNBOUND, when, value, otherwise)
    return merged


_MAX_ALTERNATIVES = 16


def get_item(machine: Machine, value: Value, index: Value, location: SourceLocation) -> Value:
    """`value[index]`. Raises `Raised` if there is surely no such item."""
    if isinstance(value, AbstractValue):
        return value.get_item(machine, index, location)
    if isinstance(value, (tuple, str, range)):
        return item_of_sequence(value, index)
    return Unknown("an item of something unknown")


def item_of_sequence(value: tuple[Value, ...] | str | range, index: Value) -> Value:
    """`value[index]` of a sequence of known length."""
    if isinstance(index, (int, slice)):
        try:
            return value[index]
        except (IndexError, ValueError):
            raise Raised from None
    if isinstance(value, tuple) and value:
        return any_of(value)
    return Unknown("an item at an unknown index")


def any_of(items: Sequence[Value]) -> Value:
    """One of several items."""
    if not items or len(items) > _MAX_ALTERNATIVES:
        return Unknown("an item at an unknown index")
    result = items[0]
    for at, other in enumerate(items[1:], 1):
        result = join(result, frozenset([(("item", at), False)]), other, frozenset([(("item", at), True)]))
    return result
