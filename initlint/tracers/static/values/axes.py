"""Which axes of a raw parameter a product with data sums over, through transposes, indices and einsum equations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from initlint.facts.fans import AxisRoles, Shape
from initlint.facts.operators import MATRIX_TRANSPOSING_METHODS, REVERSING_METHODS, SAME_SHAPE_METHODS

Axes: TypeAlias = "tuple[int, ...] | None"
"""For each axis of a view, the corresponding axis of the parameter; None if that is unknown."""

NEW = -1
"""An axis of size one that an index inserts (`w[None]`)."""


def view_axes(axes: Axes, operator: str, arguments: Iterable[object] = ()) -> Axes:
    """The axes after applying `operator` (`t`, `transpose`, `permute`, `detach`, ...) to a view."""
    if axes is None or operator in SAME_SHAPE_METHODS or operator == "index_select":
        return axes
    rank = len(axes)
    if operator in REVERSING_METHODS and rank <= 2:
        return axes[::-1]
    if operator in MATRIX_TRANSPOSING_METHODS and rank >= 2:
        return (*axes[:-2], axes[-1], axes[-2])
    dimensions = tuple(arguments)
    if len(dimensions) == 1 and isinstance(dimensions[0], tuple):
        dimensions = dimensions[0]
    positions = [axis for axis in dimensions if isinstance(axis, int) and -rank <= axis < rank]
    if len(positions) < len(dimensions):
        return None
    if operator in ("transpose", "swapaxes", "swapdims") and len(positions) == 2:
        order = list(axes)
        first, second = positions
        order[first], order[second] = order[second], order[first]
        return tuple(order)
    if operator == "permute" and len({axis % rank for axis in positions}) == rank:
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


def linear_roles(axes: Axes) -> AxisRoles | None:
    """`F.linear(data, parameter)`, and convolutions: axis 0 is the output, all others are summed."""
    return AxisRoles(axes[1:], axes[:1]) if axes and len(axes) > 1 and NEW not in axes else None


@dataclass(frozen=True, slots=True)
class Equation:
    """An einsum equation, `bi,io->bo`. `words`: its axes are named by words, as in einops."""

    text: str
    words: bool = False

    def labels(self, term: str) -> list[str]:
        if self.words:
            return term.split()
        return [*(["..."] if "..." in term else []), *term.replace("...", "").replace(" ", "")]


def einsum_roles(equation: Equation, position: int, axes: Axes) -> AxisRoles | None:
    """The parameter at `position` in an einsum of two operands."""
    inputs, arrow, output = equation.text.partition("->")
    terms = [equation.labels(term) for term in inputs.split(",")]
    if axes is None or NEW in axes or len(terms) != 2:
        return None
    own, other = terms[position], set(terms[1 - position])
    if "..." in own or len(own) != len(axes) or len(set(own)) < len(own):
        return None
    # Without an arrow, the output has the labels that occur once.
    output_labels = set(equation.labels(output)) if arrow else set(own) ^ other
    summed = tuple(axis for axis, label in zip(axes, own, strict=True) if label in other and label not in output_labels)
    outputs = tuple(
        axis for axis, label in zip(axes, own, strict=True) if label not in other and label in output_labels
    )
    if any(label not in other and label not in output_labels for label in own) or not summed:
        return None
    return AxisRoles(summed, outputs)
