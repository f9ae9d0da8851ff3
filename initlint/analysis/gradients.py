"""The gradient's mean square, propagated backwards through a model.

As for the signal, what differs much between draws of the weights is not stated. Besides, the mean of a product is not
the product of the means where both depend on one random variance q: behind a norm, which divides by q, the mean of
1 / q is exp(spread) / E[q]; slopes of several activations that depend on q as a power add up to one power of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from initlint._records import dataclass
from initlint.analysis.borders import Profile, mixed
from initlint.analysis.finite_width import exponential, is_settled, spread_of_mean, spread_of_sum
from initlint.analysis.layer_activation import initialized_layers
from initlint.analysis.layer_outputs import EPSILON, gain_and_shift, gradient_at_border, gradient_weights, removed
from initlint.analysis.norms import NORMS
from initlint.analysis.signal_propagation import signals
from initlint.analysis.signals import Signal
from initlint.facts.activation_curves import activated, slope_moment, slope_response
from initlint.graph.model import Layer, ModelGraph, Operation, memoize

_LARGEST_BIAS = math.log(1.25)
"""Of the logarithm of a stated mean square: what is known to be left out may change it by a quarter."""


@dataclass(frozen=True, slots=True)
class Gradient:
    """The gradient at an output: its mean square, and the spread of that over draws of the weights.

    `slopes`: the standard deviation of the logarithm of the slopes behind it. `inverses`: the spreads that norms divide
    by. `is_coupled`: weights with a mean give all units a part that is the same. `profile`: see `borders`.
    `largest_of`: a max pool passes it to the largest of this many values.
    """

    moment: float
    spread: float = 0.0
    kurtosis: float = 3.0
    slopes: float = 0.0
    inverses: float = 0.0
    is_coupled: bool = False
    profile: Profile = ()
    largest_of: int = 1

    def is_settled(self, width: float | None) -> bool:
        """Whether the mean square of this many units says something about one network."""
        is_known = math.isfinite(self.moment) and self.slopes**2 / 2 + self.inverses <= _LARGEST_BIAS
        return is_known and is_settled(self.spread, self.kurtosis, width)

    def scaled(self, factor: float) -> Gradient:
        return replace(self, moment=self.moment * factor)


@memoize
def gradients(model: ModelGraph) -> Sequence[float | None]:
    """E[g^2] at the output of each operation, for gradients of E[g^2] = 1 at the model's outputs.

    None where it is unknown, or differs so much between draws of the weights that it says little about one of them.
    """
    widths = (None if signal is None else signal.width for signal in signals(model))
    return [
        None if gradient is None or not gradient.is_settled(width) else gradient.moment
        for gradient, width in zip(gradient_parts(model), widths, strict=True)
    ]


@memoize
def gradient_parts(model: ModelGraph) -> Sequence[Gradient | None]:
    """The gradient at the output of each operation."""
    operations, outputs, layers = model.operations, signals(model), initialized_layers(model)
    parts: list[list[Gradient | None]] = [[] for _ in operations]
    found: list[Gradient | None] = [None] * len(operations)
    for number in reversed(range(len(operations))):
        operation = operations[number]
        known = [part for part in parts[number] if part is not None]
        if operation.kind == "output":
            found[number] = Gradient(1.0)
        elif known and len(known) == len(parts[number]):
            found[number] = _sum(known)
        for index in operation.inputs:
            parts[index].append(
                _input_gradient(operation, index, found[number], outputs, layers.get(operation.layer or ""))
            )
    return found


def _sum(parts: Sequence[Gradient]) -> Gradient:
    if len(parts) == 1:
        return parts[0]
    return Gradient(
        sum(part.moment for part in parts),
        spread_of_sum(parts, [1.0] * len(parts)),
        max(part.kurtosis for part in parts),
        max(part.slopes for part in parts),
        max(part.inverses for part in parts),
        any(part.is_coupled for part in parts),
        mixed([part.profile for part in parts], [part.moment for part in parts]),
    )


def _input_gradient(
    operation: Operation, index: int, gradient: Gradient | None, outputs: Sequence[Signal | None], layer: Layer | None
) -> Gradient | None:
    """What the operation passes back to its input `index`."""
    signal = outputs[index]
    if gradient is None or operation.repeated:
        return None
    if operation.kind == "output" or operation.op in ("add", "concat"):
        gradient = replace(gradient, largest_of=1) if operation.op == "add" else gradient
        return gradient if operation.kind == "output" or len(operation.inputs) > 1 else None
    if signal is None:
        return None
    if operation.kind == "activation":
        return _activation_gradient(operation, signal, gradient)
    if operation.op in NORMS:
        return _norm_gradient(operation.op, layer, signal, gradient)
    if operation.op == "mul" and len(operation.inputs) == 2:
        other = outputs[next(i for i in operation.inputs if i != index)]
        if other is None or other.variable is signal.variable:
            return None
        return _multiplied(gradient, other.moment, other.response.kurtosis, max(0.0, other.spread))
    if operation.op in ("scale", "shift"):
        number, operator = operation.arguments.get("number"), operation.arguments.get("operator")
        if operation.op == "shift" or operator == "neg":
            return gradient
        if not isinstance(number, (int, float)) or not number or operator == "rdiv":
            return None
        return gradient.scaled(number * number if operator != "div" else 1 / (number * number))
    if operation.op == "pool":
        window = operation.arguments.get("window")
        if not isinstance(window, (int, float)) or math.isinf(window):
            return None
        step = operation.arguments.get("step", window)
        if not isinstance(step, (int, float)):
            return None
        if operation.arguments.get("kind") == "max":
            return replace(gradient.scaled(1 / step), profile=(), largest_of=gradient.largest_of * int(window))
        return replace(gradient.scaled(1 / (window * step)), profile=(), largest_of=1)
    return _layer_gradient(layer, gradient) if operation.kind == "layer" and layer is not None else None


def _layer_gradient(layer: Layer, gradient: Gradient) -> Gradient | None:
    drawn = gradient_weights(layer)
    if drawn is None or (drawn.mean and gradient.is_coupled):
        return None
    inside, profile = gradient_at_border(layer, gradient.profile)
    return Gradient(
        gradient.moment * drawn.factor * inside,
        spread_of_mean(gradient.spread, gradient.kurtosis, drawn.outputs),
        slopes=gradient.slopes,
        inverses=gradient.inverses,
        is_coupled=bool(drawn.mean),
        profile=profile,
    )


def _activation_gradient(operation: Operation, signal: Signal, gradient: Gradient) -> Gradient | None:
    outer, v = activated(operation.op, operation.arguments, signal.expression), signal.variable
    if outer is None or signal.window > 1 or not v.is_normal:
        return None
    slope = slope_moment(outer, signal.expression, v.mean, v.moment, gradient.largest_of)
    response = slope_response(outer, signal.expression, v.mean, v.moment)
    factor = slope * exponential(response.bend * v.spread)
    return _multiplied(gradient, factor, response.kurtosis, response.order**2 * max(0.0, v.spread))


def _multiplied(gradient: Gradient, factor: float, kurtosis: float, spread: float) -> Gradient:
    """By a slope or a gate with this mean square."""
    deviation = math.sqrt(spread)
    return replace(
        gradient,
        moment=gradient.moment * factor,
        spread=(math.sqrt(gradient.spread) + deviation) ** 2,
        kurtosis=gradient.kurtosis * kurtosis,
        slopes=gradient.slopes + deviation,
        largest_of=1,
    )


def _norm_gradient(op: str, layer: Layer | None, signal: Signal, gradient: Gradient) -> Gradient | None:
    affine = gain_and_shift(layer)
    if affine is None or gradient.is_coupled:
        return None
    v, (gain, spread) = signal.as_variable(), affine[0]
    factor = (gain * gain + spread) / (max(0.0, v.moment - removed(op, v)) + EPSILON)
    return replace(
        gradient, moment=gradient.moment * factor, inverses=gradient.inverses + max(0.0, v.spread), is_coupled=False
    )
