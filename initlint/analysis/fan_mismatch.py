"""Finds init calls that compute other fans from a weight's shape than those in use."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

from initlint._records import dataclass
from initlint.analysis.layer_activation import (
    MATRICES,
    SAME_SCALE,
    argument,
    as_number,
    fans_in_use,
    initializer_family,
    written_fans,
    written_shape,
)
from initlint.analysis.summed_sizes import has_more_inputs
from initlint.facts.fans import AxisRoles, Fans
from initlint.graph.model import Layer, Write
from initlint.project.source import SourceLocation

_TOLERANCE_OF_STACKS = 2.0
"""torch's fan_out of a stack counts its matrices, so it must come closer to be advised."""


@dataclass(frozen=True, slots=True)
class FanMismatch:
    """A wrong fan.

    `ratio`: the variance of the call over the variance with the fan in use; None if the sizes are unknown.
    `advice`: what to write, if no other mode fixes the call.
    `fan_out_is_right`: torch's fan_out is close to the number of inputs in use, so `mode="fan_out"` fixes the call.
    """

    reason: str
    ratio: float | None
    advice: str = ""
    fan_out_is_right: bool = False


_BOUND_OF_INPUTS = "compute the bound from the inputs"


_OF_VIEW = "the view that it gets has the inputs first, and torch takes its second axis for the inputs"


def without_written_axes(layer: Layer) -> tuple[Layer, Write] | None:
    """A raw weight that one call initializes item by item, as in `init(w[i])`, as the weight that this call gets.

    None unless all its writes are by this call, with the same axes.
    """
    shape, product = layer.shapes.get("weight"), layer.product
    writes = [write for write in layer.writes if write.parameter == "weight"]
    if product is None or shape is None or not writes:
        return None
    first, axes = writes[0], writes[0].axes
    if not axes or any(
        (w.location, w.axes, w.certain, w.reads_old_value) != (first.location, axes, True, False) for w in writes
    ):
        return None
    if axes != tuple(range(len(shape) - len(axes), len(shape))) or not {*product.summed, *product.kept} <= {*axes}:
        return None
    roles = AxisRoles(*(tuple(map(axes.index, part)) for part in (product.summed, product.kept)))
    whole = replace(first, covers_tensor=True, rows=None, axes=None)
    sizes = {"weight": tuple(shape[axis] for axis in axes)}
    return replace(layer, writes=(whole,), shapes=sizes, product=roles), whole


def mismatch(layer: Layer, write: Write) -> FanMismatch | None:
    """The wrong fan of `write`, the init of the layer's weight; None if its fan is right or unknown."""
    sizes = fans_in_use(layer)
    if sizes is None:
        return None
    if initializer_family(write.initializer) == "uniform":
        return _bound_mismatch(layer, write, sizes)
    if write.shape is not None and write.covers_tensor:
        return _mismatch_of_reshaped(layer, write)
    if write.axes is not None and write.covers_tensor:
        return _mismatch_of_view(layer, write)
    return _mismatch_of_call(layer, write.initializer, write.arguments, sizes)


def _mismatch_of_view(layer: Layer, write: Write) -> FanMismatch | None:
    """That of a call on a transposed view of the whole weight, whose fans are those of the view."""
    sizes, shape, axes = written_fans(layer, write), written_shape(layer, write), write.axes
    if sizes is None or shape is None or axes is None:
        return None
    product = layer.product
    if product is None:
        if layer.type != "Linear":
            return None
        product = AxisRoles((1,), (0,))
    roles = AxisRoles(*(tuple(map(axes.index, part)) for part in (product.summed, product.kept)))
    view = replace(layer, shapes={**layer.shapes, "weight": shape}, product=roles)
    found = _mismatch_of_call(view, write.initializer, write.arguments, sizes)
    if found is not None and not _is_stacked(view) and len(shape) == 2:
        return replace(found, reason=_OF_VIEW)
    return found


def _mismatch_of_reshaped(layer: Layer, write: Write) -> FanMismatch | None:
    """That of a call on a view of the whole raw weight with other axes, whose fans are those of the view."""
    family, sizes = initializer_family(write.initializer), written_fans(layer, write)
    if layer.product is None or sizes is None or family not in ("kaiming", "xavier"):
        return None
    mode = argument(write.initializer, write.arguments, "mode") if family == "kaiming" else "fan_avg"
    computed, used = _computed_and_used_fans(sizes, mode)
    if not computed or used is None or _is_close(used / computed):
        return None
    shape = ", ".join(map(str, write.shape or ()))
    return FanMismatch(
        f"it gets a view of shape ({shape}), and torch takes that for (outputs, inputs)", used / computed
    )


