"""`sorted`, `list.sort`, `min` and `max`: the order of the items by their values, or by those of a `key` function."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.values.containers import ListValue
from initlint.tracers.static.values.external_names import FLOAT
from initlint.tracers.static.values.questions import (
    any_of,
    has_known_length,
    known_items,
    may_reach_parameters,
    without_unbound,
)
from initlint.tracers.static.values.values import UNBOUND, CallArguments, Unknown, Value


def in_order(interpreter: Interpreter, items: Sequence[Value], call: CallArguments) -> ListValue:
    """The items in the order that `sorted(items, key=..., reverse=...)` gives; `unordered` if that is not known."""
    keys = _sort_keys(interpreter, items, call)
    reverse = call.keywords.get("reverse", False)
    if keys is None or not isinstance(reverse, (bool, int)):
        return ListValue(items, unordered=len(items) > 1)
    try:
        order = sorted(range(len(items)), key=lambda at: keys[at], reverse=bool(reverse))
    except TypeError:
        return ListValue(items, unordered=True)
    return ListValue([items[at] for at in order])


def _sort_keys(interpreter: Interpreter, items: Sequence[Value], call: CallArguments) -> list[Any] | None:
    """What the items are compared by; None if that is not known."""
    function = call.keywords.get("key")
    values: Sequence[Value] = [without_unbound(item) for item in items]
    if function is not None:
        values = [interpreter.call(function, CallArguments([item], {}, call.site)) for item in values]
    keys = [key for key in map(_comparable, values) if key is not None]
    if len(keys) < len(values):
        return None
    # What follows the constants at the start of a tuple is compared only where these are equal.
    is_cut = any(isinstance(value, tuple) and len(value) > len(key) for value, key in zip(values, keys, strict=True))
    return None if is_cut and len(set(keys)) < len(keys) else keys


def _comparable(value: Value) -> tuple[Any, ...] | None:
    """A key with the same order as the value: its constants, up to the first value that is none."""
    if isinstance(value, (int, float, str)):
        return (value,)
    if not isinstance(value, tuple):
        return None
    constants: list[Any] = []
    for part in value:
        if not isinstance(part, (int, float, str)):
            break
        constants.append(part)
    return tuple(constants) or None


def extreme(interpreter: Interpreter, largest: bool, call: CallArguments) -> Value:
    """`min` and `max`; one of the items if the order is not known."""
    values = call.arguments
    if len(values) == 1:
        known = known_items(values[0])
        if known is None or not has_known_length(values[0]):
            origins = tuple(filter(may_reach_parameters, values))
            return Unknown("an extreme", None if origins else FLOAT, origins=origins)
        values = known
    if not values:
        return call.keywords.get("default", Unknown("an extreme of nothing"))
    ordered = in_order(interpreter, values, CallArguments([], _without_reverse(call, largest), call.site))
    if ordered.unordered or call.open:
        return any_of(values) if any(map(may_reach_parameters, values)) else Unknown("an extreme", FLOAT)
    return ordered.items[0]


def _without_reverse(call: CallArguments, largest: bool) -> dict[str, Value]:
    key = call.keywords.get("key", UNBOUND)
    return {"reverse": largest} if key is UNBOUND else {"reverse": largest, "key": key}
