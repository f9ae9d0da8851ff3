"""The sizes of feature maps that the source says: after a view to known sizes, `Unflatten`, or a pool to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from initlint.facts.windows import MapSize, output_size, windows_of
from initlint.graph.words import OperationKind
from initlint.tracers.static.values.objects import Instance
from initlint.tracers.static.values.questions import known_items, literal, literals, options
from initlint.tracers.static.values.tensors import Tensor, as_tensor
from initlint.tracers.static.values.values import CallArguments, Value

_KEEP = frozenset({"add", "sub", "mul", "scale", "shift"})
_KEEPING_MODULES = frozenset({"Identity", "AlphaDropout", "FeatureAlphaDropout"})


def map_size_of(values: Iterable[Value]) -> MapSize | None:
    """The size of the feature maps that the data among these values are, if it is known and the same for all."""
    tensors = [as_tensor(option) for value in values for option, _ in options(value)]
    sizes = {tensor.map_size for tensor in tensors if tensor is not None and tensor.node is not None}
    return next(iter(sizes)) if len(sizes) == 1 else None


def map_size_after(
    kind: OperationKind, op: str, size: MapSize | None, layer: object, arguments: Mapping[str, object]
) -> MapSize | None:
    """The size of the map that an operation makes of one of this size."""
    if op == "pool":
        return _after_pool(size, arguments)
    if size is None:
        return None
    if kind == "activation":
        return None if op == "glu" else size
    if kind == "modifier":
        return size if op in _KEEP or op.endswith("_norm") else None
    if kind == "layer" and isinstance(layer, Instance) and op.startswith("Conv"):
        windows = windows_of(op, literals(layer.arguments), size)
        return None if windows is None else output_size(windows)
    return None


def _after_pool(size: MapSize | None, arguments: Mapping[str, object]) -> MapSize | None:
    target = arguments.get("output_size")
    if isinstance(target, tuple):
        return target
    windows = None if size is None else windows_of(f"AvgPool{len(size)}d", arguments, size)
    return None if windows is None else output_size(windows)


def map_size_in_module(type: str, arguments: Mapping[str, Value], value: Value) -> MapSize | None:
    """The size of the map after a module that only passes on its input."""
    if type == "Unflatten":
        dim, sizes = arguments.get("dim"), arguments.get("unflattened_size")
        return _spatial((None, *(known_items(sizes) or ()))) if dim == 1 else None
    return map_size_of([value]) if type in _KEEPING_MODULES or type.startswith("Dropout") else None


def map_size_in_view(name: str, axes: str, tensor: Tensor, call: CallArguments) -> MapSize | None:
    """The size of the map after a view: `x.view(-1, 512, 4, 4)`. `call`: its arguments without the tensor."""
    if tensor.node is None or call.open:
        return None
    if name in ("view", "reshape"):
        given = call.arguments
        return _spatial((known_items(given[0]) if len(given) == 1 else given) or ())
    if name == "unflatten":
        dim, sizes = call.get(0, "dim", None), call.get(1, "sizes", None)
        return _spatial((None, *(known_items(sizes) or ()))) if dim == 1 else None
    return tensor.map_size if axes == "same" or "dropout" in name else None


def _spatial(sizes: Iterable[Value]) -> MapSize | None:
    """What follows the batch and the channels; two or three sizes, since one may as well be the length of a text."""
    spatial = tuple(literal(size) for size in list(sizes)[2:])
    is_known = all(isinstance(size, int) and not isinstance(size, bool) and size > 0 for size in spatial)
    return spatial if is_known and 2 <= len(spatial) <= 3 else None
