"""Python's built-in functions on sequences and iterables: `len`, `zip`, `map`, `sorted`, `sum`, ..."""

from __future__ import annotations

import ast
from collections.abc import Callable

from initlint.project.source import SourceLocation
from initlint.tracers.static.library.ordering import extreme, in_order
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.machine.lazy_iterators import lazily, length_ahead, shortest_ahead, use_partly
from initlint.tracers.static.tensors.arithmetic import arithmetic
from initlint.tracers.static.tensors.dataflow import unknown_result
from initlint.tracers.static.values.containers import LazyIterator, ListValue
from initlint.tracers.static.values.external_names import BOOL, INT
from initlint.tracers.static.values.functions import Function, as_function
from initlint.tracers.static.values.iteration import iterate
from initlint.tracers.static.values.questions import (
    bound_under,
    combine,
    container_kind,
    first_of,
    has_known_length,
    known_items,
    known_length,
    may_be_unbound,
    truth,
    without_unbound,
)
from initlint.tracers.static.values.tensors import as_tensor
from initlint.tracers.static.values.values import (
    CONSTANTS,
    UNBOUND,
    AbstractValue,
    CallArguments,
    Raised,
    Unknown,
    Value,
)

_TOO_LONG = 100_001
"""Ranges of this length or more are unknown: `len` raises OverflowError for very long ones."""
_ITEMS_PER_STEP = 64
"""How many items can be looked at in the time of a step."""


def _len(interpreter: Interpreter, call: CallArguments) -> Value:
    value = without_unbound(call.get(0, "obj", Unknown("nothing")))
    tensor = as_tensor(value)
    if tensor is not None:
        return tensor.shape[0] if tensor.shape and tensor.shape[0] is not None else Unknown("a length", INT)
    return length_of(interpreter, value)


