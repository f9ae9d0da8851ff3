"""Reading plain values out of arguments that may be anything."""

from __future__ import annotations

import math

_LARGEST_SIZE = 2**63 - 1


def number(value: object) -> float | None:
    """`value` as a float if it is a finite number (and no bool), else None."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def size(value: object) -> int | None:
    """`value` if it can be a tensor's size, else None."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= _LARGEST_SIZE else None
