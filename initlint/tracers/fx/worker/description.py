"""The tree of modules, with what was written to their parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from .construction import documented, is_torchs, made
from .recording import Recorder, storage_key
from .targets import name_of
from .values import plain

_PARTS = ("_v", "_orig")
"""What `weight_norm` and `spectral_norm` of old call the parameter that they compute the weight from."""


def describe(model: nn.Module, recorder: Recorder) -> dict[str, Any]:
    """All modules in torch's own order, and the writes to the memory that their parameters live in."""
    storages: dict[str, list[dict[str, Any]]] = {}
    modules = []
    for path, module in model.named_modules():
        if ".parametrizations" in f".{path}":
            continue
        entry = _module(path, module)
        for name, parameter in _parameters(module):
            key = storage_key(parameter)
            lazy = isinstance(parameter, nn.UninitializedParameter)
            entry["parameters"].append(
                {
                    "name": name,
                    "shape": None if lazy else list(parameter.shape),
                    "frozen": not parameter.requires_grad,
                    "storage": str(key),
                }
            )
            if key is not None:
                storages.setdefault(str(key), recorder.writes(parameter))
        modules.append(entry)
    calls = [{**call, "storage": str(call["storage"])} for call in recorder.calls]
    return {"modules": modules, "storages": storages, "calls": calls}


def _module(path: str, module: nn.Module) -> dict[str, Any]:
    known = made(module)
    own = next((cls for cls in type(module).__mro__ if not is_torchs(cls)), None)
    own = None if is_torchs(type(module)) else own
    args, kwargs = known.arguments or ((), {})
    return {
        "path": path,
        "class": None if own is None else _name(own),
        "torch": documented(type(module)),
        "built": known.place,
        "args": [plain(value) for value in args],
        "kwargs": {name: plain(value) for name, value in kwargs.items()},
        "assigned": {name: [_name(cls), place] for name, (cls, place) in known.assigned.items()},
        "parametrized": hasattr(module, "parametrizations") or any(name != given for name, given, _ in _own(module)),
        "parameters": [],
    }


def _name(cls: type) -> list[str]:
    return [name_of(cls.__module__), cls.__qualname__]


def _own(module: nn.Module) -> Iterator[tuple[str, str, torch.Tensor]]:
    """The parameters of the module itself: the name that it is used by, its own name, and the parameter."""
    for name, parameter in module._parameters.items():
        if parameter is not None:
            part = next((part for part in _PARTS if name.endswith(part)), None)
            plain_name = name[: -len(part)] if part and not hasattr(type(module), name) else name
            if plain_name == name or name[: -len(part or "")] not in module._parameters:
                yield (plain_name if hasattr(module, plain_name) else name), name, parameter


def _parameters(module: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """The parameters of the module by the names that it uses them by, parametrized ones included."""
    yield from ((name, parameter) for name, _, parameter in _own(module))
    parametrizations: Any | None = getattr(module, "parametrizations", None)
    if isinstance(parametrizations, nn.ModuleDict):
        for name, parametrization in parametrizations.items():
            originals = list(parametrization.parameters(recurse=False))
            if originals:
                yield name, max(originals, key=torch.Tensor.numel)
