"""Where the fans that an init call computes from a shape are not the fans in use."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from dataclasses import dataclass

from initlint.analysis.layer_activation import argument, as_number, fans_in_use, initializer_family
from initlint.facts.fans import Fans
from initlint.graph.model import Layer, Write
from initlint.project.source import SourceLocation

_NEAR = 4.0
"""Fans that differ by less are no defect that anybody would feel."""


@dataclass(frozen=True, slots=True)
class FanMismatch:
    """A fan that is computed wrongly.

    `ratio`: the variance that is given over the one that the fan in use gives; None if the sizes are not known.
    `fan_out_is_right`: torch's fan_out is about the number of inputs in use, so that mode says so.
    """

    reason: str
    ratio: float | None
    fan_out_is_right: bool = False


def mismatch(layer: Layer, write: Write) -> FanMismatch | None:
    """What is wrong with the fan that `write`, the init of the layer's weight, is drawn by; None if nothing is."""
    sizes = fans_in_use(layer)
    if sizes is None:
        return None
    initializer = initializer_family(write.initializer)
    if initializer == "uniform":
        return _of_bound(layer, write, sizes)
    if initializer not in ("kaiming", "xavier"):
        return None
    mode = argument(write.initializer, write.arguments, "mode") if initializer == "kaiming" else "fan_avg"
    reason = _reason(layer, mode)
    if reason is None:
        return None
    computed, used = _fans(sizes, mode)
    if computed is None or used is None:
        return FanMismatch(reason, None) if _is_stacked_first(layer) else None
    if not computed or _is_near(used / computed):
        return None
    back = sizes.fan_out is not None and sizes.signal_fan_in is not None and mode == "fan_in"
    return FanMismatch(reason, used / computed, back and _is_near((sizes.signal_fan_in or 0) / (sizes.fan_out or 1)))


def _is_near(ratio: float) -> bool:
    return 1 / _NEAR <= ratio <= _NEAR


def _fans(sizes: Fans, mode: object) -> tuple[float | None, float | None]:
    """What torch computes for that mode, and what is in use."""
    if mode == "fan_in":
        return sizes.fan_in, sizes.signal_fan_in
    if mode == "fan_out":
        return sizes.fan_out, sizes.signal_fan_out
    known = (sizes.fan_in, sizes.fan_out, sizes.signal_fan_in, sizes.signal_fan_out)
    found = [size for size in known if size is not None]
    return (found[0] + found[1], found[2] + found[3]) if len(found) == len(known) else (None, None)


def _reason(layer: Layer, mode: object) -> str | None:
    """Why torch's fans may be others than those in use; None where they are the same by construction."""
    if layer.product is not None:
        if _is_stacked_first(layer):
            return "torch takes its stacked matrices for one"
        if mode == "fan_in" and layer.product.summed[:1] == (0,):
            return "it is used as `x @ W`, and torch takes its second axis for the inputs"
        return None
    if "Transpose" in layer.type and mode == "fan_in":
        return "torch takes the outputs of a transposed convolution for its inputs"
    groups = as_number(layer.arguments.get("groups", 1))
    if layer.type.endswith(("Conv1d", "Conv2d", "Conv3d")) and groups not in (None, 1) and mode != "fan_in":
        return "torch's fan_out counts the outputs of all groups"
    return None


def _is_stacked_first(layer: Layer) -> bool:
    """Whether it is a raw weight of three axes, the first of which tells matrices apart."""
    shape = layer.shapes.get("weight")
    if layer.product is None or shape is None or len(shape) != 3:
        return False
    return len(layer.product.summed) == 1 and 0 not in layer.product.summed


def _of_bound(layer: Layer, write: Write, sizes: Fans) -> FanMismatch | None:
    """`uniform_(-bound, bound)` with a bound that is computed from the number of outputs."""
    low, high = (as_number(argument(write.initializer, write.arguments, name)) for name in ("a", "b"))
    if low is None or high is None or high <= 0 or low != -high or sizes.signal_fan_in is None or _is_literal(write):
        return None
    outputs = [size for size in _sizes(layer) if math.isclose(high * high * size, 1.0, rel_tol=1e-9)]
    if not outputs or _is_near(sizes.signal_fan_in / outputs[0]):
        return None
    reason = f"its bound is one over the root of {outputs[0]}, and {sizes.signal_fan_in:g} inputs make one output"
    return FanMismatch(reason, sizes.signal_fan_in / outputs[0])


def _sizes(layer: Layer) -> Iterator[int]:
    """The first two sizes of the weight's shape."""
    return (size for size in (layer.shapes.get("weight") or ())[:2] if size is not None)


def _is_literal(write: Write) -> bool:
    """Whether the bounds are written as numbers: a fixed bound may equal such a root by chance."""
    node = write.location.node if isinstance(write.location, SourceLocation) else None
    values = [*node.args, *(keyword.value for keyword in node.keywords)] if isinstance(node, ast.Call) else []
    return any(isinstance(value, ast.Constant) and isinstance(value.value, (int, float)) for value in values)
