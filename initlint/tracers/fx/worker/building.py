"""Builds a model, without memory for its parameters if possible."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import nn

from .recording import Recorder

BuildContext = tuple[str, Callable[[], AbstractContextManager[Any]]]


class NotAModule(Exception):
    """The target returned something other than an `nn.Module`."""


@contextmanager
def _parameters_on_meta() -> Iterator[None]:
    """Move parameters to the meta device when they are registered. Other tensors are unaffected."""
    original = nn.Module.register_parameter

    @functools.wraps(original)
    def register_parameter(self: nn.Module, name: str, param: nn.Parameter | None) -> None:
        if param is not None and type(param) is nn.Parameter and not param.is_meta:
            param = nn.Parameter(param.data.to("meta"), param.requires_grad)
        original(self, name, param)

    nn.Module.register_parameter = register_parameter  # type: ignore[method-assign]
    try:
        yield
    finally:
        nn.Module.register_parameter = original  # type: ignore[method-assign]


_CONTEXTS: list[BuildContext] = [
    ("meta", lambda: torch.device("meta")),
    ("parameters on meta", _parameters_on_meta),
    ("cpu", nullcontext),
]


def build_model(create_model: Callable[[], Any], recorder: Recorder) -> tuple[nn.Module, str]:
    """The model, and the context in which it could be built. Raises what `create_model` raises on the CPU.

    Constructors that read values (`.item()`) or name a device cannot run on meta.
    """
    for name, context in _CONTEXTS:
        recorder.clear()
        try:
            with context(), recorder:
                model = create_model()
            break
        except Exception:
            if name == _CONTEXTS[-1][0]:
                raise
    if not isinstance(model, nn.Module):
        raise NotAModule(f"it returns {_article(type(model).__name__)}, not a torch.nn.Module")
    return model, name


def build_without_values(create_model: Callable[[], nn.Module]) -> nn.Module:
    """The model on the CPU with uninitialized parameters: drawing values takes most of the time of building it.

    Raises what `create_model` raises with parameters on meta, and ValueError if tables or indices would have no values.
    """
    with _parameters_on_meta():
        model = create_model()
    if any(
        tensor.is_meta for tensor in [*model.buffers(), *(p for p in model.parameters() if not is_trainable_dtype(p))]
    ):
        raise ValueError("it computes tables from its parameters")
    empty_parameters: dict[
        nn.Parameter, nn.Parameter
    ] = {}  # by the parameter on meta, so that tied parameters stay tied
    for module in model.modules():
        for name, parameter in [*module._parameters.items()]:
            if parameter is None or not parameter.is_meta:
                continue
            if parameter not in empty_parameters:
                empty_parameters[parameter] = nn.Parameter(
                    torch.empty_like(parameter, device="cpu"), parameter.requires_grad
                )
            setattr(module, name, empty_parameters[parameter])
    return model


def is_trainable_dtype(tensor: torch.Tensor) -> bool:
    """Whether the dtype is that of a weight. Integers are indices or masks."""
    return tensor.is_floating_point() or tensor.is_complex()


def _article(name: str) -> str:
    return f"{'an' if name[:1] in 'AEIOUaeiou' else 'a'} {name}"
