"""Python's values as JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

_MAX_ITEMS = 64
_MAX_TEXT = 200


class CalculatedGain(float):
    """What `calculate_gain` returned; it remembers for which nonlinearity."""

    nonlinearity = ""


def plain(value: Any, reference: Callable[[Any], Any] | None = None) -> Any:
    """`value` as JSON: numbers, strings, lists and dictionaries as they are, all else as `{"other": its type}`.

    What `reference` gives for a value, unless that is None, stands for it.
    """
    if reference is not None:
        known = reference(value)
        if known is not None:
            return known
    if isinstance(value, CalculatedGain):
        return {"gain": float(value), "nonlinearity": value.nonlinearity}
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return value if len(value) <= _MAX_TEXT else {"other": "str"}
    if isinstance(value, (list, tuple)) and len(value) <= _MAX_ITEMS:
        return [plain(item, reference) for item in value]
    if isinstance(value, dict) and len(value) <= _MAX_ITEMS:
        return {"items": [[plain(key), plain(item, reference)] for key, item in value.items()]}
    if isinstance(value, slice):
        return {"slice": [plain(bound, reference) for bound in (value.start, value.stop, value.step)]}
    return {"other": type(value).__name__}


def qualified(function: Any) -> str:
    """The dotted name of a function as torch.fx and function modes hand it on; a method of tensors is `Tensor.NAME`."""
    name = getattr(function, "__name__", type(function).__name__)
    owner = getattr(function, "__objclass__", None)
    if owner is not None:
        return f"Tensor.{name}" if issubclass(owner, torch._C.TensorBase) else f"{owner.__name__}.{name}"
    if name in ("__get__", "__set__"):
        return f"Tensor.{getattr(function.__self__, '__name__', '?')}.{name}"
    module = getattr(function, "__module__", None) or "torch"
    path = getattr(function, "__qualname__", name)
    if module == "torch._tensor" and path.startswith("Tensor."):
        return str(path)
    return f"{module}.{name if path.startswith('_VariableFunctions') or '<' in path else path}"
