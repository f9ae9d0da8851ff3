"""Joins: one value for two that hold under different conditions, where branches meet."""

from __future__ import annotations

from typing import Any

from initlint.graph.dataflow import Condition, FlowNode
from initlint.tracers.static.values.tensors import Tensor
from initlint.tracers.static.values.values import CONSTANTS, UNBOUND, ExternalName, Union, Unknown, Value, options


def same(one: Value, other: Value) -> bool:
    """Whether two values are surely the same, cheaply."""
    if one is other:
        return True
    if isinstance(one, CONSTANTS) and isinstance(other, CONSTANTS):
        return type(one) is type(other) and one == other
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, Tensor):
        return isinstance(other, Tensor) and one.node is other.node and one.storage is other.storage is None
    return isinstance(one, ExternalName) and one == other


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
    if all(isinstance(v, Tensor) and v.node is not None and v.storage is None for v, _ in merged):
        inputs = [(v.node, c) for v, c in merged]
        return Tensor(FlowNode("join", "join", inputs, None))
    view = _one_view([value for value, _ in merged])
    if view is not None:
        return view
    if len(merged) > _MAX_OPTIONS:
        return Unknown("too many alternatives")
    return Union(merged)


def _one_view(values: list[Value]) -> Tensor | None:
    """One view that represents several views of one parameter along the same axes; None if these differ."""
    views = [value for value in values if isinstance(value, Tensor) and value.storage is not None and value.axes]
    first = views[0] if views else None
    if first is None or len(views) < len(values):
        return None
    if any(v.node is not None or v.storage is not first.storage or v.axes != first.axes for v in views):
        return None
    return Tensor(None, first.storage, False, False, first.sources, None, first.transposed, axes=first.axes)


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
