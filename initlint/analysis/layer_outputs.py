"""The signal after a layer, a norm or an embedding, from the init of its parameters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from initlint.analysis.borders import Profile, passed_back, passed_on, with_constant
from initlint.analysis.finite_width import spread_of_mean
from initlint.analysis.layer_activation import (
    effective_init,
    fans_in_use,
    initializer_family,
    is_matrix,
    written_fans,
    written_shape,
)
from initlint.analysis.signals import Signal, Variable, is_coupled
from initlint.facts.activation_curves import Affine, Smoothed
from initlint.facts.fans import Fans
from initlint.facts.initializer_formulas import mean_and_variance
from initlint.facts.signatures import size
from initlint.graph.model import Layer

EPSILON = 1e-5
"""What torch's norms add to the variance by default."""
_GROUPED_NORMS = frozenset({"layer_norm", "group_norm", "rms_norm"})
"""Norms over the units of one sample; the others are over samples and positions of one unit."""
_IDENTITIES = frozenset({"torch.nn.init.eye_", "torch.nn.init.dirac_"})
_SMALL_PART = 0.05
"""Of a mean square: what it comes from has little effect on the shape of a distribution."""


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
    if signal is None or (op in _GROUPED_NORMS and signal.is_one_function):
        # Where all units are one function, their differences are left, of which nothing is known but that they are one.
        variable = Variable(
            shift, gain_moment + shift_moment, shift_moment, shift * shift, frozenset({source}), is_entangled=True
        )
        return Signal(variable, width=None if signal is None else signal.width)
    if math.isinf(signal.spread) or (op not in _GROUPED_NORMS and not signal.variable.is_normal):
        return None  # its units may have unlike variances
    v = signal.as_variable()
    variance = max(0.0, v.moment - removed(op, v))
    scale = 1 / (variance + EPSILON) if v.moment > 0 else 0.0
    if signal.is_one_function and (gain, gain_spread) == (1.0, 0.0) and shift == shift_moment == 0.0:
        root = math.sqrt(scale)
        return replace(signal, expression=Affine(root, -root * v.mean, signal.expression))
    # The mean over the units of a sample takes `common` away, the mean over the samples of a unit `shared`.
    left = max(0.0, (v.shared if op in _GROUPED_NORMS else v.common) - v.mean * v.mean) * scale
    shared, common = (left, 0.0) if op in _GROUPED_NORMS else (0.0, left)
    # What is left of the spread is that between the samples of a batch.
    own = 0.0 if op in _GROUPED_NORMS or v.moment <= 0 else 1 - min(1.0, v.shared / v.moment) ** 2
    variable = Variable(
        shift,
        gain_moment * variance * scale + shift_moment,
        gain_moment * shared + shift_moment,
        gain * gain * common + shift * shift,
        v.sources,
        v.spread * own - _fixed_norm(op, signal.width),
        v.kurtosis,
        signal.variable.is_normal,
        is_entangled=v.is_entangled,
        profile=() if op in ("layer_norm", "rms_norm") else v.profile,
    )
    return Signal(variable, width=signal.width)


def _fixed_norm(op: str, width: float | None) -> float:
    """By how much less the units vary than independent ones, where those of a sample have a fixed mean square."""
    return math.log1p(2 / width) if op in ("layer_norm", "rms_norm") and width else 0.0


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
    variable = Variable(mean, mean * mean + variance, mean * mean, mean * mean, frozenset({source}))
    return Signal(variable, width=_output_width(layer))


def _known_fans(layer: Layer) -> tuple[float, float, float] | None:
    """fan_in and fan_out as torch counts them, and the fan_in in use, if all are known."""
    sizes: Fans | None = written_fans(layer, layer.effective_write())
    if sizes is None or not sizes.fan_in or not sizes.fan_out or not sizes.signal_fan_in:
        return None
    return sizes.fan_in, sizes.fan_out, sizes.signal_fan_in


def layer_output(layer: Layer, signal: Signal, source: str, *, biased: bool = True) -> Signal | None:
    """The output of one linear map. Without known sizes, fan_in = fan_out is assumed and the bias left out."""
    drawn = weights(layer)
    if drawn is None:
        return None
    bias = _bias(layer, drawn.fan_in) if biased else (0.0, 0.0)
    if _is_identity(layer):
        return _identity_output(layer, signal, bias)
    if math.isinf(signal.spread):
        return None
    if drawn.mean:
        return _coupled_output(layer, drawn, signal, source, bias)
    v, (bias_mean, bias_variance) = signal.as_variable(), bias
    inside = passed_on(layer, v.profile)
    random = drawn.number * drawn.variance * v.moment * inside.part
    variance = random + bias_variance
    constant = bias_mean * bias_mean
    part = random / variance if variance > 0 else 0.0
    variable = Variable(
        bias_mean,
        variance + constant,
        drawn.number * drawn.variance * v.shared * inside.shared + bias_variance + constant,
        constant,
        frozenset({source}),
        (_input_spread(layer, drawn, v) - _kept_norm(layer)) * part**2,
        profile=with_constant(inside.profile, part),
    )
    return Signal(variable, width=_output_width(layer))


