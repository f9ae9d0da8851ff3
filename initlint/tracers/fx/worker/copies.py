"""Finds modules that certainly start equal: one module several times in a container, and deep copies of one module."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from .module_origins import ModuleOrigin, origin_of
from .recording import Recorder

_STACKS = (nn.TransformerEncoder, nn.TransformerDecoder)
"""They copy the layer of their first argument."""


def describe_copies(model: nn.Module, recorder: Recorder) -> dict[str, Any]:
    """`repeated`: containers with one module several times. `copies`: groups of deep copies that were not changed."""
    parents: dict[nn.Module, list[nn.Module]] = {}
    for module in model.modules():
        for child in module._modules.values():
            if child is not None:
                parents.setdefault(child, []).append(module)
    paths = {module: path for path, module in model.named_modules()}
    return {"repeated": list(_repeated(paths, parents)), "copies": list(_copies(paths, parents, recorder))}


def _repeated(paths: dict[nn.Module, str], parents: dict[nn.Module, list[nn.Module]]) -> Iterator[dict[str, Any]]:
    for module, holders in parents.items():
        container = holders[0]
        parameters = sum(1 for _ in module.parameters())
        if len(holders) < 2 or any(holder is not container for holder in holders) or not parameters:
            continue  # a module that is also registered elsewhere is a shared layer
        if type(container) in (nn.Sequential, nn.ModuleList):
            yield {
                "container": paths[container],
                "module": paths[module],
                "count": len(holders),
                "parameters": parameters,
                "location": origin_of(container).location,
            }


def _copies(
    paths: dict[nn.Module, str], parents: dict[nn.Module, list[nn.Module]], recorder: Recorder
) -> Iterator[dict[str, Any]]:
    groups: dict[ModuleOrigin, list[nn.Module]] = {}
    for module in paths:
        origin = origin_of(module)
        if origin.copied_at is not None:
            groups.setdefault(origin, []).append(module)
    for origin, members in groups.items():
        if len(members) < 2 or any(len(groups.get(origin_of(p), ())) > 1 for m in members for p in parents.get(m, ())):
            continue  # the modules that contain them are copies
        if _start_equal(members, recorder):
            stacks = {p for member in members for holder in parents[member] for p in parents.get(holder, ())}
            stack = next(iter(stacks)) if len(stacks) == 1 else None
            yield {
                "paths": [paths[stack]] if isinstance(stack, _STACKS) else [paths[member] for member in members],
                "members": [paths[member] for member in members],
                "parameters": sum(1 for _ in members[0].parameters()),
                "location": origin_of(stack).location if isinstance(stack, _STACKS) else origin.copied_at,
            }


def _start_equal(members: list[nn.Module], recorder: Recorder) -> bool:
    """Whether all parameters are trainable, and no write changed one member and not the others.

    A copy shares the records of its original until then.
    """
    parameters = [list(member.parameters()) for member in members]
    if any(not p.requires_grad for member in parameters for p in member):
        return False
    if len({id(p) for member in parameters for p in member}) != sum(map(len, parameters)):
        return False  # they share parameters
    writes = [[_write_numbers(p, recorder) for p in member] for member in parameters]
    return bool(writes[0]) and all(writes[0]) and all(one == writes[0] for one in writes)


def _write_numbers(parameter: torch.Tensor, recorder: Recorder) -> tuple[int, ...]:
    return tuple(map(id, recorder.writes(parameter)))
