"""What to call a model with: what was asked for, what the model itself says, or a few guesses by its first layers."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import torch
from torch import nn

from .construction import is_torchs, made
from .targets import signature_of

Call = tuple[list[Any], dict[str, Any]]

BATCH = 2
_SIDES = (224, 256, 64, 32, 28, 128, 84, 96, 512, 384, 299, 192)
_LONG = (32, 672)
"""Detectors enlarge the shorter side of an image as far as a bound on the longer one lets them: this stays small."""
_VIDEOS = ((16, 112), (16, 224), (8, 224), (16, 128), (16, 256), (8, 64))
_SIGNALS = (64, 256, 1024, 16000)
_LENGTH = 16
_MAX_CALLS = 32
_SIZES = ("img_size", "image_size", "input_size", "input_resolution", "resolution")
_CHANNELS = ("channels", "in_channels", "in_chans", "num_channels")
"""What classes call these of their input."""


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


def guesses(model: nn.Module, device: str, small: bool = False) -> Iterator[Call]:
    """Calls that may suit the model, the likeliest first. `small`: before common images one that costs little."""
    required = _required(model)
    images = list(_images(model, small))
    own = _of_the_model(model, device)
    if own is not None:
        yield own
    if required and "list" in _annotation(required[0]).lower():  # detection takes a list of images
        yield from (([[main[0]]], {}) for main in islice(_mains(model, images, device), _MAX_CALLS) if main.dim() == 4)
    for main in islice(_mains(model, images, device), _MAX_CALLS):
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


def _mains(model: nn.Module, images: Sequence[tuple[int, int]], device: str) -> Iterator[torch.Tensor]:
    """Tensors for the first argument of `forward`, by the first layer of each kind; images have these sizes."""
    kinds = [kind for kind in map(_kind, model.modules()) if kind is not None]
    for name, size in dict.fromkeys(kinds[:1] + [kind for kind in kinds if kind[0] != kinds[0][0]][:3]):
        if name == "image":
            for image in images:
                yield torch.ones((BATCH, size, *image), device=device)
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
    channels = next((made(model).numbers[name][0] for name in _CHANNELS if name in made(model).numbers), 3)
    for shape in (*images, *((n, side, side) for n, side in _VIDEOS), *((n,) for n in _SIGNALS)):
        yield torch.ones((BATCH, channels, *shape), device=device)


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


def _images(model: nn.Module, small: bool) -> Iterator[tuple[int, int]]:
    """Heights and widths: those that the model names, then a few common ones."""
    named = list(dict.fromkeys(size for size in map(_size, _named(model)) if size is not None))
    yield from named
    if small and not named:
        yield _LONG
    yield from ((side, side) for side in _SIDES if (side, side) not in named)


def _named(model: nn.Module) -> Iterator[Any]:
    """What the model and its parts call the size of an image, as an attribute or an argument of the constructor."""
    for module in model.modules():
        if is_torchs(type(module)):
            continue
        numbers = made(module).numbers
        for name in _SIZES:
            yield getattr(module, name, None)
            yield numbers.get(name)
    configuration: Any = getattr(model, "default_cfg", None)
    is_table = isinstance(configuration, dict)
    yield configuration.get("input_size") if is_table else getattr(configuration, "input_size", None)


def _size(value: Any) -> tuple[int, int] | None:
    """A height and a width; None if `value` is not likely to be that of an image."""
    sides = [*value[-2:]] if isinstance(value, (tuple, list)) else [value]
    if not sides or not all(type(side) is int and 8 <= side <= 1024 for side in sides):
        return None
    return sides[0], sides[-1]


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
