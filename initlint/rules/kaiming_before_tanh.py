"""Kaiming initialisation with the gain of ReLU before a tanh

## What it does

Reports `kaiming_uniform_` and `kaiming_normal_` with the gain of ReLU, which is also their default, on hidden layers
that feed tanh, hardtanh or softsign.

It is silent with `nonlinearity='tanh'` or `'linear'`, where a norm stands between, in residual branches, and where
the tanh bounds an output.

## Why is this bad?

It departs from the documented pairing, and no more. PyTorch documents a gain of 5/3 for tanh (Xavier), Kaiming draws
with a gain of 1.41 for the fan-in alone. Any gain between 1 and 5/3 trains well with tanh, so this is a note for
those who want the documented call: it is not a defect, and training does not suffer.

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

The call becomes the documented one of the same distribution: uniform stays uniform, normal stays normal. It changes
how training starts, which is its purpose. It is safe if this call initialises nothing but layers that need the new
one, output layers aside; unsafe if it reaches others as well. Where its layers ask for different calls none is offered.

## References

- Glorot and Bengio, [Understanding the difficulty of training deep feedforward neural networks](https://proceedings.mlr.press/v9/glorot10a.html)
- [torch.nn.init.calculate_gain](https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.calculate_gain)
"""

from __future__ import annotations

from collections.abc import Iterator

from initlint.analysis.fix_offers import make_fix, suggestion
from initlint.analysis.layer_activation import LayerActivation, draws_for_relu, pairs
from initlint.analysis.messages import format_number, layer_names, related_locations, short_name, titles
from initlint.analysis.recommended_init import agreed
from initlint.diagnostics import Severity
from initlint.facts.initializer_formulas import calculate_gain
from initlint.graph.model import ModelGraph
from initlint.rules._registry import Violation, rule


@rule("INI302", "kaiming-before-tanh", fixable=True)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call that sets hidden layers before a tanh with Kaiming at ReLU's gain."""
    for place, found in pairs(model):
        departing = [pair for pair in found if pair.activation.family == "tanh" and draws_for_relu(pair.write)]
        if departing:
            yield Violation(
                message=_message(departing) + suggestion(model, place),
                location=place,
                severity=Severity.INFO,
                related=related_locations((pair.layer, pair.following) for pair in departing),
                fix=make_fix(model, place, [pair.layer for pair in departing], agreed(departing)),
                layers=tuple(pair.layer.path for pair in departing),
            )


def _message(found: list[LayerActivation]) -> str:
    name = short_name(found[0].write.initializer)
    before = f"`{name}` before {titles(pair.following for pair in found)} in {layer_names([p.layer for p in found])}"
    gains = f"its gain is that of ReLU, the documented one of Tanh is {format_number(calculate_gain('tanh'))}"
    return f"{before} departs from the documented pairing, without harm: {gains}"
