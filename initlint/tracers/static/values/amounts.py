"""Numbers that are computed from unknown ones: their ratio is known where they are multiples of the same.

`2 * hidden` is a sum of products of unknown values, here of one. In `nn.Linear(hidden, 2 * hidden)` the layer has twice
as many outputs as inputs, whatever `hidden` is.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TypeAlias

from initlint._records import dataclass
from initlint.tracers.static.values.values import Unknown, Value

Powers: TypeAlias = "frozenset[tuple[Unknown, int]]"
"""A product: its factors, each with its exponent. The same object is always the same value."""

_MAX_TERMS = 8
"""A sum of more products, or a product of more factors, is one unknown number."""
_ONE: Powers = frozenset()


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum of products, each with its coefficient. Whole parts of quotients count as quotients.

    `is_float`: it is no whole number for Python, whatever the unknown numbers are.
    """

    terms: Mapping[Powers, float]
    is_float: bool = False

    def over(self, other: Amount) -> float | None:
        """The ratio of two amounts; None unless it is a positive number for all values of what is unknown."""
        if not self.terms or self.terms.keys() != other.terms.keys():
            return None
        ratios = [coefficient / other.terms[product] for product, coefficient in self.terms.items()]
        is_one = ratios[0] > 0 and all(math.isclose(ratio, ratios[0]) for ratio in ratios)
        return ratios[0] if is_one else None


def amount_of(value: Value) -> Amount | None:
    """The amount that a number is, also an unknown one; None for what is no number, or has alternatives."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _amount({_ONE: float(value)}, isinstance(value, float)) if math.isfinite(value) else None
    if not isinstance(value, Unknown) or value.node is not None:
        return None
    known: Amount | None = value.amount
    return known or Amount(MappingProxyType({frozenset([(value, 1)]): 1.0}))


def computed(operator: str, left: Value, right: Value) -> Amount | None:
    """`left <operator> right` as an amount; None if it is none."""
    one, other = amount_of(left), amount_of(right)
    if one is None or other is None:
        return None
    is_float = operator == "div" or one.is_float or other.is_float
    if operator in ("add", "sub"):
        sign = 1.0 if operator == "add" else -1.0
        total = dict(one.terms)
        for product, coefficient in other.terms.items():
            total[product] = total.get(product, 0.0) + sign * coefficient
        return _amount(total, is_float)
    if operator == "mul":
        return _product(one, other, is_float)
    if operator in ("div", "floor_divide") and len(other.terms) == 1:
        ((powers, coefficient),) = other.terms.items()
        inverse = frozenset((factor, -exponent) for factor, exponent in powers)
        return _product(one, Amount(MappingProxyType({inverse: 1 / coefficient})), is_float)
    return None


def _product(one: Amount, other: Amount, is_float: bool) -> Amount | None:
    total: dict[Powers, float] = {}
    for first, a in one.terms.items():
        for second, b in other.terms.items():
            exponents = Counter(dict(first))
            for factor, exponent in second:
                exponents[factor] += exponent
            powers = frozenset((factor, exponent) for factor, exponent in exponents.items() if exponent)
            total[powers] = total.get(powers, 0.0) + a * b
    return _amount(total, is_float)


def _amount(terms: Mapping[Powers, float], is_float: bool) -> Amount | None:
    kept = {product: coefficient for product, coefficient in terms.items() if coefficient}
    if not 0 < len(kept) <= _MAX_TERMS or any(len(product) > _MAX_TERMS for product in kept):
        return None
    return Amount(MappingProxyType(kept), is_float) if all(map(math.isfinite, kept.values())) else None


def is_float(value: Value) -> bool:
    """Whether it surely is a number of Python's type float, or what dividing gives for another type."""
    if isinstance(value, Unknown):
        return value.amount is not None and value.amount.is_float
    return isinstance(value, float)


def converted(value: Value, kind: type) -> Amount | None:
    """`int(value)` or `float(value)` as an amount; None if it is none."""
    amount = amount_of(value)
    return None if amount is None else replace(amount, is_float=kind is float)


def ratio(value: Value, to: Value) -> float | None:
    """How many times `to` the number `value` is; None if that depends on what is unknown."""
    one, other = amount_of(value), amount_of(to)
    return None if one is None or other is None else one.over(other)
