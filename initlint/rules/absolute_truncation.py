"""Truncated normal init whose bounds do not fit its standard deviation

## What it does

Reports `trunc_normal_` that leaves the bounds at -2 and 2 and has a standard deviation of 0.4 or less, for which they
never cut, or of 1 or more, for which they cut much.

It is silent where other bounds are given and where the standard deviation is not known, and for timm's
`trunc_normal_tf_`, which counts its bounds in standard deviations.

## Why is this bad?

The bounds are absolute. With `std=0.02` they stand at 100 standard deviations, so what comes is a plain normal
distribution: one weight in 2 million is beyond 5 standard deviations, which the paper that asked for truncation did
not have. With `std=1` they cut at 2, and the standard deviation that is left is 0.88; with `std=2` it is 1.08.

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
"""Bounds at so many standard deviations cut one weight in two million."""


@rule("INI406", "absolute-truncation", default=False)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call whose bounds are the default and do not fit."""
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
        return f"with a standard deviation of {std:g} nothing is ever cut"
    left = variance(call.initializer, call.arguments, None, None)
    if std < 1.0 or left is None:
        return None
    return f"a standard deviation of {std:g} is cut to {format_number(math.sqrt(left))}"
