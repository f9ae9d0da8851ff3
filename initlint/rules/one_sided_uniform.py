"""Uniform init of a weight with all entries of one sign

## What it does

Reports `uniform_(w)`, which draws from 0 to 1, `uniform_(w, c)` and other bounds of one sign on the weight of a linear
map (Linear, a convolution, a parameter that the input is multiplied with), and `torch.rand` as such a parameter.

It is silent for embeddings, masks, biases and scales, for weights that are normalized or scaled before use, if a norm,
a factor or a gate follows, for small weights of layers that are called gates, for complex weights, for fewer than eight
inputs, and for a single output.

## Why is this bad?

Each output is then nearly the same sum of all inputs: the squared mean of U(0, 1) is three times its variance, so any
two outputs have a correlation of 0.75. With 256 positive inputs each output is about 128 times an input, so a tanh
is saturated and a ReLU is never off. A layer of many units starts as little more than one unit.

## Bad

```python
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(256, 256)
        self.fc2 = nn.Linear(256, 10)
        nn.init.uniform_(self.fc1.weight)

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
        self.fc1 = nn.Linear(256, 256)
        self.fc2 = nn.Linear(256, 10)
        nn.init.uniform_(self.fc1.weight, -0.15, 0.15)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))
```

## References

- [torch.nn.init.uniform_](https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.uniform_)
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from initlint.analysis.layer_activation import call_at
from initlint.analysis.messages import display_name, related_locations, weight_of
from initlint.analysis.weight_draws import WeightDraw, draws, one_sided
from initlint.diagnostics import Severity
from initlint.graph.model import ModelGraph
from initlint.rules._registry import Violation, rule

_SMALL = 0.1


@rule("INI402", "one-sided-uniform", severities=(Severity.WARNING,))
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call or constructor that draws weights of one sign."""
    for draw in draws(model):
        bounds = one_sided(draw.initializer, draw.arguments)
        if bounds is not None and not draw.has_one_output and not _is_of_gates(draw, bounds):
            call = call_at(model, draw.place)
            name = "torch.rand" if call is None else display_name(call)
            interval = f"from {bounds[0]:g} to {bounds[1]:g}"
            effect = "with one sign only, all outputs start as nearly the same sum of the inputs"
            weight, advice = weight_of(draw.layers, draw.type), f"draw it {_interval(draw)}"
            message = f"`{name}` draws {weight} {interval}: {effect}; {advice}"
            related = related_locations((layer, None) for layer in draw.layers)
            yield Violation(message, draw.place, Severity.WARNING, related)


def _is_of_gates(draw: WeightDraw, bounds: tuple[float, float]) -> bool:
    """Whether the draw leaves gates half open: by the names of the layers, and by weights that are small."""
    return draw.is_of_gates and max(map(abs, bounds)) <= _SMALL


def _interval(draw: WeightDraw) -> str:
    """The interval around 0 of weights with a variance of 1 / inputs."""
    inputs = {fan for fan in draw.fan_ins if fan}
    if len(inputs) != 1 or None in draw.fan_ins:
        return "around 0"
    bound = math.sqrt(3 / inputs.pop())
    return f"from {-bound:.2g} to {bound:.2g} (sqrt(3 / inputs))"
