"""Gain passed to Kaiming init as the slope `a`

## What it does

Reports `kaiming_*` with `a` above 1, or with `a=calculate_gain(...)`: `a` is the negative slope of a leaky ReLU, from
which the gain is computed.

It is silent for `a=math.sqrt(5)`, which PyTorch's own layers use, for `a=1`, which means a gain of 1, for slopes below
1, and with a `nonlinearity` other than `'leaky_relu'`, where `a` is ignored.

## Why is this bad?

The gain is sqrt(2 / (1 + a^2)): the larger `a`, the smaller the weights. `a=calculate_gain('relu')` is meant to give
ReLU's variance of 2 / fan_in, but gives 0.67 / fan_in: each ReLU layer multiplies the signal's second moment by 0.33.

## Bad

```python
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(256, 256)
        self.fc2 = nn.Linear(256, 10)
        nn.init.kaiming_normal_(self.fc1.weight, a=nn.init.calculate_gain('relu'))

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
        nn.init.kaiming_normal_(self.fc1.weight, nonlinearity='relu')

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))
```

## References

- [torch.nn.init.kaiming_normal_](https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.kaiming_normal_)
- [Why torch.nn.Linear has a=math.sqrt(5)](https://github.com/pytorch/pytorch/issues/57109)
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from initlint.analysis.layer_activation import argument, as_number, initializer_family
from initlint.analysis.messages import display_name, format_number
from initlint.diagnostics import Severity
from initlint.facts.initializer_formulas import scale
from initlint.graph.model import InitCall, ModelGraph
from initlint.rules._registry import Violation, rule

_DEFAULT_OF_TORCH = math.sqrt(5)


@rule("INI307", "gain-passed-as-slope")
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each Kaiming call whose `a` cannot be a slope."""
    for call in model.calls:
        slope = _wrong_slope(call)
        if slope is None:
            continue
        drawn = scale(call.initializer, {**call.arguments, "mode": "fan_in"})
        message = f"`{display_name(call)}` takes the slope of a leaky ReLU as `a`, not a gain"
        if drawn is not None:
            argument_text = f"calculate_gain('{call.gain}')" if call.gain is not None else f"{slope:.3g}"
            message += f": `a={argument_text}` gives a variance of {format_number(drawn)} / fan instead of 2 / fan"
        yield Violation(message, call.location, Severity.INFO)


def _wrong_slope(call: InitCall) -> float | None:
    """The `a` that is a gain, by its name or because no slope is that large."""
    if initializer_family(call.initializer) != "kaiming":
        return None
    slope = as_number(call.arguments.get("a"))
    if slope is None or argument(call.initializer, call.arguments, "nonlinearity") != "leaky_relu" or slope == 1.0:
        return None
    if call.gain is not None or (slope > 1.0 and not math.isclose(slope, _DEFAULT_OF_TORCH, rel_tol=0.01)):
        return slope
    return None
