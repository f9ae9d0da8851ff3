"""Signatures in the tables of this package, and plain numbers from unknown arguments."""

from __future__ import annotations

import enum
import math
from typing import TypeAlias

_LARGEST_SIZE = 2**63 - 1


def number(value: object) -> float | None:
    """`value` as a float if it is a finite number (and no bool), else None."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        converted = float(value)
    except OverflowError:
        return None
    return converted if math.isfinite(converted) else None


def size(value: object) -> int | None:
    """`value` if it can be a tensor's size, else None."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= _LARGEST_SIZE else None


class Required(enum.Enum):
    """The default of a parameter that has none."""

    REQUIRED = "required"

    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED = Required.REQUIRED

Signature: TypeAlias = "tuple[tuple[str, object], ...]"
"""Parameters in order, each with its default or `REQUIRED`."""


def signature(required: str = "", /, **defaults: object) -> Signature:
    """The signature with the names in `required`, separated by blanks, then those with a default.

    >>> signature("tensor", gain=1.0)
    (('tensor', REQUIRED), ('gain', 1.0))
    """
    return (*((name, REQUIRED) for name in required.split()), *defaults.items())
