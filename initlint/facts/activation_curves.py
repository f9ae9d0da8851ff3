"""Activation functions as curves, and the moments of functions of a normal variable.

Every figure about a signal comes from here: E[f(z)], E[f(z)^2], E[f'(z)^2] and E[f(z) f(z')] for normal z of any mean
and variance. `f` is an `Expression`: an activation, a sum or a product of such, at any arguments.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from initlint.facts.signatures import number

__all__ = [
    "BOUNDED",
    "IDENTITY",
    "Activated",
    "Affine",
    "Combined",
    "Expression",
    "Moments",
    "Response",
    "Smoothed",
    "activated",
    "largest_of",
    "moments_at",
    "moments_of",
    "response_of",
    "size_of",
    "slope_moment",
    "slope_response",
]

_FARTHEST = 8.0
"""Standard deviations; beyond it the normal density is below the precision of a float."""
_INNER, _OUTER = 320, 64
"""Intervals of the trapezoidal rule: for one variable, and for the variable that two share."""
_MOSTLY_SHARED = 0.95
_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772

Curve = Callable[[float], float]


def _sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))


def _softplus(z: float) -> float:
    return max(z, 0.0) + math.log1p(math.exp(-abs(z)))


def _clamp(z: float, low: float, high: float) -> float:
    return min(max(z, low), high)


def _elu(alpha: float) -> Curve:
    return lambda z: z if z > 0 else alpha * math.expm1(z)


def _celu(alpha: float) -> Curve:
    return lambda z: z if z > 0 else alpha * math.expm1(z / alpha)


CURVES: Mapping[str, Curve] = MappingProxyType(
    {
        "relu": lambda z: max(z, 0.0),
        "relu6": lambda z: _clamp(z, 0.0, 6.0),
        "gelu": lambda z: z * (1 + math.erf(z / math.sqrt(2))) / 2,
        "quick_gelu": lambda z: z * _sigmoid(1.702 * z),
        "silu": lambda z: z * _sigmoid(z),
        "mish": lambda z: z * math.tanh(_softplus(z)),
        "hardswish": lambda z: z * _clamp(z + 3, 0.0, 6.0) / 6,
        "tanh": math.tanh,
        "softsign": lambda z: z / (1 + abs(z)),
        "selu": lambda z: _SELU_SCALE * (z if z > 0 else _SELU_ALPHA * math.expm1(z)),
        "sigmoid": _sigmoid,
        "hardsigmoid": lambda z: _clamp(z / 6 + 0.5, 0.0, 1.0),
        "logsigmoid": lambda z: -_softplus(-z),
        "tanhshrink": lambda z: z - math.tanh(z),
        "sin": math.sin,
    }
)
"""Activations without arguments that matter, by the operator's name as in `facts.activations`."""

_SHAPED: Mapping[str, tuple[Mapping[str, float], Callable[..., Curve]]] = MappingProxyType(
    {
        "leaky_relu": ({"negative_slope": 0.01}, lambda slope: lambda z: z if z > 0 else slope * z),
        "prelu": ({"init": 0.25}, lambda slope: lambda z: z if z > 0 else slope * z),
        "rrelu": (
            {"lower": 1 / 8, "upper": 1 / 3},
            lambda lower, upper: lambda z: z if z > 0 else (lower + upper) / 2 * z,
        ),
        "elu": ({"alpha": 1.0}, _elu),
        "celu": ({"alpha": 1.0}, _celu),
        "hardtanh": ({"min_val": -1.0, "max_val": 1.0}, lambda low, high: lambda z: _clamp(z, low, high)),
        "softplus": ({"beta": 1.0}, lambda beta: lambda z: _softplus(beta * z) / beta),
        "softshrink": ({"lambd": 0.5}, lambda cut: lambda z: math.copysign(max(abs(z) - cut, 0.0), z)),
        "hardshrink": ({"lambd": 0.5}, lambda cut: lambda z: z if abs(z) > cut else 0.0),
        "threshold": (
            {"threshold": math.nan, "value": math.nan},
            lambda cut, value: lambda z: z if z > cut else value,
        ),
    }
)
"""Activations whose curve depends on arguments: these with torch's defaults (nan: required), and the curve for them."""

_DIVIDING = frozenset({"celu", "softplus"})
"""Activations that divide by their argument, which torch wants to be positive."""

_WITH_JUMPS = ("hardshrink", "threshold")
"""Activations that pass a value as it is or replace it by a constant."""

BOUNDED = frozenset({"relu6", "tanh", "softsign", "hardtanh", "sigmoid", "hardsigmoid", "sin"})
"""Activations whose output cannot grow with their input."""


