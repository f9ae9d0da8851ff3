"""Kaiming initialization with the gain of ReLU before a hidden sigmoid

## What it does

Reports `kaiming_uniform_` and `kaiming_normal_` with the gain of ReLU on hidden layers that feed a sigmoid.

It is silent for gates and outputs, if a norm is in between, and in residual branches. It is off by default.

## Why is this bad?

No initialization makes a stack of sigmoids propagate gradients well: the slope of a sigmoid is at most 1/4. Kaiming
multiplies the gradient's mean square by 0.090 in each layer. Plain Xavier is worse: 0.045. A gain of 4 compensates
for the slope of 1/4 at zero. Another activation, or a norm before it, is better.

## Bad

```python
import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 64)
        self.fc2 = nn.Linear(64, 10)
        nn.init.kaiming_normal_(self.fc1.weight)

    def forward(self, x):
        return self.fc2(torch.sigmoid(self.fc1(x)))
```

## Good

```python
import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 64)
        self.fc2 = nn.Linear(64, 10)
        nn.init.xavier_normal_(self.fc1.weight, gain=4.0)

    def forward(self, x):
        return self.fc2(torch.sigmoid(self.fc1(x)))
```

## References

- Glorot and Bengio, [Understanding the difficulty of training deep feedforward neural networks](https://proceedings.mlr.press/v9/glorot10a.html)
"""

from __future__ import annotations

from collections.abc import Iterator

from initlint.analysis.chain_products import factors_in
from initlint.analysis.layer_activation import LayerActivation, draws_for_relu, pairs
from initlint.analysis.messages import each_passes_back, init_before_activation, related_locations
from initlint.diagnostics import NO_NUMBERS, Severity, SignalNumbers
from initlint.graph.model import ModelGraph
from initlint.rules._registry import Violation, rule

_SQUASHING = ("sigmoid", "hardsigmoid")


@rule("INI303", "kaiming-before-sigmoid", severities=(Severity.INFO,), default=False, silent_if_residual=True)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call that sets hidden layers before a sigmoid with Kaiming at ReLU's gain."""
    for location, matched in pairs(model):
        mismatched = [p for p in matched if p.following.op in _SQUASHING and draws_for_relu(p.write)]
        if mismatched:
            related = related_locations((pair.layer, pair.following) for pair in mismatched)
            layers = tuple(pair.layer.path for pair in mismatched)
            message, numbers = _message(model, mismatched)
            yield Violation(message, location, Severity.INFO, related, layers=layers, numbers=numbers)


def _message(model: ModelGraph, mismatched: list[LayerActivation]) -> tuple[str, SignalNumbers]:
    text = f"{init_before_activation(mismatched)} uses the gain of ReLU"
    factors = [factors_in(model, pair) for pair in mismatched]
    gradients = [factor.gradient for factor in factors if factor is not None and factor.gradient is not None]
    if len(gradients) < len(mismatched):
        return text, NO_NUMBERS
    return f"{text}: {each_passes_back(gradients, len(gradients))}", SignalNumbers.of(gradients=gradients)
