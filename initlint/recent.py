"""A memory for what takes long to make, bounded by its size."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """What was put in or asked for last, up to a sum of sizes of `limit`; the last one in any case.

    What is put in once more, because it is needed again and again, counts against a limit of its own, `again`, if that
    is given, so that what is needed once does not drive it out: the algorithm 2Q (Johnson and Shasha, 1994).
    """

    def __init__(self, limit: int, again: int | None = None) -> None:
        self._new: _Bounded[Key, Value] = _Bounded(limit)
        self._old: _Bounded[Key, Value] = self._new if again is None else _Bounded(again)
        self._seen: set[Key] = set()

    def __contains__(self, key: Key) -> bool:
        return key in self._new.sized or key in self._old.sized

    def __getitem__(self, key: Key) -> Value:
        """Raises KeyError."""
        bounded = self._old if key in self._old.sized else self._new
        bounded.sized.move_to_end(key)
        return bounded.sized[key][0]

    def put(self, key: Key, value: Value, size: int) -> None:
        """Add what is not there, or is no more."""
        (self._old if key in self._seen else self._new).put(key, value, size)
        self._seen.add(key)


class _Bounded(Generic[Key, Value]):
    """Values with their sizes, the one that was used last at the end."""

    def __init__(self, limit: int) -> None:
        self.sized: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self._limit = limit
        self._total = 0

    def put(self, key: Key, value: Value, size: int) -> None:
        self.sized[key] = value, size
        self._total += size
        while self._total > self._limit and len(self.sized) > 1:
            _, (_, dropped) = self.sized.popitem(last=False)
            self._total -= dropped
