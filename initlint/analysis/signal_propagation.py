"""Propagates the signal and its gradient through a whole model at init. Every figure in any output comes from here.

The signal is E[x^2], over inputs, units, positions and draws of the weights; the input is independent N(0, 1). The
theory is mean-field theory (Poole et al., arXiv:1606.05340; Schoenholz et al., arXiv:1611.01232): weights are
independent and layers are wide, so the output of a layer is normal. Besides E[x] and E[x^2], two covariances are
followed, which decide what pools, norms and weights with a mean make of a signal:

- `shared`: of one unit at two samples or positions. It is E[x]^2 for an independent input, and grows with depth.
- `common`: of two units at one sample. It is E[x]^2 unless a weight with a mean couples all units.

A signal is a function (`Expression`) of one such normal variable, so that two functions of the same layer's output, as
in `x * torch.sigmoid(x)`, are one function. What cannot be computed is None: unknown operators, sums of signals that
depend on each other, parameters whose init is not known. Zero padding is not counted.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from initlint.analysis.layer_activation import effective_init, fans_in_use, is_matrix
from initlint.analysis.norms import NORMS
from initlint.facts.activation_curves import (
    IDENTITY,
    Activated,
    Affine,
    Combined,
    Expression,
    Moments,
    activated,
    largest_of,
    moments_of,
    slope_moment,
)
from initlint.facts.fans import Fans
from initlint.facts.initializer_formulas import mean_and_variance
from initlint.graph.model import Consumer, Layer, ModelGraph, Operation, memoize

_EPSILON = 1e-5
"""What torch's norms add to the variance by default."""
_MOSTLY_SHARED = 0.3
"""From this part on, the mean over a feature map of 4 x 4 and larger is known within 15 %."""
_GROUPED_NORMS = frozenset({"layer_norm", "group_norm", "rms_norm"})
"""Norms over the units of one sample; the others are over samples and positions of one unit."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A normal variable, by its moments. `sources`: the draws that it is correlated with.

    A layer whose weights have mean zero mixes its inputs: its output is correlated with nothing before it."""

    mean: float
    moment: float
    shared: float
    common: float
    sources: frozenset[str]


@dataclass(frozen=True, slots=True)
class Signal:
    """The output of an operation: `expression` of `variable`, the largest of `window` values of it (max pooling)."""

    variable: Variable
    expression: Expression = IDENTITY
    window: int = 1
    width: float | None = None
    """The number of units or channels, where known."""

    @property
    def moments(self) -> Moments:
        v = self.variable
        if self.window > 1:
            return largest_of(self.expression, v.mean, v.moment, v.shared, self.window)
        return moments_of(self.expression, v.mean, v.moment, v.shared)

    @property
    def moment(self) -> float:
        """E[x^2]."""
        return self.moments.moment

    @property
    def common(self) -> float:
        """The covariance of two units at one sample, the squared mean included."""
        v = self.variable
        if self.window > 1 or not _is_coupled(v):
            return self.moments.mean**2
        return moments_of(self.expression, v.mean, v.moment, v.common).shared

    def as_variable(self) -> Variable:
        """The signal taken as normal: exact only for the identity."""
        if self.expression is IDENTITY and self.window == 1:
            return self.variable
        mean, moment, shared = self.moments
        return Variable(mean, moment, shared, self.common, self.variable.sources)


@dataclass(frozen=True, slots=True)
class Propagation:
    """The signal after each operation of a model, and the gradient there per unit of gradient at the outputs."""

    signals: tuple[Signal | None, ...]
    gradients: tuple[float | None, ...]


@memoize
def propagation(model: ModelGraph) -> Propagation:
    """The signals and gradients of `model`, in the order of its operations."""
    signals: list[Signal | None] = []
    layers = model.by_path
    for number, operation in enumerate(model.operations):
        inputs = [signals[index] for index in operation.inputs]
        source = operation.layer or f"operation {number}"
        signals.append(output_signal(operation, inputs, layers.get(operation.layer or ""), source))
    return Propagation(tuple(signals), _gradients(model.operations, signals, layers))


