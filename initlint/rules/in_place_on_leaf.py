"""In-place initialization of a parameter that requires gradients

## What it does

Reports every in-place write to a parameter outside `torch.no_grad()` and without `.data`:

- methods: `w.normal_()`, `w.mul_(0.1)`, `w.copy_(x)`, also on a view: `w[0].normal_()`, `w.view(-1).zero_()`
- items and slices: `w[0] = 1`, `w[:, 1:] = x`
- augmented assignments: `w *= 0.1`, `w[:2] += 1`

It is silent for parameters with `requires_grad=False`, or where that is not known, inside `try`, and inside `with`
statements whose context manager is not known.

## Why is this bad?

It raises: `RuntimeError: a leaf Variable that requires grad is being used in an in-place operation`, or, for an item
or another view, `a view of a leaf Variable that requires grad is being used in an in-place operation`. The functions
of `torch.nn.init` write under `torch.no_grad()`.

## Bad

```python
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(64, 10)
        self.fc.weight.normal_(0, 0.01)

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
        nn.init.normal_(self.fc.weight, 0, 0.01)

    def forward(self, x):
        return self.fc(x)
```

## Fix safety

The method is replaced by the function of `torch.nn.init` that does the same. The call raised before, so the fix is
safe.

## References

- [Locally disabling gradient computation](https://docs.pytorch.org/docs/stable/notes/autograd.html#locally-disable-grad-doc)
"""

from __future__ import annotations

from collections.abc import Iterator

from initlint.analysis.messages import short_name
from initlint.diagnostics import Applicability, Fix, Severity
from initlint.graph.model import InitCall, ModelGraph
from initlint.rewrite.requests import ReplaceMethodCall
from initlint.rules._registry import Violation, rule


@rule(
    "INI109",
    "in-place-on-leaf",
    severities=(Severity.ERROR,),
    fixable=True,
    in_tests=True,
    needs_context=False,
    reports_errors=True,
)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each write that certainly changes a parameter in place while gradients are recorded."""
    for call in model.calls:
        if call.method and not call.guarded and _meets_leaf(call):
            name = short_name(call.initializer)
            message = f"`{call.name}` raises RuntimeError: it changes a parameter in place outside `torch.no_grad()`"
            fix = Fix(f"Use `{name}`", ReplaceMethodCall(call.location.span), Applicability.SAFE)
            yield Violation(f"{message}; use `nn.init.{name}`", call.location, Severity.ERROR, fix=fix)
    for misuse in model.misuses:
        if misuse.kind == "leaf":
            text = misuse.text if _is_complete(misuse.text) else f"{misuse.text} = ..."
            message = f"`{text}` raises RuntimeError: it changes a parameter in place outside `torch.no_grad()`"
            yield Violation(f"{message}; write under `torch.no_grad()`", misuse.location, Severity.ERROR)


def _is_complete(text: str) -> bool:
    """Whether it is a whole operation, and not only the target of an assignment."""
    return text.endswith(")") or "= " in text


def _meets_leaf(call: InitCall) -> bool:
    return any(target.leaf and target.certain for target in call.targets)
