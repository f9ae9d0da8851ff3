"""Tensor assigned to the name of a parameter

## What it does

Reports `m.weight = tensor` where `m` is certainly a module with a parameter of that name, and the value is certainly a
plain tensor. Also reports `register_parameter(name, tensor)`.

It is silent if the value is a Parameter, also one that an init function returns, and if the attribute was deleted
first, is a buffer, is parametrized (then the assignment goes through `right_inverse`) or was never registered. It is
silent inside `try`.

## Why is this bad?

The assignment raises `TypeError: cannot assign 'torch.FloatTensor' as parameter 'weight' (torch.nn.Parameter or None
expected)`. `register_parameter` raises a similar TypeError.

## Bad

```python
import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(64, 10)
        self.fc.bias = torch.zeros(10)

    def forward(self, x):
        return self.fc(x)
```

## Good

```python
import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(64, 10)
        self.fc.bias = nn.Parameter(torch.zeros(10))

    def forward(self, x):
        return self.fc(x)
```

## Fix safety

The value is wrapped in `nn.Parameter(...)`. This is safe: the statement raises as it is.

## References

- [torch.nn.Parameter](https://docs.pytorch.org/docs/stable/generated/torch.nn.parameter.Parameter.html)
"""

from __future__ import annotations

from collections.abc import Iterator

from initlint.diagnostics import Applicability, Fix, Severity
from initlint.graph.model import ModelGraph
from initlint.rewrite.requests import WrapValue
from initlint.rules._registry import Violation, rule


@rule(
    "INI114",
    "tensor-for-parameter",
    severities=(Severity.ERROR,),
    fixable=True,
    in_tests=True,
    needs_context=False,
    reports_errors=True,
)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each assignment of a tensor that raises."""
    for misuse in model.misuses:
        if misuse.kind == "tensor":
            code = misuse.text if misuse.text.endswith(")") else f"{misuse.text} = ..."
            message = f"`{code}` raises TypeError: the value is a tensor, not a Parameter; use `nn.Parameter(...)`"
            fix = Fix("Wrap it in `nn.Parameter`", WrapValue(misuse.location.span, "Parameter"), Applicability.SAFE)
            yield Violation(message, misuse.location, Severity.ERROR, fix=fix)
