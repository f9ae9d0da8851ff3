"""The functions of `itertools`."""

from __future__ import annotations

from collections.abc import Callable

from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.machine.lazy_iterators import lazily, length_ahead, use_partly
from initlint.tracers.static.values.containers import LazyIterator, ListValue
from initlint.tracers.static.values.iteration import MAX_UNROLL, iterate, truncated
from initlint.tracers.static.values.questions import any_of, has_known_length, known_items, may_be_unbound
from initlint.tracers.static.values.values import CallArguments, Unknown, Value


def _chain(interpreter: Interpreter, call: CallArguments) -> ListValue:
    compute = _chained if not any(map(_is_pending, call.arguments)) else lazily(_chained)
    return compute(interpreter, call)


def _is_pending(value: Value) -> bool:
    return isinstance(value, LazyIterator) and value.is_pending


def _chained(interpreter: Interpreter, call: CallArguments) -> ListValue:
    items: list[Value] = []
    all_known = True
    for argument in call.arguments:
        inner = known_items(argument)
        all_known = all_known and inner is not None
        items.extend(inner or ())
    return ListValue(*truncated(items, open=not all_known), kind="iterator")


def _chain_of_items(interpreter: Interpreter, call: CallArguments) -> Value:
    """`chain.from_iterable`."""
    iterables = call.get(0, "iterable", ())

    def compute(interpreter: Interpreter, call: CallArguments) -> ListValue:
        parts = [part for part, _ in iterate(interpreter, iterables)]
        items = [item for part in parts for item, _ in iterate(interpreter, part)]
        has_end = all(map(has_known_length, (iterables, *parts)))
        return ListValue(*truncated(items, open=not has_end), kind="iterator")

    return lazily(compute)(interpreter, call)


def _slice(interpreter: Interpreter, call: CallArguments) -> ListValue:
    iterable, bounds = call.get(0, "iterable", ()), _bounds(call)
    length = length_ahead(iterable)
    if bounds is None or bounds.step not in (None, 1) or not _reaches_end(bounds.stop, length):
        use_partly(interpreter, iterable)
    items = known_items(iterable)
    is_exact = bounds is not None and items is not None and not any(map(may_be_unbound, items))
    if bounds is None or items is None or not is_exact or not (has_known_length(iterable) or _is_within(bounds, items)):
        some = [item for item, _ in iterate(interpreter, iterable)]
        return ListValue([any_of(some)] if len(some) > 1 else some, open=True, kind="iterator")
    if isinstance(iterable, ListValue) and iterable.kind == "iterator":
        interpreter.state.save_before_change(iterable)
        iterable.items = items[len(items) if bounds.stop is None else bounds.stop :]
    return ListValue(items[bounds], kind="iterator")


def _bounds(call: CallArguments) -> slice | None:
    """The part of the items that `islice` is called for; None if it is not known."""
    bounds: list[int | None] = [
        bound for bound in call.arguments[1:] if bound is None or (isinstance(bound, int) and bound >= 0)
    ]
    if call.open or not 0 < len(bounds) == len(call.arguments) - 1 < 4:
        return None
    return slice(*bounds)


def _reaches_end(stop: int | None, length: int | None) -> bool:
    return stop is None or (length is not None and stop >= length)


def _is_within(bounds: slice, items: list[Value]) -> bool:
    return bounds.stop is not None and bounds.stop <= len(items)


def _repeat(interpreter: Interpreter, call: CallArguments) -> Value:
    value, times = call.get(0, "object", Unknown("no argument")), call.get(1, "times", None)
    if isinstance(times, int) and 0 <= times <= MAX_UNROLL:
        return ListValue([value] * times, kind="iterator")
    return ListValue([value] * 2, open=True, kind="iterator")


def _starmap(interpreter: Interpreter, call: CallArguments) -> ListValue:
    function, values = call.get(0, "function", Unknown("nothing")), call.get(1, "iterable", ())
    results = []
    for item, _ in iterate(interpreter, values):
        arguments = known_items(item)
        is_open = arguments is None or not has_known_length(item)
        results.append(interpreter.call(function, CallArguments(arguments or [], {}, call.site, is_open)))
    return ListValue(results, open=not has_known_length(values), kind="iterator")


ITERATOR_FUNCTIONS: dict[str, Callable[[Interpreter, CallArguments], Value]] = {
    "itertools.chain": _chain,
    "itertools.chain.from_iterable": _chain_of_items,
    "itertools.islice": lazily(_slice),
    "itertools.repeat": _repeat,
    "itertools.starmap": lazily(_starmap, slice(1, 2)),
}
"""By canonical name."""
