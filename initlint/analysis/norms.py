"""Decides whether the scale of a layer's output matters, or a norm, a gate or an explicit factor undoes it.

Scale rules are silent where it is undone: a norm directly after a layer gives its output mean square 1, whatever the
weights.
"""

from __future__ import annotations

from collections.abc import Sequence

from initlint.facts.activations import ACTIVATIONS, second_moment
from initlint.facts.modules import MODULES
from initlint.graph.model import Consumer, Layer, ModelGraph, NextLayer

NORMS = frozenset(
    {"batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm", "local_response_norm", "weight_norm"}
)
"""Entries of `Consumer.between` that are normalizations."""

NORM_TYPES = frozenset(module.type for module in MODULES.values() if module.role == "norm")
"""The classes of torch.nn that are normalizations."""

SCALE_PRESERVING = frozenset({"pool", "concat"})
"""Operations before or after the activation that do not change the scale."""

_ABSORBED = frozenset({"mul", "scale", "chunk", "concat"})
"""Modifiers after a norm whose other operand may carry the signal, or scale it again."""

_KEEPING = frozenset({"pool", "shift"})
"""Modifiers that do neither."""

_NORM_OPERATIONS = ("pow", "norm", "sqrt", "std_mean", "var_mean")
"""Operations of a hand-written norm on its input."""

RESCALING = NORMS | {"normalize", "scale", "mul"}
"""Operations after a layer that set the scale, so the scale of its weight does not matter."""

PIECEWISE_LINEAR = ("relu", "leaky_relu", "prelu", "rrelu")

_MAX_DEPTH = 3


def certain_activation(layer: Layer, between: frozenset[str]) -> Consumer | None:
    """The one activation that consumes all outputs of `layer`, with nothing but `between` before it.

    None if there is another consumer or a second kind of activation, or if anything is uncertain.
    """
    if not layer.followed_by:
        return None
    first = layer.followed_by[0]
    for consumer in layer.followed_by:
        if not consumer.certain or consumer.op != first.op or consumer.op not in ACTIVATIONS:
            return None
        if _moment_of(consumer) != _moment_of(first) or not between.issuperset(consumer.between):
            return None
    return first


def is_whole_signal(norm: Layer) -> bool:
    """Whether the output of a norm certainly is the signal of what follows: nothing is added or multiplied on any path.

    A norm at the end of a residual branch is not: the skip carries the signal.
    """
    words = {next((word for word in consumer.between if word not in _KEEPING), "") for consumer in norm.followed_by}
    return words.isdisjoint(_ABSORBED) and ("add" not in words or norm.starts_stream)


def is_hidden(consumer: Consumer) -> bool:
    """Whether the output of this activation certainly reaches a further layer."""
    return any(next_layer.layer is not None and next_layer.certain for next_layer in consumer.onward)


def continue_at_scale(consumers: Sequence[Consumer]) -> bool:
    """Whether an output of these activations reaches a layer, and none a norm, gate, sum or explicit scale."""
    return any(map(is_hidden, consumers)) and all(
        SCALE_PRESERVING.issuperset(next_layer.between) for consumer in consumers for next_layer in consumer.onward
    )


def scale_is_visible(model: ModelGraph, layer: Layer) -> bool:
    """Whether the scale of the weight certainly affects later values: no norm, factor or gate undoes it.

    A norm behind the next layer undoes it, too, if only piecewise linear activations come before it.
    """
    if layer.frozen or layer.parametrized or not layer.last_write_is_certain():
        return False
    if layer.product is not None and not layer.followed_by:
        return True
    if any(consumer.op in _NORM_OPERATIONS for consumer in layer.followed_by):
        return False
    return any(_is_visible_through(model, consumer, _MAX_DEPTH) for consumer in layer.followed_by)


def _is_visible_through(model: ModelGraph, consumer: Consumer, depth: int) -> bool:
    if not consumer.certain or consumer.op == "unknown" or not RESCALING.isdisjoint(consumer.between):
        return False
    if consumer.op == "layer":
        return _is_visible_after(model, consumer.layer, depth)
    if consumer.op not in PIECEWISE_LINEAR:
        return True
    next_layers = [next_layer for next_layer in consumer.onward if next_layer.certain and next_layer.op != "unknown"]
    open_paths = [next_layer for next_layer in next_layers if RESCALING.isdisjoint(next_layer.between)]
    return any(
        next_layer.op != "layer" or _is_visible_after(model, next_layer.layer, depth) for next_layer in open_paths
    )


def _is_visible_after(model: ModelGraph, path: str | None, depth: int) -> bool:
    """Whether the scale of a layer's input affects the values behind that layer."""
    layer = model.by_path.get(path or "")
    if layer is None or depth == 0 or not layer.followed_by:
        return True
    return any(_is_visible_through(model, consumer, depth - 1) for consumer in layer.followed_by)


_REMOVE_SCALE = frozenset({"batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm", "normalize"})
_MATRICES = frozenset(
    module.type for module in MODULES.values() if module.family in ("linear", "conv", "conv_transpose")
)
_MOST_LAYERS = 8
"""Between a layer and a norm: after more ReLU layers the biases are most of the signal."""


def reaches_norm(model: ModelGraph, layer: Layer, depth: int = _MOST_LAYERS) -> bool:
    """Whether a norm certainly removes the scale of the layer on each path: only linear maps and ReLUs come before."""
    return bool(layer.followed_by) and all(_is_normed(model, consumer, depth) for consumer in layer.followed_by)


def _is_normed(model: ModelGraph, consumer: Consumer | NextLayer, depth: int) -> bool:
    if not consumer.certain:
        return False
    first = next((word for word in consumer.between if word != "pool"), None)
    if first is not None:
        return first in _REMOVE_SCALE
    if consumer.op == "layer":
        following = model.by_path.get(consumer.layer or "")
        is_linear = following is not None and following.type in _MATRICES
        return following is not None and is_linear and depth > 0 and reaches_norm(model, following, depth - 1)
    if not isinstance(consumer, Consumer) or consumer.op not in PIECEWISE_LINEAR or not consumer.onward:
        return False
    return all(_is_normed(model, next_layer, depth) for next_layer in consumer.onward)


def _moment_of(consumer: Consumer) -> float | None:
    return second_moment(consumer.op, consumer.arguments)
