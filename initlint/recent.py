"""A memory for what takes long to make, bounded by its size."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """What was put in or asked for last, up to a sum of sizes of `limit`; the last one in any case."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._sized: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self._total = 0

    def __contains__(self, key: Key) -> bool:
        return key in self._sized

    def __getitem__(self, key: Key) -> Value:
        """Raises KeyError."""
        self._sized.move_to_end(key)
        return self._sized[key][0]

    def put(self, key: Key, value: Value, size: int) -> None:
        """Add what is not there yet."""
        self._sized[key] = value, size
        self._total += size
        while self._total > self._limit and len(self._sized) > 1:
            _, (_, dropped) = self._sized.popitem(last=False)
            self._total -= dropped
