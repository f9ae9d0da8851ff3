"""Decides whether the input of a layer certainly has mean square 1, since a norm comes directly before it.

The norm may be a module, a function, or written out, and the values may be multiplied by a gain and by numbers after
it. An L2 normalization gives each of n values the mean square 1 / n, so that a factor of sqrt(n) makes it a norm.
"""

from __future__ import annotations

from collections.abc import Mapping

from initlint.analysis.layer_activation import as_number, constant
from initlint.analysis.norms import NORMS
from initlint.facts.signatures import size
from initlint.graph.model import Layer, ModelGraph

_KEEPS = frozenset({"pool", "chunk", "shift"})
_SETTING = NORMS - {"local_response_norm", "weight_norm"}
_LOWEST, _HIGHEST = 0.5, 2.0
"""The mean square that counts as 1."""


def has_unit_input(model: ModelGraph, layer: Layer) -> bool:
    """Whether all that reaches the layer comes from norms, at mean square 1."""
    inputs = size(layer.arguments.get("in_features", layer.arguments.get("embedding_dim")))
    calls = [operation for operation in model.operations if operation.layer == layer.path]
    sources = [source for operation in calls for source in operation.inputs]
    return bool(sources) and all(
        (moment := _moment(model, source, inputs)) is not None and _LOWEST <= moment <= _HIGHEST for source in sources
    )


def has_unit_gain(norm: Layer) -> bool:
    """Whether the gain of a norm module, or a raw parameter, certainly is 1."""
    return _constant_gain(norm) == 1.0


def _moment(model: ModelGraph, number: int, inputs: int | None) -> float | None:
    """The mean square of the output of an operation directly after a norm, for this number of values in a vector."""
    factor = 1.0
    while True:
        operation = model.operations[number]
        if operation.kind != "modifier" or not operation.certain:
            return None
        gain = _gain(model, operation.factors) if operation.factors else 1.0
        if operation.op == "scale":
            gain = _number(operation.arguments) if not operation.factors else gain
        elif operation.op == "normalize":
            factor *= as_number(operation.arguments.get("number", 1.0)) or 0.0
            return factor * factor / inputs if inputs else None
        elif operation.op in _SETTING:
            if operation.layer is not None:
                layer = model.by_path.get(operation.layer)
                gain = None if layer is None else _constant_gain(layer)
            elif operation.arguments.get("gain") is not None and not operation.factors:
                gain = None
            return None if gain is None else (factor * gain) ** 2
        elif operation.op not in _KEEPS:
            return None
        if gain is None or len(operation.inputs) != 1:
            return None
        factor *= gain
        (number,) = operation.inputs


def _number(arguments: Mapping[str, object]) -> float | None:
    """The number that a `scale` multiplies by."""
    number = as_number(arguments.get("number"))
    if number is None:
        return None
    operator = arguments.get("operator")
    if operator in ("mul", "rmul"):
        return number
    return 1 / number if operator == "div" and number else None


def _gain(model: ModelGraph, paths: tuple[str, ...]) -> float | None:
    """The number that all entries of one raw parameter are."""
    layer = model.by_path.get(paths[0]) if len(paths) == 1 else None
    return None if layer is None else _constant_gain(layer)


def _constant_gain(layer: Layer) -> float | None:
    """The number that all entries of the gain are; torch's default of a norm module is 1."""
    if not layer.last_write_is_certain() or layer.parametrized:
        return None
    write = layer.effective_write()
    if write is None:
        return 1.0 if layer.type != "Parameter" else None
    return constant(write)