def layer_factors(
    layer: Layer, following: Consumer, signal: Signal, *, biased: bool = False
) -> tuple[float, float | None, Signal] | None:
    """The factors of `layer` and its activation on the signal and on the gradient, and the signal after them.

    `following` is the activation, or the next layer itself. The bias is left out unless `biased`: its part in the
    signal depends on the layers before. None if a part is unknown or the signal is zero.
    """
    output = layer_output(layer, signal, layer.path, biased=biased)
    if output is None or signal.moment <= 0:
        return None
    gradient = _layer_gradient(layer, 1.0)
    if following.op != "layer":
        activation = activated(following.op, following.arguments)
        after = _activate(following.op, following.arguments, output, layer.path)
        if after is None:
            return None
        if gradient is not None and activation is not None:
            v = output.variable
            gradient *= slope_moment(activation, IDENTITY, v.mean, v.moment)
        else:
            gradient = None
        output = after
    return output.moment / signal.moment, gradient, output


def weight_scale(layer: Layer) -> float | None:
    """s = fan_in * Var(w), for the fan_in in use; None if unknown."""
    weights = _weights(layer)
    return None if weights is None else weights[0] * weights[2]


def second_moments(model: ModelGraph) -> tuple[float | None, ...]:
    """E[x^2] of the output of each operation of the model, for an input of E[x^2] = 1; None if unknown."""
    return tuple(None if signal is None else signal.moment for signal in propagation(model).signals)


def assumes_equal_fans(layer: Layer) -> bool:
    """Whether the layer's sizes are unknown, and fan_in = fan_out is assumed."""
    return is_matrix(layer) and _known_fans(layer) is None


def source_signal(moment: float = 1.0, source: str = "input") -> Signal:
    """An independent normal signal of mean zero."""
    return Signal(Variable(0.0, moment, 0.0, 0.0, frozenset({source})))


def output_signal(
    operation: Operation, inputs: Sequence[Signal | None], layer: Layer | None, source: str
) -> Signal | None:
    """The output of `operation`; `source` names the draw of its weights."""
    if operation.kind == "input":
        return source_signal()
    if operation.kind == "layer" and layer is not None and layer.type in ("Embedding", "EmbeddingBag"):
        return _embedding_output(layer, source)
    if operation.op in NORMS - {"local_response_norm", "weight_norm"}:
        return _norm_output(operation.op, layer, inputs, source)
    known = [signal for signal in inputs if signal is not None]
    if not known or len(known) < len(inputs) or operation.kind == "sink":
        return None
    if operation.kind == "modifier":
        return _combine(operation, known, source)
    moments = [signal.moment for signal in known]
    if not math.isclose(min(moments), max(moments), rel_tol=0.01):
        return None  # a branch selects one of several values
    if operation.kind == "activation":
        return _activate(operation.op, operation.arguments, known[0], source)
    if operation.kind == "output":
        return known[0]
    return None if layer is None else layer_output(layer, known[0], source)


# Elementwise functions -------------------------------------------------------------------------------------------


def _activate(op: str, arguments: Mapping[str, object], signal: Signal, source: str) -> Signal | None:
    if op == "glu":
        return _gated(signal, source)
    outer = activated(op, arguments, signal.expression)
    if outer is None:
        return None
    return replace(signal, expression=outer)


def _gated(signal: Signal, source: str) -> Signal:
    """Half of the units times the sigmoid of the other half."""
    variable = signal.as_variable()
    gate = moments_of(activated("sigmoid", {}), variable.mean, variable.moment, variable.shared)
    mean = variable.mean * gate.mean
    product = Variable(
        mean, variable.moment * gate.moment, variable.shared * gate.shared, mean * mean, variable.sources
    )
    return Signal(product, width=None if signal.width is None else signal.width / 2)