def length_of(interpreter: Interpreter, value: Value) -> Value:
    """The number of items."""
    length = known_length(value)
    if length is None:
        return Unknown("a length", INT)
    interpreter.spend_steps(length // _ITEMS_PER_STEP)
    return length


def _range(interpreter: Interpreter, call: CallArguments) -> Value:
    bounds = [argument for argument in call.arguments if isinstance(argument, int)]
    if bounds and len(bounds) == len(call.arguments):
        try:
            numbers = range(*bounds)
        except (TypeError, ValueError):
            raise Raised from None
        if len(numbers[:_TOO_LONG]) < _TOO_LONG:
            return numbers
    return Unknown("a range")


def _zip(interpreter: Interpreter, call: CallArguments) -> ListValue:
    rows, open = _rows(interpreter, call.arguments)
    return ListValue(rows, open, kind="iterator")


def _rows(interpreter: Interpreter, iterables: list[Value]) -> tuple[list[tuple[Value, ...]], bool]:
    """The items of several iterables side by side, and whether there may be more.

    The shortest one ends it, so that it is not certain which of the code of a longer iterator runs.
    """
    shortest = shortest_ahead(iterables)
    for iterable in iterables:
        length = length_ahead(iterable)
        if shortest is not None and (length is None or length > shortest):
            use_partly(interpreter, iterable)
    columns = [[item for item, _ in iterate(interpreter, iterable)] for iterable in iterables]
    finite_columns = [column for column, iterable in zip(columns, iterables, strict=True) if has_known_length(iterable)]
    if not columns:
        return [], False
    count = min(len(column) for column in (finite_columns or columns))
    return [tuple(_repeating(column, at) for column in columns) for at in range(count)], not finite_columns


def _repeating(column: list[Value], at: int) -> Value:
    """An item of a column whose last item represents all further ones."""
    if at < len(column):
        return column[at]
    return column[-1] if column else Unknown("an item")


def _enumerate(interpreter: Interpreter, call: CallArguments) -> ListValue:
    value = call.get(0, "iterable", ())
    start = call.get(1, "start", 0)
    has_end = has_known_length(value)
    items: list[Value] = []
    for at, (item, condition) in enumerate(iterate(interpreter, value)):
        index: Value = at + start if has_end and isinstance(start, int) else Unknown("an index", INT)
        items.append(bound_under(condition, (index, item)))
    return ListValue(items, open=not has_end, kind="iterator")


def _map(interpreter: Interpreter, call: CallArguments) -> ListValue:
    function, iterable = call.get(0, "function", Unknown("nothing")), call.get(1, "iterable", ())
    if len(call.arguments) > 2:
        rows, open = _rows(interpreter, call.arguments[1:])
        values = [interpreter.call(function, CallArguments(list(row), {}, call.site)) for row in rows]
        return ListValue(values, open, kind="iterator")
    results = _each(
        interpreter, iterable, lambda item: interpreter.call(function, CallArguments([item], {}, call.site))
    )
    return ListValue(results, open=not has_known_length(iterable), kind="iterator")


def _each(interpreter: Interpreter, iterable: Value, act: Callable[[Value], Value]) -> list[Value]:
    """What `act` gives for each item, under the condition of that item."""
    before = interpreter.state.condition
    results: list[Value] = []
    try:
        for item, under in iterate(interpreter, iterable):
            interpreter.state.condition = before | under
            results.append(bound_under(under, act(item)))
    finally:
        interpreter.state.condition = before
    return results


def _items(interpreter: Interpreter, iterable: Value) -> list[Value]:
    """The items, which are unbound where they are not there."""
    return [bound_under(under, item) for item, under in iterate(interpreter, iterable)]


def _filter(interpreter: Interpreter, call: CallArguments) -> ListValue:
    function = call.get(0, "function", None)
    iterable = call.get(1, "iterable", ())

    def tested(item: Value) -> Value:
        return item if function is None else interpreter.call(function, CallArguments([item], {}, call.site))

    verdicts = [truth(result) for result in _each(interpreter, iterable, tested)]
    items = [
        item for item, verdict in zip(_items(interpreter, iterable), verdicts, strict=True) if verdict is not False
    ]
    result = ListValue(items, open=None in verdicts or not has_known_length(iterable), kind="iterator")
    tested_by = as_function(function)
    result.select_from(iterable, [] if tested_by is None else [_test_of(tested_by)])
    return result


def _test_of(function: Function) -> SourceLocation:
    """The test that a lambda makes; of a longer function, all of it."""
    node = function.node
    return SourceLocation(function.scope.source, node.body if isinstance(node, ast.Lambda) else node)


def _list(interpreter: Interpreter, call: CallArguments) -> Value:
    if not call.arguments:
        return ListValue()
    value = without_unbound(call.arguments[0])
    return interpreter.state.map_union(value, lambda option: _list_of(interpreter, option))


def _list_of(interpreter: Interpreter, value: Value) -> Value:
    iterator = value.iterator(interpreter) if isinstance(value, AbstractValue) else UNBOUND
    value = value if iterator is UNBOUND else iterator
    if known_items(value) is None:
        return Unknown("a list of something unknown") if as_tensor(value) is None else value
    result = ListValue(_items(interpreter, value), not has_known_length(value))
    result.select_from(value, ())
    return result


def _from_list(interpreter: Interpreter, call: CallArguments, make: Callable[[ListValue], Value]) -> Value:
    """What `make` gives for the list of the items of the first argument; an unknown value if they are not known."""
    items = _list(interpreter, call)
    return interpreter.state.map_union(items, lambda option: make(option) if isinstance(option, ListValue) else option)


def _tuple(interpreter: Interpreter, call: CallArguments) -> Value:
    def of_list(items: ListValue) -> Value:
        return items if items.open or any(map(may_be_unbound, items.items)) else tuple(items.items)

    return _from_list(interpreter, call, of_list)


def _set(interpreter: Interpreter, call: CallArguments) -> Value:
    return _from_list(interpreter, call, lambda items: ListValue(_unique(items.items), items.open, "set"))


def _unique(items: list[Value]) -> list[Value]:
    unique: list[Value] = []
    for item in items:
        if not any(
            item is other or (isinstance(item, CONSTANTS) and isinstance(other, CONSTANTS) and item == other)
            for other in unique
        ):
            unique.append(item)
    return unique


def _reversed(interpreter: Interpreter, call: CallArguments) -> Value:
    return _from_list(interpreter, call, lambda items: ListValue(items.items[::-1], items.open))


def _sorted(interpreter: Interpreter, call: CallArguments) -> Value:
    def of_list(items: ListValue) -> Value:
        ordered = in_order(interpreter, items.items, call)
        ordered.open = items.open
        return ordered

    return _from_list(interpreter, call, of_list)


def _next(interpreter: Interpreter, call: CallArguments) -> Value:
    value = without_unbound(call.get(0, "iterator", Unknown("nothing")))
    use_partly(interpreter, value)
    if isinstance(value, ListValue):
        if value.kind == "iterator" and value.items:
            interpreter.state.save_before_change(value)
            first = first_of(value.items)
            value.items.pop(0)
            return first
        if not value.open and not value.items and len(call.arguments) > 1:
            return call.arguments[1]
    return Unknown("the next item")


def _iter(interpreter: Interpreter, call: CallArguments) -> Value:
    def as_iterator(items: ListValue) -> Value:
        items.kind = "iterator"
        return items

    if isinstance(call.get(0, "iterable"), LazyIterator):
        return call.arguments[0]
    return _from_list(interpreter, call, as_iterator)


def _extreme(largest: bool) -> Callable[[Interpreter, CallArguments], Value]:
    return lambda interpreter, call: extreme(interpreter, largest, call)


def _sum(interpreter: Interpreter, call: CallArguments) -> Value:
    items = known_items(call.get(0, "iterable", ()))
    if items is None or not has_known_length(call.arguments[0] if call.arguments else ()):
        return unknown_result(interpreter, "a sum", call.values, call.site)
    total: Value = call.get(1, "start", 0)
    for item in items:
        if isinstance(total, (int, float)) and isinstance(item, (int, float)):
            total = total + item
        elif _is_list(total) and _is_list(item):
            total = combine("add", total, item)
        elif total == 0 and isinstance(total, int):
            total = item
        else:
            total = arithmetic(interpreter, "add", total, item, call.site)
    return total


def _is_list(value: Value) -> bool:
    return container_kind(value) not in ("", "tuple", "dict")


def _any(wanted: bool) -> Callable[[Interpreter, CallArguments], Value]:
    def run(interpreter: Interpreter, call: CallArguments) -> Value:
        use_partly(interpreter, call.get(0, "iterable", ()))
        items = known_items(call.get(0, "iterable", ()))
        if items is None:
            return Unknown("a test of several", BOOL)
        verdicts = [None if truth(item) is wanted and may_be_unbound(item) else truth(item) for item in items]
        if wanted in verdicts:
            return wanted
        all_known = None not in verdicts and has_known_length(call.arguments[0] if call.arguments else ())
        return (not wanted) if all_known else Unknown("a test of several", BOOL)

    return run


SEQUENCE_FUNCTIONS: dict[str, Callable[[Interpreter, CallArguments], Value]] = {
    "len": _len,
    "range": _range,
    "zip": lazily(_zip, slice(0, None)),
    "enumerate": lazily(_enumerate, slice(0, 1)),
    "map": lazily(_map, slice(1, None)),
    "filter": lazily(_filter),
    "list": _list,
    "tuple": _tuple,
    "set": _set,
    "frozenset": _set,
    "reversed": _reversed,
    "sorted": _sorted,
    "next": _next,
    "iter": _iter,
    "min": _extreme(False),
    "max": _extreme(True),
    "sum": _sum,
    "any": _any(True),
    "all": _any(False),
}
