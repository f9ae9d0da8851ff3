"""The factor of each layer on the signal that reaches it, for tables and hover."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from initlint.analysis.chain_products import factors_at
from initlint.analysis.layer_activation import Factors, effective_init, initialized_layers, is_matrix
from initlint.analysis.layer_outputs import assumes_equal_fans
from initlint.analysis.norms import NORMS, PIECEWISE_LINEAR, certain_activation
from initlint.analysis.signal_propagation import layer_inputs
from initlint.facts.initializer_formulas import mean_and_variance
from initlint.graph.model import Layer, ModelGraph, memoize


@memoize
def operating_factors(model: ModelGraph) -> Mapping[str, Factors]:
    """The factors of each layer with its activation on the mean squares, at the signal that reaches it.

    The activation counts if it is the only consumer and follows directly. A layer has no factors if it is not called or
    no linear map, if a norm follows directly, or if they depend on a signal that is not known.
    """
    factors = ((path, _factors(model, layer)) for path, layer in initialized_layers(model).items())
    return {path: known for path, known in factors if known is not None}


def signal_factor(model: ModelGraph, layer: Layer) -> float | None:
    """The factor on the signal that reaches the layer; None if it is unknown or means nothing there."""
    factors = operating_factors(model).get(layer.path)
    return None if factors is None or assumes_equal_fans(layer) else factors.signal


def _factors(model: ModelGraph, layer: Layer) -> Factors | None:
    if not layer.last_write_is_certain():
        return _scaled_factors(model, layer)
    init = effective_init(layer)
    if init is None or not layer.called or not _is_linear(layer) or _is_normalized(layer):
        return None
    if layer.parametrized and not layer.keeps_init:
        return None
    if layer.path in layer_inputs(model):
        return factors_at(model, layer)
    activation = certain_activation(layer, frozenset())
    if activation is not None and activation.op not in PIECEWISE_LINEAR:
        return None
    drawn = mean_and_variance(*init, 1.0, 1.0, layer.shapes.get("weight"))
    return None if drawn is None or drawn[0] else factors_at(model, layer)  # else it depends on the signal's mean


def _scaled_factors(model: ModelGraph, layer: Layer) -> Factors | None:
    """The factors of a layer whose weight was last multiplied by a number: `w.data = w.data * 4`."""
    *others, last = (write for write in layer.writes if write.parameter == "weight")
    number = last.arguments.get("value")
    name = last.initializer.rpartition(".")[2]
    if name not in ("mul_", "div_") or not last.certain or not last.covers_tensor:
        return None
    if not isinstance(number, (int, float)) or not number or len(others) > 1:
        return None
    rest = tuple(write for write in layer.writes if write is not last)
    factors = _factors(model, replace(layer, writes=rest))
    if factors is None or factors.weight is None:
        return None
    weight = factors.weight * (number**2 if name == "mul_" else number**-2)
    return replace(factors, signal=weight, weight=weight, gradient=None)


def _is_linear(layer: Layer) -> bool:
    return is_matrix(layer) or layer.product is not None


def _is_normalized(layer: Layer) -> bool:
    """Whether a norm follows directly, so the scale of the weight has no effect."""
    return bool(layer.followed_by) and all(
        consumer.between and consumer.between[0] in NORMS for consumer in layer.followed_by
    )
