"""Encodes Python values as JSON. `tracers/fx/json_values.py` decodes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

_MAX_ITEMS = 64
_MAX_TEXT = 200


class CalculatedGain(float):
    """A result of `calculate_gain`, with its nonlinearity."""

    nonlinearity = ""


def to_json(value: Any, reference: Callable[[Any], Any] | None = None) -> Any:
    """`value` as JSON. Values that are no number, string, list or dictionary become `{"other": type name}`.

    `reference` may replace a value: its result is used unless it is None.
    """
    if reference is not None:
        reference_json = reference(value)
        if reference_json is not None:
            return reference_json
    if isinstance(value, CalculatedGain):
        return {"gain": float(value), "nonlinearity": value.nonlinearity}
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return value if len(value) <= _MAX_TEXT else {"other": "str"}
    if isinstance(value, (list, tuple)) and len(value) <= _MAX_ITEMS:
        return [to_json(item, reference) for item in value]
    if isinstance(value, dict) and len(value) <= _MAX_ITEMS:
        return {"items": [[to_json(key), to_json(item, reference)] for key, item in value.items()]}
    if isinstance(value, slice):
        return {"slice": [to_json(limit, reference) for limit in (value.start, value.stop, value.step)]}
    return {"other": type(value).__name__}


def dotted_name(function: Any) -> str:
    """The dotted name of a function from torch.fx or a function mode; `Tensor.NAME` for a method of tensors."""
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
