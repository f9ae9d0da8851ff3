"""How the tables of this package write down a signature."""

from __future__ import annotations

import enum
from typing import TypeAlias


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
