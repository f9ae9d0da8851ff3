"""Iteration: what a value yields, in which order, and under which conditions."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice

from initlint.graph.dataflow import ALWAYS, Condition
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.tensors.module_tree import conditional_children
from initlint.tracers.static.values.containers import DictValue, ListValue
from initlint.tracers.static.values.objects import ClassValue, Function, Instance
from initlint.tracers.static.values.tensors import Tensor
from initlint.tracers.static.values.values import (
    CONSTANTS,
    UNBOUND,
    ExternalName,
    Union,
    Unknown,
    Value,
    without_unbound,
)

MAX_UNROLL = 4096
"""Iterations of one loop or comprehension that are run one by one."""
MAX_SEQUENCE = 20_000
"""Items of a sequence that are kept."""
_MAX_NESTED = 64

_ORDERED = frozenset({"torch.nn.Sequential", "torch.nn.ModuleList", "torch.nn.ParameterList"})


def known_items(value: Value) -> list[Value] | None:
    """The items of a value that can be iterated over in a known way; None if they are not known."""
    value = without_unbound(value)
    if isinstance(value, ListValue):
        return value.items
    if isinstance(value, (tuple, str, range)):
        return list(value) if len(value) <= MAX_SEQUENCE else None
    if isinstance(value, DictValue):
        return list(value.items)
    if isinstance(value, Instance):
        if value.torch_name in _ORDERED and value.user_class is None:
            return list(value.fields.values())
        if value.torch_name in _ORDERED:
            return [module for _, module, _ in conditional_children(value)]
        if value.torch_name == "torch.nn.ModuleDict":
            return list(value.fields)
        if value.is_named_tuple:
            return list(value.fields.values())
    return None


def has_known_length(value: Value) -> bool:
    """Whether it is known how many items there are."""
    value = without_unbound(value)
    if isinstance(value, (ListValue, DictValue)):
        return not value.open
    if isinstance(value, Instance):
        return not value.open and known_items(value) is not None
    return isinstance(value, (tuple, str, range))


def truncated(items: list[Value], open: bool) -> tuple[list[Value], bool]:
    """The items, and whether there may be more; of what is too long or too deeply nested to keep, only the start.

    A loop that doubles a sequence, or puts it into itself twice, makes one that no memory holds.
    """
    if len(items) > MAX_SEQUENCE:
        return items[:2], True
    if any(isinstance(item, (tuple, ListValue)) for item in items) and _outweighs(items, MAX_SEQUENCE):
        return [Unknown("a sequence nested too deeply")], True
    return items, open


def _outweighs(items: list[Value], limit: int) -> bool:
    """Whether more than `limit` items are in these, each counted as often as it is there, or some too deep."""
    level, count, depth = items, 0, 0
    while level:
        count, depth = count + len(level), depth + 1
        if count > limit or depth > _MAX_NESTED:
            return True
        inner = (
            item if isinstance(item, tuple) else item.items for item in level if isinstance(item, (tuple, ListValue))
        )
        level = list(islice(chain.from_iterable(inner), limit + 1))
    return False


def iterate(interpreter: Interpreter, value: Value) -> Iterator[tuple[Value, Condition]]:
    """The items of a value, each with the conditions under which it is there.

    What cannot be iterated over in a known way is taken to have two items that are unknown, for a loop that
    builds or initialises layers is there to run.
    """
    value = without_unbound(value)
    if isinstance(value, Union):
        for option, condition in value.options:
            for item, under in iterate(interpreter, option):
                yield item, under | condition
        return
    items = known_items(value)
    if items is None:
        items = _unknown_items(value)
    elif len(items) > MAX_UNROLL:
        interpreter.note_not_followed(f"a loop of more than {MAX_UNROLL} steps")
        items = items[:2]
    # A copy: `layers += layers` must come to an end.
    for item in list(items):
        if isinstance(item, Union) and any(v is UNBOUND for v in item.values):
            for option, condition in item.options:
                if option is not UNBOUND:
                    yield option, condition
        else:
            yield item, ALWAYS


def _unknown_items(value: Value) -> list[Value]:
    if isinstance(value, Tensor):
        return [Tensor(value.node, sources=value.sources, storage=value.storage, covers_storage=False, shape=None)] * 2
    return [Unknown("an item of something unknown") for _ in range(2)]


def is_key(value: Value) -> bool:
    """Whether a dictionary of the interpreter can have it as a key."""
    if isinstance(value, tuple):
        return all(is_key(item) for item in value)
    if isinstance(value, (ClassValue, Function, ExternalName)):
        return True
    return isinstance(value, CONSTANTS) and not isinstance(value, slice)
