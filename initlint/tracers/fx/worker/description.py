"""Describes the module tree of a model, with the writes to its parameters, as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from .copies import describe_copies
from .json_values import to_json
from .module_origins import is_torch_class, origin_of, owner_of, torch_class_name
from .recording import Recorder, storage_key
from .targets import project_module_name

_REPARAMETRIZED_SUFFIXES = ("_v", "_orig")
"""Suffixes that the old `weight_norm` and `spectral_norm` give the parameter from which they compute the weight."""


def describe(model: nn.Module, recorder: Recorder) -> dict[str, Any]:
    """All modules in the order of `named_modules`, and the writes to the storages of their parameters."""
    storages: dict[str, list[dict[str, Any]]] = {}
    modules: list[dict[str, Any]] = []
    owner_paths = {module: path for path, module in model.named_modules()}
    for path, module in model.named_modules():
        if ".parametrizations" in f".{path}":
            continue
        entry = _module(path, module)
        entry["keeps_init"] = _has_untouched_weight_norm(module, recorder)
        for name, parameter in _parameters(module):
            key = storage_key(parameter)
            is_lazy = isinstance(parameter, nn.UninitializedParameter)
            entry["parameters"].append(
                {
                    "name": name,
                    "shape": None if is_lazy else list(parameter.shape),
                    "frozen": not parameter.requires_grad,
                    "storage": str(key),
                    "owner": owner_paths.get(owner_of(parameter)),
                }
            )
            if key is not None:
                storages.setdefault(str(key), recorder.writes(parameter))
        modules.append(entry)
    calls = [{**call, "storage": str(call["storage"])} for call in recorder.calls]
    return {"modules": modules, "storages": storages, "calls": calls, **describe_copies(model, recorder)}


def _module(path: str, module: nn.Module) -> dict[str, Any]:
    origin = origin_of(module)
    user_class = next((cls for cls in type(module).__mro__ if not is_torch_class(cls)), None)
    user_class = None if is_torch_class(type(module)) else user_class
    args, kwargs = origin.arguments or ((), {})
    return {
        "path": path,
        "class": None if user_class is None else _class_reference(user_class),
        "torch": torch_class_name(type(module)),
        "built": origin.location,
        "args": [to_json(value) for value in args],
        "kwargs": {name: to_json(value) for name, value in kwargs.items()},
        "assigned": {name: [_class_reference(cls), location] for name, (cls, location) in origin.assigned_by.items()},
        "parametrized": hasattr(module, "parametrizations")
        or any(name != own_name for name, own_name, _ in _named_parameters(module)),
        "orthogonal": _orthogonal_parametrization(module),
        "parameters": [],
    }


def _has_untouched_weight_norm(module: nn.Module, recorder: Recorder) -> bool:
    """Whether a weight norm recomputes the weight of `module`, and nothing wrote to what it is computed from.

    It then is what it was before: the norm of each row is taken from the weight itself.
    """
    parametrizations: Any | None = getattr(module, "parametrizations", None)
    own = module._parameters
    if parametrizations is not None and "weight" in parametrizations:
        parts = parametrizations["weight"]
        is_norm = [type(part).__name__ for part in parts] == ["_WeightNorm"]
        size, direction = (parts.original0, parts.original1) if is_norm else (None, None)
    else:
        size, direction = own.get("weight_g"), own.get("weight_v")
    if size is None or direction is None:
        return False
    before = recorder.writes_before_norm.get(storage_key(direction))
    return before == len(recorder.writes(direction)) and len(recorder.writes(size)) <= 1


def _orthogonal_parametrization(module: nn.Module) -> int | None:
    """Where the weight matrix of `module` was parametrized as orthogonal; None if it was not."""
    parametrizations: Any | None = getattr(module, "parametrizations", None)
    weight = parametrizations["weight"] if parametrizations is not None and "weight" in parametrizations else None
    matrix = getattr(module, "weight", None)
    if weight is None or not isinstance(matrix, torch.Tensor) or matrix.dim() != 2:
        return None
    if any(type(part).__name__ != "_Orthogonal" for part in weight):
        return None
    return origin_of(weight).location


def _class_reference(cls: type) -> list[str]:
    return [project_module_name(cls.__module__), cls.__qualname__]


def _named_parameters(module: nn.Module) -> Iterator[tuple[str, str, torch.Tensor]]:
    """The parameters that the module registers: the name in use, the registered name, and the parameter."""
    for name, parameter in module._parameters.items():
        if parameter is not None:
            suffix = next((suffix for suffix in _REPARAMETRIZED_SUFFIXES if name.endswith(suffix)), None)
            public_name = name[: -len(suffix)] if suffix and not hasattr(type(module), name) else name
            if public_name == name or name[: -len(suffix or "")] not in module._parameters:
                yield (public_name if hasattr(module, public_name) else name), name, parameter


def _parameters(module: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """The parameters of the module by the names in use, including parametrized ones."""
    yield from ((name, parameter) for name, _, parameter in _named_parameters(module))
    parametrizations: Any | None = getattr(module, "parametrizations", None)
    if isinstance(parametrizations, nn.ModuleDict):
        for name, parametrization in parametrizations.items():
            originals = list(parametrization.parameters(recurse=False))
            if originals:
                yield name, max(originals, key=torch.Tensor.numel)
