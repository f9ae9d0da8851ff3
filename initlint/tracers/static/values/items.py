"""`value[index]` of any value; this module answers for Python's constants and tuples."""

from __future__ import annotations

from collections.abc import Sequence

from initlint.project.source import SourceLocation
from initlint.tracers.static.values.join import join
from initlint.tracers.static.values.values import AbstractValue, Machine, Raised, Unknown, Value

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
