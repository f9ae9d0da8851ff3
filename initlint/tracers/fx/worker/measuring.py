"""Measures the signal and the gradient at each layer, with real weights on random data in training mode."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn

from . import inputs
from .tracing import Shapes, explain

Moments = dict[str, list[float | None]]


def measure(create_model: Callable[[], Any], shapes: Shapes) -> tuple[Moments | None, str | None]:
    """For each module with weights, by path: the mean square of its output, and of the gradient there.

    The gradient starts as random numbers of unit variance at the model's outputs. If no input works, returns None and
    one line that says why.
    """
    model: nn.Module = create_model()
    model.train()
    problem: Exception | None = None
    for args, kwargs in _calls(model, shapes):
        try:
            return _run(model, _random(args), _random(kwargs)), None
        except Exception as error:
            problem = problem or error
    return None, f"cannot be measured: {explain(problem) if problem is not None else 'no input fits'}"


def _calls(model: nn.Module, shapes: Shapes) -> Iterator[inputs.Call]:
    if shapes is not None:
        yield inputs.from_shapes(shapes, "cpu")
    else:
        yield from inputs.guess_calls(model, "cpu")


def _random(value: Any) -> Any:
    """Replace guessed inputs, which are all ones, with random numbers."""
    if isinstance(value, torch.Tensor):
        return torch.randn_like(value) if value.is_floating_point() else value
    if isinstance(value, dict):
        return {key: _random(item) for key, item in value.items()}
    return [_random(item) for item in value] if isinstance(value, (list, tuple)) else value


def _run(model: nn.Module, args: Any, kwargs: Any) -> Moments:
    moments_by_path: Moments = {}
    hooks = [
        module.register_forward_hook(_hook(path, moments_by_path))
        for path, module in model.named_modules()
        if any(parameter is not None for parameter in module._parameters.values())
    ]
    try:
        outputs = [tensor for tensor in _tensors(model(*args, **kwargs)) if tensor.requires_grad]
        torch.autograd.backward(outputs, [torch.randn_like(output) for output in outputs])
    finally:
        for hook in hooks:
            hook.remove()
    return moments_by_path


def _hook(path: str, moments_by_path: Moments) -> Callable[[nn.Module, Any, Any], None]:
    def record(module: nn.Module, args: Any, result: Any) -> None:
        output = next((tensor for tensor in _tensors(result) if tensor.is_floating_point()), None)
        if output is None or path in moments_by_path:
            return
        moments: list[float | None] = [_mean_square(output), None]
        moments_by_path[path] = moments
        if output.requires_grad:
            output.register_hook(lambda gradient: moments.__setitem__(1, _mean_square(gradient)))  # type: ignore[no-untyped-call]

    return record


def _mean_square(tensor: torch.Tensor) -> float | None:
    value = float(tensor.detach().double().square().mean())
    return value if math.isfinite(value) else None


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _tensors(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _tensors(item)
