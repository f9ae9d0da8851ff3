"""Truncated normal init whose bounds do not fit its standard deviation

## What it does

Reports `trunc_normal_` with the default bounds -2 and 2 and a standard deviation of 0.4 or less, where the bounds never
truncate, or of 1 or more, where they truncate a lot.

It is silent for other bounds, for an unknown standard deviation, and for timm's `trunc_normal_tf_`, whose bounds are in
standard deviations.

## Why is this bad?

The bounds are absolute. With `std=0.02` they are 100 standard deviations away, so the weights follow a plain normal
distribution: one in 2 million is beyond 5 standard deviations, where the paper's truncated init has none. With `std=1`
the bounds truncate at 2, which reduces the standard deviation to 0.88; with `std=2` it becomes 1.08.

## Bad

```python
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(256, 10)
        nn.init.trunc_normal_(self.fc.weight, std=0.02)

    def forward(self, x):
        return self.fc(x)
```

## Good

```python
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(256, 10)
        nn.init.trunc_normal_(self.fc.weight, std=0.02, a=-0.04, b=0.04)

    def forward(self, x):
        return self.fc(x)
```

## References

- [torch.nn.init.trunc_normal_](https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.trunc_normal_)
- [The bounds of trunc_normal_ are absolute](https://github.com/pytorch/pytorch/issues/155588)
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from initlint.analysis.layer_activation import argument, as_number
from initlint.analysis.messages import display_name, format_number
from initlint.diagnostics import Severity
from initlint.facts.initializer_formulas import variance
from initlint.graph.model import InitCall, ModelGraph
from initlint.rules._registry import Violation, rule

_NEVER_CUTS = 5.0
"""Bounds at this many standard deviations truncate one weight in two million."""


@rule("INI406", "absolute-truncation", severities=(Severity.INFO,), default=False)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call with default bounds that do not fit."""
    for call in model.calls:
        effect = _effect(call)
        if effect is not None:
            message = f"the bounds of `{display_name(call)}` are absolute: at -2 and 2, {effect}"
            yield Violation(message, call.location, Severity.INFO)


def _effect(call: InitCall) -> str | None:
    if call.initializer != "torch.nn.init.trunc_normal_":
        return None
    low, high, std = (as_number(argument(call.initializer, call.arguments, name)) for name in ("a", "b", "std"))
    if (low, high) != (-2.0, 2.0) or std is None or std <= 0:
        return None
    if std * _NEVER_CUTS <= 2.0:
        return f"with a standard deviation of {std:g} nothing is ever truncated"
    truncated_variance = variance(call.initializer, call.arguments, None, None)
    if std < 1.0 or truncated_variance is None:
        return None
    return f"a standard deviation of {std:g} is reduced to {format_number(math.sqrt(truncated_variance))}"
