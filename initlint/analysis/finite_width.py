"""How far one network of finite width is from the mean over all draws of its weights.

The mean square after a layer is a mean over its units: it is random, with a relative variance that falls as one over
the width, and what follows multiplies it. So its logarithm is nearly normal, with a variance that grows with the sum of
one over the widths: for ReLU layers of widths n by 5 / n each (Hanin and Nica, arXiv:1812.05994; Hanin and Rolnick,
arXiv:1803.01719). In general by (k - 1) / n: k is the kurtosis E[x^4] / E[x^2]^2 of the activation's output, 6 for a
ReLU at zero mean, 3 without activation, and large where rare values make up the mean square (a shrinkage of a small
signal). A variance v before an activation whose mean square is the power a of that of its input is a^2 v after it.

That variance is called the spread. The signal of most networks is below the mean, by exp(-spread / 2) for the median.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

LARGEST_SPREAD = 2 * math.log(2.0)
"""Beyond it half of all networks have less than half of the mean, and no figure is stated."""

_MOST = 100.0


class RandomVariance(Protocol):
    """What the functions below read of a variable."""

    @property
    def moment(self) -> float: ...
    @property
    def spread(self) -> float: ...
    @property
    def kurtosis(self) -> float: ...


def exponential(exponent: float) -> float:
    """exp, without overflow."""
    return math.exp(min(max(exponent, -_MOST), _MOST))


def spread_of_mean(spread: float, kurtosis: float, values: float) -> float:
    """Of the mean square of this many independent values, each with this spread and kurtosis."""
    return min(_MOST, spread + math.log1p(max(0.0, kurtosis - 1) / values))


def is_settled(spread: float, kurtosis: float, width: float | None) -> bool:
    """Whether the mean square of this many units says something about one network."""
    return (spread if width is None else spread_of_mean(spread, kurtosis, width)) <= LARGEST_SPREAD


def spread_of_sum(variables: Sequence[RandomVariance], weights: Sequence[float]) -> float:
    """Of a sum of mean squares: an upper bound, reached if they rise and fall together."""
    total = sum(weight * variable.moment for variable, weight in zip(variables, weights, strict=True))
    deviation = sum(
        weight * variable.moment * math.sqrt(max(0.0, variable.spread))
        for variable, weight in zip(variables, weights, strict=True)
    )
    return (deviation / total) ** 2 if total > 0 else 0.0


def kurtosis_of_sum(one: RandomVariance, other: RandomVariance) -> float:
    """Of the sum of two independent variables of mean zero."""
    total = one.moment + other.moment
    if total <= 0:
        return 3.0
    a, b = one.moment / total, other.moment / total
    return one.kurtosis * a * a + 6 * a * b + other.kurtosis * b * b


def kurtosis_of_mixture(variables: Sequence[RandomVariance], weights: Sequence[float]) -> float:
    """Of the units of all variables, which have these shares of the width."""
    total = sum(weights)
    moment = sum(weight * variable.moment for variable, weight in zip(variables, weights, strict=True)) / total
    if moment <= 0:
        return 3.0
    fourth = sum(
        weight * variable.kurtosis * (variable.moment / moment) ** 2
        for variable, weight in zip(variables, weights, strict=True)
    )
    return fourth / total
