"""Initializer called on a module, or on a bias that the layer does not have

## What it does

Reports an init function that is handed a module instead of one of its parameters, and one that is handed the bias of
a layer built with `bias=False`, which is None.

It is silent where a test (`is not None`, `hasattr`) guards the call, and inside `try`.

## Why is this bad?

The call raises AttributeError: neither a module nor None can be filled with numbers.

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

A layer that has a weight is replaced by its `.weight`; the call raised before, so that is safe. Around a bias that
may be None goes `if ... is not None:`, which is unsafe, for a bias may have been meant to be there.

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
    """One violation for each call that is certainly handed a module or None."""
    for call in model.calls:
        if call.initializer == _TRUTH:
            yield from _tested(call)
            continue
        wrong = [t for t in call.targets if t.kind in ("module", "none") and t.certain]
        if wrong and not call.guarded:
            handed = conjunction(_description(target) for target in wrong)
            message = f"`{display_name(call)}` raises AttributeError: it is handed {handed}"
            yield Violation(message, call.location, Severity.ERROR, fix=_fix(call, wrong))


_TRUTH = "builtins.bool"
"""The initializer of an `InitCall` that asks whether a parameter is true: `if m.bias:`."""


def _tested(call: InitCall) -> Iterator[Violation]:
    """`if m.bias:` raises for every bias of more than one element."""
    several = [t for t in call.targets if t.kind == "parameter" and t.certain and t.shape not in (None, (), (1,))]
    if not several or call.guarded or any(None in (target.shape or ()) for target in several):
        return
    what = conjunction(f"the `{target.parameter}` of {target.layer}" for target in several)
    fix = Fix("Compare with None", CompareWithNone(call.location.span), Applicability.UNSAFE)
    message = f"asking whether {what} is true raises RuntimeError: it has several elements; use `is not None`"
    yield Violation(message, call.location, Severity.ERROR, fix=fix)


def _fix(call: InitCall, wrong: list[Target]) -> Fix | None:
    if all(target.kind == "none" for target in wrong):
        return Fix("Test for None", GuardAgainstNone(call.location.span), Applicability.UNSAFE)
    if len(wrong) < len(call.targets) or not all(_takes_weight(call, target) for target in wrong):
        return None
    request = AppendAttribute(call.location.span, ".weight")
    return Fix("Use the `weight`", request, Applicability.SAFE, FixCondition.EVERY_USE)


def _takes_weight(call: InitCall, target: Target) -> bool:
    """Whether the target is a layer, and the rank of its weight one that the initializer takes."""
    weight = shapes(target.layer or "", {}, UNDETERMINED).get("weight")
    if target.kind != "module" or weight is None or call.initializer not in INITIALIZERS:
        return False
    least, greatest = INITIALIZERS[call.initializer].ranks
    return least <= len(weight) and (greatest is None or len(weight) <= greatest)


def _description(target: Target) -> str:
    layer = target.layer or "a layer"
    if target.kind == "none":
        return f"the `{target.parameter or 'bias'}` of {layer}, which has none"
    return f"a module ({layer}), not its `weight`" if target.layer else "a module, not its `weight`"
