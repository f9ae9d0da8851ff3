"""A signal: a function of one normal variable, by its moments; sums, products, concatenations and pools of signals.

The signal is E[x^2], over inputs, units, positions and draws of the weights. Besides E[x] and E[x^2], two covariances
are followed, which decide what pools, norms and weights with a mean make of a signal:

- `shared`: of one unit at two samples or positions. It is E[x]^2 for an independent input, and grows with depth.
- `common`: of two units at one sample. It is E[x]^2 unless a weight with a mean couples all units.

A layer of finite width adds to the `spread` of the mean square over draws (`finite_width.py`).

Two functions of the same layer's output, as in `x * torch.sigmoid(x)`, are one function of one variable. What cannot be
computed is None: sums of signals that depend on each other, pools over an unknown number of positions.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from initlint._records import dataclass
from initlint.analysis.borders import Profile, mixed, pooled, powered, spread_of
from initlint.analysis.finite_width import exponential, is_settled, kurtosis_of_mixture, kurtosis_of_sum, spread_of_sum
from initlint.facts.activation_curves import (
    IDENTITY,
    Activated,
    Affine,
    Combined,
    Expression,
    Moments,
    Response,
    activated,
    largest_of,
    moments_of,
    response_of,
)
from initlint.facts.windows import windows_of
from initlint.graph.model import Operation

_NORMAL = 3.0
_MOSTLY_SHARED = 0.3
"""From this part on, the mean over a feature map of 4 x 4 and larger is known within 15 %."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A normal variable, by its moments. `sources`: the draws that it is correlated with.

    A layer whose weights have mean zero mixes its inputs: its output is correlated with nothing before it."""

    mean: float
    moment: float
    shared: float
    common: float
    sources: frozenset[str]
    spread: float = 0.0
    """Of the logarithm of its variance, which is random itself: over draws of the weights, samples and positions.
    Infinity: its moments are not known."""
    kurtosis: float = 3.0
    """E[x^4] / E[x^2]^2; 3 for a normal variable."""
    is_normal: bool = True
    """False where another shape would change what an activation makes of it."""
    is_entangled: bool = False
    """Its units, or neighboring positions, may depend on each other as nothing here tells: weights with a mean sum
    windows that overlap, or what is before a norm is not known."""
    profile: Profile = ()
    """How its mean square varies over a feature map with a border."""


@dataclass(frozen=True, slots=True)
class Signal:
    """The output of an operation: `expression` of `variable`, the largest of `window` values of it (max pooling)."""

    variable: Variable
    expression: Expression = IDENTITY
    window: int = 1
    width: float | None = None
    """The number of units or channels, where known."""
    noise: float = 0.0
    """The variance of a small normal part that is added: with no effect on the shape, and not the same in two units."""

    @property
    def moments(self) -> Moments:
        v = self.variable
        if self.window > 1:
            moments = largest_of(self.expression, v.mean, v.moment, v.shared, self.window)
        else:
            moments = moments_of(self.expression, v.mean, v.moment, v.shared)
        squared_mean, factor = moments.mean**2, 1.0
        spread = v.spread + spread_of(v.profile)
        if spread and self.expression is not IDENTITY and not math.isinf(spread):
            factor = exponential(self.response.bend * spread)
        moment = max(squared_mean, moments.moment * factor)
        shared = min(moment, max(squared_mean, moments.shared * factor))
        return Moments(moments.mean, moment + self.noise, shared + self.noise)

    @property
    def response(self) -> Response:
        """How its mean square depends on the variance of the variable."""
        return response_of(self.expression, self.variable.mean, self.variable.moment, self.window)

    @property
    def spread(self) -> float:
        """Of the logarithm of its mean square."""
        v = self.variable
        return v.spread * self.response.order**2 if v.spread else 0.0

    @property
    def moment(self) -> float:
        """E[x^2]."""
        return self.moments.moment

    @property
    def is_settled(self) -> bool:
        """Whether its mean square says something about one network."""
        return math.isfinite(self.moment) and is_settled(self.spread, self.response.kurtosis, self.width)

    def as_unknown(self) -> Signal:
        """The same without its moments: its units may be unlike each other."""
        return replace(self, variable=replace(self.variable, spread=math.inf))

    @property
    def is_one_function(self) -> bool:
        """Whether all units are the same function of one variable."""
        return is_coupled(self.variable) and self.variable.common == self.variable.moment and self.window == 1

    @property
    def common(self) -> float:
        """The covariance of two units at one sample, the squared mean included."""
        v = self.variable
        if self.window > 1 or not is_coupled(v):
            return self.moments.mean**2
        return moments_of(self.expression, v.mean, v.moment, v.common).shared

    def as_variable(self) -> Variable:
        """The signal taken as normal: exact only for the identity."""
        if self.expression is IDENTITY and self.window == 1 and not self.noise:
            return self.variable
        (mean, moment, shared), v = self.moments, self.variable
        kurtosis, profile = self.response.kurtosis, powered(v.profile, self.response.order) if v.profile else ()
        if self.window == 1 and v.kurtosis != _NORMAL and isinstance(self.expression, Affine):
            kurtosis = max(kurtosis, v.kurtosis)
        return Variable(
            mean, moment, shared, self.common, v.sources, self.spread, kurtosis, False, v.is_entangled, profile
        )


def source_signal(moment: float = 1.0, source: str = "input") -> Signal:
    """An independent normal signal of mean zero."""
    return Signal(Variable(0.0, moment, 0.0, 0.0, frozenset({source})))


def activate(op: str, arguments: Mapping[str, object], signal: Signal) -> Signal | None:
    signal = replace(signal, noise=0.0) if signal.noise else signal
    if op == "glu":
        return _gated(signal)
    outer = activated(op, arguments, signal.expression)
    if outer is None:
        return None
    return replace(signal, expression=outer) if signal.variable.is_normal else signal.as_unknown()


def _gated(signal: Signal) -> Signal | None:
    """Half of the units times the sigmoid of the other half."""
    width = None if signal.width is None else signal.width / 2
    if is_coupled(signal.variable):
        if not signal.is_one_function:
            return None
        both = Combined("mul", (signal.expression, activated("sigmoid", {}, signal.expression)))
        return replace(signal, expression=both, width=width)
    variable = signal.as_variable()
    gate = moments_of(activated("sigmoid", {}), variable.mean, variable.moment, variable.shared)
    mean = variable.mean * gate.mean
    response = response_of(activated("sigmoid", {}), variable.mean, variable.moment)
    product = Variable(
        mean,
        variable.moment * gate.moment,
        variable.shared * gate.shared,
        mean * mean,
        variable.sources,
        variable.spread * (1 + abs(response.order)) ** 2,
        variable.kurtosis * response.kurtosis,
        is_entangled=variable.is_entangled,
        profile=variable.profile,
    )
    return Signal(product, width=width)


def combine(operation: Operation, inputs: Sequence[Signal]) -> Signal | None:
    if operation.op == "concat":
        return _concatenate(inputs)
    if operation.op == "chunk":
        return replace(inputs[0], width=None)
    if operation.op == "pool":
        return _pool(operation.arguments, inputs[0])
    operator, number = operation.arguments.get("operator", operation.op), operation.arguments.get("number")
    if operation.op in ("scale", "shift"):
        return _scale_or_shift(operator, number, inputs[0])
    if len(inputs) != 2 or operator not in ("add", "sub", "mul"):
        return None  # with something that is no data, or divided by data
    one, other = inputs
    if operator == "sub":
        other = replace(other, expression=Affine(-1.0, 0.0, other.expression)) if other.window == 1 else other
    return _add_or_multiply("mul" if operator == "mul" else "add", one, other)


def _scale_or_shift(operator: object, number: object, signal: Signal) -> Signal | None:
    if operator == "neg":
        number, operator = -1.0, "mul"
    if not isinstance(number, (int, float)) or signal.window > 1:
        return None
    factor, offset = {
        "mul": (number, 0.0),
        "rmul": (number, 0.0),
        "div": (1 / number if number else math.nan, 0.0),
        "add": (1.0, number),
        "radd": (1.0, number),
        "sub": (1.0, -number),
        "rsub": (-1.0, number),
    }.get(str(operator), (math.nan, 0.0))
    if math.isnan(factor):
        return None
    return replace(signal, expression=Affine(float(factor), float(offset), signal.expression))


def _add_or_multiply(op: str, one: Signal, other: Signal) -> Signal | None:
    is_same = one.variable is other.variable or (one.variable == other.variable and one.is_one_function)
    if is_same and one.window == other.window == 1:
        return replace(one, expression=Combined(op, (one.expression, other.expression)))
    a, b = one.as_variable(), other.as_variable()
    if not a.sources.isdisjoint(b.sources):
        return None
    sources, width = a.sources | b.sources, one.width if one.width is not None else other.width
    is_entangled = a.is_entangled or b.is_entangled
    if op == "mul":
        variable = Variable(
            a.mean * b.mean,
            a.moment * b.moment,
            a.shared * b.shared,
            a.common * b.common,
            sources,
            (math.sqrt(max(0.0, a.spread)) + math.sqrt(max(0.0, b.spread))) ** 2,
            a.kurtosis * b.kurtosis,
            is_entangled=is_entangled,
        )
        return Signal(variable, width=width)
    cross = 2 * a.mean * b.mean
    variable = Variable(
        a.mean + b.mean,
        a.moment + b.moment + cross,
        a.shared + b.shared + cross,
        a.common + b.common + cross,
        sources,
        spread_of_sum((a, b), (1.0, 1.0)),
        kurtosis_of_sum(a, b),
        is_entangled=is_entangled,
        profile=mixed((a.profile, b.profile), (a.moment, b.moment)),
    )
    return Signal(variable, width=width)


def is_coupled(variable: Variable) -> bool:
    """Whether two units depend on each other."""
    return not math.isclose(variable.common, variable.mean**2, abs_tol=1e-9 * variable.moment)


def _concatenate(inputs: Sequence[Signal]) -> Signal | None:
    widths = [signal.width for signal in inputs]
    known = [width for width in widths if width is not None]
    variables = [signal.as_variable() for signal in inputs]
    moments = [variable.moment for variable in variables]
    if len(known) < len(widths):
        if not math.isclose(min(moments), max(moments), rel_tol=0.01):
            return None
        known = [1.0] * len(widths)
    if any(is_coupled(variable) for variable in variables):
        return None  # by the same weights, or not
    total = sum(known)

    def mean_of(values: Iterator[float]) -> float:
        return sum(width * value for width, value in zip(known, values, strict=True)) / total

    variable = Variable(
        mean_of(v.mean for v in variables),
        mean_of(moment for moment in moments),
        mean_of(v.shared for v in variables),
        mean_of(v.mean * v.mean for v in variables),
        frozenset().union(*(v.sources for v in variables)),
        spread_of_sum(variables, known),
        kurtosis_of_mixture(variables, known),
        is_entangled=any(v.is_entangled for v in variables),
        profile=mixed([v.profile for v in variables], [w * m for w, m in zip(known, moments, strict=True)]),
    )
    return Signal(variable, width=total if None not in widths else None)


def _pool(arguments: Mapping[str, object], signal: Signal) -> Signal | None:
    """`kind` is `max` or `avg`, `window` the number of positions; infinity for all of an unknown number."""
    kind, window = arguments.get("kind"), arguments.get("window")
    if not isinstance(window, (int, float)) or window < 1:
        return None
    if kind == "max":
        if math.isinf(window) or not _is_rising(signal.expression) or signal.variable.is_entangled:
            return None
        variable = replace(signal.variable, profile=_pooled_profile(arguments, signal.variable.profile))
        return replace(signal, variable=variable, window=signal.window * int(window))
    if kind != "avg":
        return None
    v = signal.as_variable()
    if v.is_entangled or (math.isinf(window) and v.shared < _MOSTLY_SHARED * v.moment):
        return None  # what is left of it depends on the number of positions
    averaged = v.shared + (v.moment - v.shared) / window
    kurtosis = _NORMAL + (v.kurtosis - _NORMAL) / window
    profile = _pooled_profile(arguments, v.profile)
    variable = Variable(v.mean, averaged, v.shared, v.mean * v.mean, v.sources, v.spread, kurtosis, profile=profile)
    return Signal(variable, width=signal.width)


def _pooled_profile(arguments: Mapping[str, object], profile: Profile) -> Profile:
    size = arguments.get("map_size")
    if not profile or not isinstance(size, tuple):
        return ()
    windows = windows_of(f"AvgPool{len(size)}d", arguments, size)
    return () if windows is None else pooled(windows, profile, size)


_RISING = frozenset(
    "relu relu6 leaky_relu prelu rrelu elu celu selu gelu quick_gelu silu mish hardswish tanh hardtanh softsign "
    "sigmoid hardsigmoid logsigmoid softplus threshold".split()
)
"""Activations that never fall; GELU and its kin do so by less than matters for the largest of several values."""


def _is_rising(expression: Expression) -> bool:
    while isinstance(expression, Activated):
        if expression.op not in _RISING:
            return False
        expression = expression.inner
    return expression is IDENTITY
