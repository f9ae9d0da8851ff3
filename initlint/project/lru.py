"""A memory for what takes long to make, bounded by its size."""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class SizedLRU(Generic[Key, Value]):
    """What was put in or asked for last, up to a sum of sizes of `limit`; the last one in any case.

    What has to be put in once more counts against a limit of its own, `again`, if that is given. Of it stays what is
    asked for most, so that what is needed by turns does not drive out one another.
    """

    def __init__(self, limit: int, again: int = 0) -> None:
        self._limit = limit
        self._again = again
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
        """Add what is not there, or is no more."""
        self._uses[key] += 1
        if self._uses[key] > 1 and self._make_room(key, size):
            self._frequent[key] = value, size
            self._frequent_total += size
            return
        self._recent[key] = value, size
        self._recent_total += size
        while self._recent_total > self._limit and len(self._recent) > 1:
            _, (_, dropped) = self._recent.popitem(last=False)
            self._recent_total -= dropped

    def _make_room(self, key: Key, size: int) -> bool:
        """Whether there is room beside what is asked for as often as `key`, or more often; what is less often goes."""
        while self._frequent_total + size > self._again:
            least = min(self._frequent, key=self._uses.__getitem__, default=key)
            if self._uses[least] >= self._uses[key]:
                return False
            self._frequent_total -= self._frequent.pop(least)[1]
        return True
