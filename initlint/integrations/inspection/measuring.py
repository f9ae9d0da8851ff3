"""Runs a module once, forwards and backwards, and leaves it as it was.

The run gets new leaves that share the memory of the parameters, and copies of the buffers, so neither gradients nor
running statistics of the module change. Modes, wrapped methods and the random state are restored.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase

_DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout)


@dataclass
class Signals:
    """What one run shows. Mean squares by the path of the module, in the order of the calls, and by parameter.

    `signal`: of the first output of each module with parameters of its own. `gradient`: of the gradient there, None if
    none arrives. `weight_gradients`: the gradients by the path of the parameter, without those that get none.
    """

    signal: dict[str, float] = field(default_factory=dict)
    gradient: dict[str, float | None] = field(default_factory=dict)
    weight_gradients: dict[str, torch.Tensor] = field(default_factory=dict)


def run(model: nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any], seed: int) -> Signals:
    """Call `model(*args, **kwargs)` and propagate random numbers of unit variance backwards from its outputs.

    Norms use batch statistics and dropout is off, as `initlint trace --measure` does. Raises what the model raises.
    """
    signals = Signals()
    leaves = {path: p.detach().requires_grad_(p.requires_grad) for path, p in model.named_parameters()}
    buffers = {path: buffer.clone() for path, buffer in model.named_buffers()}
    with _same_random_state(seed), _mode_for_measuring(model), torch.enable_grad(), ExitStack() as watching:
        for path, module in model.named_modules():
            if any(p is not None for p in module._parameters.values()) or hasattr(module, "parametrizations"):
                watching.enter_context(_watch(path, module, signals))
        result = torch.func.functional_call(model, {**leaves, **buffers}, tuple(args), dict(kwargs))
        outputs = [tensor for tensor in _tensors(result) if tensor.requires_grad]
        wanted = {path: leaf for path, leaf in leaves.items() if leaf.requires_grad}
        if outputs and wanted:
            starts = [torch.randn_like(output) for output in outputs]
            found = torch.autograd.grad(outputs, list(wanted.values()), starts, allow_unused=True)
            signals.weight_gradients = {
                path: gradient for path, gradient in zip(wanted, found, strict=True) if gradient is not None
            }
    return signals


@contextmanager
def _same_random_state(seed: int) -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


@contextmanager
def _mode_for_measuring(model: nn.Module) -> Iterator[None]:
    """Norms in training mode, where they use batch statistics; everything else in evaluation mode."""
    modes = [(module, module.training) for module in model.modules()]
    try:
        for module, _ in modes:
            module.training = isinstance(module, _NormBase)
        yield
    finally:
        for module, mode in modes:
            module.training = mode


@contextmanager
def _watch(path: str, module: nn.Module, signals: Signals) -> Iterator[None]:
    """Record the first output of `module`, also if its `forward` is called directly."""
    forward: Callable[..., Any] = module.forward

    @functools.wraps(forward)
    def recording(*args: Any, **kwargs: Any) -> Any:
        result = forward(*args, **kwargs)
        _record(path, result, signals)
        return result

    own = module.__dict__.get("forward")
    module.__dict__["forward"] = recording
    try:
        yield
    finally:
        if own is None:
            module.__dict__.pop("forward", None)
        else:
            module.__dict__["forward"] = own


def _record(path: str, result: Any, signals: Signals) -> None:
    output = next((tensor for tensor in _tensors(result) if tensor.is_floating_point()), None)
    if output is None or path in signals.signal:
        return
    signals.signal[path] = mean_square(output)
    signals.gradient[path] = None
    if output.requires_grad:

        def record_gradient(gradient: torch.Tensor) -> None:
            signals.gradient[path] = mean_square(gradient)

        output.register_hook(record_gradient)  # type: ignore[no-untyped-call]


def mean_square(tensor: torch.Tensor) -> float:
    """The mean of the squares, in double precision."""
    return float(tensor.detach().double().square().mean()) if tensor.numel() else 0.0


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _tensors(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _tensors(item)
