"""Initializer called on a module, or on a parameter that the layer does not have

## What it does

Reports code that initializes something that is no initialized tensor:

- an init function that is called on a module instead of one of its parameters, and a function of another library that
  takes a module (`c2_msra_fill`, `kaiming_init`) on a tensor
- an init function that is called on a parameter that is None (`bias=False`, `affine=False`), and any attribute or item
  of one: `m.bias.data.zero_()`, `m.bias.fill_(0)`, `m.bias[0] = 1`
- the `weight` or `bias` of a module that has none, because the test of its class name (`'Conv' in name`) accepts it
- the truth value of a parameter: `if m.bias:`
- an init of a lazy layer (`LazyLinear`) before its first forward

It is silent if a test (`is not None`, `hasattr`) guards the call, and inside `try`.

## Why is this bad?

Neither a module nor None is a tensor, and the call raises `AttributeError`. The truth value of a bias with several
elements raises `RuntimeError`; with one element it asks whether the bias is 0. The parameters of a lazy layer have no
shape before its first forward: functions of `torch.nn.init` raise `ValueError`, and methods of `.data` change nothing.

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

A layer with a weight is replaced by its `.weight`. The call raised before, so this is safe for initializers that draw
values. It is unsafe for `zeros_`, `ones_` and `constant_`, which may be meant for the bias. A statement on a parameter
that may be None is put below `if ... is not None:`. This is unsafe, because the bias may have been left out by mistake.

## References

- [torch.nn.init](https://docs.pytorch.org/docs/stable/nn.init.html)
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from initlint.analysis.messages import conjunction, display_name
from initlint.diagnostics import Applicability, Fix, FixCondition, Severity
from initlint.facts.fans import MODULES, shapes
from initlint.facts.initializer_formulas import INITIALIZERS
from initlint.graph.mistakes import ParameterMisuse
from initlint.graph.model import InitCall, ModelGraph, Target
from initlint.graph.words import UNDETERMINED
from initlint.project.source import SourceLocation
from initlint.rewrite.requests import AppendAttribute, CompareWithNone, GuardAgainstNone
from initlint.rules._registry import Violation, rule


@rule(
    "INI103",
    "init-on-wrong-object",
    severities=(Severity.ERROR, Severity.WARNING),
    fixable=True,
    in_tests=True,
    needs_context=False,
    reports_errors=True,
)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call, test and attribute that certainly gets something else than a tensor."""
    raises = "would raise" if _has_no_caller(model) else "raises"
    for call in model.calls:
        if call.guarded:
            continue
        if call.initializer == _TRUTH:
            yield from _tested(call, raises)
        elif call.takes_module:
            yield from _tensor_for_module(call)
        else:
            yield from _no_tensor(call, raises)
            yield from _lazy(call, raises)
    for misuse in model.misuses:
        if misuse.kind in ("absent", "missing"):
            yield _missing(misuse, raises)


def _has_no_caller(model: ModelGraph) -> bool:
    """Whether it is only a function that no model and no code of its file was seen to run."""
    entry = model.location.node if isinstance(model.location, SourceLocation) else None
    return model.unused or (not model.layers and isinstance(entry, (ast.FunctionDef, ast.AsyncFunctionDef)))


_TRUTH = "builtins.bool"
"""The initializer of an `InitCall` for the truth value of a parameter: `if m.bias:`."""


def _no_tensor(call: InitCall, raises: str) -> Iterator[Violation]:
    wrong = [t for t in call.targets if t.kind in ("module", "none") and t.certain]
    if wrong:
        reasons = conjunction(_reason(target) for target in wrong)
        message = f"`{display_name(call)}` {raises} AttributeError: {reasons}"
        yield Violation(message, call.location, Severity.ERROR, fix=_fix(call, wrong))


def _tensor_for_module(call: InitCall) -> Iterator[Violation]:
    """`c2_msra_fill(conv.weight)`. The functions of mmcv and mmengine skip what has no `weight`."""
    tensors = [t for t in call.targets if t.kind == "parameter" and t.certain]
    if tensors:
        parameters = conjunction(f"the `{target.parameter}` of {target.layer}" for target in tensors)
        message = f"`{call.name}` initializes nothing: it takes a module, and gets {parameters}; pass the layer"
        yield Violation(message, call.location, Severity.ERROR)


