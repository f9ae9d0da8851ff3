"""When a weight that starts constant is right, when it stalls, and when it can never learn.

A zero is right where the structure asks for it: before a residual sum, a gate or a modulation, as the second factor
of `B(A(x))`, at an output. These are all the places that the questions below do not answer with yes.
"""

from __future__ import annotations

from initlint.analysis.layer_activation import NORMS, certain_activation, constant, is_hidden, is_matrix
from initlint.facts.activations import ACTIVATIONS
from initlint.graph.model import Consumer, Forward, Layer, ModelGraph, Write

_ZERO_KEPT = NORMS | {"pool", "concat"}
"""What a zero passes as a zero, with norms at their own default init, and what leaves each entry a constant."""

_GATES = frozenset({"glu"})


def constant_weight(layer: Layer) -> Write | None:
    """The write that fills the weight of a linear map with one known number; None if there is none or any doubt."""
    write = layer.effective_write()
    if write is None or not layer.last_write_is_certain() or not is_matrix(layer) or layer.frozen or layer.parametrized:
        return None
    return None if constant(write) is None else write


def zero_weight(layer: Layer) -> Write | None:
    """The write that zeroes the weight of a linear map."""
    write = constant_weight(layer)
    return write if write is not None and constant(write) == 0.0 else None


def bias_constant(layer: Layer) -> float | None:
    """The number that the bias starts at, 0 for a layer without one; None if it is random or not known."""
    if layer.arguments.get("bias", True) is False:
        return 0.0
    write = layer.effective_write("bias")
    return constant(write) if write is not None and layer.last_write_is_certain("bias") else None


def is_deliberate_zero(layer: Layer, write: Write) -> bool:
    """Whether the source shows that a zero is meant: a helper named for it, or a bias with a value of its own."""
    if any("zero" in helper.lower() for helper in write.helpers):
        return True
    bias_written = any(w.parameter == "bias" for w in layer.writes)
    return bias_written and bias_constant(layer) != 0.0


def dead_activation(layer: Layer) -> Consumer | None:
    """The activation whose slope is zero at the zero that a layer with zero weight hands it, norms between included."""
    following = certain_activation(layer, _ZERO_KEPT)
    return following if following is not None and ACTIVATIONS[following.op].slope_at_zero == 0.0 else None


def hidden_activation(layer: Layer) -> Consumer | None:
    """The activation that leads from the layer to a further one, with no skip, gate or modulation anywhere around."""
    following = certain_activation(layer, _ZERO_KEPT)
    if following is None or layer.residual or following.op in _GATES:
        return None
    if ACTIVATIONS[following.op].slope_at_zero is None:
        return None
    return following if all(_leads_to_layers(other) for other in layer.followed_by) else None


def _leads_to_layers(following: Consumer) -> bool:
    return is_hidden(following) and all(_ZERO_KEPT.issuperset(reach.between) for reach in following.onward)


def has_no_forward(model: ModelGraph, layer: Layer) -> bool:
    """Whether no `forward` exists that could show what the layer is for: none of the class that owns it."""
    if model.forward is not Forward.MISSING or layer.called or layer.followed_by or layer.fed_by:
        return False
    return layer.owner in ("", model.name)