class Activated(NamedTuple):
    """An activation of an expression; `values` are its arguments, in the order of `_SHAPED`."""

    op: str
    values: tuple[float, ...]
    inner: Expression


class Combined(NamedTuple):
    """The sum (`add`) or product (`mul`) of expressions of one variable."""

    op: str
    parts: tuple[Expression, ...]


class Affine(NamedTuple):
    """`factor` times an expression, plus `offset`."""

    factor: float
    offset: float
    inner: Expression


class Smoothed(NamedTuple):
    """The mean of an expression over an independent normal part of its variable, of this `variance`."""

    variance: float
    inner: Expression


Expression: TypeAlias = "Activated | Affine | Combined | Smoothed | None"
"""A function of one variable; None is the identity. Hashable: moments are cached by it."""

IDENTITY: Expression = None


class Moments(NamedTuple):
    """Moments of f(x) for a normal x, and of f(x) f(y) for two that share a part of their variance."""

    mean: float
    moment: float
    """E[f(x)^2]."""
    shared: float
    """E[f(x) f(y)]."""


class Response(NamedTuple):
    """What becomes of the mean square F of f(x) if the variance q of a normal x is random itself."""

    kurtosis: float
    """E[f^4] / E[f^2]^2."""
    order: float
    """d ln F / d ln q: 1 for a ReLU, 3 where f is a cube, 0 where it is bounded and x large."""
    bend: float
    """E[F(q)] is F(E[q]) exp(bend v), for a log-normal q with ln q of variance v: exactly for powers of q."""


_LINEAR = Response(3.0, 1.0, 0.0)
_CONSTANT = Response(1.0, 0.0, 0.0)
_STEP = 0.3
"""Of ln q, between which F is taken."""


@lru_cache(maxsize=1024)
def size_of(expression: Expression) -> int:
    """How many activations, sums and products are computed for one value of `expression`."""
    if expression is None:
        return 0
    parts = expression.parts if isinstance(expression, Combined) else (expression.inner,)
    return 1 + sum(map(size_of, parts))


def activated(op: str, arguments: Mapping[str, object], inner: Expression = IDENTITY) -> Activated | None:
    """The activation `op` of `inner`; None if it is no function of one variable, or an argument is not known."""
    if op in CURVES:
        return Activated(op, (), inner)
    if op not in _SHAPED:
        return None
    values = [number(arguments.get(name, default)) for name, default in _SHAPED[op][0].items()]
    known = tuple(value for value in values if value is not None and not math.isnan(value))
    if len(known) < len(values) or (op in _DIVIDING and known[0] <= 0):
        return None
    return Activated(op, known, inner)