def has_wrong_fan(layer: Layer, initializer: str, arguments: Mapping[str, object]) -> bool:
    """Whether a call of a function of `torch.nn.init` would compute a wrong fan for the layer's weight."""
    sizes = fans_in_use(layer)
    return sizes is not None and _mismatch_of_call(layer, initializer, arguments, sizes) is not None


def _mismatch_of_call(
    layer: Layer, initializer: str, arguments: Mapping[str, object], sizes: Fans
) -> FanMismatch | None:
    family = initializer_family(initializer)
    if family not in ("kaiming", "xavier"):
        return None
    mode = argument(initializer, arguments, "mode") if family == "kaiming" else "fan_avg"
    reason = _reason(layer, mode)
    if reason is None or (_is_stacked(layer) and _sums_several_axes(layer) and mode != "fan_in"):
        return None  # how many outputs an input reaches is not known of kernels
    computed, used = _computed_and_used_fans(sizes, mode)
    if computed is None or used is None:
        is_wrong = _is_stacked(layer) and _has_receptive_field(layer)
        return FanMismatch(reason, None, _one_by_one(layer, mode)) if is_wrong else None
    if not computed or _is_close(used / computed):
        return None
    tolerance = _TOLERANCE_OF_STACKS if _is_stacked(layer) else SAME_SCALE
    may_use_fan_out = sizes.fan_out is not None and sizes.signal_fan_in is not None and mode == "fan_in"
    return FanMismatch(
        reason,
        used / computed,
        _one_by_one(layer, mode) if _is_stacked(layer) else "",
        may_use_fan_out and _is_close((sizes.signal_fan_in or 0) / (sizes.fan_out or 1), tolerance),
    )


def is_right_for_bilinear(layer: Layer, write: Write) -> bool:
    """Whether the fan that torch computes is the number of terms that each output of a bilinear form sums."""
    sizes, shape = fans_in_use(layer), layer.shapes.get("weight")
    if sizes is None or shape is None or layer.product is None or initializer_family(write.initializer) != "kaiming":
        return False
    computed, _ = _computed_and_used_fans(sizes, argument(write.initializer, write.arguments, "mode"))
    terms = [shape[axis] for axis in (*layer.product.summed, *layer.product.kept)]
    known = [size for size in terms if size is not None]
    return computed is None or (len(known) == len(terms) and math.isclose(computed, math.prod(known)))


def _is_close(ratio: float, tolerance: float = SAME_SCALE) -> bool:
    return 1 / tolerance <= ratio <= tolerance


def _computed_and_used_fans(sizes: Fans, mode: object) -> tuple[float | None, float | None]:
    """The fan that torch computes for `mode`, and the fan in use."""
    if mode == "fan_in":
        return sizes.fan_in, sizes.signal_fan_in
    if mode == "fan_out":
        return sizes.fan_out, sizes.signal_fan_out
    if mode != "fan_avg":
        return None, None
    fans = (sizes.fan_in, sizes.fan_out, sizes.signal_fan_in, sizes.signal_fan_out)
    known_fans = [size for size in fans if size is not None]
    return (
        (known_fans[0] + known_fans[1], known_fans[2] + known_fans[3]) if len(known_fans) == len(fans) else (None, None)
    )


def _reason(layer: Layer, mode: object) -> str | None:
    """Why torch's fans may differ from those in use; None if they cannot."""
    if layer.product is not None:
        if _is_stacked(layer):
            return "torch takes its stacked matrices for one"
        if layer.product.summed[:1] == (0,) and len(layer.shapes.get("weight") or ()) > 2:
            return "its first axis is one of the inputs, and torch takes it for the outputs"
        if mode == "fan_in" and layer.product.summed[:1] == (0,):
            return "it is used as `x @ W`, and torch takes its second axis for the inputs"
        return None
    if "Transpose" in layer.type and mode == "fan_in":
        return "torch takes the outputs of a transposed convolution for its inputs"
    groups = as_number(layer.arguments.get("groups", 1))
    if layer.type.endswith(("Conv1d", "Conv2d", "Conv3d")) and groups not in (None, 1) and mode != "fan_in":
        return "torch counts the outputs of all groups"
    return None


