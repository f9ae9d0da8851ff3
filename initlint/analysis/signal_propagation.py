"""Propagates the signal through a whole model at init. Every figure in any output comes from here.

The signal is E[x^2], over inputs, units, positions and draws of the weights; the input is independent N(0, 1). The
theory is mean-field theory (Poole et al., arXiv:1606.05340; Schoenholz et al., arXiv:1611.01232): weights are
independent and layers are wide, so the output of a layer is normal.

What cannot be computed is None: unknown operators, sums of signals that depend on each other, parameters whose init is
not known, what follows a loop of unknown length, and more than some sixty activations without a layer between, up to
the next norm. Zero padding is counted on feature maps of known size (`borders.py`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from initlint._records import dataclass
from initlint.analysis.layer_activation import initialized_layers
from initlint.analysis.layer_outputs import embedding_output, layer_gradient, layer_output, norm_output
from initlint.analysis.norms import NORMS
from initlint.analysis.signals import Signal, activate, combine, source_signal
from initlint.facts.activation_curves import IDENTITY, activated, size_of, slope_moment
from initlint.graph.model import Consumer, Layer, ModelGraph, Operation, memoize
from initlint.project.source import Location

_LARGEST_CONSTANT_PART = 0.5
"""Of the signal after a layer: with more that does not depend on its input, a factor on its input means nothing."""

_LARGEST_EXPRESSION = 64
"""Of activations, sums and products without a layer between: more would cost the square of their number."""


@dataclass(frozen=True, slots=True)
class LayerEffect:
    """What a layer and its activation do to the signal that reaches the layer.

    `factor`: on the signal, None if it means nothing: the input is zero, or the bias or the activation sets most of the
    output. `weight_factor`: the same without the bias. `gradient`: the factor on the gradient. `after`: the output.
    """

    factor: float | None
    weight_factor: float | None
    gradient: float | None
    after: Signal


@memoize
def signals(model: ModelGraph) -> Sequence[Signal | None]:
    """The output of each operation of `model`, in their order."""
    return _propagate(model, source_signal())


def _propagate(model: ModelGraph, model_input: Signal) -> Sequence[Signal | None]:
    outputs: list[Signal | None] = []
    constructors: set[Location] = set()
    layers = initialized_layers(model)
    for number, operation in enumerate(model.operations):
        inputs = [outputs[index] for index in operation.inputs]
        source = operation.layer or f"operation {number}"
        layer = layers.get(operation.layer or "")
        if layer is not None and layer.repeated and operation.op not in NORMS:
            if layer.location in constructors:
                inputs = [None]  # a further iteration of a loop that constructs an unknown number of layers
            constructors.add(layer.location)
        is_input = operation.kind == "input"
        outputs.append(model_input if is_input else output_signal(operation, inputs, layer, source))
    return outputs


@memoize
def layer_inputs(model: ModelGraph) -> Mapping[str, Signal]:
    """The signal that reaches each layer, by the layer's path; not for those that signals of different sizes reach."""
    outputs = signals(model)
    inputs_by_path: dict[str, list[Signal | None]] = {}
    for operation in model.operations:
        if operation.kind == "layer" and operation.layer is not None and not operation.repeated:
            inputs_by_path.setdefault(operation.layer, []).extend(outputs[index] for index in operation.inputs)
    agreed = {path: _agreed(inputs) for path, inputs in inputs_by_path.items()}
    return {path: signal for path, signal in agreed.items() if signal is not None}


