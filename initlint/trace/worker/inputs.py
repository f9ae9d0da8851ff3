"""What to call a model with: what was asked for, what the model itself says, or a few guesses by its first layers."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import torch
from torch import nn

from .targets import signature_of

Call = tuple[list[Any], dict[str, Any]]

BATCH = 2
_SIDES = (224, 256, 64, 32, 28, 128, 84, 96, 512, 384, 299, 192)
_VIDEOS = ((16, 112), (16, 224), (8, 224), (16, 128), (16, 256), (8, 64))
_SIGNALS = (64, 256, 1024, 16000)
_LENGTH = 16
_MAX_CALLS = 32
_SIZE_ATTRIBUTES = ("img_size", "image_size", "input_size", "input_resolution", "resolution")


def given(shapes: Sequence[tuple[Sequence[int], str]], device: str) -> Call:
    """Tensors of these shapes and dtypes. Raises ValueError for a dtype that torch does not have."""
    return [tensor(shape, dtype, device) for shape, dtype in shapes], {}


def tensor(shape: Sequence[int], dtype: str, device: str) -> torch.Tensor:
    """A random tensor; of an integer type, ones, which every table of embeddings has."""
    kind = getattr(torch, dtype, None)
    if not isinstance(kind, torch.dtype):
        raise ValueError(f"torch has no dtype `{dtype}`")
    if kind.is_floating_point and device != "meta":
        return torch.randn(tuple(shape), dtype=kind, device=device)
    return torch.ones(tuple(shape), dtype=kind, device=device)


def guesses(model: nn.Module, device: str) -> Iterator[Call]:
    """Calls that may suit the model, the likeliest first."""
    required = _required(model)
    own = _of_the_model(model, device)
    if own is not None:
        yield own
    if required and "list" in _annotation(required[0]).lower():  # detection takes a list of images
        yield from (([[main[0]]], {}) for main in islice(_mains(model, device), _MAX_CALLS) if main.dim() == 4)
    for main in islice(_mains(model, device), _MAX_CALLS):
        further = {p: _companion(p, main, device) for p in required[1:]}
        args = [value for p, value in further.items() if p.kind is not p.KEYWORD_ONLY]
        yield [main, *args], {p.name: value for p, value in further.items() if p.kind is p.KEYWORD_ONLY}


def _required(model: nn.Module) -> list[inspect.Parameter]:
    signature = signature_of(model.forward)
    parameters = [] if signature is None else list(signature.parameters.values())
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [p for p in parameters if p.kind not in variable and p.default is p.empty]


def _of_the_model(model: nn.Module, device: str) -> Call | None:
    """What libraries let a model say of its input (`example_input_array`, `dummy_inputs`)."""
    for name in ("example_input_array", "dummy_inputs"):
        found = getattr(model, name, None)
        if isinstance(found, torch.Tensor):
            return [found.to(device)], {}
        if isinstance(found, dict) and all(isinstance(value, torch.Tensor) for value in found.values()):
            return [], {key: value.to(device) for key, value in found.items()}
    return None


def _mains(model: nn.Module, device: str) -> Iterator[torch.Tensor]:
    """Tensors for the first argument of `forward`, by the first layer of each kind."""
    kinds = [kind for kind in map(_kind, model.modules()) if kind is not None]
    sides = list(dict.fromkeys([*_sides(model), *_SIDES]))
    for name, size in dict.fromkeys(kinds[:1] + [kind for kind in kinds if kind[0] != kinds[0][0]][:3]):
        if name == "image":
            for side in sides:
                yield torch.ones((BATCH, size, side, side), device=device)
        elif name == "video":
            for frames, side in _VIDEOS:
                yield torch.ones((BATCH, size, frames, side, side), device=device)
        elif name == "signal":
            for length in _SIGNALS:
                yield torch.ones((BATCH, size, length), device=device)
        elif name == "tokens":
            for length in (_LENGTH, 256, 1024):
                yield torch.ones((BATCH, length), dtype=torch.long, device=device)
        else:
            for inner in ((), (_LENGTH,), (_LENGTH, _LENGTH)):
                yield torch.ones((BATCH, *inner, size), device=device)
    # Patches are often cut before the first layer.
    for shape in (
        *((side, side) for side in sides),
        *((n, side, side) for n, side in _VIDEOS),
        *((n,) for n in _SIGNALS),
    ):
        yield torch.ones((BATCH, 3, *shape), device=device)


def _kind(module: nn.Module) -> tuple[str, int] | None:
    if isinstance(module, nn.Conv2d):
        return "image", module.in_channels
    if isinstance(module, nn.Conv3d):
        return "video", module.in_channels
    if isinstance(module, (nn.Conv1d, nn.ConvTranspose1d)):
        return "signal", module.in_channels
    if isinstance(module, nn.Embedding):
        return "tokens", 0
    if isinstance(module, nn.Linear):
        return "features", module.in_features
    if isinstance(module, nn.RNNBase):
        return "features", module.input_size
    return ("image", module.in_channels) if isinstance(module, nn.ConvTranspose2d) else None


def _sides(model: nn.Module) -> Iterator[int]:
    """The sizes of images that the model or one of its parts names as an attribute."""
    for module in model.modules():
        for name in _SIZE_ATTRIBUTES:
            value = getattr(module, name, None)
            size = value[-1] if isinstance(value, (tuple, list)) and value else value
            if isinstance(size, int) and not isinstance(size, bool) and 8 <= size <= 1024:
                yield size
    configuration = getattr(model, "default_cfg", None)
    size = getattr(configuration, "input_size", None) or (
        configuration.get("input_size") if isinstance(configuration, dict) else None
    )
    if isinstance(size, (tuple, list)) and size:
        yield int(size[-1])


def _annotation(parameter: inspect.Parameter) -> str:
    hint = parameter.annotation
    return hint if isinstance(hint, str) else getattr(hint, "__name__", str(hint))


def _companion(parameter: inspect.Parameter, main: torch.Tensor, device: str) -> Any:
    """A value for a further argument of `forward`, by its name and annotation."""
    name, hint = parameter.name.lower(), _annotation(parameter)
    if hint in ("int", "float", "bool"):
        return {"int": 1, "float": 1.0, "bool": False}[hint]
    if "len" in name:
        return torch.full((BATCH,), main.shape[1], dtype=torch.long)  # on the CPU: `pack_padded_sequence` wants it so
    if "mask" in name:
        return torch.ones(main.shape[:2], dtype=torch.bool, device=device)
    if name in ("t", "time", "times", "timestep", "timesteps", "sigma", "y", "label", "labels", "target", "targets"):
        return torch.ones((BATCH,), dtype=torch.long, device=device)
    return torch.ones(main.shape, dtype=main.dtype, device=device)
