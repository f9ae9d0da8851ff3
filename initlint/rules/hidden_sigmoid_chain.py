"""Three or more hidden sigmoids in a row

## What it does

Reports chains of three or more hidden layers that are each followed by a sigmoid and directly by the next layer, if
their weights have a gain of 2 or less, as with Xavier, Kaiming and PyTorch's default init.

It is silent for gates and outputs, and if a norm or a skip connection is in between. The rule is off by default: the
cause is the choice of the activation more than the init.

## Why is this bad?

The slope of a sigmoid is 1/4 at most. With Xavier each layer multiplies the gradient's mean square by 0.045: by 9e-05
over three layers. Glorot and Bengio found that such nets stay on a plateau for hundreds of epochs. A gain of 4
compensates for the slope. ReLU or tanh instead of the sigmoid need no such gain.

## Bad

```python
import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 64)
        self.fc2 = nn.Linear(64, 64)
        self.fc3 = nn.Linear(64, 64)
        self.fc4 = nn.Linear(64, 10)

    def forward(self, x):
        x = torch.sigmoid(self.fc1(x))
        x = torch.sigmoid(self.fc2(x))
        x = torch.sigmoid(self.fc3(x))
        return self.fc4(x)
```

## Good

```python
import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 64)
        self.fc2 = nn.Linear(64, 64)
        self.fc3 = nn.Linear(64, 64)
        self.fc4 = nn.Linear(64, 10)
        for layer in (self.fc1, self.fc2, self.fc3):
            nn.init.xavier_normal_(layer.weight, gain=4.0)

    def forward(self, x):
        x = torch.sigmoid(self.fc1(x))
        x = torch.sigmoid(self.fc2(x))
        x = torch.sigmoid(self.fc3(x))
        return self.fc4(x)
```

## References

- Glorot and Bengio, [Understanding the difficulty of training deep feedforward neural networks](https://proceedings.mlr.press/v9/glorot10a.html)
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Iterator

from initlint.analysis.chain_products import Link, all_chains
from initlint.analysis.layer_outputs import weight_scale
from initlint.analysis.messages import (
    activation_class_name,
    each_passes_back,
    format_number,
    layer_names,
    related_locations,
    what_is_left,
)
from initlint.diagnostics import Severity, SignalNumbers
from initlint.graph.model import ModelGraph
from initlint.rules._registry import Violation, rule

_SQUASHING = ("sigmoid", "hardsigmoid")
_SHORTEST = 3
_LARGEST_SCALE = 4.0
"""The number of inputs times the variance of a weight with gain 2."""


@rule("INI308", "hidden-sigmoid-chain", severities=(Severity.INFO,), default=False)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each chain, at the init of its first sigmoid layer or else at that layer."""
    for chain in all_chains(model):
        squashed = [link for link in chain.links if link.following.op in _SQUASHING and _slope(link) is not None]
        slopes = [slope for link in squashed if (slope := _slope(link)) is not None]
        if len(squashed) < _SHORTEST:
            continue
        first, layers = squashed[0], [link.layer for link in squashed]
        message = (
            f"{len(squashed)} hidden sigmoids in a row after {layer_names(layers)}: "
            f"{each_passes_back(slopes, len(layers))}; {what_is_left(math.prod(slopes), 'before the first')}"
        )
        related = related_locations((link.layer, link.following) for link in squashed)
        location = first.layer.location if first.write is None else first.write.location
        numbers = SignalNumbers.of(product=math.prod(slopes), gradients=slopes)
        paths = tuple(layer.path for layer in layers)
        yield Violation(message, location, Severity.INFO, related, None, paths, _steps(squashed, slopes), numbers)


def _steps(squashed: list[Link], slopes: list[float]) -> tuple[str, ...]:
    """A line for each layer: its factor on the gradient's mean square, and the product of the factors so far."""
    products = itertools.accumulate(slopes, operator.mul)
    return tuple(
        f"`{link.layer.path}` {link.layer.type}, {activation_class_name(link.following.op)}: "
        f"factor on the gradient {format_number(slope)}, "
        f"product {format_number(product)}"
        for link, slope, product in zip(squashed, slopes, products, strict=True)
    )


def _slope(link: Link) -> float | None:
    """The factor on the gradient's mean square of a layer with small weights; None for larger ones."""
    scale = weight_scale(link.layer)
    return link.factors.gradient if scale is not None and scale <= _LARGEST_SCALE else None
