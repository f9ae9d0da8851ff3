"""Iterators that run code as their items are used: how many items they will give, and that only some may be used."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.values.containers import LazyIterator, ListValue
from initlint.tracers.static.values.questions import known_items, known_length
from initlint.tracers.static.values.values import CallArguments, Value

Sequential = Callable[[Interpreter, CallArguments], ListValue]


def lazily(compute: Sequential, in_step: slice | None = None) -> Sequential:
    """The function as an iterator, which runs when its items are used.

    `in_step`: the arguments of which it takes one item for each that it gives.
    """

    def create(interpreter: Interpreter, call: CallArguments) -> ListValue:
        count = None if in_step is None or call.open else lambda: shortest_ahead(call.arguments[in_step])
        return LazyIterator(lambda: compute(interpreter, call), count=count)

    return create


def use_partly(interpreter: Interpreter, iterable: Value) -> None:
    """Some of the items are used, so that it is not certain which of the code of an iterator runs."""
    if isinstance(iterable, LazyIterator) and iterable.is_pending:
        with interpreter.doubtful():
            known_items(iterable)


def length_ahead(iterable: Value) -> int | None:
    """The number of items, for which no iterator runs; None if it is not known."""
    if isinstance(iterable, LazyIterator) and iterable.is_pending:
        return iterable.length_ahead()
    return known_length(iterable)


def shortest_ahead(iterables: Iterable[Value]) -> int | None:
    """The least number of items of several iterables, of those for which it is known."""
    return min((length for length in map(length_ahead, iterables) if length is not None), default=None)