def _kept_norm(layer: Layer) -> float:
    """By how much less the outputs of an orthogonal weight vary: the sum of their squares is that of the inputs."""
    init, sizes = effective_init(layer), fans_in_use(layer)
    if init is None or initializer_family(init[0]) != "orthogonal" or sizes is None or layer.product is not None:
        return 0.0
    rows, columns = _output_width(layer), sizes.fan_in
    return math.log1p(2 / max(rows, columns)) if rows and columns else 0.0


def _input_spread(layer: Layer, drawn: Weights, v: Variable) -> float:
    """The spread of the mean square of the values that one output sums."""
    if drawn.fan_in is None or v.moment <= 0:
        return v.spread  # of unknown size: as if it were wide
    # The values of one channel at the positions of a window are alike as far as they are shared.
    positions = _kernel_size(layer)
    alike = min(1.0, v.shared / v.moment) ** 2
    return spread_of_mean(v.spread, v.kurtosis, drawn.number / (alike * positions + 1 - alike))


def _coupled_output(
    layer: Layer, drawn: Weights, signal: Signal, source: str, bias: tuple[float, float]
) -> Signal | None:
    """The output of weights with a mean, which add the same sum of their inputs to all units."""
    v, (bias_mean, bias_variance) = signal.as_variable(), bias
    count, mean, variance, _ = drawn
    positions = _kernel_size(layer)
    base = signal.variable
    is_function = is_coupled(base)
    if v.is_entangled or (positions > 1 and is_function):
        return None  # a sum over a window of what all units have in common
    own = count * variance * v.moment + bias_variance
    # Units that depend on each other add their covariance; alone, each adds its variance, at each position or at all.
    between = count * mean * mean * (v.moment - v.common if is_function else v.moment - v.shared)
    if is_function:
        inner = base.moment - base.common
        smooth = signal.expression if inner <= _SMALL_PART * base.moment else Smoothed(inner, signal.expression)
        expression = Affine(count * mean, bias_mean, smooth)
        of_all = count * mean
        coupled = of_all * of_all * v.common + 2 * of_all * v.mean * bias_mean + bias_mean * bias_mean
        if own + between <= _SMALL_PART * coupled:
            shared = max(base.mean**2, base.shared - inner)
            variable = base if signal.is_one_function else replace(base, moment=base.common, shared=shared)
            return Signal(variable, expression, width=_output_width(layer))
    output_mean = count * mean * v.mean + bias_mean
    kept = count * mean * mean * positions * max(0.0, v.shared - v.mean * v.mean)
    if is_function:
        common = coupled
        moment = coupled + own + between
    else:
        common = count * mean * mean * (v.moment - v.shared) + kept + output_mean**2
        moment = common + own
    spread = _input_spread(layer, drawn, v)
    is_normal = not is_function or coupled - output_mean**2 <= _SMALL_PART * (moment - output_mean**2)
    variable = Variable(
        output_mean,
        moment,
        min(moment, count * variance * v.shared + bias_variance + kept + output_mean**2),
        common,
        v.sources | {source},
        spread * (count * variance * v.moment / moment) ** 2 if moment > 0 else 0.0,
        is_normal=is_normal,
        is_entangled=positions > 1,
    )
    return Signal(variable, width=_output_width(layer))


def _is_identity(layer: Layer) -> bool:
    """Whether each output is one input, or zero."""
    init = effective_init(layer)
    return init is not None and init[0] in _IDENTITIES


def _identity_output(layer: Layer, signal: Signal, bias: tuple[float, float]) -> Signal | None:
    share, (bias_mean, bias_variance) = _matched_share(layer, 0), bias
    if share is None:
        return None
    if not signal.variable.is_normal:  # its units may be unlike each other, and so may be those that are selected
        return signal.as_unknown()
    width = _output_width(layer)
    v = signal.as_variable()
    if share == 1.0 and signal.window == 1 and bias_variance + signal.noise <= _SMALL_PART * v.moment:
        expression = Affine(1.0, bias_mean, signal.expression) if bias_mean else signal.expression
        return replace(signal, expression=expression, width=width, noise=signal.noise + bias_variance)
    if is_coupled(v):
        return None
    offset = bias_mean * bias_mean + 2 * bias_mean * v.mean * share
    moment, mean = share * v.moment + bias_variance + offset, share * v.mean + bias_mean
    part = share * v.moment / moment if moment > 0 else 0.0
    variable = Variable(
        mean,
        moment,
        share * v.shared + bias_variance + offset,
        mean * mean,
        v.sources,
        v.spread * part * part,
        v.kurtosis / share if part > 0.5 else 3.0,
        v.is_normal and share == 1.0,
        v.is_entangled,
    )
    return Signal(variable, width=width)


