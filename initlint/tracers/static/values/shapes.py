"""The shapes of views that have other axes than their tensor."""

from __future__ import annotations

import math

from initlint.facts.fans import Shape


def completed(shape: Shape, of: Shape) -> Shape:
    """The shape of a view with its one unknown size, a -1, computed from the number of elements."""
    if shape is None or of is None or shape.count(None) != 1:
        return shape
    total, known = _product(of), math.prod(size for size in shape if size is not None)
    if total is None or not known or total % known:
        return shape
    return tuple(total // known if size is None else size for size in shape)


def flattened(shape: Shape, start: object, end: object) -> Shape:
    """The shape after `flatten(start, end)`."""
    if not shape or not isinstance(start, int) or not isinstance(end, int):
        return None
    rank = len(shape)
    if not (-rank <= start < rank and -rank <= end < rank):
        return None
    first, last = start % rank, end % rank
    return (*shape[:first], _product(shape[first : last + 1]), *shape[last + 1 :]) if first <= last else None


def with_or_without_axis(shape: Shape, name: str, dim: object) -> Shape:
    """The shape after `unsqueeze(dim)` or `squeeze(dim)`; without a `dim`, after `squeeze()`."""
    if shape is None:
        return None
    rank = len(shape)
    if name == "unsqueeze":
        if not isinstance(dim, int) or not -rank - 1 <= dim <= rank:
            return None
        at = dim % (rank + 1)
        return (*shape[:at], 1, *shape[at:])
    if dim is None:
        return None if None in shape else tuple(size for size in shape if size != 1)
    if not isinstance(dim, int) or not -rank <= dim < rank or shape[dim % rank] is None:
        return None
    at = dim % rank
    return shape if shape[at] != 1 else (*shape[:at], *shape[at + 1 :])


def _product(shape: tuple[int | None, ...]) -> int | None:
    known = [size for size in shape if size is not None]
    return math.prod(known) if len(known) == len(shape) else None
