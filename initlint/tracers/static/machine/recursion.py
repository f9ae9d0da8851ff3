"""Recursion that surely ends: each call gets a part of what the call around it got."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from initlint.tracers.static.values.objects import Instance, as_module
from initlint.tracers.static.values.questions import container_kind, contents
from initlint.tracers.static.values.values import CallArguments, Value

_PARTS_PER_STEP = 4
"""How many parts are compared in the time of a step."""


def descends(around: CallArguments, call: CallArguments, spend_steps: Callable[[int], None]) -> bool:
    """Whether an argument of `call` is a module or a list below an argument of the call of the same function around it.

    So a walk over the modules of a model, or over nested lists of layers, is one call for each of them.
    """
    wanted = {id(value) for value in call.values if _has_parts(value)}
    level = [value for value in around.values if _has_parts(value)]
    seen = set(map(id, level))
    wanted -= seen
    while level and wanted:
        below = [part for value in level for part in _parts(value) if id(part) not in seen]
        if any(id(part) in wanted for part in below):
            return True
        spend_steps(len(below) // _PARTS_PER_STEP)
        seen.update(map(id, below))
        level = [part for part in below if _has_parts(part)]
    return False


def _has_parts(value: Value) -> bool:
    return as_module(value) is not None or container_kind(value) in ("list", "dict", "tuple")


def _parts(value: Value) -> Iterable[Value]:
    module: Instance | None = as_module(value)
    if module is not None:
        return (child for _, child, _ in module.conditional_children())
    return contents(value)
