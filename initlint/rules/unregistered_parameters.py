"""Layers and weights that their module does not register

## What it does

Reports what a module uses as its parameters, but does not register:

- layers in a plain list, tuple or dict that is an attribute of a module
- an attribute set to `nn.Parameter(...).half()`, or to `nn.Parameter(...).to(device)` or `.cuda()` (warning: on another
  device this is a plain tensor)
- a tensor with `requires_grad` that data is multiplied by, or that a function of `torch.nn.init` initializes
- a layer that `forward` constructs and initializes

It is silent if the same layers or tensors are also registered (`ModuleList(self.layers)`, `add_module`, `setattr`),
also by another module, or are handed to an optimizer, for frozen layers, for a list or tuple of one element, as it is
written around a shared module, for `.to('cpu')` and `.float()`, which return the Parameter itself, and for a Parameter
of a tensor whose device or type was chosen already (`nn.Parameter(x.to(device)).to(device)`), as it may have that one.

## Why is this bad?

`parameters()`, `apply`, `state_dict()`, `to(device)` and the optimizer only reach registered parameters. The others are
neither initialized by `apply`, nor trained, nor saved: the network trains around random layers. In a released
forecasting model all embeddings are in a plain list: 0 of their parameters are trained.

## Bad

```python
import torch.nn as nn


class Deep(nn.Module):
    def __init__(self, dim=64, depth=2):
        super().__init__()
        self.hidden = [nn.Linear(dim, dim) for _ in range(depth)]
        self.out = nn.Linear(dim, 3)

    def forward(self, x):
        for layer in self.hidden:
            x = layer(x).relu()
        return self.out(x)
```

## Good

```python
import torch.nn as nn


class Deep(nn.Module):
    def __init__(self, dim=64, depth=2):
        super().__init__()
        self.hidden = nn.ModuleList([nn.Linear(dim, dim) for _ in range(depth)])
        self.out = nn.Linear(dim, 3)

    def forward(self, x):
        for layer in self.hidden:
            x = layer(x).relu()
        return self.out(x)
```

## Fix safety

A list becomes an `nn.ModuleList`, a dict an `nn.ModuleDict`. This is unsafe: the keys of the state dict and the trained
parameters change, and other items than modules raise. For a Parameter that is converted, the call moves inside
`nn.Parameter(...)`, which is safe.

## References

- [torch.nn.ModuleList](https://docs.pytorch.org/docs/stable/generated/torch.nn.ModuleList.html)
- [torch.nn.Parameter](https://docs.pytorch.org/docs/stable/generated/torch.nn.parameter.Parameter.html)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from initlint.diagnostics import Applicability, Fix, Severity
from initlint.graph.mistakes import UnregisteredParameters
from initlint.graph.model import ModelGraph
from initlint.rewrite.requests import MoveIntoParameter, WrapValue
from initlint.rules._registry import Violation, rule

_MISSED = "`apply`, `parameters()` and the optimizer miss"


@rule(
    "INI111",
    "unregistered-parameters",
    severities=(Severity.ERROR, Severity.WARNING),
    fixable=True,
    needs_context=False,
)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each attribute, and for each layer that a `forward` constructs."""
    for unregistered in model.unregistered:
        severity = Severity.WARNING if unregistered.kind == "device" else Severity.ERROR
        yield Violation(_message(unregistered), unregistered.location, severity, fix=_fix(unregistered))


def _fix(unregistered: UnregisteredParameters) -> Fix | None:
    place = unregistered.location.span
    if unregistered.kind == "container" and not unregistered.nested:
        container = "ModuleDict" if unregistered.container == "dict" else "ModuleList"
        return Fix(f"Use `nn.{container}`", WrapValue(place, container), Applicability.UNSAFE)
    if unregistered.kind in ("device", "copy"):
        return Fix("Convert the tensor inside `nn.Parameter`", MoveIntoParameter(place), Applicability.SAFE)
    return None


def _message(unregistered: UnregisteredParameters) -> str:
    name = f"`{unregistered.attribute}` of `{unregistered.owner}`"
    if unregistered.kind == "container":
        container = "ModuleDict" if unregistered.container == "dict" else "ModuleList"
        counts = Counter(unregistered.layers)
        types = ", ".join(f"{layer} x {count}" if unregistered.exact else layer for layer, count in counts.items())
        total = sum(counts.values())
        layers = f"its {total} layer{'s' * (total != 1)} ({types})" if unregistered.exact else f"its layers ({types})"
        plain = f"is a plain {unregistered.container}: {_MISSED} {layers}"
        return f"{name} {plain}; use `nn.{container}`"
    if unregistered.kind == "forward":
        (layer,) = unregistered.layers
        return f"`forward` makes a new {layer} in each call: {_MISSED} it; construct it in `__init__`"
    if unregistered.kind == "tensor":
        return f"{name} is a tensor with `requires_grad`, no Parameter: {_MISSED} it; use `nn.Parameter`"
    advice = "convert the tensor inside `nn.Parameter(...)`"
    if unregistered.kind == "device":
        return f"{name} is converted after `nn.Parameter(...)`: on another device it is a plain tensor; {advice}"
    return f"{name} is converted after `nn.Parameter(...)`, to a plain tensor: {_MISSED} it; {advice}"
