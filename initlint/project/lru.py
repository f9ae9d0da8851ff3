"""An LRU cache that is bounded by the total size of its values."""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class SizedLRU(Generic[Key, Value]):
    """Keeps the most recent values up to a total size of `recent_limit`, and always the newest.

    A value that is put in again moves to a second part, of a total size up to `frequent_limit`, if there is room.
    That part keeps the values that are used most: values that are needed in turns do not push each other out.
    """

    def __init__(self, recent_limit: int, frequent_limit: int = 0) -> None:
        self._recent_limit = recent_limit
        self._frequent_limit = frequent_limit
        self._recent: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self._frequent: dict[Key, tuple[Value, int]] = {}
        self._recent_total = self._frequent_total = 0
        self._uses: Counter[Key] = Counter()

    def __contains__(self, key: Key) -> bool:
        return key in self._recent or key in self._frequent

    def __getitem__(self, key: Key) -> Value:
        """Raises KeyError."""
        if key in self._frequent:
            self._uses[key] += 1
            return self._frequent[key][0]
        self._recent.move_to_end(key)
        return self._recent[key][0]

    def put(self, key: Key, value: Value, size: int) -> None:
        """Add a value whose key is not contained."""
        self._uses[key] += 1
        if self._uses[key] > 1 and self._make_room(key, size):
            self._frequent[key] = value, size
            self._frequent_total += size
            return
        self._recent[key] = value, size
        self._recent_total += size
        while self._recent_total > self._recent_limit and len(self._recent) > 1:
            _, (_, dropped_size) = self._recent.popitem(last=False)
            self._recent_total -= dropped_size

    def _make_room(self, key: Key, size: int) -> bool:
        """Drop frequent values that are used less than `key`. Whether that makes enough room."""
        while self._frequent_total + size > self._frequent_limit:
            least_used = min(self._frequent, key=self._uses.__getitem__, default=key)
            if self._uses[least_used] >= self._uses[key]:
                return False
            self._frequent_total -= self._frequent.pop(least_used)[1]
        return True