def _matched_share(layer: Layer, axis: int) -> float | None:
    """The part of the outputs (axis 0) or inputs (axis 1) that an identity matrix matches with the other side."""
    shape = layer.shapes.get("weight")
    if shape is None or len(shape) < 2 or layer.product is not None or layer.arguments.get("groups", 1) != 1:
        return None
    sizes = shape[:2]
    one, other = sizes[axis], sizes[1 - axis]
    return None if not one or not other else min(one, other) / one


def weights(layer: Layer) -> Weights | None:
    """The weights of one linear map.

    Without known sizes, for an init that scales with them: those of one input, and of one output unless their ratio is
    known.
    """
    if layer.parametrized and not layer.keeps_init:
        return None
    if not layer.last_write_is_certain() or not (is_matrix(layer) or layer.product is not None):
        return None
    init = effective_init(layer)
    if init is None:
        return None
    fans = _known_fans(layer)
    write = layer.effective_write()
    if fans is None:
        if write is not None and write.shape is not None:
            return None  # it has the fans of a view, which are not those of the weight
        drawn = mean_and_variance(*init, 1.0, layer.outputs_per_input or 1.0)
        scaled = drawn is not None and _scales_with_fan(init[0])
        return Weights(1.0, 0.0, drawn[1], None) if drawn is not None and scaled and not _is_stacked(layer) else None
    fan_in, fan_out, count = fans
    drawn = mean_and_variance(*init, fan_in, fan_out, written_shape(layer, write))
    default_fans = fans_in_use(layer)
    return None if drawn is None or default_fans is None else Weights(count, *drawn, default_fans.fan_in)


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


def _kernel_size(layer: Layer) -> float:
    """The number of positions that one output sums."""
    shape = layer.shapes.get("weight")
    sizes = () if shape is None or layer.product is not None else shape[2:]
    return float(math.prod(size for size in sizes if size is not None))


def _output_width(layer: Layer) -> float | None:
    for name in ("out_features", "out_channels", "embedding_dim"):
        if units := size(layer.arguments.get(name)):
            return float(units)
    return None


def weight_scale(layer: Layer) -> float | None:
    """s = fan_in * Var(w), for the fan_in in use; None if unknown."""
    drawn = weights(layer)
    return None if drawn is None else drawn.number * drawn.variance


def has_unknown_sizes(layer: Layer) -> bool:
    """Whether the fans of the layer's weight are unknown. Then nothing is known of PyTorch's default bias."""
    return (is_matrix(layer) or layer.product is not None) and _known_fans(layer) is None


def assumes_equal_fans(layer: Layer) -> bool:
    """Whether the layer's sizes and their ratio are unknown, and fan_in = fan_out is assumed."""
    return layer.outputs_per_input is None and has_unknown_sizes(layer)


class GradientWeights(NamedTuple):
    """The factor of one linear map on the gradient, the mean of its weights, how many outputs an input reaches."""

    factor: float
    mean: float
    outputs: float


def gradient_weights(layer: Layer) -> GradientWeights | None:
    """What one linear map does to the gradient; None if its weights or sizes are unknown."""
    drawn, sizes = weights(layer), fans_in_use(layer)
    if drawn is None or sizes is None:
        return None
    outputs = sizes.signal_fan_out if _known_fans(layer) is not None else layer.outputs_per_input
    if not outputs:
        return None
    if _is_identity(layer):
        share = _matched_share(layer, 1)
        unknown = share is None or layer.arguments.get("stride", 1) != 1
        return None if unknown or share is None else GradientWeights(share, 0.0, math.inf)
    stride = layer.arguments.get("stride", 1)
    steps = stride if isinstance(stride, tuple) else (stride,) * _dimensions(layer.type)
    if not all(size(step) for step in steps):
        return None
    outputs /= math.prod(steps) if "Transpose" not in layer.type else 1
    return GradientWeights(outputs * (drawn.variance + drawn.mean**2), drawn.mean, outputs)


def gradient_at_border(layer: Layer, profile: Profile) -> tuple[float, Profile]:
    """The part of the gradient that is passed back in spite of the border, and its profile at the input."""
    return (1.0, ()) if _is_identity(layer) else passed_back(layer, profile)


def layer_gradient(layer: Layer, gradient: float) -> float | None:
    """The gradient at the input of one linear map, for `gradient` at its output."""
    drawn = gradient_weights(layer)
    return None if drawn is None else gradient * drawn.factor * gradient_at_border(layer, ())[0]


def _dimensions(type: str) -> int:
    return int(type[-2]) if type.endswith("d") and type[-2].isdigit() else 0
