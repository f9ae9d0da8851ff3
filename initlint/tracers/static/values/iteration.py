"""The iteration protocol: the items of a value, in order, with their conditions."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice

from initlint.graph.dataflow import ALWAYS, Condition
from initlint.tracers.static.values.axes import index_axes
from initlint.tracers.static.values.questions import (
    MAX_SEQUENCE,
    Union,
    container_kind,
    contents,
    known_items,
    may_reach_parameters,
    without_unbound,
)
from initlint.tracers.static.values.tensors import Tensor
from initlint.tracers.static.values.values import UNBOUND, AbstractValue, Machine, Unknown, Value

MAX_UNROLL = 4096
"""Maximum number of iterations of one loop or comprehension."""
_MAX_NESTED = 64


def truncated(items: list[Value], open: bool) -> tuple[list[Value], bool]:
    """The items, and whether there may be more. A sequence that is too long or too deeply nested is cut off.

    Otherwise a loop that doubles a sequence, or nests it in itself twice, would use up all memory.
    """
    if len(items) > MAX_SEQUENCE:
        return items[:2], True
    if any(map(_is_sequence, items)) and _outweighs(items, MAX_SEQUENCE):
        return [Unknown("a sequence nested too deeply")], True
    return items, open


def _is_sequence(value: Value) -> bool:
    return container_kind(value) not in ("", "dict")


def _outweighs(items: list[Value], limit: int) -> bool:
    """Whether the items, with all nested ones, are more than `limit`, or nested too deeply."""
    level, count, depth = items, 0, 0
    while level:
        count, depth = count + len(level), depth + 1
        if count > limit or depth > _MAX_NESTED:
            return True
        inner = (contents(item) for item in level if _is_sequence(item))
        level = list(islice(chain.from_iterable(inner), limit + 1))
    return False


def iterate(machine: Machine, value: Value) -> Iterator[tuple[Value, Condition]]:
    """The items of a value, each with its condition.

    A value with unknown items is assumed to have two of them, because loops that build or initialize layers usually
    run.
    """
    value = without_unbound(value)
    if isinstance(value, AbstractValue):
        iterator = value.iterator(machine)
        value = value if iterator is UNBOUND else iterator
    if isinstance(value, Union):
        for option, condition in value.options:
            for item, under in iterate(machine, option):
                yield item, under | condition
        return
    items = known_items(value)
    if items is None:
        items = _unknown_items(value)
    elif len(items) > MAX_UNROLL:
        machine.note_not_followed(f"a loop of more than {MAX_UNROLL} steps")
        items = items[:2]
    # Iterate over a copy: `layers += layers` must terminate.
    for item in list(items):
        if isinstance(item, Union) and any(v is UNBOUND for v in item.values):
            for option, condition in item.options:
                if option is not UNBOUND:
                    yield option, condition
        else:
            yield item, ALWAYS


def _unknown_items(value: Value) -> list[Value]:
    if isinstance(value, Tensor):
        shape = value.shape[1:] if value.shape else None
        axes = index_axes(value.axes, 0)
        return [Tensor(value.node, value.storage, False, False, value.sources, shape, axes=axes)] * 2
    origins = (value,) if may_reach_parameters(value) else ()
    return [Unknown("an item of something unknown", origins=origins) for _ in range(2)]
