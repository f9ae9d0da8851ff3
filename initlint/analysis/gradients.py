"""The gradient's mean square, propagated backwards through a model."""

from __future__ import annotations

import math
from collections.abc import Sequence

from initlint.analysis.layer_activation import initialized_layers
from initlint.analysis.layer_outputs import EPSILON, gain_and_shift, layer_gradient, removed
from initlint.analysis.norms import NORMS
from initlint.analysis.signal_propagation import signals
from initlint.analysis.signals import Signal
from initlint.facts.activation_curves import activated, slope_moment
from initlint.graph.model import Layer, ModelGraph, Operation, memoize


@memoize
def gradients(model: ModelGraph) -> Sequence[float | None]:
    """E[g^2] at the output of each operation, for gradients of E[g^2] = 1 at the model's outputs."""
    operations, outputs, layers = model.operations, signals(model), initialized_layers(model)
    parts: list[list[float | None]] = [[] for _ in operations]
    found: list[float | None] = [None] * len(operations)
    for number in reversed(range(len(operations))):
        operation = operations[number]
        known = [part for part in parts[number] if part is not None]
        if operation.kind == "output":
            found[number] = 1.0
        elif known and len(known) == len(parts[number]):
            found[number] = sum(known)
        for index in operation.inputs:
            parts[index].append(
                _input_gradient(operation, index, found[number], outputs, layers.get(operation.layer or ""))
            )
    return found


def _input_gradient(
    operation: Operation, index: int, gradient: float | None, outputs: Sequence[Signal | None], layer: Layer | None
) -> float | None:
    """What the operation passes back to its input `index`."""
    signal = outputs[index]
    if gradient is None or operation.repeated:
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
        other = outputs[next(i for i in operation.inputs if i != index)]
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
    return layer_gradient(layer, gradient) if operation.kind == "layer" and layer is not None else None


def _activation_gradient(operation: Operation, signal: Signal, gradient: float) -> float | None:
    outer = activated(operation.op, operation.arguments, signal.expression)
    if outer is None or signal.window > 1:
        return None
    v = signal.variable
    return gradient * slope_moment(outer, signal.expression, v.mean, v.moment)


def _norm_gradient(op: str, layer: Layer | None, signal: Signal, gradient: float) -> float | None:
    affine = gain_and_shift(layer)
    if affine is None:
        return None
    v, (gain, spread) = signal.as_variable(), affine[0]
    return gradient * (gain * gain + spread) / (max(0.0, v.moment - removed(op, v)) + EPSILON)