def _combine(operation: Operation, inputs: Sequence[Signal], source: str) -> Signal | None:
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
    if one.variable is other.variable and one.window == other.window == 1:
        return replace(one, expression=Combined(op, (one.expression, other.expression)))
    a, b = one.as_variable(), other.as_variable()
    if not a.sources.isdisjoint(b.sources):
        return None
    sources, width = a.sources | b.sources, one.width if one.width is not None else other.width
    if op == "mul":
        mean = a.mean * b.mean
        return Signal(
            Variable(mean, a.moment * b.moment, a.shared * b.shared, a.common * b.common, sources), width=width
        )
    mean, cross = a.mean + b.mean, 2 * a.mean * b.mean
    return Signal(
        Variable(mean, a.moment + b.moment + cross, a.shared + b.shared + cross, a.common + b.common + cross, sources),
        width=width,
    )


def _is_coupled(variable: Variable) -> bool:
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
    if any(_is_coupled(variable) for variable in variables):
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
    )
    return Signal(variable, width=total if None not in widths else None)


def _pool(arguments: Mapping[str, object], signal: Signal) -> Signal | None:
    """`kind` is `max` or `avg`, `window` the number of positions; infinity for all of an unknown number."""
    kind, window = arguments.get("kind"), arguments.get("window")
    if not isinstance(window, (int, float)) or window < 1:
        return None
    if kind == "max":
        if math.isinf(window) or not _is_rising(signal.expression):
            return None
        return replace(signal, window=signal.window * int(window))
    if kind != "avg":
        return None
    v = signal.as_variable()
    if math.isinf(window) and v.shared < _MOSTLY_SHARED * v.moment:
        return None  # what is left of it depends on the number of positions
    averaged = v.shared + (v.moment - v.shared) / window
    return Signal(Variable(v.mean, averaged, v.shared, v.mean * v.mean, v.sources), width=signal.width)


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


# Norms and layers ------------------------------------------------------------------------------------------------


def _norm_output(op: str, layer: Layer | None, inputs: Sequence[Signal | None], source: str) -> Signal | None:
    """E[gain^2] + E[shift^2], whatever the input; epsilon holds down the norm of a signal near zero."""
    affine = _gain_and_shift(layer)
    if affine is None:
        return None
    (gain, gain_spread), (shift, shift_spread) = affine
    gain_moment, shift_moment = gain * gain + gain_spread, shift * shift + shift_spread
    signal = inputs[0] if len(inputs) == 1 else None
    if signal is None:
        variable = Variable(shift, gain_moment + shift_moment, shift_moment, shift * shift, frozenset({source}))
        return Signal(variable)
    v = signal.as_variable()
    variance = max(0.0, v.moment - _removed(op, v))
    scale = 1 / (variance + _EPSILON) if v.moment > 0 else 0.0
    # The mean over the units of a sample takes `common` away, the mean over the samples of a unit `shared`.
    left = max(0.0, (v.shared if op in _GROUPED_NORMS else v.common) - v.mean * v.mean) * scale
    shared, common = (left, 0.0) if op in _GROUPED_NORMS else (0.0, left)
    variable = Variable(
        shift,
        gain_moment * variance * scale + shift_moment,
        gain_moment * shared + shift_moment,
        gain * gain * common + shift * shift,
        v.sources,
    )
    return Signal(variable, width=signal.width)


def _removed(op: str, variable: Variable) -> float:
    """The squared mean that the norm subtracts."""
    if op == "rms_norm":
        return 0.0
    return variable.common if op in _GROUPED_NORMS else variable.shared


def _gain_and_shift(layer: Layer | None) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Mean and variance of a norm's weight and of its bias."""
    if layer is None:
        return (1.0, 0.0), (0.0, 0.0)
    gain, shift = _parameter(layer, "weight", (1.0, 0.0)), _parameter(layer, "bias", (0.0, 0.0))
    return None if gain is None or shift is None else (gain, shift)


