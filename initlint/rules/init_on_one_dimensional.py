"""Initializer called on a tensor of the wrong rank, such as a bias

## What it does

Reports `xavier_*`, `kaiming_*` and `orthogonal_` on a tensor with fewer than two dimensions (a bias, the weight of
a norm), `eye_` and `sparse_` on anything but two, and `dirac_` on anything but three to five.

It is silent if the shape is unknown, and inside `try`.

## Why is this bad?

These initializers need `fan_in` and `fan_out`, or a matrix, and a vector has neither: the call raises
`ValueError: Fan in and fan out can not be computed for tensor with fewer than 2 dimensions`.

## Bad

```python
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(64, 10)
        nn.init.xavier_uniform_(self.fc.bias)

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
        nn.init.zeros_(self.fc.bias)

    def forward(self, x):
        return self.fc(x)
```

## Fix safety

A call that only initializes biases is replaced by `zeros_`, the documented init of a bias. It raised before, so no
training run can depend on it: the fix is safe. Calls on other tensors of the wrong rank have no fix.

## References

- [torch.nn.init](https://docs.pytorch.org/docs/stable/nn.init.html)
"""

from __future__ import annotations

from collections.abc import Iterator

from initlint.analysis.messages import conjunction, display_name
from initlint.diagnostics import Applicability, Fix, FixCondition, Severity
from initlint.facts.initializer_formulas import INITIALIZERS
from initlint.graph.model import InitCall, ModelGraph, Target
from initlint.rewrite.requests import ReplaceCall
from initlint.rules._registry import Violation, rule


@rule(
    "INI101",
    "init-on-one-dimensional",
    severities=(Severity.ERROR,),
    fixable=True,
    in_tests=True,
    needs_context=False,
    reports_errors=True,
)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call that is certainly made on a tensor of a rank that it does not accept."""
    for call in model.calls:
        if call.guarded or call.initializer not in INITIALIZERS:
            continue
        ranks = INITIALIZERS[call.initializer].ranks
        wrong = [target for target in call.targets if _raises(target, ranks)]
        if wrong:
            name = display_name(call)
            fix = _fix(call, wrong)
            advice = "" if fix is not None else f"; {_advice(call, wrong, ranks)}"
            message = f"`{name}` raises ValueError: it needs a tensor of {_ranks(ranks)}, and {_targets(wrong)}{advice}"
            yield Violation(message, call.location, Severity.ERROR, fix=fix)


def _fix(call: InitCall, wrong: list[Target]) -> Fix | None:
    if len(wrong) < len(call.targets) or any(target.parameter != "bias" for target in wrong):
        return None
    request = ReplaceCall(call.location.span, "zeros_")
    return Fix("Use `zeros_`", request, Applicability.SAFE, FixCondition.EVERY_USE)


def _raises(target: Target, ranks: tuple[int, int | None]) -> bool:
    if not target.certain or target.shape is None:
        return False
    if target.kind not in ("parameter", "tensor") or 0 in target.shape:
        return False  # kaiming_* and orthogonal_ accept an empty tensor
    least, greatest = ranks
    return len(target.shape) < least or (greatest is not None and len(target.shape) > greatest)


def _ranks(ranks: tuple[int, int | None]) -> str:
    least, greatest = ranks
    if greatest is None:
        return f"{least} or more dimensions"
    return f"{least} dimensions" if least == greatest else f"{least} to {greatest} dimensions"


def _targets(wrong: list[Target]) -> str:
    """Each target, those of one rank together: `the weight of LayerNorm and the bias of Linear have 1`."""
    by_rank: dict[int, dict[str, None]] = {}
    for target in wrong:
        of_layer = f"the `{target.parameter}` of {target.layer}"
        name = of_layer if target.layer and target.parameter else "its argument"
        by_rank.setdefault(len(target.shape or ()), {})[name] = None
    return conjunction(
        f"{conjunction(names)} {'has' if len(names) == 1 else 'have'} {rank}" for rank, names in by_rank.items()
    )


def _advice(call: InitCall, wrong: list[Target], ranks: tuple[int, int | None]) -> str:
    """What to write where the call is right for other tensors, and where it is not."""
    if len(wrong) == len(call.targets):
        return "remove the call, or use another function"
    return f"skip tensors of fewer than {ranks[0]} dimensions" if ranks[1] is None else "skip the others"
