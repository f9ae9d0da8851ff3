"""Inputs to call a model with: requested shapes, the model's own example inputs, or guesses from its first layers."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import torch
from torch import nn

from .module_origins import is_torch_class, origin_of
from .targets import signature_of

Call = tuple[list[Any], dict[str, Any]]

BATCH = 2
_SIDES = (224, 256, 64, 32, 28, 128, 84, 96, 512, 384, 299, 192)
_LONG = (32, 672)
"""Detectors resize the shorter side up to a bound on the longer one. An image of this shape stays small."""
_VIDEOS = ((16, 112), (16, 224), (8, 224), (16, 128), (16, 256), (8, 64))
_SIGNALS = (64, 256, 1024, 16000)
_LENGTH = 16
_MAX_CALLS = 32
_SIZES = ("img_size", "image_size", "input_size", "input_resolution", "resolution")
_CHANNELS = ("channels", "in_channels", "in_chans", "num_channels")
"""Names by which models call the number of channels of their input."""


def from_shapes(shapes: Sequence[tuple[Sequence[int], str]], device: str) -> Call:
    """Tensors of these shapes and dtypes. Raises ValueError for a dtype that torch does not have."""
    return [tensor(shape, dtype, device) for shape, dtype in shapes], {}


def tensor(shape: Sequence[int], dtype: str, device: str) -> torch.Tensor:
    """A random tensor; ones for an integer dtype, because every embedding has an index 1."""
    torch_dtype = getattr(torch, dtype, None)
    if not isinstance(torch_dtype, torch.dtype):
        raise ValueError(f"torch has no dtype `{dtype}`")
    if torch_dtype.is_floating_point and device != "meta":
        return torch.randn(tuple(shape), dtype=torch_dtype, device=device)
    return torch.ones(tuple(shape), dtype=torch_dtype, device=device)


def guess_calls(model: nn.Module, device: str, prefer_small: bool = False, batch: int = BATCH) -> Iterator[Call]:
    """Arguments that may fit the model, likeliest first. `prefer_small`: try an image that stays small first.

    `batch`: the number of images; of vectors and sequences there are eight times as many if it is not the default.
    """
    required = _required(model)
    image_sizes = list(_image_sizes(model, prefer_small))
    example = _example_inputs(model, device)
    if example is not None:
        yield example
    if required and "list" in _annotation_name(required[0]).lower():  # detection takes a list of images
        yield from (
            ([[main[0]]], {})
            for main in islice(_main_inputs(model, image_sizes, device, batch), _MAX_CALLS)
            if main.dim() == 4
        )
    for main in islice(_main_inputs(model, image_sizes, device, batch), _MAX_CALLS):
        further_arguments = {p: _further_argument(p, main, device) for p in required[1:]}
        args = [value for p, value in further_arguments.items() if p.kind is not p.KEYWORD_ONLY]
        yield [main, *args], {p.name: value for p, value in further_arguments.items() if p.kind is p.KEYWORD_ONLY}


def _required(model: nn.Module) -> list[inspect.Parameter]:
    signature = signature_of(model.forward)
    parameters = [] if signature is None else list(signature.parameters.values())
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [p for p in parameters if p.kind not in variable and p.default is p.empty]


def _example_inputs(model: nn.Module, device: str) -> Call | None:
    """The example inputs that some libraries attach to a model (`example_input_array`, `dummy_inputs`)."""
    for name in ("example_input_array", "dummy_inputs"):
        example = getattr(model, name, None)
        if isinstance(example, torch.Tensor):
            return [example.to(device)], {}
        if isinstance(example, dict) and all(isinstance(value, torch.Tensor) for value in example.values()):
            return [], {key: value.to(device) for key, value in example.items()}
    return None


def _main_inputs(
    model: nn.Module, image_sizes: Sequence[tuple[int, int]], device: str, batch: int
) -> Iterator[torch.Tensor]:
    """Tensors for the first argument of `forward`, guessed from the first layer of each kind."""
    vectors = batch if batch == BATCH else 8 * batch
    kinds = [kind for kind in map(_input_kind, model.modules()) if kind is not None]
    for name, size in dict.fromkeys(kinds[:1] + [kind for kind in kinds if kind[0] != kinds[0][0]][:3]):
        if name == "image":
            for size_of_image in image_sizes:
                yield torch.ones((batch, size, *size_of_image), device=device)
        elif name == "video":
            for frames, side in _VIDEOS:
                yield torch.ones((batch, size, frames, side, side), device=device)
        elif name == "signal":
            for length in _SIGNALS:
                yield torch.ones((batch, size, length), device=device)
        elif name == "tokens":
            for length in (_LENGTH, 256, 1024):
                yield torch.ones((vectors, length), dtype=torch.long, device=device)
        else:
            for inner_shape in ((), (_LENGTH,), (_LENGTH, _LENGTH)):
                yield torch.ones((vectors, *inner_shape, size), device=device)
    # Vision transformers often cut an image into patches before their first layer.
    channels = next(
        (
            origin_of(model).integer_arguments[name][0]
            for name in _CHANNELS
            if name in origin_of(model).integer_arguments
        ),
        3,
    )
    for shape in (*image_sizes, *((count, side, side) for count, side in _VIDEOS), *((count,) for count in _SIGNALS)):
        yield torch.ones((batch, channels, *shape), device=device)


def _input_kind(module: nn.Module) -> tuple[str, int] | None:
    if isinstance(module, nn.Conv2d):
        return "image", module.in_channels
    if isinstance(module, nn.Conv3d):
        return "video", module.in_channels
    if isinstance(module, (nn.Conv1d, nn.ConvTranspose1d)):
        return "signal", module.in_channels
    if isinstance(module, (nn.Embedding, nn.EmbeddingBag)):
        return "tokens", 0
    if isinstance(module, nn.Linear):
        return "features", module.in_features
    if isinstance(module, nn.RNNBase):
        return "features", module.input_size
    return ("image", module.in_channels) if isinstance(module, nn.ConvTranspose2d) else None


def _image_sizes(model: nn.Module, prefer_small: bool) -> Iterator[tuple[int, int]]:
    """Heights and widths: those that the model declares, then a few common ones."""
    declared = list(dict.fromkeys(size for size in map(_image_size, _declared_sizes(model)) if size is not None))
    yield from declared
    if prefer_small and not declared:
        yield _LONG
    yield from ((side, side) for side in _SIDES if (side, side) not in declared)


def _declared_sizes(model: nn.Module) -> Iterator[Any]:
    """Attributes and constructor arguments of the model's modules that are named like the size of an image."""
    for module in model.modules():
        if is_torch_class(type(module)):
            continue
        integer_arguments = origin_of(module).integer_arguments
        for name in _SIZES:
            yield getattr(module, name, None)
            yield integer_arguments.get(name)
    configuration: Any = getattr(model, "default_cfg", None)
    is_dict = isinstance(configuration, dict)
    yield configuration.get("input_size") if is_dict else getattr(configuration, "input_size", None)