def _parameter(layer: Layer, name: str, default: tuple[float, float]) -> tuple[float, float] | None:
    """The mean and variance of a parameter's entries, None if its init is not certain."""
    if not layer.last_write_is_certain(name):
        return None
    write = layer.effective_write(name)
    return default if write is None else mean_and_variance(write.initializer, write.arguments, None, None)


def _embedding_output(layer: Layer, source: str) -> Signal | None:
    init = effective_init(layer)
    if init is None or not layer.last_write_is_certain() or layer.parametrized:
        return None
    drawn = mean_and_variance(*init, None, None, layer.shapes.get("weight"))
    if drawn is None:
        return None
    mean, variance = drawn
    width = layer.arguments.get("embedding_dim")
    variable = Variable(mean, mean * mean + variance, mean * mean, mean * mean, frozenset({source}))
    return Signal(variable, width=float(width) if isinstance(width, int) else None)


def _known_fans(layer: Layer) -> tuple[float, float, float] | None:
    """fan_in and fan_out as torch counts them, and the fan_in in use, if all are known."""
    sizes: Fans | None = fans_in_use(layer)
    if sizes is None or not sizes.fan_in or not sizes.fan_out or not sizes.signal_fan_in:
        return None
    return sizes.fan_in, sizes.fan_out, sizes.signal_fan_in


def layer_output(layer: Layer, signal: Signal, source: str, *, biased: bool = True) -> Signal | None:
    """The output of one linear map. Without known sizes, fan_in = fan_out is assumed and the bias left out."""
    weights = _weights(layer)
    if weights is None:
        return None
    count, mean, variance, fan_in = weights
    v = signal.as_variable()
    bias_mean, bias_variance = _bias(layer, fan_in) if biased else (0.0, 0.0)
    coupled = count * count * mean * mean * (v.common + max(0.0, v.moment - v.common) / count)
    output_mean = count * mean * v.mean + bias_mean
    drawn = bias_mean * bias_mean + 2 * bias_mean * count * mean * v.mean
    variable = Variable(
        output_mean,
        count * variance * v.moment + coupled + bias_variance + drawn,
        count * variance * v.shared + count * count * mean * mean * v.mean * v.mean + bias_variance + drawn,
        coupled + drawn,
        v.sources | {source} if mean else frozenset({source}),
    )
    return Signal(variable, width=_output_width(layer))


def _weights(layer: Layer) -> tuple[float, float, float, float | None] | None:
    """The number of weights in a sum, their mean and variance, and torch's fan_in, for the default bias."""
    if layer.parametrized or not layer.last_write_is_certain() or not (is_matrix(layer) or layer.product is not None):
        return None
    init = effective_init(layer)
    if init is None:
        return None
    fans = _known_fans(layer)
    if fans is None:
        drawn = mean_and_variance(*init, 1.0, 1.0)
        scaled = drawn is not None and _scales_with_fan(init[0])
        return (1.0, 0.0, drawn[1], None) if drawn is not None and scaled and layer.product is None else None
    fan_in, fan_out, count = fans
    drawn = mean_and_variance(*init, fan_in, fan_out, layer.shapes.get("weight"))
    return None if drawn is None else (count, *drawn, fan_in)


def _scales_with_fan(initializer: str) -> bool:
    return mean_and_variance(initializer, {}, 1.0, 1.0) != mean_and_variance(initializer, {}, 4.0, 4.0)


def _bias(layer: Layer, fan_in: float | None) -> tuple[float, float]:
    """Mean and variance. PyTorch draws U(-1 / sqrt(fan_in), 1 / sqrt(fan_in)); an unknown bias counts as zero."""
    if "bias" not in layer.shapes or not layer.last_write_is_certain("bias"):
        return 0.0, 0.0
    write = layer.effective_write("bias")
    if write is None:
        return (0.0, 1 / (3 * fan_in)) if fan_in else (0.0, 0.0)
    return mean_and_variance(write.initializer, write.arguments, None, None) or (0.0, 0.0)


