"""Initializer called on a module, or on a bias that the layer does not have

## What it does

Reports an init function that is called on a module instead of one of its parameters, or on the bias of a layer built
with `bias=False`, which is None. Also reports `if m.bias:` for a bias with several elements.

It is silent if a test (`is not None`, `hasattr`) guards the call, and inside `try`.

## Why is this bad?

The call raises `AttributeError`: neither a module nor None is a tensor. The truth value of a bias with several elements
raises `RuntimeError`.

## Bad

```python
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(64, 10)
        nn.init.xavier_uniform_(self.fc)

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
        nn.init.xavier_uniform_(self.fc.weight)

    def forward(self, x):
        return self.fc(x)
```

## Fix safety

A layer with a weight is replaced by its `.weight`. The call raised before, so this is safe. A call on a bias that may
be None is put below `if ... is not None:`. This is unsafe, because the bias may have been left out by mistake.

## References

- [torch.nn.init](https://docs.pytorch.org/docs/stable/nn.init.html)
"""

from __future__ import annotations

from collections.abc import Iterator

from initlint.analysis.messages import conjunction, display_name
from initlint.diagnostics import Applicability, Fix, FixCondition, Severity
from initlint.facts.fans import shapes
from initlint.facts.initializer_formulas import INITIALIZERS
from initlint.graph.model import UNDETERMINED, InitCall, ModelGraph, Target
from initlint.rewrite.requests import AppendAttribute, CompareWithNone, GuardAgainstNone
from initlint.rules._registry import Violation, rule


@rule("INI103", "init-on-wrong-object", fixable=True, in_tests=True, needs_context=False)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call that certainly gets a module or None."""
    for call in model.calls:
        if call.initializer == _TRUTH:
            yield from _tested(call)
            continue
        wrong = [t for t in call.targets if t.kind in ("module", "none") and t.certain]
        if wrong and not call.guarded:
            reasons = conjunction(_reason(target) for target in wrong)
            message = f"`{display_name(call)}` raises AttributeError: {reasons}"
            yield Violation(message, call.location, Severity.ERROR, fix=_fix(call, wrong))


_TRUTH = "builtins.bool"
"""The initializer of an `InitCall` for the truth value of a parameter: `if m.bias:`."""


def _tested(call: InitCall) -> Iterator[Violation]:
    """`if m.bias:` raises for every bias of more than one element."""
    several = [t for t in call.targets if t.kind == "parameter" and t.certain and t.shape not in (None, (), (1,))]
    if not several or call.guarded or any(None in (target.shape or ()) for target in several):
        return
    parameters = conjunction(f"the `{target.parameter}` of {target.layer}" for target in several)
    fix = Fix("Compare with None", CompareWithNone(call.location.span), Applicability.UNSAFE)
    message = f"the truth value of {parameters} raises RuntimeError: it has several elements; use `is not None`"
    yield Violation(message, call.location, Severity.ERROR, fix=fix)


def _fix(call: InitCall, wrong: list[Target]) -> Fix | None:
    if all(target.kind == "none" for target in wrong):
        return Fix("Test for None", GuardAgainstNone(call.location.span), Applicability.UNSAFE)
    if len(wrong) < len(call.targets) or not all(_takes_weight(call, target) for target in wrong):
        return None
    request = AppendAttribute(call.location.span, ".weight")
    return Fix("Use the `weight`", request, Applicability.SAFE, FixCondition.EVERY_USE)


def _takes_weight(call: InitCall, target: Target) -> bool:
    """Whether the target is a layer whose weight has a rank that the initializer accepts."""
    weight = shapes(target.layer or "", {}, UNDETERMINED).get("weight")
    if target.kind != "module" or weight is None or call.initializer not in INITIALIZERS:
        return False
    least, greatest = INITIALIZERS[call.initializer].ranks
    return least <= len(weight) and (greatest is None or len(weight) <= greatest)


def _reason(target: Target) -> str:
    if target.kind == "none":
        parameter = target.parameter or "bias"
        reason = " (`bias=False`)" if parameter == "bias" else ""
        return f"{target.layer or 'the layer'} has no {parameter}{reason}"
    return f"its argument is a module{f' ({target.layer})' if target.layer else ''}, not its `weight`"
