"""Abstract lists and dictionaries, whose length may be unknown."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest
from typing import Any

from initlint.graph.dataflow import Condition
from initlint.tracers.static.values.join import join, join_fields
from initlint.tracers.static.values.values import UNBOUND, Value


class ListValue:
    """A list, set, deque or iterator. `open`: an unknown number of further items like these may follow.

    `origin`: the module whose submodules or parameters these are.
    """

    __slots__ = ("items", "kind", "open", "origin")

    def __init__(
        self, items: Iterable[Value] = (), open: bool = False, kind: str = "list", origin: Value = None
    ) -> None:
        self.items = list(items)
        self.open = open
        self.kind = kind
        self.origin = origin

    def save(self) -> Any:
        return (list(self.items), self.open)

    def restore(self, saved: Any) -> None:
        self.items, self.open = list(saved[0]), saved[1]

    def joined(self, one: Any, when: Condition, other: Any, otherwise: Condition) -> Any:
        pairs = zip_longest(one[0], other[0], fillvalue=UNBOUND)
        return [join(a, when, b, otherwise) for a, b in pairs], one[1] or other[1]

    def __repr__(self) -> str:
        return f"ListValue({self.items!r}{', open' if self.open else ''})"


class DictValue:
    """A dictionary with known keys. `open`: it may have further keys."""

    __slots__ = ("items", "open")

    def __init__(self, items: dict[Any, Value] | None = None, open: bool = False) -> None:
        self.items: dict[Any, Value] = dict(items or {})
        self.open = open

    def save(self) -> Any:
        return (dict(self.items), self.open)

    def restore(self, saved: Any) -> None:
        self.items, self.open = dict(saved[0]), saved[1]

    def joined(self, one: Any, when: Condition, other: Any, otherwise: Condition) -> Any:
        return join_fields(one[0], when, other[0], otherwise), one[1] or other[1]
