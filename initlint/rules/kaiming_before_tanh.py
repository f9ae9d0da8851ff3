"""Kaiming initialization with the gain of ReLU before a tanh

## What it does

Reports `kaiming_uniform_` and `kaiming_normal_` with the gain of ReLU, which is also their default, on hidden layers
that feed tanh, hardtanh or softsign.

It is silent with `nonlinearity='tanh'` or `'linear'`, if a norm is in between, in residual branches, and if the tanh
bounds an output.

## Why is this bad?

It differs from what PyTorch documents, which is harmless: `calculate_gain('tanh')` is 5/3, for use with Xavier. Kaiming
uses a gain of 1.41 and the number of inputs alone. Any gain between 1 and 5/3 trains well with tanh, so this is a note
for those who want the documented call.

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
        return self.fc2(torch.tanh(self.fc1(x)))
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
        nn.init.xavier_normal_(self.fc1.weight, gain=nn.init.calculate_gain('tanh'))

    def forward(self, x):
        return self.fc2(torch.tanh(self.fc1(x)))
```

## Fix safety

The call is replaced by the documented one of the same distribution: uniform stays uniform, normal stays normal. The fix
is safe if all layers that the call initializes need the new one, apart from output layers, and unsafe otherwise. No fix
is offered if its layers need different calls.

## References

- Glorot and Bengio, [Understanding the difficulty of training deep feedforward neural networks](https://proceedings.mlr.press/v9/glorot10a.html)
- [torch.nn.init.calculate_gain](https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.calculate_gain)
"""

from __future__ import annotations

from collections.abc import Iterator

from initlint.analysis.fix_offers import make_fix, suggestion
from initlint.analysis.layer_activation import LayerActivation, draws_for_relu, pairs
from initlint.analysis.messages import format_number, init_before_activation, related_locations
from initlint.analysis.recommended_init import agreed
from initlint.diagnostics import Severity
from initlint.facts.initializer_formulas import calculate_gain
from initlint.graph.model import ModelGraph
from initlint.rules._registry import Violation, rule


@rule("INI302", "kaiming-before-tanh", severities=(Severity.INFO,), fixable=True, silent_if_residual=True)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call that sets hidden layers before a tanh with Kaiming at ReLU's gain."""
    for location, matched in pairs(model):
        mismatched = [p for p in matched if p.activation.family == "tanh" and draws_for_relu(p.write)]
        if mismatched:
            yield Violation(
                message=_message(mismatched) + suggestion(model, location),
                location=location,
                severity=Severity.INFO,
                related=related_locations((pair.layer, pair.following) for pair in mismatched),
                fix=make_fix(model, location, [pair.layer for pair in mismatched], agreed(mismatched)),
                layers=tuple(pair.layer.path for pair in mismatched),
            )


def _message(mismatched: list[LayerActivation]) -> str:
    documented, used = format_number(calculate_gain("tanh")), format_number(calculate_gain("relu"))
    advice = f"PyTorch documents a gain of {documented} for Tanh; with {used} it trains about as well"
    return f"{init_before_activation(mismatched)} uses the gain of ReLU; {advice}"