def _lazy(call: InitCall, verb: str) -> Iterator[Violation]:
    lazy = [t for t in call.targets if t.kind == "lazy" and t.certain]
    if lazy:
        parameters = conjunction(f"the `{target.parameter}` of {target.layer}" for target in lazy)
        raises = not call.method or any(target.leaf for target in lazy)
        problem = f"{verb} ValueError" if raises else "changes nothing"
        reason = (
            f"{parameters} {'has' if len(lazy) == 1 else 'have'} no shape before the first forward; initialize after it"
        )
        severity = Severity.ERROR if raises else Severity.WARNING
        yield Violation(f"`{display_name(call)}` {problem}: {reason}", call.location, severity)


def _missing(misuse: ParameterMisuse, raises: str) -> Violation:
    """`m.bias.data` where the bias is None, and `m.weight` of a module without one."""
    place = misuse.location.span
    if misuse.kind == "missing":
        advice = "; select layers by their class, as `isinstance(m, nn.Linear)`"
        reason = f"{misuse.layer} has no {misuse.parameter}{'' if misuse.text.startswith('self.') else advice}"
        return Violation(f"`{misuse.text}` {raises} AttributeError: {reason}", misuse.location, Severity.ERROR)
    error = "TypeError" if misuse.text.endswith("]") or "=" in misuse.text else "AttributeError"
    reason = _absence(misuse.layer, misuse.parameter)
    fix = Fix("Test for None", GuardAgainstNone(place), Applicability.UNSAFE)
    return Violation(f"`{misuse.text}` {raises} {error}: {reason}", misuse.location, Severity.ERROR, fix=fix)


def _tested(call: InitCall, raises: str) -> Iterator[Violation]:
    """`if m.bias:` raises for every bias of more than one element."""
    tested = [t for t in call.targets if t.kind == "parameter" and t.certain and t.shape not in (None, (), (1,))]
    if not tested:
        return
    parameters = conjunction(f"the `{target.parameter}` of {target.layer}" for target in tested)
    fix = None
    if not call.name.endswith(".data"):
        fix = Fix("Compare with None", CompareWithNone(call.location.span), Applicability.UNSAFE)
    if all(None in (target.shape or ()) for target in tested):
        reason = f"{raises} RuntimeError if it has several elements, and is that of its value if it has one"
    else:
        reason = f"{raises} RuntimeError: it has several elements"
    message = f"the truth value of {parameters} {reason}; use `is not None`"
    yield Violation(message, call.location, Severity.ERROR, fix=fix)


def _fix(call: InitCall, wrong: list[Target]) -> Fix | None:
    if all(target.kind == "none" for target in wrong):
        return Fix("Test for None", GuardAgainstNone(call.location.span), Applicability.UNSAFE)
    if len(wrong) < len(call.targets) or not all(_takes_weight(call, target) for target in wrong):
        return None
    request = AppendAttribute(call.location.span, ".weight")
    draws = INITIALIZERS[call.initializer].name not in _CONSTANTS
    applicability = Applicability.SAFE if draws else Applicability.UNSAFE
    return Fix("Use the `weight`", request, applicability, FixCondition.EVERY_USE)


_CONSTANTS = ("zeros_", "ones_", "constant_")


def _takes_weight(call: InitCall, target: Target) -> bool:
    """Whether the target is a layer whose weight has a rank that the initializer accepts."""
    weight = shapes(target.layer or "", {}, UNDETERMINED).get("weight")
    if target.kind != "module" or weight is None or call.initializer not in INITIALIZERS:
        return False
    least, greatest = INITIALIZERS[call.initializer].ranks
    return least <= len(weight) and (greatest is None or len(weight) <= greatest)


def _reason(target: Target) -> str:
    if target.kind == "none":
        return "its argument is None" if target.layer is None else _absence(target.layer, target.parameter or "bias")
    return f"its argument is a module{f' ({target.layer})' if target.layer else ''}, not its `weight`"


def _absence(layer: str, parameter: str) -> str:
    """Why the parameter of a layer is None."""
    torch_module = MODULES.get(f"torch.nn.{layer}")
    if torch_module is None or parameter not in ("weight", "bias"):
        return f"the `{parameter}` of {layer} is None"
    flags = ["bias"] if parameter == "bias" else []
    if torch_module.family == "norm":
        names = dict(torch_module.signature)
        flags.insert(0, "elementwise_affine" if "elementwise_affine" in names else "affine")
    return f"{layer} has no {parameter} ({' or '.join(f'`{flag}=False`' for flag in flags)})"
