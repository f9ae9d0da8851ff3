"""Decides whether the output of a layer is one of the model: no further layer uses it."""

from __future__ import annotations

from initlint.facts.activations import ACTIVATIONS
from initlint.graph.model import Consumer, Layer, ModelGraph, memoize


def is_last(model: ModelGraph, layer: Layer) -> bool:
    """Whether the output is returned, possibly after an activation, or certainly reaches no layer.

    It may also end in a loss, in a distribution or in an `argmax`.
    """
    if any(f.certain and (f.op == "output" or _reaches_output(f)) for f in layer.followed_by):
        return True
    ends = bool(layer.followed_by) and all(f.certain and f.op != "unknown" for f in layer.followed_by)
    return ends and bool(model.operations) and not is_followed_by_layer(model, layer)


def is_followed_by_layer(model: ModelGraph, layer: Layer) -> bool:
    """Whether a layer uses the output, directly or after other operations."""
    is_near = any(f.op == "layer" or any(reach.layer for reach in f.onward) for f in layer.followed_by)
    return is_near or layer.path in _followed_by_layers(model)


def _reaches_output(activation: Consumer) -> bool:
    return activation.op in ACTIVATIONS and any(reach.op == "output" for reach in activation.onward)


@memoize
def _followed_by_layers(model: ModelGraph) -> frozenset[str]:
    """The paths of the layers whose outputs reach further layers."""
    operations = model.operations
    before_layer: set[int] = set()
    for number in range(len(operations) - 1, -1, -1):
        operation = operations[number]
        if operation.kind == "layer" or number in before_layer:
            before_layer.update(operation.inputs)
    return frozenset(operations[number].layer or "" for number in before_layer)
