"""Building a model: without memory where that goes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import nn

from .recording import Recorder

Attempt = tuple[str, Callable[[], AbstractContextManager[Any]]]


class NotAModule(Exception):
    """What was called gave no module."""


@contextmanager
def _parameters_on_meta() -> Iterator[None]:
    """Parameters move to the meta device when they are registered; all other tensors stay what they are."""
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


_ATTEMPTS: list[Attempt] = [
    ("meta", lambda: torch.device("meta")),
    ("parameters on meta", _parameters_on_meta),
    ("cpu", nullcontext),
]


def build(make: Callable[[], Any], recorder: Recorder) -> tuple[nn.Module, str]:
    """The module that `make` gives, and where it was built; raises what the attempt on the CPU raises.

    Constructors that read values back (`.item()`) or name a device cannot run on meta.
    """
    for name, context in _ATTEMPTS:
        recorder.clear()
        try:
            with context(), recorder:
                model = make()
            break
        except Exception:
            if name == _ATTEMPTS[-1][0]:
                raise
    if not isinstance(model, nn.Module):
        raise NotAModule(f"it gives {_article(type(model).__name__)}, not a torch.nn.Module")
    return model, name


def without_values(make: Callable[[], nn.Module]) -> nn.Module:
    """What `make` gives, on the CPU, with nothing in its parameters: to draw their values is most of building a model.

    Raises whatever `make` raises with parameters on meta, and ValueError where tables and indices are lost there.
    """
    with _parameters_on_meta():
        model = make()
    if any(tensor.is_meta for tensor in [*model.buffers(), *(p for p in model.parameters() if not can_be_trained(p))]):
        raise ValueError("it computes tables from its parameters")
    empty: dict[nn.Parameter, nn.Parameter] = {}  # one that is tied stays so
    for module in model.modules():
        for name, parameter in [*module._parameters.items()]:
            if parameter is None or not parameter.is_meta:
                continue
            if parameter not in empty:
                empty[parameter] = nn.Parameter(torch.empty_like(parameter, device="cpu"), parameter.requires_grad)
            setattr(module, name, empty[parameter])
    return model


def can_be_trained(tensor: torch.Tensor) -> bool:
    """Whether its numbers have fractions: those of others are indices or masks."""
    return tensor.is_floating_point() or tensor.is_complex()


def _article(name: str) -> str:
    return f"{'an' if name[:1] in 'AEIOUaeiou' else 'a'} {name}"
