"""The factor of each layer on the signal that reaches it, for the tables of `initlint trace`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from initlint.analysis.layer_activation import effective_init, factors_of, is_matrix
from initlint.analysis.norms import NORMS, PIECEWISE_LINEAR, certain_activation
from initlint.analysis.signal_propagation import Signal, assumes_equal_fans, layer_factors, propagation
from initlint.facts.initializer_formulas import mean_and_variance
from initlint.graph.model import Consumer, Layer, ModelGraph, Write, memoize


@memoize
def operating_factors(model: ModelGraph) -> Mapping[str, float]:
    """The factor of each layer with its activation on the mean square of the signal, at the signal that reaches it.

    The activation counts if it is the only consumer and follows directly. A layer has no factor if it is not called or
    no linear map, if a norm follows directly, or if the factor depends on a signal that is not known.
    """
    inputs: dict[str, Signal | None] = {}
    signals = propagation(model).signals
    for operation in model.operations:
        if operation.kind == "layer" and operation.layer is not None:
            signal = signals[operation.inputs[0]] if len(operation.inputs) == 1 else None
            inputs.setdefault(operation.layer, signal)
    layers = ((layer.path, _with_tied_init(model, layer)) for layer in model.layers)
    factors = ((path, _factor(layer, inputs.get(path))) for path, layer in layers)
    return {path: factor for path, factor in factors if factor is not None}


def _with_tied_init(model: ModelGraph, layer: Layer) -> Layer:
    """The layer; if its weight is that of an embedding with PyTorch's default init, with that init."""
    source = None if layer.tied is None else model.by_path.get(layer.tied)
    if source is None or source.type != "Embedding" or any(write.parameter == "weight" for write in layer.writes):
        return layer
    init = effective_init(source)
    return layer if init is None else replace(layer, writes=(*layer.writes, Write("weight", *init, source.location)))


def _factor(layer: Layer, signal: Signal | None) -> float | None:
    if not layer.last_write_is_certain():
        return _scaled_factor(layer)
    init = effective_init(layer)
    if init is None or not layer.called or not is_matrix(layer) or assumes_equal_fans(layer):
        return None
    if layer.parametrized or _is_normalized(layer):
        return None
    activation = certain_activation(layer, frozenset())
    if signal is not None:
        following = activation or Consumer("layer", (), layer.location, certain=True)
        result = layer_factors(layer, following, signal)
        return None if result is None else result[0]
    if activation is not None and activation.op not in PIECEWISE_LINEAR:
        return None
    drawn = mean_and_variance(*init, 1.0, 1.0, layer.shapes.get("weight"))
    if drawn is None or drawn[0]:
        return None  # it depends on the mean of the signal
    at_unit_variance = factors_of(layer, *init, activation)
    return None if at_unit_variance is None else at_unit_variance.signal


def _scaled_factor(layer: Layer) -> float | None:
    """The factor of a layer whose weight was last multiplied by a number, for any signal: `w.data = w.data * 4`."""
    *others, last = (write for write in layer.writes if write.parameter == "weight")
    number = last.arguments.get("value")
    name = last.initializer.rpartition(".")[2]
    if name not in ("mul_", "div_") or not last.certain or not last.covers_tensor:
        return None
    if not isinstance(number, (int, float)) or not number:
        return None
    rest = tuple(write for write in layer.writes if write is not last)
    factor = _factor(replace(layer, writes=rest), None)
    return None if factor is None or len(others) > 1 else factor * (number**2 if name == "mul_" else number**-2)


def _is_normalized(layer: Layer) -> bool:
    """Whether a norm follows directly, so the scale of the weight has no effect."""
    return bool(layer.followed_by) and all(
        consumer.between and consumer.between[0] in NORMS for consumer in layer.followed_by
    )
