"""Words that the data flow and the model of a network share: kinds of operations, and what is known of arguments."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias


class Undetermined(enum.Enum):
    """The value of an argument that the tracer could not determine."""

    UNDETERMINED = "?"

    def __repr__(self) -> str:
        return "UNDETERMINED"

    def __bool__(self) -> bool:
        raise TypeError("an undetermined value is neither true nor false; compare with `is UNDETERMINED`")


UNDETERMINED = Undetermined.UNDETERMINED

Arguments: TypeAlias = Mapping[str, Any]
"""By torch's name: str, int, float, bool, None, a tuple of these, or `UNDETERMINED`. Those left to their defaults are
absent."""


OperationKind: TypeAlias = Literal[
    "input", "layer", "activation", "modifier", "identity", "join", "factor", "sink", "output"
]
"""`layer`: has a weight. `modifier`: its `op` is listed in `Consumer.between`. `identity`: keeps the distribution of
the signal, such as dropout or a reshape. `join`: the result is one of the inputs. `factor`: a product of parameters,
without data. `sink`: ends a path, since nothing is known of its result (`matmul`, `unknown`, ...)."""