def _output_width(layer: Layer) -> float | None:
    for name in ("out_features", "out_channels"):
        value = layer.arguments.get(name)
        if isinstance(value, int):
            return float(value)
    return None


# Gradients -------------------------------------------------------------------------------------------------------


def _gradients(
    operations: Sequence[Operation], signals: Sequence[Signal | None], layers: Mapping[str, Layer]
) -> tuple[float | None, ...]:
    """E[g^2] at the output of each operation, for gradients of E[g^2] = 1 at the model's outputs."""
    parts: list[list[float | None]] = [[] for _ in operations]
    gradients: list[float | None] = [None] * len(operations)
    for number in reversed(range(len(operations))):
        operation = operations[number]
        known = [part for part in parts[number] if part is not None]
        if operation.kind == "output":
            gradients[number] = 1.0
        elif known and len(known) == len(parts[number]):
            gradients[number] = sum(known)
        for index in operation.inputs:
            parts[index].append(
                _input_gradient(operation, index, gradients[number], signals, layers.get(operation.layer or ""))
            )
    return tuple(gradients)


def _input_gradient(
    operation: Operation, index: int, gradient: float | None, signals: Sequence[Signal | None], layer: Layer | None
) -> float | None:
    """What the operation passes back to its input `index`."""
    signal = signals[index]
    if gradient is None:
        return None
    if operation.kind == "output" or operation.op in ("add", "concat"):
        return gradient if operation.kind == "output" or len(operation.inputs) > 1 else None
    if signal is None:
        return None
    if operation.kind == "activation":
        return _activation_gradient(operation, signal, gradient)
    if operation.op in NORMS:
        return _norm_gradient(operation.op, layer, signal, gradient)
    if operation.op == "mul" and len(operation.inputs) == 2:
        other = signals[next(i for i in operation.inputs if i != index)]
        return None if other is None or other.variable is signal.variable else gradient * other.moment
    if operation.op in ("scale", "shift"):
        number, operator = operation.arguments.get("number"), operation.arguments.get("operator")
        if operation.op == "shift" or operator == "neg":
            return gradient
        if not isinstance(number, (int, float)) or not number or operator == "rdiv":
            return None
        return gradient * (number * number if operator != "div" else 1 / (number * number))
    if operation.op == "pool":
        window = operation.arguments.get("window")
        if not isinstance(window, (int, float)) or math.isinf(window):
            return None
        return gradient / (window if operation.arguments.get("kind") == "max" else window * window)
    return _layer_gradient(layer, gradient) if operation.kind == "layer" and layer is not None else None


def _activation_gradient(operation: Operation, signal: Signal, gradient: float) -> float | None:
    outer = activated(operation.op, operation.arguments, signal.expression)
    if outer is None or signal.window > 1:
        return None
    v = signal.variable
    return gradient * slope_moment(outer, signal.expression, v.mean, v.moment)


def _norm_gradient(op: str, layer: Layer | None, signal: Signal, gradient: float) -> float | None:
    affine = _gain_and_shift(layer)
    if affine is None:
        return None
    v, (gain, spread) = signal.as_variable(), affine[0]
    return gradient * (gain * gain + spread) / (max(0.0, v.moment - _removed(op, v)) + _EPSILON)


def _layer_gradient(layer: Layer, gradient: float) -> float | None:
    weights, sizes = _weights(layer), fans_in_use(layer)
    if weights is None or sizes is None or not sizes.signal_fan_out:
        return None
    stride = layer.arguments.get("stride", 1)
    steps = stride if isinstance(stride, tuple) else (stride,) * _dimensions(layer.type)
    if not all(isinstance(step, int) for step in steps):
        return None
    _, mean, variance, _ = weights
    thinned = math.prod(steps) if "Transpose" not in layer.type else 1
    return gradient * sizes.signal_fan_out * (variance + mean * mean) / thinned


def _dimensions(type: str) -> int:
    return int(type[-2]) if type.endswith("d") and type[-2].isdigit() else 0
