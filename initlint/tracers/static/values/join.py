"""Joins: one value for two that hold under different conditions, where branches meet."""

from __future__ import annotations

from typing import Any

from initlint.graph.dataflow import Condition
from initlint.tracers.static.values.constants import same
from initlint.tracers.static.values.unions import Union, options
from initlint.tracers.static.values.values import UNBOUND, AbstractValue, Unknown, Value

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