def _image_size(value: Any) -> tuple[int, int] | None:
    """A height and a width; None if `value` is unlikely to be the size of an image."""
    sides = [*value[-2:]] if isinstance(value, (tuple, list)) else [value]
    if not sides or not all(type(side) is int and 8 <= side <= 1024 for side in sides):
        return None
    return sides[0], sides[-1]


def _annotation_name(parameter: inspect.Parameter) -> str:
    hint = parameter.annotation
    return hint if isinstance(hint, str) else getattr(hint, "__name__", str(hint))


def _further_argument(parameter: inspect.Parameter, main: torch.Tensor, device: str) -> Any:
    """A value for a further argument of `forward`, by its name and annotation."""
    name, hint = parameter.name.lower(), _annotation_name(parameter)
    if hint in ("int", "float", "bool"):
        return {"int": 1, "float": 1.0, "bool": False}[hint]
    if "len" in name:
        return torch.full(
            (len(main),), main.shape[1], dtype=torch.long
        )  # on the CPU, as `pack_padded_sequence` requires
    if "mask" in name:
        return torch.ones(main.shape[:2], dtype=torch.bool, device=device)
    if name in ("t", "time", "times", "timestep", "timesteps", "sigma", "y", "label", "labels", "target", "targets"):
        return torch.ones((len(main),), dtype=torch.long, device=device)
    return torch.ones(main.shape, dtype=main.dtype, device=device)
