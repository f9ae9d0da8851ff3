"""Builder functions of which one does as another did, with other numbers: `resnet34` after `resnet18`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Hashable, Iterable

from initlint.tracers.static.values.calls import Call
from initlint.tracers.static.values.containers import DictValue, ListValue
from initlint.tracers.static.values.objects import ClassValue, Function, Instance
from initlint.tracers.static.values.values import ExternalName, Partial, Union, Unknown, Value

_DEPTH = 6
"""How deep in lists and records two calls are compared."""


class SameBuilder(Exception):
    """The builder that is running is such a variant: what it builds tells nothing new."""


class BuilderVariants:
    """The calls that the builders of a file return, as far as they are told apart."""

    def __init__(self) -> None:
        self._known: set[Hashable] = set()
        self._latest: Hashable = None

    def watch(self, builder: Function) -> Callable[[Function, Call], None]:
        """To be called with each call that `builder` itself makes; raises `SameBuilder` at `return make(...)`.

        Nothing but such a return counts: what a builder does to its model afterwards may differ.
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
        """The last builder that was watched has built something: what is like it is known."""
        if self._latest is not None:
            self._known.add(self._latest)


def _comparison_key(value: Value, own_name: str, depth: int = _DEPTH) -> Hashable:
    """Equal for values that differ in numbers alone, be it how many there are of a kind, or in the builder's name."""
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
