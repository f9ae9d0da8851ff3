"""Detects builder functions that differ from an earlier one only in numbers: `resnet34` after `resnet18`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Hashable, Iterable

from initlint.tracers.static.values.calls import Call
from initlint.tracers.static.values.containers import DictValue, ListValue
from initlint.tracers.static.values.objects import ClassValue, Function, Instance
from initlint.tracers.static.values.values import ExternalName, Partial, Union, Unknown, Value

_DEPTH = 6
"""Depth to which the arguments of two calls are compared."""


class SameBuilder(Exception):
    """The running builder is a variant of an earlier one, so its models need no interpretation."""


class BuilderVariants:
    """The calls that the builders of a file return, as keys that are equal for variants."""

    def __init__(self) -> None:
        self._known: set[Hashable] = set()
        self._latest: Hashable = None

    def watch(self, builder: Function) -> Callable[[Function, Call], None]:
        """A callback for each call made by `builder`; it raises `SameBuilder` at a known `return make(...)`.

        Only a call in a return statement is compared: a builder may change its model after any other call.
        """
        body = builder.node.body if not isinstance(builder.node, ast.Lambda) else []
        returned = [statement.value for statement in body if isinstance(statement, ast.Return)]
        self._latest = None

        def called(function: Function, call: Call) -> None:
            if not any(value is call.site.node for value in returned):
                return
            keywords = {(name, _comparison_key(value, builder.name)) for name, value in call.keywords.items()}
            positional = tuple(_comparison_key(value, builder.name) for value in call.arguments)
            self._latest = (function.node, positional, frozenset(keywords), call.open)
            if self._latest in self._known:
                raise SameBuilder

        return called

    def keep(self) -> None:
        """Remember the last watched builder, which has built a model; variants of it will be skipped."""
        if self._latest is not None:
            self._known.add(self._latest)


def _comparison_key(value: Value, own_name: str, depth: int = _DEPTH) -> Hashable:
    """A key that ignores numbers, the number of like items, and the name of the builder itself."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        return "" if value == own_name else value
    if isinstance(value, (int, float)):
        return int, value > 0, value < 0
    if isinstance(value, ExternalName):
        return value.name
    if isinstance(value, (ClassValue, Function)):
        return value.node
    if isinstance(value, Unknown):
        return Unknown
    if depth == 0:
        return object()

    def each(values: Iterable[Value]) -> frozenset[Hashable]:
        return frozenset(_comparison_key(one, own_name, depth - 1) for one in values)

    def by_name(values: dict[str, Value]) -> frozenset[Hashable]:
        return frozenset((name, _comparison_key(one, own_name, depth - 1)) for name, one in values.items())

    if isinstance(value, tuple):
        return tuple, each(value)
    if isinstance(value, ListValue):
        return list, value.open, each(value.items)
    if isinstance(value, DictValue):
        return dict, value.open, by_name(value.items)
    if isinstance(value, Union):
        return Union, each(value.values)
    if isinstance(value, Partial):
        return (
            Partial,
            _comparison_key(value.function, own_name, depth - 1),
            each(value.arguments),
            by_name(value.keywords),
        )
    if isinstance(value, Instance) and (not value.is_module or not value.fields):
        return Instance, _comparison_key(value.cls, own_name), by_name(value.fields)
    return object()
