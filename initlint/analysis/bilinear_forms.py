"""Recognizes weights of bilinear forms, `x @ W @ z`: their output sums over both data, and so both axes are inputs."""

from __future__ import annotations

from collections.abc import Iterator

from initlint.graph.model import Layer, ModelGraph

_GATES = frozenset({"softmax", "log_softmax", "sigmoid", "hardsigmoid"})
"""Activations that make weights for a mean, as those of the experts of a layer, and no signal."""


def may_be_bilinear(model: ModelGraph, layer: Layer) -> bool:
    """Whether the product of data with a raw weight is multiplied with further data by a matrix product.

    That of a query and a key, which are both products with raw weights, is none: there each weight is a linear map.
    """
    operations = model.operations
    own = {number for number, operation in enumerate(operations) if operation.layer == layer.path}
    for operation in operations:
        if operation.op == "matmul" and operation.kind == "sink":
            sides = [set(_sources(model, source)) for source in operation.inputs]
            if any(side & own for side in sides) and any(_is_signal(model, side) for side in sides if not side & own):
                return True
    return False


def _sources(model: ModelGraph, number: int) -> Iterator[int]:
    """The layers, inputs and gates that an operation is computed from directly."""
    stack, seen = [number], {number}
    while stack:
        at = stack.pop()
        operation = model.operations[at]
        if operation.kind in ("layer", "input") or operation.op in _GATES or not operation.inputs:
            yield at
            continue
        fresh = [source for source in operation.inputs if source not in seen]
        seen.update(fresh)
        stack.extend(fresh)


def _is_signal(model: ModelGraph, sources: set[int]) -> bool:
    """Whether data comes from an input or a module, and not from a gate or the product with a raw weight."""
    operations = [model.operations[number] for number in sources]
    return bool(operations) and all(
        operation.kind == "input" or (operation.kind == "layer" and operation.op != "Parameter")
        for operation in operations
    )
