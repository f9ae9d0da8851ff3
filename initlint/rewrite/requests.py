"""What a rule wants of a rewrite, as plain values: nothing here imports libcst."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class GainExpression:
    """The value of `calculate_gain(nonlinearity, param)`, which the file spells its own way."""

    nonlinearity: str
    param: float | None = None


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression, word for word."""

    text: str


Value: TypeAlias = "str | int | float | bool | GainExpression | Expression | None"
