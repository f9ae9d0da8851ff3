"""Which axes of a raw parameter a product with data sums over, through transposes, indices and einsum equations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from initlint.facts.equations import Equation
from initlint.facts.fans import AxisRoles, Rows, Shape
from initlint.facts.operator_kinds import AxesEffect

Axes: TypeAlias = "tuple[int, ...] | None"
"""For each axis of a view, the corresponding axis of the parameter; None if that is unknown."""

NEW = -1
"""An axis of size one that an index inserts (`w[None]`)."""


def view_axes(axes: Axes, effect: AxesEffect, arguments: Iterable[object] = ()) -> Axes:
    """The axes after applying an operator with this `effect` to a view."""
    if axes is None or effect == "same":
        return axes
    rank = len(axes)
    if effect == "reverse" and rank <= 2:
        return axes[::-1]
    if effect == "matrix" and rank >= 2:
        return (*axes[:-2], axes[-1], axes[-2])
    dimensions = tuple(arguments)
    if len(dimensions) == 1 and isinstance(dimensions[0], tuple):
        dimensions = dimensions[0]
    positions = [axis for axis in dimensions if isinstance(axis, int) and -rank <= axis < rank]
    if len(positions) < len(dimensions):
        return None
    if effect == "swap" and len(positions) == 2:
        order = list(axes)
        first, second = positions
        order[first], order[second] = order[second], order[first]
        return tuple(order)
    if effect == "permute" and len({axis % rank for axis in positions}) == rank:
        return tuple(axes[axis] for axis in positions)
    return None


def transposed_shape(shape: Shape) -> Shape:
    """The shape of a transposed matrix; None for a tensor of more dimensions."""
    return shape[::-1] if shape is not None and len(shape) <= 2 else None


def index_axes(axes: Axes, index: object) -> Axes:
    """The axes of `parameter[index]`: each number removes one, each slice keeps one."""
    if axes is None:
        return None
    parts = index if isinstance(index, tuple) else (index,)
    if sum(part is not None for part in parts) > len(axes) or any(isinstance(p, bool) or p is ... for p in parts):
        return None
    remaining = iter(axes)
    pairs = [(NEW if part is None else next(remaining), part) for part in parts]
    indexed_axes = tuple(axis for axis, part in pairs if part is None or isinstance(part, slice))
    return indexed_axes + tuple(remaining)


def selects_all(index: object) -> bool:
    """Whether `tensor[index]` has all elements of the tensor."""
    if isinstance(index, tuple):
        return bool(index) and all(map(selects_all, index))
    return index is ... or index == slice(None)


def sliced_rows(shape: Shape, index: object) -> Rows | None:
    """The rows of `parameter[start:end]`, or of `parameter[start:end, :]`; None if they are unknown."""
    rows, *others = index if isinstance(index, tuple) and index else (index,)
    size = shape[0] if shape else None
    if not size or any(other != slice(None) and other is not ... for other in others):
        return None
    if isinstance(rows, int) and not isinstance(rows, bool):
        rows = slice(rows, rows + 1 or None)
    bounds = (rows.start, rows.stop, rows.step) if isinstance(rows, slice) else ("",)
    if not isinstance(rows, slice) or any(bound is not None and not isinstance(bound, int) for bound in bounds):
        return None
    start, end, step = rows.indices(size)
    return (start / size, end / size) if step == 1 else None


def inserted_axes(index: object) -> tuple[int, ...]:
    """The positions of `None` in an index of slices; those after `...` count from the end."""
    parts = index if isinstance(index, tuple) else (index,)
    if None not in parts or not all(part is None or part is ... or isinstance(part, slice) for part in parts):
        return ()
    dots = next((at for at, part in enumerate(parts) if part is ...), len(parts))
    return tuple(at if at < dots else at - len(parts) for at, part in enumerate(parts) if part is None)


def matmul_roles(axes: Axes, on_the_right: bool) -> AxisRoles | None:
    """`data @ parameter`, or `parameter @ data`."""
    if not axes or axes == (NEW,):
        return None
    if len(axes) == 1:
        return AxisRoles(axes, ())
    *_, rows, columns = axes
    if NEW in (rows, columns):
        return None
    return AxisRoles((rows,), (columns,)) if on_the_right else AxisRoles((columns,), (rows,))


def time_roles(axes: Axes) -> AxisRoles | None:
    """`torch.conv_tbc(data, parameter)`: the last axis is the output, all others are summed."""
    return AxisRoles(axes[:-1], axes[-1:]) if axes and len(axes) > 1 and NEW not in axes else None


def sum_roles(axes: Axes, dim: object, inserted: tuple[int, ...]) -> AxisRoles | None:
    """`(data * parameter).sum(dim)`, where data has axes of size one at the positions `inserted`.

    None if the axes that are outputs are not known. Without inserted axes that is certain only if the parameter has a
    new first axis for the samples: then data has all the others.
    """
    dims = dim if isinstance(dim, tuple) else (dim,)
    if not axes or len(axes) < 2 or not all(isinstance(at, int) and not isinstance(at, bool) for at in dims):
        return None
    has_sample_axis = axes[0] == NEW
    offset = 0 if has_sample_axis else 1
    """How many axes before those of the parameter the product has, if data has one axis for the samples."""
    rank = len(axes) + offset

    def own(position: int) -> int | None:
        """The parameter's axis at this position of the product."""
        at = position + rank if position < 0 else position
        return axes[at - offset] if offset <= at < rank else None

    if not inserted and not has_sample_axis:
        return None
    if any(at >= 0 for at in inserted) and tuple(inserted) != tuple(range(1, len(inserted) + 1)):
        return None
    if any(at >= 0 for at in dims) and not has_sample_axis:
        return None
    summed, kept = [own(at) for at in dims], [own(at) for at in inserted]
    known = [axis for axis in (*summed, *kept) if axis is not None and axis != NEW]
    if len(set(known)) < len(summed) + len(kept):
        return None
    return AxisRoles(tuple(known[: len(summed)]), tuple(known[len(summed) :]))


def linear_roles(axes: Axes) -> AxisRoles | None:
    """`F.linear(data, parameter)`, and convolutions: axis 0 is the output, all others are summed."""
    return AxisRoles(axes[1:], axes[:1]) if axes and len(axes) > 1 and NEW not in axes else None


def einsum_roles(equation: Equation, position: int, axes: Axes) -> AxisRoles | None:
    """The parameter at `position` in an einsum of two operands."""
    terms = equation.terms
    if axes is None or NEW in axes or len(terms) != 2:
        return None
    own, other = terms[position], set(terms[1 - position])
    if "..." in own or len(own) != len(axes) or len(set(own)) < len(own):
        return None
    output_labels = set(equation.output)
    summed = tuple(axis for axis, label in zip(axes, own, strict=True) if label in other and label not in output_labels)
    outputs = tuple(
        axis for axis, label in zip(axes, own, strict=True) if label not in other and label in output_labels
    )
    if any(label not in other and label not in output_labels for label in own) or not summed:
        return None
    return AxisRoles(summed, outputs)
