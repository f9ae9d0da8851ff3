"""All-zero weight of a hidden layer

## What it does

Reports a hidden layer whose whole weight starts at zero.

- error: its bias is zero too and its activation has slope zero at zero (ReLU, ReLU6, the shrinks), also with a norm in
  between
- warning: other hidden layers, two such layers in series, and layers of a class without a `forward`

It does not matter how it is written: `zeros_`, `gain=0`, `std=0`, `w.mul_(0)`, `w.copy_(torch.zeros(...))`,
`w.data = w.data * 0`. A raw parameter that data is multiplied with counts as well, `nn.Parameter(torch.zeros(...))` in
`x @ W` or `F.linear(x, W)`. Recurrent layers whose weights are all zero are reported by INI203, attention whose query
and key start at zero by INI202.

A zero is often right, and initlint is silent if the structure shows it: the last layer before a residual sum, a gate, a
modulation, the second factor of `B(A(x))` with a random A as in LoRA, an output head, the input of a sampling grid or
of a deformable convolution, a bias with a deliberate value, a helper named for it (`zero_module`). It is also silent
for embeddings, for the gains of norms, in a class with a method that copies the weights of another model, and wherever
it is not certain.

## Why is this bad?

The output of the layer is the same for every input. Before a ReLU the gradient of its weight is multiplied by the slope
at zero, which is exactly 0: the layer and all layers before it never learn. With another activation the layers before
it get no gradient in the first step, and the signal passes only after the first updates.

## Bad

```python
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 64)
        self.fc2 = nn.Linear(64, 10)
        nn.init.zeros_(self.fc1.weight)
        nn.init.zeros_(self.fc1.bias)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))
```

## Good

```python
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 64)
        self.fc2 = nn.Linear(64, 10)
        nn.init.kaiming_uniform_(self.fc1.weight, nonlinearity='relu')
        nn.init.zeros_(self.fc1.bias)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))
```

## Fix safety

The call is replaced by the documented one for the activation that follows, uniform like PyTorch's own default. It is
safe if the finding is an error, because the layer did not learn before, else unsafe. No fix is offered if the call also
initializes biases or other parameters, or if its layers need different calls.

## References

- Goodfellow et al., [Deep Learning](https://www.deeplearningbook.org/contents/optimization.html), section 8.4
- Zhang et al., [Fixup](https://arxiv.org/abs/1901.09321), for where a zero is right
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from initlint.analysis.constant_weights import (
    added_constant,
    bias_constant,
    dead_activation,
    feeds_zero,
    has_no_forward,
    hidden_activation,
    is_deliberate_zero,
    is_fed_by_random,
    zero_parameter,
    zero_weight,
)
from initlint.analysis.fix_offers import make_fix, suggestion_if_different
from initlint.analysis.layer_activation import call_at
from initlint.analysis.messages import (
    activation_class_name,
    display_name,
    layer_names,
    related_locations,
    short_name,
)
from initlint.analysis.norms import NORMS
from initlint.analysis.placeholders import is_placeholder
from initlint.analysis.recommended_init import agreed_start, start
from initlint.diagnostics import Severity
from initlint.graph.model import Consumer, Layer, ModelGraph, Write
from initlint.project.source import Location
from initlint.rules._registry import Violation, rule


class _Effect(NamedTuple):
    severity: Severity
    reason: str
    """The effect of the zero, to end a message."""


@rule("INI201", "zero-weight-init", severities=(Severity.ERROR, Severity.WARNING), fixable=True)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call that zeroes weights which then cannot or hardly learn, with the highest severity."""
    stalled = {path for group in model.stalled for path in group}
    for location, served in model.by_call.items():
        effects: dict[_Effect, list[tuple[Layer, Consumer | None]]] = {}
        for layer, write in served:
            effect, consumer = _effect(model, layer, write)
            # Another rule reports zeros that stall each other, unless the layer cannot learn even by itself.
            if effect is not None and (layer.path not in stalled or effect.severity is Severity.ERROR):
                effects.setdefault(effect, []).append((layer, consumer))
        if effects:
            worst = max(effects, key=lambda effect: effect.severity)
            message = f"{_zeroed(model, location, served[0][1], effects[worst])}: {worst.reason}"
            message += suggestion_if_different(model, location, start)
            is_raw = any(layer.product is not None for layer, _ in effects[worst])
            fix = make_fix(
                model,
                location,
                [layer for layer, _ in effects[worst]],
                None if is_raw else agreed_start(following for _, following in effects[worst]),
                recommend=start,
                unsafe=worst.severity is not Severity.ERROR,
            )
            paths = tuple(layer.path for layer, _ in effects[worst])
            yield Violation(message, location, worst.severity, related_locations(effects[worst]), fix, paths)


def _zeroed(model: ModelGraph, location: Location, write: Write, harmed: list[tuple[Layer, Consumer | None]]) -> str:
    """What the call at `location` does, to begin a message."""
    layers = [layer for layer, _ in harmed]
    call = call_at(model, location)
    if call is None and all(layer.product is not None for layer in layers):
        return f"{layer_names(layers)} {'starts' if len(layers) == 1 else 'start'} at zero"
    name = short_name(write.initializer) if call is None else display_name(call)
    is_raw = all(layer.product is not None for layer in layers)
    return f"`{name}` zeroes {'all' if is_raw else 'the whole weight'} of {layer_names(layers)}"


def _effect(model: ModelGraph, layer: Layer, write: Write) -> tuple[_Effect | None, Consumer | None]:
    """The effect of a zero weight and the activation that it depends on; None for no harm and no activation."""
    if (zero_weight(layer) is None and zero_parameter(layer) is None) or is_placeholder(write):
        return None, None
    dead = dead_activation(layer)
    is_raw = layer.product is not None
    constant_bias = bias_constant(layer) if not is_raw else dead and added_constant(model, layer, dead)
    if dead is not None and constant_bias == 0.0:
        has_bias = "shift" in dead.between if is_raw else layer.arguments.get("bias", True) is not False
        bias = "with its zero bias, " if has_bias else ""
        norm = ", also after the norm" if NORMS.intersection(dead.between) else ""
        slope = f"the slope of {activation_class_name(dead.op)} at zero is zero"
        reason = f"{bias}its output is zero{norm}, and {slope}, so it never learns"
        return _Effect(Severity.ERROR, reason), dead
    if is_deliberate_zero(layer, write) or is_fed_by_random(model, layer):
        return None, None
    if feeds_zero(model, layer):
        reason = "the next layer is zero too, so only their biases pass a signal at first"
        return _Effect(Severity.WARNING, reason), None
    if has_no_forward(model, layer):
        reason = "its output is the same for every input, and no `forward` shows why; draw it unless that is meant"
        return _Effect(Severity.WARNING, reason), None
    hidden = hidden_activation(layer)
    if hidden is None:
        return None, None
    if is_raw and "shift" in hidden.between and added_constant(model, layer, hidden) is None:
        return None, None
    if dead is not None:
        activation = activation_class_name(dead.op)
        reason = f"units with a bias below zero never learn, because {activation} blocks their gradient"
        return _Effect(Severity.WARNING, reason), dead
    reason = "its output is constant at first, and earlier layers receive no gradient"
    return _Effect(Severity.WARNING, reason), hidden