def layer_effect(layer: Layer, following: Consumer | None, signal: Signal) -> LayerEffect | None:
    """The effect of `layer` on `signal`; None if a part of it is unknown.

    `following` is the activation. None or the next layer: there is none.
    """
    activation = None if following is None or following.op == "layer" else following
    output = layer_output(layer, signal, layer.path)
    after = _activated(activation, output)
    if output is None or after is None:
        return None
    gradient = layer_gradient(layer, 1.0)
    if activation is not None and gradient is not None:
        curve, v = activated(activation.op, activation.arguments), output.variable
        gradient = None if curve is None else gradient * slope_moment(curve, IDENTITY, v.mean, v.moment)
    without_bias = _activated(activation, layer_output(layer, signal, layer.path, biased=False))
    constant = _activated(activation, layer_output(layer, source_signal(0.0), layer.path))
    factor = after.moment / signal.moment if signal.moment > 0 else None
    if constant is None or constant.moment > _LARGEST_CONSTANT_PART * after.moment:
        factor = None
    weight_factor = without_bias.moment / signal.moment if without_bias is not None and signal.moment > 0 else None
    return LayerEffect(factor, weight_factor, gradient, after)


def _activated(activation: Consumer | None, signal: Signal | None) -> Signal | None:
    if activation is None or signal is None:
        return signal
    return activate(activation.op, activation.arguments, signal)


def mean_squares(model: ModelGraph) -> tuple[float | None, ...]:
    """E[x^2] of the output of each operation of the model, for an input of E[x^2] = 1; None if unknown.

    None also where it differs so much between draws of the weights that it says little about one of them.
    """
    return tuple(None if signal is None or not signal.is_settled else signal.moment for signal in signals(model))


def model_output(model: ModelGraph) -> float | None:
    """E[x^2] of the output of `model`, for an input of E[x^2] = 1; None if it is unknown or there are several."""
    outputs = [number for number, operation in enumerate(model.operations) if operation.kind == "output"]
    return mean_squares(model)[outputs[0]] if len(outputs) == 1 else None


def output_is_constant(model: ModelGraph) -> bool:
    """Whether the biases set most of the output of `model`: it has the same E[x^2] for an input of zero."""
    output = model_output(model)
    if output is None or any(_is_independent_of_scale(model, operation) for operation in model.operations):
        return False
    constant = _propagate(model, source_signal(0.0))
    moments = [signal for op, signal in zip(model.operations, constant, strict=True) if op.kind == "output"]
    return any(signal is not None and signal.moment > _LARGEST_CONSTANT_PART * output for signal in moments)


def _is_independent_of_scale(model: ModelGraph, operation: Operation) -> bool:
    """Whether the scale of the model's input has no effect on the output of `operation`: a norm, an embedding."""
    layer = model.by_path.get(operation.layer or "")
    return operation.op in NORMS or (layer is not None and layer.type in ("Embedding", "EmbeddingBag"))


def output_signal(
    operation: Operation, inputs: Sequence[Signal | None], layer: Layer | None, source: str
) -> Signal | None:
    """The output of `operation`; `source` names the draw of its weights."""
    signal = _output(operation, inputs, layer, source)
    return None if signal is None or size_of(signal.expression) > _LARGEST_EXPRESSION else signal


def _output(operation: Operation, inputs: Sequence[Signal | None], layer: Layer | None, source: str) -> Signal | None:
    if operation.kind == "input":
        return source_signal()
    if operation.kind == "layer" and layer is not None and layer.type in ("Embedding", "EmbeddingBag"):
        return embedding_output(layer, source)
    if operation.op in NORMS - {"local_response_norm", "weight_norm"}:
        return norm_output(operation.op, layer, inputs, source)
    known = [signal for signal in inputs if signal is not None]
    if not known or len(known) < len(inputs) or operation.kind == "sink" or operation.repeated:
        return None
    if operation.kind == "modifier":
        return combine(operation, known)
    signal = _agreed(known)
    if signal is None:
        return None
    if operation.kind == "activation":
        return activate(operation.op, operation.arguments, signal)
    if operation.kind == "output":
        return signal
    return None if layer is None else layer_output(layer, signal, source)


def _agreed(inputs: Sequence[Signal | None]) -> Signal | None:
    """The one signal where a branch selects one of several; None if they differ in size or one is unknown."""
    known = [signal for signal in inputs if signal is not None]
    if not known or len(known) < len(inputs):
        return None
    moments = [signal.moment for signal in known]
    return known[0] if math.isclose(min(moments), max(moments), rel_tol=0.01) else None
