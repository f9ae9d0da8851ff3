"""The activation functions as curves, and their moments for a signal of any mean and mean square."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

from initlint.facts.activations import second_moment
from initlint.facts.signatures import number

__all__ = ["CURVES", "moments_at"]

_BOUND = 8.0
"""Standard deviations; beyond it the normal density is below the precision of a float."""
_STEPS = 640
_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def _sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))


def _softplus(z: float) -> float:
    return max(z, 0.0) + math.log1p(math.exp(-abs(z)))


def _clamped(z: float, low: float, high: float) -> float:
    return min(max(z, low), high)


CURVES: Mapping[str, Callable[[float], float]] = MappingProxyType(
    {
        "relu6": lambda z: _clamped(z, 0.0, 6.0),
        "gelu": lambda z: z * (1 + math.erf(z / math.sqrt(2))) / 2,
        "quick_gelu": lambda z: z * _sigmoid(1.702 * z),
        "silu": lambda z: z * _sigmoid(z),
        "mish": lambda z: z * math.tanh(_softplus(z)),
        "hardswish": lambda z: z * _clamped(z + 3, 0.0, 6.0) / 6,
        "tanh": math.tanh,
        "softsign": lambda z: z / (1 + abs(z)),
        "hardtanh": lambda z: _clamped(z, -1.0, 1.0),
        "selu": lambda z: _SELU_SCALE * (z if z > 0 else _SELU_ALPHA * math.expm1(z)),
        "sigmoid": _sigmoid,
        "hardsigmoid": lambda z: _clamped(z / 6 + 0.5, 0.0, 1.0),
        "logsigmoid": lambda z: -_softplus(-z),
        "elu": lambda z: z if z > 0 else math.expm1(z),
        "celu": lambda z: z if z > 0 else math.expm1(z),
        "softplus": _softplus,
        "tanhshrink": lambda z: z - math.tanh(z),
        "softshrink": lambda z: math.copysign(max(abs(z) - 0.5, 0.0), z),
        "hardshrink": lambda z: z if abs(z) > 0.5 else 0.0,
        "sin": math.sin,
    }
)
"""phi at torch's default arguments, by the operator's name as in `facts.activations`."""

_SLOPED = frozenset({"relu", "leaky_relu", "prelu", "rrelu"})
"""Piecewise linear activations with one bend, at zero; the slope below it depends on their arguments."""


def moments_at(op: str, arguments: Mapping[str, object], mean: float, moment: float) -> tuple[float, float] | None:
    """E[phi(x)] and E[phi(x)^2] of an activation, for a normal x with E[x] = `mean` and E[x^2] = `moment`.

    None if they are not known for these `arguments`. Computed by the trapezoidal rule, which is exact to all printed
    digits for a smooth function of a normal variable.
    """
    curve = _curve(op, arguments)
    if curve is None:
        return None
    if op == "glu":  # the gated half is multiplied by the sigmoid of the other one
        gate_mean, gate = _moments_of(curve, mean, moment)
        return mean * gate_mean, moment * gate
    return _moments_of(curve, mean, moment)


def _curve(op: str, arguments: Mapping[str, object]) -> Callable[[float], float] | None:
    at_unit_variance = second_moment(op, arguments)
    if at_unit_variance is None or (op == "elu" and number(arguments.get("alpha", 1.0)) != 1.0):
        return None
    if op in _SLOPED:
        slope = math.sqrt(max(0.0, 2 * at_unit_variance - 1))
        return lambda z: z if z > 0 else slope * z
    return _sigmoid if op == "glu" else CURVES.get(op)


def _moments_of(curve: Callable[[float], float], mean: float, moment: float) -> tuple[float, float]:
    deviation = math.sqrt(max(0.0, moment - mean * mean))
    step = 2 * _BOUND / _STEPS
    first = second = 0.0
    for at in range(_STEPS + 1):
        z = -_BOUND + at * step
        density = math.exp(-z * z / 2)
        value = curve(mean + deviation * z)
        first += density * value
        second += density * value * value
    scale = step / math.sqrt(2 * math.pi)
    return first * scale, second * scale
