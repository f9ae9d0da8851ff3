"""Nonlinearity, mode or gain that torch.nn.init does not support

## What it does

Reports a `nonlinearity` that PyTorch has no gain for (`'gelu'`, `'silu'`, `'elu'`, `'prelu'`, or `'ReLU'` with
capitals) in `kaiming_*` and `calculate_gain`, and strings in the wrong place: `kaiming_normal_(w, 'fan_out')`, whose
second argument is the slope `a`, and `xavier_normal_(w, 'relu')`, whose second argument is the gain.

It is silent inside `try`.

## Why is this bad?

The call raises: `ValueError: Unsupported nonlinearity gelu`. Only a string as `a` may not raise: with
`nonlinearity='relu'` the slope is ignored, and so is the mode that was meant.

## Bad

```python
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 64)
        self.fc2 = nn.Linear(64, 10)
        self.act = nn.GELU()
        nn.init.kaiming_normal_(self.fc1.weight, nonlinearity='gelu')

    def forward(self, x):
        return self.fc2(self.act(self.fc1(x)))
```

## Good

```python
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 64)
        self.fc2 = nn.Linear(64, 10)
        self.act = nn.GELU()
        nn.init.kaiming_normal_(self.fc1.weight, nonlinearity='relu')

    def forward(self, x):
        return self.fc2(self.act(self.fc1(x)))
```

## Fix safety

A nonlinearity is replaced by the supported one with the same gain (`'relu'` for GELU and similar activations), and a
string in the wrong place is moved to the right argument. This is safe if the call raised before. If the call ignored
the string, the weights change, and the fix is unsafe. A name that is computed (`act.__name__.lower()`) is not replaced:
it may be another one for another model.

## References

- [torch.nn.init.calculate_gain](https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.calculate_gain)
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from initlint.analysis.layer_activation import initializer_family
from initlint.analysis.messages import short_name
from initlint.diagnostics import Applicability, Fix, FixRequest, Severity
from initlint.facts.activations import ACTIVATIONS, NAMES
from initlint.facts.initializer_formulas import NONLINEARITIES
from initlint.graph.model import InitCall, ModelGraph
from initlint.project.source import SourceLocation
from initlint.rewrite.requests import GainExpression, MoveArgument, ReplaceArgument, ReplaceCall, Value
from initlint.rules._registry import Violation, rule

_CALCULATE_GAIN = "torch.nn.init.calculate_gain"
_MODES = ("fan_in", "fan_out")
_LINEAR = frozenset({"identity", "none", "softmax", "log_softmax"})
"""Names that are used for no activation."""


class _Problem(NamedTuple):
    """`effect`: what the call does, for the message. `wanted`: the argument to use instead, as source text."""

    effect: str
    severity: Severity = Severity.ERROR
    wanted: str | None = None
    request: FixRequest | None = None


@rule(
    "INI102",
    "unsupported-nonlinearity",
    severities=(Severity.ERROR, Severity.WARNING),
    fixable=True,
    in_tests=True,
    needs_context=False,
    reports_errors=True,
)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call with an argument that makes it raise, or that it ignores."""
    for call in model.calls:
        problem = None if call.guarded else _problem(call)
        if problem is None:
            continue
        advice = f"; use `{problem.wanted}`" if problem.wanted else ""
        message = f"`{short_name(call.initializer)}` {problem.effect}{advice}"
        applicability = Applicability.SAFE if problem.severity is Severity.ERROR else Applicability.UNSAFE
        fix = Fix(f"Use `{problem.wanted}`", problem.request, applicability) if problem.request else None
        yield Violation(message, call.location, problem.severity, fix=fix)


def supported(nonlinearity: str) -> Mapping[str, Value] | None:
    """The arguments to use instead of an unsupported `nonlinearity`; None if none are documented."""
    word = nonlinearity.lower()
    op = NAMES.get(word, word)
    if op in NONLINEARITIES:
        return {"nonlinearity": op}
    if op in _LINEAR:
        return {"nonlinearity": "linear"}
    if op == "prelu":
        return {"a": 0.25, "nonlinearity": "leaky_relu"}
    if op in ACTIVATIONS and ACTIVATIONS[op].family == "relu":
        return {"nonlinearity": "relu"}
    return None


def _problem(call: InitCall) -> _Problem | None:
    nonlinearity = call.arguments.get("nonlinearity")
    if isinstance(nonlinearity, str) and nonlinearity not in NONLINEARITIES:
        return _unsupported(call, nonlinearity)
    if initializer_family(call.initializer) == "kaiming":
        return _misplaced(call)
    gain = call.arguments.get("gain")
    if initializer_family(call.initializer) not in ("xavier", "orthogonal") or not isinstance(gain, str):
        return None
    effect = f"raises TypeError: its second argument is a number, the gain, not {gain!r}"
    if gain not in NONLINEARITIES:
        return _Problem(effect)
    request = ReplaceArgument(call.location.span, "gain", GainExpression(gain))
    return _Problem(effect, wanted=f"gain=nn.init.calculate_gain('{gain}')", request=request)


def _unsupported(call: InitCall, nonlinearity: str) -> _Problem:
    effect = f"raises ValueError: PyTorch has no gain for {nonlinearity!r}"
    arguments = supported(nonlinearity)
    if arguments is None:
        return _Problem(effect)
    if call.initializer == _CALCULATE_GAIN and "a" in arguments:
        arguments = {"nonlinearity": arguments["nonlinearity"], "param": arguments["a"]}
    wanted = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    if not _is_literal(call, nonlinearity):
        return _Problem(effect, wanted=wanted)
    return _Problem(effect, wanted=wanted, request=_with_arguments(call, arguments))


def _is_literal(call: InitCall, value: str) -> bool:
    """Whether the call contains `value` itself. A computed argument may be another one for other models."""
    if not isinstance(call.location, SourceLocation) or not isinstance(call.location.node, ast.Call):
        return True
    node = call.location.node
    arguments = (*node.args, *(keyword.value for keyword in node.keywords))
    return any(isinstance(argument, ast.Constant) and argument.value == value for argument in arguments)


def _with_arguments(call: InitCall, arguments: Mapping[str, Value]) -> FixRequest | None:
    if len(arguments) == 1:
        return ReplaceArgument(call.location.span, "nonlinearity", arguments["nonlinearity"])
    if call.initializer == _CALCULATE_GAIN:
        return None
    return ReplaceCall(call.location.span, short_name(call.initializer), arguments)


def _misplaced(call: InitCall) -> _Problem | None:
    mode = call.arguments.get("mode")
    if isinstance(mode, str) and mode.lower() not in _MODES:
        return _Problem(f"raises ValueError: `mode` is 'fan_in' or 'fan_out', not {mode!r}")
    slope = call.arguments.get("a")
    if not isinstance(slope, str):
        return None
    if call.arguments.get("nonlinearity", "leaky_relu") == "leaky_relu":
        severity, effect = Severity.ERROR, f"raises ValueError: {slope!r} is passed as `a`, the slope of a leaky ReLU"
    else:
        severity, effect = Severity.WARNING, f"ignores {slope!r}: it is passed as `a`, the slope of a leaky ReLU"
    meant = "mode" if slope.lower() in _MODES else "nonlinearity" if slope in NONLINEARITIES else None
    if meant is None or meant in call.arguments:
        return _Problem(effect, severity)
    return _Problem(effect, severity, f"{meant}={slope!r}", MoveArgument(call.location.span, "a", meant))
