"""Views of a whole parameter that an init call gets: the fans that it computes are those of the view."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from initlint.facts.initializer_formulas import INITIALIZERS
from initlint.graph.words import UNDETERMINED
from initlint.tracers.static.values.tensors import Tensor

_FAN_ARGUMENTS = {"xavier": "gain", "kaiming": "mode", "lecun": "mode"}
"""By kind of initializer that computes fans: an argument without which the scale that it draws is unknown."""


def without_fans(initializer: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """The arguments of a call that computes its fans from a shape that is unknown."""
    row = INITIALIZERS.get(initializer)
    name = None if row is None else _FAN_ARGUMENTS.get(row.kind)
    return arguments if name is None else {**arguments, name: UNDETERMINED}


def has_unknown_axes(tensor: Tensor) -> bool:
    """Whether it is a view of all of its memory whose shape, or the order of whose axes, is unknown."""
    rank = len(tensor.storage.shape or ()) if tensor.storage is not None else 0
    if tensor.transposed and tensor.covers_storage and tensor.axes is None and rank != 2:
        return True
    return tensor.shape is None and is_reshaped(tensor)


def is_reshaped(tensor: Tensor) -> bool:
    """Whether it is a view of all of its memory with other axes than those, in any order."""
    own = None if tensor.storage is None else tensor.storage.shape
    if own is None or not tensor.covers_storage or tensor.axes is not None or tensor.transposed:
        return False
    shape = tensor.shape
    return (
        shape is None
        or len(shape) != len(own)
        or any(one != other for one, other in zip(shape, own, strict=True) if None not in (one, other))
    )


def transposed_axes(tensor: Tensor) -> tuple[int, ...] | None:
    """The axes of its memory in the order of a view of all of it; None if that is the memory's own, or unknown."""
    shape = () if tensor.storage is None else tensor.storage.shape or ()
    axes = tensor.axes
    if axes is None and tensor.transposed and len(shape) == 2:
        axes = (1, 0)
    return axes if axes is not None and sorted(axes) == [*range(len(shape))] != [*axes] else None