@lru_cache(maxsize=256)
def curve_of(expression: Expression) -> Curve:
    """The expression as a function."""
    if expression is None:
        return lambda z: z
    if isinstance(expression, Activated):
        outer = CURVES[expression.op] if expression.op in CURVES else _SHAPED[expression.op][1](*expression.values)
        if expression.inner is None:
            return outer
        inner = curve_of(expression.inner)
        return lambda z: outer(inner(z))
    if isinstance(expression, Affine):
        scaled, factor, offset = curve_of(expression.inner), expression.factor, expression.offset
        return lambda z: factor * scaled(z) + offset
    if isinstance(expression, Smoothed):
        inner, deviation = curve_of(expression.inner), math.sqrt(expression.variance)
        return lambda z: sum(weight * inner(z + deviation * u) for u, weight in _grid(_OUTER // 2))
    parts = [curve_of(part) for part in expression.parts]
    if expression.op == "add":
        return lambda z: sum(part(z) for part in parts)
    return lambda z: math.prod(part(z) for part in parts)


def moments_of(expression: Expression, mean: float, moment: float, shared: float) -> Moments:
    """The moments of `expression` for normal x and y with E[x] = E[y] = `mean`, E[x^2] = `moment`, E[xy] = `shared`.

    Exact for the identity and, at mean zero, for activations with one bend at zero (Cho and Saul, 2009); else by the
    trapezoidal rule, which converges faster than any power of the step for a smooth function of a normal variable.
    """
    if expression is None:
        return Moments(mean, moment, shared)
    slope = _slope_below_zero(expression)
    if slope is not None and mean == 0:
        return _one_bend(slope, moment, shared)
    # Six digits are more than any use needs, and let equal layers share an entry of the cache.
    return _integrated(expression, *(float(f"{value:.6g}") for value in (mean, moment, shared)))


def slope_moment(expression: Expression, inner: Expression, mean: float, moment: float, count: int = 1) -> float:
    """E[f'(g(x))^2] of the outermost activation f of `expression`, whose input is `inner` = g(x).

    For a normal x, or the largest of `count` values of it.
    """
    slope = _slope_below_zero(expression)
    if slope is not None and inner is None and mean == 0:
        below = 0.5**count
        return 1 - below + below * slope * slope
    return _integrated_slope(expression, inner, *(float(f"{value:.6g}") for value in (mean, moment)), count)


def response_of(expression: Expression, mean: float, moment: float, count: int = 1) -> Response:
    """The response of `expression` at a normal x, or of the largest of `count` values of it."""
    slope = _slope_below_zero(expression)
    if count == 1 and expression is None:
        variance = moment - mean * mean
        if mean == 0 or variance <= 0:
            return _LINEAR
        fourth = mean**4 + 6 * mean * mean * variance + 3 * variance * variance
        order = variance / moment
        return Response(fourth / (moment * moment), order, 0.0)
    if count == 1 and slope is not None and mean == 0:
        return Response(6 * (1 + slope**4) / (1 + slope * slope) ** 2, 1.0, 0.0)
    return _integrated_response(expression, *(float(f"{value:.4g}") for value in (mean, moment)), count)


def slope_response(expression: Expression, inner: Expression, mean: float, moment: float) -> Response:
    """The response of f'(g(x)) for the outermost activation f of `expression`, whose input is `inner` = g(x)."""
    slope = _slope_below_zero(expression)
    if slope is not None and inner is None and mean == 0:
        return Response(2 * (1 + slope**4) / (1 + slope * slope) ** 2, 0.0, 0.0)
    return _integrated_slope_response(expression, inner, *(float(f"{value:.4g}") for value in (mean, moment)))


def moments_at(op: str, arguments: Mapping[str, object], mean: float, moment: float) -> tuple[float, float] | None:
    """E[phi(x)] and E[phi(x)^2] of an activation, for a normal x with E[x] = `mean` and E[x^2] = `moment`.

    None if the activation is no function of one variable, or an argument is not known.
    """
    expression = activated(op, arguments)
    if expression is None:
        return None
    moments = moments_of(expression, mean, moment, mean * mean)
    return moments.mean, moments.moment


def largest_of(expression: Expression, mean: float, moment: float, shared: float, count: int) -> Moments:
    """The moments of the largest of `count` values f(x), f(y), ..., for an f that never falls. Else a lower bound."""
    return _integrated(expression, *(float(f"{value:.6g}") for value in (mean, moment, shared)), count)


def _slope_below_zero(expression: Expression) -> float | None:
    """Of an activation of the variable itself that is linear on both sides of zero."""
    if not isinstance(expression, Activated) or expression.inner is not None:
        return None
    if expression.op == "relu":
        return 0.0
    if expression.op in ("leaky_relu", "prelu", "rrelu"):
        return sum(expression.values) / len(expression.values)
    return None


def _one_bend(slope: float, moment: float, shared: float) -> Moments:
    if moment <= 0:
        return Moments(0.0, 0.0, 0.0)
    cosine = min(max(shared / moment, -1.0), 1.0)
    kernel = (math.sqrt(1 - cosine * cosine) + cosine * (math.pi - math.acos(cosine))) / (2 * math.pi)
    mixed = slope * slope * cosine + slope * (1 - slope) * cosine + (1 - slope) ** 2 * kernel
    mean = (1 - slope) * math.sqrt(moment / (2 * math.pi))
    return Moments(mean, moment * (1 + slope * slope) / 2, moment * mixed)


@lru_cache(maxsize=16)
def _grid(intervals: int) -> tuple[tuple[float, float], ...]:
    """Nodes in standard deviations, and their weights under the normal density."""
    step = 2 * _FARTHEST / intervals
    nodes = [-_FARTHEST + at * step for at in range(intervals + 1)]
    weights = [math.exp(-z * z / 2) for z in nodes]
    total = sum(weights)
    return tuple((z, weight / total) for z, weight in zip(nodes, weights, strict=True))


@lru_cache(maxsize=16)
def _grid_of_largest(intervals: int, count: int) -> tuple[tuple[float, float], ...]:
    """The same for the largest of `count` independent normal variables."""
    # Relative to the last node, where all values are below z: no power overflows, and not all vanish.
    others, last = min(count - 1, sys.float_info.max), 1 + math.erf(_FARTHEST / math.sqrt(2))
    weighted = [(z, weight * ((1 + math.erf(z / math.sqrt(2))) / last) ** others) for z, weight in _grid(intervals)]
    total = sum(weight for _, weight in weighted)
    return tuple((z, weight / total) for z, weight in weighted)


@lru_cache(maxsize=4096)
def _integrated(expression: Expression, mean: float, moment: float, shared: float, count: int = 1) -> Moments:
    curve = curve_of(expression)
    variance = max(0.0, moment - mean * mean)
    common = min(max(0.0, shared - mean * mean), variance)
    own = math.sqrt(variance - common)
    if common <= 1e-9 * variance:
        grid = _grid_of_largest(_INNER, count) if count > 1 else _grid(_INNER)
        first, second = _sums(curve, mean, own, grid)
        return Moments(first, second, first * first)
    # A function that jumps is smooth in the shared part only at the scale of the rest.
    is_mostly_shared = common > _MOSTLY_SHARED * variance
    intervals = _INNER // 10 if is_mostly_shared else _INNER // 5
    grid = _grid_of_largest(intervals, count) if count > 1 else _grid(intervals)
    mean_sum = second_sum = shared_sum = 0.0
    for u, weight in _grid(_INNER if is_mostly_shared else _OUTER // 2):
        first, second = _sums(curve, mean + math.sqrt(common) * u, own, grid)
        mean_sum += weight * first
        second_sum += weight * second
        shared_sum += weight * first * first
    return Moments(mean_sum, second_sum, shared_sum)


def _sums(curve: Curve, mean: float, deviation: float, grid: tuple[tuple[float, float], ...]) -> tuple[float, float]:
    if deviation == 0:
        value = curve(mean)
        return value, value * value
    first = second = 0.0
    for z, weight in grid:
        value = curve(mean + deviation * z)
        first += weight * value
        second += weight * value * value
    return first, second


@lru_cache(maxsize=4096)
def _integrated_response(expression: Expression, mean: float, moment: float, count: int) -> Response:
    curve, variance = curve_of(expression), moment - mean * mean
    if count == 1:
        return _response(curve, mean, variance)
    ratios = [math.exp(step) for step in (-_STEP, 0.0, _STEP)]
    moments = [largest_of(expression, mean, mean * mean + variance * ratio, mean * mean, count) for ratio in ratios]
    below, at, above = (each.moment for each in moments)
    if variance <= 0 or min(below, at, above) <= 0:
        return _CONSTANT
    order, second = (above - below) / (2 * _STEP * at), (above - 2 * at + below) / (_STEP * _STEP * at)
    deviation, grid = math.sqrt(variance), _grid_of_largest(_INNER, count)
    kurtosis = sum(weight * (curve(mean + deviation * z) ** 2 / at) ** 2 for z, weight in grid)
    return Response(kurtosis, order, (second - order) / 2)


@lru_cache(maxsize=4096)
def _integrated_slope_response(expression: Expression, inner: Expression, mean: float, moment: float) -> Response:
    return _response(_slope_of(expression, inner), mean, moment - mean * mean)


def _response(curve: Curve, mean: float, variance: float) -> Response:
    """By the derivatives of the normal density, since curves and their slopes may jump."""
    if variance <= 0:
        return _CONSTANT
    deviation = math.sqrt(variance)
    parts = [(z * z, weight * curve(mean + deviation * z) ** 2, weight) for z, weight in _grid(_INNER)]
    at = sum(part for _, part, _ in parts)
    if at <= 0 or not math.isfinite(at):
        return _CONSTANT
    kurtosis = sum((part / at) ** 2 / weight for _, part, weight in parts)
    order = sum(part * (square - 1) / 2 for square, part, _ in parts) / at
    second = sum(part * ((square - 1) ** 2 / 4 - square / 2) for square, part, _ in parts) / at
    return Response(kurtosis, order, (second - order) / 2)


@lru_cache(maxsize=4096)
def _integrated_slope(expression: Expression, inner: Expression, mean: float, moment: float, count: int) -> float:
    slope, deviation = _slope_of(expression, inner), math.sqrt(max(0.0, moment - mean * mean))
    intervals = 5 * _INNER  # slopes jump at bends
    grid = _grid_of_largest(intervals, count) if count > 1 else _grid(intervals)
    return sum(weight * slope(mean + deviation * z) ** 2 for z, weight in grid)


def _slope_of(expression: Expression, inner: Expression) -> Curve:
    """The slope of the outermost activation of `expression`, at the value of `inner`."""
    outer = curve_of(expression._replace(inner=IDENTITY) if isinstance(expression, Activated) else expression)
    argument, step = curve_of(inner), 1e-4
    if isinstance(expression, Activated) and expression.op in _WITH_JUMPS:
        return lambda z: float(outer(argument(z)) == argument(z))  # as torch: a jump has no slope
    return lambda z: (outer(argument(z) + step) - outer(argument(z) - step)) / (2 * step)
