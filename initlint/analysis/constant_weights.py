"""Finds weights that start constant, and whether that prevents them or earlier layers from learning.

A zero is right before a residual sum, a gate or a modulation, as the second factor of `B(A(x))`, and at an output. The
functions below exclude these cases.
"""

from __future__ import annotations

from initlint.analysis.layer_activation import constant, is_matrix
from initlint.analysis.norms import NORMS, certain_activation, is_hidden
from initlint.facts.activations import ACTIVATIONS
from initlint.graph.model import Consumer, Forward, Layer, ModelGraph, Write

_ZERO_PRESERVING = NORMS | {"pool", "concat"}
"""Operations that map zeros to zeros (norms at their default init), and constants to constants."""

_GATES = frozenset({"glu"})


def constant_weight(layer: Layer) -> Write | None:
    """The write that fills the weight of a linear map with one known number; None if uncertain."""
    write = layer.effective_write()
    if write is None or not layer.last_write_is_certain() or not is_matrix(layer) or layer.frozen or layer.parametrized:
        return None
    return None if constant(write) is None else write


def zero_weight(layer: Layer) -> Write | None:
    """The write that zeroes the weight of a linear map."""
    write = constant_weight(layer)
    return write if write is not None and constant(write) == 0.0 else None


def zero_parameter(layer: Layer) -> Write | None:
    """The write that zeroes a raw parameter which data is multiplied with, as in `x @ W` and `F.linear(x, W)`."""
    write = layer.effective_write()
    if layer.product is None or write is None or not layer.last_write_is_certain():
        return None
    return write if not layer.frozen and not layer.parametrized and constant(write) == 0.0 else None


def added_constant(model: ModelGraph, layer: Layer, following: Consumer) -> float | None:
    """What is added to the product with a raw parameter before `following`: 0 for nothing, and for zero biases.

    None if it is unknown. Any vector of the same module with an item for each output may be the bias.
    """
    if "shift" not in following.between:
        return 0.0
    weight, product = layer.shapes.get("weight"), layer.product
    outputs = weight[product.kept[0]] if weight and product is not None and len(product.kept) == 1 else None
    if outputs is None or following.between.count("shift") > 1:
        return None
    prefix = layer.path.rpartition(".")[0]
    vectors = [
        (other, name)
        for other in model.layers
        if other is not layer and other.path.startswith(f"{prefix}." if prefix else "")
        for name, shape in other.shapes.items()
        if shape is None or (len(shape) == 1 and shape[0] in (outputs, None))
    ]
    return 0.0 if vectors and all(_is_certain_zero(*vector) for vector in vectors) else None


def _is_certain_zero(layer: Layer, parameter: str) -> bool:
    write = layer.effective_write(parameter)
    return write is not None and layer.last_write_is_certain(parameter) and constant(write) == 0.0


def bias_constant(layer: Layer) -> float | None:
    """The initial value of the bias, 0 for a layer without one; None if it is random or unknown."""
    if layer.arguments.get("bias", True) is False:
        return 0.0
    write = layer.effective_write("bias")
    return constant(write) if write is not None and layer.last_write_is_certain("bias") else None


def is_deliberate_zero(layer: Layer, write: Write) -> bool:
    """Whether the zero is intended: its function has "zero" in its name, or the bias has a value of its own."""
    if any("zero" in helper.lower() for helper in write.helpers):
        return True
    bias_written = any(w.parameter == "bias" for w in layer.writes)
    return bias_written and bias_constant(layer) != 0.0


def is_fed_by_random(model: ModelGraph, layer: Layer) -> bool:
    """Whether it is the second factor of `B(A(x))`, and a layer before it does not start at zero."""
    before = {*layer.fed_by}
    if layer.product is not None:
        followed = ((other.path, each) for other in model.layers for each in other.followed_by)
        before |= {path for path, each in followed if each.layer == layer.path and not each.between}
    return any(not _is_zero_at(model, path) for path in before)


def feeds_zero(model: ModelGraph, layer: Layer) -> bool:
    """Whether all consumers certainly are layers whose weights are zero too, and no skip connection runs around it."""
    if layer.residual or not layer.followed_by:
        return False
    return all(
        consumer.certain and consumer.op == "layer" and not consumer.between and _is_zero_at(model, consumer.layer)
        for consumer in layer.followed_by
    )


def _is_zero_at(model: ModelGraph, path: str | None) -> bool:
    layer = model.by_path.get(path or "")
    return layer is not None and (zero_weight(layer) or zero_parameter(layer)) is not None


def dead_activation(layer: Layer) -> Consumer | None:
    """The activation behind the layer, also behind norms, if its slope at zero is zero."""
    consumer = certain_activation(layer, _between(layer))
    return consumer if consumer is not None and ACTIVATIONS[consumer.op].slope_at_zero == 0.0 else None


def hidden_activation(layer: Layer) -> Consumer | None:
    """The activation between the layer and further layers, without a skip, gate or modulation around them."""
    consumer = certain_activation(layer, _between(layer))
    if consumer is None or layer.residual or consumer.op in _GATES:
        return None
    if ACTIVATIONS[consumer.op].slope_at_zero is None:
        return None
    return consumer if all(_reaches_layers(any_consumer) for any_consumer in layer.followed_by) else None


def _between(layer: Layer) -> frozenset[str]:
    """The operations before the activation of the layer. The bias of a raw parameter is added by an operation."""
    return _ZERO_PRESERVING if layer.product is None else _ZERO_PRESERVING | {"shift"}


def _reaches_layers(consumer: Consumer) -> bool:
    return is_hidden(consumer) and all(
        _ZERO_PRESERVING.issuperset(next_layer.between) for next_layer in consumer.onward
    )


def has_no_forward(model: ModelGraph, layer: Layer) -> bool:
    """Whether the class that owns the layer has no `forward` that could show how the layer is used."""
    if model.forward is not Forward.MISSING or layer.called or layer.followed_by or layer.fed_by:
        return False
    return layer.owner in ("", model.name)
