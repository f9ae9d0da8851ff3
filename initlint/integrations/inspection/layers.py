"""The rows of an inspection: one for each tensor of weights, with its statistics and what was measured at its layer."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn

from initlint.integrations.inspection.measuring import Signals


@dataclass(frozen=True, slots=True)
class LayerWeights:
    """A parameter of two or more dimensions, or one that is alone in its module.

    `path`: of the parameter. `layer`: the path of its module, of the class `kind`. `mean` and `std`: of its values;
    NaN where they are not finite. `signal`: the mean square of the layer's output, `gradient`: of the gradient there,
    `weight_gradient`: of the parameter's own gradient; each None if it was not measured, or none arrived.
    """

    path: str
    layer: str
    kind: str
    shape: tuple[int, ...]
    mean: float
    std: float
    signal: float | None = None
    gradient: float | None = None
    weight_gradient: float | None = None
    trainable: bool = True


def layers(model: nn.Module, signals: Signals | None) -> Iterator[LayerWeights]:
    """The weights of `model`: with `signals` those of the modules that were called first, in the order of the calls."""
    modules = dict(model.named_modules())
    order = {path: number for number, path in enumerate(signals.signal)} if signals else {}
    for path in sorted(modules, key=lambda path: order.get(path, len(order))):
        module = modules[path]
        own = [(name, p) for name, p in module.named_parameters(recurse=False) if not _is_lazy(p)]
        for name, parameter in own:
            if parameter.dim() >= 2 or len(own) == 1:
                yield _row(f"{path}.{name}" if path else name, path, module, parameter, signals)


def _is_lazy(parameter: nn.Parameter) -> bool:
    return isinstance(parameter, nn.UninitializedParameter)


def _row(path: str, layer: str, module: nn.Module, parameter: nn.Parameter, signals: Signals | None) -> LayerWeights:
    values = parameter.detach().double()
    gradient = signals.weight_gradients.get(path) if signals else None
    count = values.numel()
    return LayerWeights(
        path=path,
        layer=layer,
        kind=type(module).__name__,
        shape=tuple(parameter.shape),
        mean=float(values.mean()) if count else math.nan,
        std=float(values.std(correction=0)) if count else math.nan,
        signal=signals.signal.get(layer) if signals else None,
        gradient=signals.gradient.get(layer) if signals else None,
        weight_gradient=None if gradient is None else float(gradient.double().square().mean()),
        trainable=parameter.requires_grad,
    )


def is_constant(parameter: torch.Tensor) -> bool:
    """Whether all values are equal, and there are several."""
    return parameter.numel() > 1 and bool((parameter == parameter.reshape(-1)[0]).all())
