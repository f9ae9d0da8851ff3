"""One of several values, each under its own condition."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable

from initlint.graph.dataflow import ALWAYS, Condition
from initlint.project.source import Location
from initlint.tracers.static.values.constants import (
    are_data_only,
    has_known_length,
    known_items,
    set_attribute,
    truth,
)
from initlint.tracers.static.values.values import UNBOUND, AbstractValue, Call, ExternalClass, Machine, Value


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

    def call(self, machine: Machine, call: Call) -> Value:
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