def _is_stacked(layer: Layer) -> bool:
    """Whether it is a raw weight of which some axes enumerate matrices, and not all of these axes have size one."""
    shape = layer.shapes.get("weight")
    if layer.product is None or shape is None or len(shape) < 3:
        return False
    roles = layer.product
    enumerated = [axis for axis in range(len(shape)) if axis not in roles.summed and axis not in roles.kept]
    return bool(roles.summed) and any(shape[axis] != 1 for axis in enumerated)


def _sums_several_axes(layer: Layer) -> bool:
    return layer.product is not None and len(layer.product.summed) > 1


def _one_by_one(layer: Layer, mode: object) -> str:
    """What to write for a stack: a call for each matrix, with the mode whose fan is then the one in use."""
    roles, shape = layer.product, layer.shapes.get("weight") or ()
    assert roles is not None
    inputs, outputs = ([shape[axis] for axis in axes] for axes in (roles.summed, roles.kept))
    known = [size for size in (*inputs, *outputs) if size is not None]
    is_known = len(known) == len(inputs) + len(outputs)
    if len(inputs) > 1 and len(outputs) == 1 and roles.kept < roles.summed:
        return "initialize each kernel by itself"
    if len(inputs) > 1 or len(outputs) > 1:
        sizes = f"{math.prod(known[: len(inputs)])} inputs and {math.prod(known[len(inputs) :])} outputs"
        return f"initialize each as one matrix of {sizes if is_known else 'its inputs and outputs'}"
    text = "initialize each matrix by itself"
    is_turned = roles.summed < roles.kept and is_known and len(known) == 2 and not _is_close(known[0] / known[1])
    other_mode = {"fan_in": "fan_out", "fan_out": "fan_in"}.get(str(mode))
    return f"{text}, with `mode='{other_mode}'`" if is_turned and other_mode is not None else text


def _has_receptive_field(layer: Layer) -> bool:
    """Whether torch multiplies both fans of a stack by its last axes: all of them may have size one."""
    shape = layer.shapes.get("weight") or ()
    return any(size != 1 for size in shape[2:])


def _bound_mismatch(layer: Layer, write: Write, sizes: Fans) -> FanMismatch | None:
    """`uniform_(-bound, bound)` whose bound is computed from the number of outputs."""
    low, high = (as_number(argument(write.initializer, write.arguments, name)) for name in ("a", "b"))
    if low is None or high is None or high <= 0 or low != -high or _is_literal(write):
        return None
    outputs = [size for size in _sizes(layer) if math.isclose(high * high * size, 1.0, rel_tol=1e-9)]
    if sizes.signal_fan_in is None:
        shape = layer.shapes.get("weight") or (None,)
        if not write.shape_read or shape[0] not in outputs or not _has_outputs_first(layer):
            return None
        if has_more_inputs(layer):
            return None  # and perhaps not more than four times as many
        return FanMismatch("the bound is 1/sqrt(outputs), not 1/sqrt(inputs)", None, _BOUND_OF_INPUTS)
    if not outputs or _is_close(sizes.signal_fan_in / outputs[0]):
        return None
    bound = f"1/sqrt({outputs[0]})"
    if (layer.shapes.get("weight") or ()).index(outputs[0]) == 0 and _has_outputs_first(layer):
        bound = f"1/sqrt(outputs) = {bound}"
    reason = f"the bound is {bound}, not 1/sqrt(inputs) = 1/sqrt({sizes.signal_fan_in:g})"
    return FanMismatch(reason, sizes.signal_fan_in / outputs[0], _BOUND_OF_INPUTS)


def _has_outputs_first(layer: Layer) -> bool:
    """Whether the first axis of the weight counts the outputs."""
    if layer.product is not None:
        return layer.product.kept == (0,)
    return layer.type == "Linear" or (layer.type in MATRICES and "Transpose" not in layer.type)


def _sizes(layer: Layer) -> Iterator[int]:
    """The first two sizes of the weight's shape."""
    return (size for size in (layer.shapes.get("weight") or ())[:2] if size is not None)


def _is_literal(write: Write) -> bool:
    """Whether the bounds are literal numbers, which may equal such a root by chance."""
    node = write.location.node if isinstance(write.location, SourceLocation) else None
    values = [*node.args, *(keyword.value for keyword in node.keywords)] if isinstance(node, ast.Call) else []
    return any(isinstance(value, ast.Constant) and isinstance(value.value, (int, float)) for value in values)
