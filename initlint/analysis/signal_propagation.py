"""Propagates the signal through a whole model at init: the second moment of the output of each operation.

Rules on a single layer and its activation assume unit variance. This follows E[x^2] from the input to the output, with
biases, skips, gates and norms. It uses mean-field theory (Poole et al., arXiv:1606.05340): weights are independent and
of zero mean, layers are wide. Pooling and padding are ignored.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from initlint.analysis.layer_activation import NORMS, effective_init, fans_in_use, is_matrix
from initlint.facts.activation_curves import moments_at
from initlint.facts.initializer_formulas import moment, scale, variance
from initlint.graph.model import Layer, ModelGraph, Operation

_PRESERVING = frozenset({"pool", "chunk", "concat", "local_response_norm"})


@dataclass(frozen=True, slots=True)
class Signal:
    """E[x] and E[x^2], over inputs, units and draws of the weights. The mean is needed to add signals."""

    mean: float
    moment: float


def second_moments(model: ModelGraph) -> tuple[float | None, ...]:
    """E[x^2] of the output of each operation of the model, for an input of E[x^2] = 1; None if unknown.

    Empty if the model has no operations: see `whole_models` of `linter.pipeline.check_models`.
    """
    signals: list[Signal | None] = []
    for operation in model.operations:
        signals.append(_output_signal(operation, [signals[index] for index in operation.inputs], model.by_path))
    return tuple(None if signal is None else signal.moment for signal in signals)


def assumes_equal_fans(layer: Layer) -> bool:
    """Whether the layer's sizes are unknown, and fan_in = fan_out is assumed."""
    return is_matrix(layer) and _fans_of(layer) is None


def _output_signal(operation: Operation, inputs: Sequence[Signal | None], layers: Mapping[str, Layer]) -> Signal | None:
    if operation.kind == "input":
        return Signal(0.0, 1.0)
    layer = layers.get(operation.layer) if operation.layer is not None else None
    if operation.op in NORMS - _PRESERVING:
        return _norm_output(layer, inputs)
    known_inputs = [signal for signal in inputs if signal is not None]
    if not known_inputs or len(known_inputs) < len(inputs) or operation.kind == "sink":
        return None
    if operation.kind == "modifier":
        return _combine(operation.op, known_inputs)
    moments = [signal.moment for signal in known_inputs]
    if not math.isclose(min(moments), max(moments), rel_tol=0.01):
        return None  # a branch selects one of several values
    if operation.kind == "activation":
        mean_and_moment = moments_at(operation.op, operation.arguments, known_inputs[0].mean, known_inputs[0].moment)
        return None if mean_and_moment is None else Signal(*mean_and_moment)
    return (
        known_inputs[0] if layer is None or operation.kind == "output" else _layer_output(layer, known_inputs[0].moment)
    )


def _combine(op: str, inputs: Sequence[Signal]) -> Signal | None:
    """Combine independent signals. The other operand of a sum or product with one input is no data: unknown."""
    means, moments = [signal.mean for signal in inputs], [signal.moment for signal in inputs]
    if op in _PRESERVING:
        return Signal(sum(means) / len(means), sum(moments) / len(moments))
    if len(inputs) < 2 or op not in ("add", "mul"):
        return None
    if op == "mul":
        return Signal(math.prod(means), math.prod(moments))
    mean = sum(means)
    return Signal(mean, mean * mean + sum(signal.moment - signal.mean**2 for signal in inputs))


def _norm_output(layer: Layer | None, inputs: Sequence[Signal | None]) -> Signal | None:
    """E[x^2] after a norm: E[weight^2] + E[bias^2], or 0 if the input is 0."""
    if any(signal is not None and signal.moment == 0 for signal in inputs):
        return Signal(0.0, 0.0)
    if layer is None:
        return Signal(0.0, 1.0)
    gain = _parameter_moment(layer, "weight", 1.0)
    shift = _parameter_moment(layer, "bias", 0.0)
    return None if gain is None or shift is None else Signal(0.0, gain + shift)


def _parameter_moment(layer: Layer, parameter: str, default: float) -> float | None:
    """E[w^2] of a norm's parameter; None if unknown."""
    write = layer.effective_write(parameter)
    if not layer.last_write_is_certain(parameter):
        return None
    return default if write is None else moment(write.initializer, write.arguments, None, None)


def _fans_of(layer: Layer) -> tuple[float, float, float] | None:
    """torch's fan_in and fan_out, and the fan_in in use; None unless all are known."""
    layer_fans = fans_in_use(layer)
    if layer_fans is None or not layer_fans.fan_in or not layer_fans.fan_out or not layer_fans.signal_fan_in:
        return None
    return layer_fans.fan_in, layer_fans.fan_out, layer_fans.signal_fan_in


def _layer_output(layer: Layer, moment_of_input: float) -> Signal | None:
    """The output of a layer."""
    if layer.parametrized or not layer.last_write_is_certain():
        return None
    init = effective_init(layer)
    if init is None:
        return None
    initializer, arguments = init
    if layer.type in ("Embedding", "EmbeddingBag"):
        return _zero_mean(moment(initializer, arguments, None, None))
    if not is_matrix(layer):
        return None
    sizes = _fans_of(layer)
    if sizes is None:
        equal_fans_factor = scale(initializer, arguments)
        return None if equal_fans_factor is None else _zero_mean(equal_fans_factor * moment_of_input)
    fan_in, fan_out, signal_fan_in = sizes
    deviation = variance(initializer, arguments, fan_in, fan_out)
    second_moment = moment(initializer, arguments, fan_in, fan_out)
    if deviation is None or second_moment is None or not math.isclose(second_moment, deviation):
        return None  # for weights with a nonzero mean, the output depends on the signal's mean
    return _zero_mean(signal_fan_in * deviation * moment_of_input + _bias_moment(layer, fan_in))


def _zero_mean(second: float | None) -> Signal | None:
    return None if second is None else Signal(0.0, second)


def _bias_moment(layer: Layer, fan_in: float) -> float:
    """E[b^2], 0 if unknown. torch's default is U(-1 / sqrt(fan_in), 1 / sqrt(fan_in))."""
    write = layer.effective_write("bias")
    if "bias" not in layer.shapes or not layer.last_write_is_certain("bias"):
        return 0.0
    return 1 / (3 * fan_in) if write is None else moment(write.initializer, write.arguments, None, None) or 0.0
