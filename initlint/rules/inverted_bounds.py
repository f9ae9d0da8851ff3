"""Lower bound above the upper one

## What it does

Reports `uniform_(w, a, b)` and `trunc_normal_(w, ..., a, b)` with a > b, also if one of them is the default:
`uniform_(w, 2.0)` is `a=2.0` with `b=1.0`.

It is silent if a bound is unknown.

## Why is this bad?

The call raises: `uniform_ expects to return a [from, to) range, but found from=1 > to=0.02`.

## Bad

```python
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(64, 10)
        nn.init.uniform_(self.fc.weight, 0.1, -0.1)

    def forward(self, x):
        return self.fc(x)
```

## Good

```python
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(64, 10)
        nn.init.uniform_(self.fc.weight, -0.1, 0.1)

    def forward(self, x):
        return self.fc(x)
```

## References

- [torch.nn.init.uniform_](https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.uniform_)
"""

from __future__ import annotations

from collections.abc import Iterator

from initlint.analysis.layer_activation import argument, as_number, initializer_family
from initlint.analysis.messages import display_name
from initlint.diagnostics import Severity
from initlint.graph.model import ModelGraph
from initlint.rules._registry import Violation, rule


@rule(
    "INI104", "inverted-bounds", severities=(Severity.ERROR,), in_tests=True, needs_context=False, reports_errors=True
)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call whose lower bound is certainly above its upper one."""
    for call in model.calls:
        if call.guarded or initializer_family(call.initializer) not in ("uniform", "trunc_normal"):
            continue
        low, high = (as_number(argument(call.initializer, call.arguments, name)) for name in ("a", "b"))
        if low is not None and high is not None and low > high:
            name = display_name(call)
            advice = "pass both"
            if {"a", "b"} <= call.arguments.keys():
                advice = "pass the lower one first"
                if low != -high and initializer_family(call.initializer) == "uniform":
                    advice += ", or use `normal_` if these are a mean and a standard deviation"
            bounds = f"the lower bound {low:g} is above the upper bound {high:g}"
            message = f"`{name}` raises RuntimeError: {bounds}; {advice}"
            yield Violation(message, call.location, Severity.ERROR)
