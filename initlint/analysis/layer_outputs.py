"""The signal after a layer, a norm or an embedding, from the init of its parameters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from initlint.analysis.layer_activation import effective_init, fans_in_use, is_matrix
from initlint.analysis.signals import Signal, Variable
from initlint.facts.fans import Fans
from initlint.facts.initializer_formulas import mean_and_variance
from initlint.graph.model import Layer

EPSILON = 1e-5
"""What torch's norms add to the variance by default."""
_GROUPED_NORMS = frozenset({"layer_norm", "group_norm", "rms_norm"})
"""Norms over the units of one sample; the others are over samples and positions of one unit."""


class Weights(NamedTuple):
    """The weights of one linear map: how many each output sums, their mean and variance, and torch's fan_in."""

    number: float
    mean: float
    variance: float
    fan_in: float | None


def norm_output(op: str, layer: Layer | None, inputs: Sequence[Signal | None], source: str) -> Signal | None:
    """E[gain^2] + E[shift^2], whatever the input; epsilon holds down the norm of a signal near zero."""
    affine = gain_and_shift(layer)
    if affine is None:
        return None
    (gain, gain_spread), (shift, shift_spread) = affine
    gain_moment, shift_moment = gain * gain + gain_spread, shift * shift + shift_spread
    signal = inputs[0] if len(inputs) == 1 else None
    if signal is None:
        variable = Variable(shift, gain_moment + shift_moment, shift_moment, shift * shift, frozenset({source}))
        return Signal(variable)
    v = signal.as_variable()
    variance = max(0.0, v.moment - removed(op, v))
    scale = 1 / (variance + EPSILON) if v.moment > 0 else 0.0
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


def removed(op: str, variable: Variable) -> float:
    """The squared mean that the norm subtracts."""
    if op == "rms_norm":
        return 0.0
    return variable.common if op in _GROUPED_NORMS else variable.shared


def gain_and_shift(layer: Layer | None) -> tuple[tuple[float, float], tuple[float, float]] | None:
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


def embedding_output(layer: Layer, source: str) -> Signal | None:
    """Rows of the embedding's weight."""
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
    drawn = weights(layer)
    if drawn is None:
        return None
    count, mean, variance, fan_in = drawn
    v = signal.as_variable()
    bias_mean, bias_variance = _bias(layer, fan_in) if biased else (0.0, 0.0)
    coupled = count * count * mean * mean * (v.common + max(0.0, v.moment - v.common) / count)
    output_mean = count * mean * v.mean + bias_mean
    offset = bias_mean * bias_mean + 2 * bias_mean * count * mean * v.mean
    variable = Variable(
        output_mean,
        count * variance * v.moment + coupled + bias_variance + offset,
        count * variance * v.shared + count * count * mean * mean * v.mean * v.mean + bias_variance + offset,
        coupled + offset,
        v.sources | {source} if mean else frozenset({source}),
    )
    return Signal(variable, width=_output_width(layer))


def weights(layer: Layer) -> Weights | None:
    """The weights of one linear map. Without known sizes, fan_in = fan_out = 1 for an init that scales with them."""
    if layer.parametrized or not layer.last_write_is_certain() or not (is_matrix(layer) or layer.product is not None):
        return None
    init = effective_init(layer)
    if init is None:
        return None
    fans = _known_fans(layer)
    if fans is None:
        drawn = mean_and_variance(*init, 1.0, 1.0)
        scaled = drawn is not None and _scales_with_fan(init[0])
        return Weights(1.0, 0.0, drawn[1], None) if drawn is not None and scaled and not _is_stacked(layer) else None
    fan_in, fan_out, count = fans
    drawn = mean_and_variance(*init, fan_in, fan_out, layer.shapes.get("weight"))
    return None if drawn is None else Weights(count, *drawn, fan_in)


def _is_stacked(layer: Layer) -> bool:
    """Whether torch treats several matrices as one: then its fans are wrong even if all sizes are equal."""
    shape = layer.shapes.get("weight")
    return layer.product is not None and (shape is None or len(shape) != 2)


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


def weight_scale(layer: Layer) -> float | None:
    """s = fan_in * Var(w), for the fan_in in use; None if unknown."""
    drawn = weights(layer)
    return None if drawn is None else drawn.number * drawn.variance


def assumes_equal_fans(layer: Layer) -> bool:
    """Whether the layer's sizes are unknown, and fan_in = fan_out is assumed."""
    return (is_matrix(layer) or layer.product is not None) and _known_fans(layer) is None


def layer_gradient(layer: Layer, gradient: float) -> float | None:
    """The gradient at the input of one linear map, for `gradient` at its output."""
    drawn, sizes = weights(layer), fans_in_use(layer)
    if drawn is None or sizes is None or not sizes.signal_fan_out:
        return None
    stride = layer.arguments.get("stride", 1)
    steps = stride if isinstance(stride, tuple) else (stride,) * _dimensions(layer.type)
    if not all(isinstance(step, int) for step in steps):
        return None
    thinned = math.prod(steps) if "Transpose" not in layer.type else 1
    return gradient * sizes.signal_fan_out * (drawn.variance + drawn.mean**2) / thinned


def _dimensions(type: str) -> int:
    return int(type[-2]) if type.endswith("d") and type[-2].isdigit() else 0
