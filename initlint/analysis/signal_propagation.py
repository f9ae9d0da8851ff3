"""The signal through a whole model at its init: the second moment behind each operation.

Where the rules judge one layer and its activation at unit variance, this follows E[x^2] from the input to the output,
with the layer's own bias, skips, gates and norms. It is mean-field theory (Poole et al., arXiv:1606.05340): weights
are independent and of zero mean, layers are wide. Pooling and padding at borders are left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from initlint.analysis.layer_activation import NORMS, effective_init, fans_in_use, is_matrix
from initlint.facts.activation_curves import moments_at
from initlint.facts.initializer_formulas import moment, scale, variance
from initlint.graph.model import Layer, ModelGraph, Operation

_KEPT = frozenset({"pool", "chunk", "concat", "local_response_norm"})


@dataclass(frozen=True, slots=True)
class Signal:
    """E[x] and E[x^2], over inputs, units and draws of the weights. Sums of signals need the mean of each."""

    mean: float
    moment: float


def second_moments(model: ModelGraph) -> tuple[float | None, ...]:
    """E[x^2] of what comes out of each of the model's operations, for an input of E[x^2] = 1; None: not known.

    Empty if the model has no operations: see `linter.survey`.
    """
    found: list[Signal | None] = []
    for operation in model.operations:
        found.append(_behind(operation, [found[at] for at in operation.inputs], model.by_path))
    return tuple(None if signal is None else signal.moment for signal in found)


def assumes_equal_fans(layer: Layer) -> bool:
    """Whether the layer's sizes are not known, so that fan_in = fan_out is assumed of it."""
    return is_matrix(layer) and _known_fans(layer) is None


def _behind(operation: Operation, inputs: Sequence[Signal | None], layers: Mapping[str, Layer]) -> Signal | None:
    if operation.kind == "input":
        return Signal(0.0, 1.0)
    layer = layers.get(operation.layer) if operation.layer is not None else None
    if operation.op in NORMS - _KEPT:
        return _normalised(layer, inputs)
    known = [signal for signal in inputs if signal is not None]
    if not known or len(known) < len(inputs) or operation.kind == "end":
        return None
    if operation.kind == "noted":
        return _combined(operation.op, known)
    moments = [signal.moment for signal in known]
    if not math.isclose(min(moments), max(moments), rel_tol=0.01):
        return None  # one of several values arrives
    if operation.kind == "activation":
        made = moments_at(operation.op, operation.arguments, known[0].mean, known[0].moment)
        return None if made is None else Signal(*made)
    return known[0] if layer is None or operation.kind == "output" else _through(layer, known[0].moment)


def _combined(op: str, inputs: Sequence[Signal]) -> Signal | None:
    """Of independent signals; a sum or a product of one is with something that is no data."""
    means, moments = [signal.mean for signal in inputs], [signal.moment for signal in inputs]
    if op in _KEPT:
        return Signal(sum(means) / len(means), sum(moments) / len(moments))
    if len(inputs) < 2 or op not in ("add", "mul"):
        return None
    if op == "mul":
        return Signal(math.prod(means), math.prod(moments))
    mean = sum(means)
    return Signal(mean, mean * mean + sum(signal.moment - signal.mean**2 for signal in inputs))


def _normalised(layer: Layer | None, inputs: Sequence[Signal | None]) -> Signal | None:
    """One, times what the norm's own weight and bias make of it; nothing comes of nothing."""
    if any(signal is not None and signal.moment == 0 for signal in inputs):
        return Signal(0.0, 0.0)
    if layer is None:
        return Signal(0.0, 1.0)
    gain = _filled(layer, "weight", 1.0)
    shift = _filled(layer, "bias", 0.0)
    return None if gain is None or shift is None else Signal(0.0, gain + shift)


def _filled(layer: Layer, parameter: str, default: float) -> float | None:
    """E[w^2] of a norm's parameter."""
    write = layer.effective_write(parameter)
    if not layer.last_write_is_certain(parameter):
        return None
    return default if write is None else moment(write.initializer, write.arguments, None, None)


def _known_fans(layer: Layer) -> tuple[float, float, float] | None:
    """fan_in and fan_out as torch counts them, and the fan_in in use, if all are known."""
    found = fans_in_use(layer)
    if found is None or not found.fan_in or not found.fan_out or not found.signal_fan_in:
        return None
    return found.fan_in, found.fan_out, found.signal_fan_in


def _through(layer: Layer, moment_of_input: float) -> Signal | None:
    """What a layer makes of its input."""
    if layer.parametrized or not layer.last_write_is_certain():
        return None
    init = effective_init(layer)
    if init is None:
        return None
    initializer, arguments = init
    if layer.type in ("Embedding", "EmbeddingBag"):
        return _centred(moment(initializer, arguments, None, None))
    if not is_matrix(layer):
        return None
    sizes = _known_fans(layer)
    if sizes is None:
        equal = scale(initializer, arguments)
        return None if equal is None else _centred(equal * moment_of_input)
    fan_in, fan_out, signal_fan_in = sizes
    deviation = variance(initializer, arguments, fan_in, fan_out)
    square = moment(initializer, arguments, fan_in, fan_out)
    if deviation is None or square is None or not math.isclose(square, deviation):
        return None  # of weights with a mean, the sum hangs on the signal's mean
    return _centred(signal_fan_in * deviation * moment_of_input + _bias(layer, fan_in))


def _centred(second: float | None) -> Signal | None:
    return None if second is None else Signal(0.0, second)


def _bias(layer: Layer, fan_in: float) -> float:
    """E[b^2]; torch's own draws from U(-1 / sqrt(fan_in), 1 / sqrt(fan_in)). One that is not known counts as zero."""
    write = layer.effective_write("bias")
    if "bias" not in layer.shapes or not layer.last_write_is_certain("bias"):
        return 0.0
    return 1 / (3 * fan_in) if write is None else moment(write.initializer, write.arguments, None, None) or 0.0
