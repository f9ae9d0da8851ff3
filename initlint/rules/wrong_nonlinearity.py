"""Init call for another activation than the one that follows

## What it does

Reports calls with an argument for another activation than the one after the layer: `nonlinearity='tanh'`, `'sigmoid'`,
`'linear'` or `'selu'` before a ReLU or its relatives, `'leaky_relu'` with a slope far from the real one,
`gain=calculate_gain('tanh')` before a ReLU, `gain=calculate_gain('relu')` before a tanh.

It is silent for output layers, for slopes up to 0.3 before ReLU (their gain differs by less than 9 %), for `a=1` and
`a=math.sqrt(5)`, for orthogonal init with gain sqrt(2) before tanh, which is common in reinforcement learning, if a
norm is in between, in residual branches, and wherever the pairing is not certain.

## Why is this bad?

The gain compensates for the effect of the activation on the signal. `'linear'` and `'sigmoid'` have gain 1, so before a
ReLU each layer passes on 0.50 of the signal's mean square, as with Xavier. With the gain of tanh it is 1.39. Before
a tanh the gain of ReLU differs from the documented 5/3, which is harmless, and the message says so.

## Bad

```python
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 64)
        self.fc2 = nn.Linear(64, 10)
        nn.init.kaiming_normal_(self.fc1.weight, nonlinearity='linear')

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))
```

## Good

```python
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 64)
        self.fc2 = nn.Linear(64, 10)
        nn.init.kaiming_normal_(self.fc1.weight, nonlinearity='relu')

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))
```

## Fix safety

The argument is replaced by the one for the activation that follows. The fix is safe if all layers that the call
initializes need the new argument, apart from output layers, and unsafe otherwise. No fix is offered if its layers need
different arguments.

## References

- [torch.nn.init.calculate_gain](https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.calculate_gain)
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from initlint.analysis.after_fix import left_after_fix
from initlint.analysis.chain_products import chains_of, factors_in, smallest
from initlint.analysis.fix_offers import make_fix, suggestion
from initlint.analysis.layer_activation import (
    RELU_FAMILIES,
    LayerActivation,
    as_number,
    call_at,
    initializer_family,
    keeps_scale,
    pairs,
)
from initlint.analysis.messages import (
    effect_on_signal,
    format_number,
    init_before_activation,
    related_locations,
    stated_factors,
    without_invented_number,
)
from initlint.analysis.recommended_init import agreed, corrected
from initlint.diagnostics import Severity, SignalNumbers
from initlint.facts.initializer_formulas import NONLINEARITIES, calculate_gain, scale
from initlint.graph.model import ModelGraph
from initlint.project.source import Location
from initlint.rules._registry import Violation, rule


@rule(
    "INI304", "wrong-nonlinearity", severities=(Severity.WARNING, Severity.INFO), fixable=True, silent_if_residual=True
)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call with an argument for another activation than the one that follows."""
    wrong: dict[Location, tuple[str, list[LayerActivation]]] = {}
    for location, matched in pairs(model):
        named = [(argument, pair) for pair in matched if (argument := _wrong_argument(model, pair)) is not None]
        if named:
            first = named[0][0]
            wrong[location] = (first, [pair for argument, pair in named if argument == first])
    wrong_pairs = [pair for _, group in wrong.values() for pair in group]
    paths = {pair.layer.path for pair in wrong_pairs}
    chain_of = chains_of(model, paths)
    for location, (argument, group) in wrong.items():
        chains = [chain_of[pair.layer.path] for pair in group if pair.layer.path in chain_of]
        worst = smallest(chains) if chains else None
        is_harmless = group[0].activation.family == "tanh"
        left = "" if worst is None or is_harmless else left_after_fix(model, wrong_pairs, worst, corrected)
        yield Violation(
            message=_message(model, argument, group) + suggestion(model, location, corrected) + left,
            location=location,
            severity=Severity.WARNING if worst is not None and worst.vanishes else Severity.INFO,
            related=related_locations((pair.layer, pair.following) for pair in group),
            fix=make_fix(
                model, location, [pair.layer for pair in group], agreed(group, corrected), recommend=corrected
            ),
            layers=tuple(pair.layer.path for pair in group),
            chain=() if worst is None else worst.steps(),
            numbers=SignalNumbers.of(_stated_factors(model, group)),
        )


def _wrong_argument(model: ModelGraph, pair: LayerActivation) -> str | None:
    """The argument for another activation, as source text; None if it fits or is not certain."""
    initializer = initializer_family(pair.write.initializer)
    if initializer == "kaiming" and pair.activation.family in RELU_FAMILIES:
        return _wrong_nonlinearity(pair)
    if initializer in ("xavier", "orthogonal") and pair.activation.family in (*RELU_FAMILIES, "tanh"):
        return _wrong_gain(model, pair, may_be_a_number=initializer == "xavier")
    return None


def _wrong_nonlinearity(pair: LayerActivation) -> str | None:
    named = pair.write.arguments.get("nonlinearity", "leaky_relu")
    if not isinstance(named, str) or named not in NONLINEARITIES:
        return None
    if named not in RELU_FAMILIES:
        return f"nonlinearity='{named}'"
    slope = as_number(pair.write.arguments.get("a"))
    if named == "relu" or slope is None or not 0 < slope < 1:
        return None  # a = 1 is a deliberate gain of 1, a = sqrt(5) is PyTorch's own
    drawn, moment = scale(pair.write.initializer, pair.write.arguments), pair.moment
    return None if drawn is None or moment is None or keeps_scale(drawn * moment) else f"a={slope:g}"


def _wrong_gain(model: ModelGraph, pair: LayerActivation, *, may_be_a_number: bool) -> str | None:
    """`may_be_a_number`: sqrt(2) before tanh counts although the source does not say that it is ReLU's."""
    drawn = scale(pair.write.initializer, pair.write.arguments)
    if drawn is None:
        return None
    call = call_at(model, pair.write.location)
    named = None if call is None else call.gain
    before_relu = pair.activation.family in RELU_FAMILIES
    meant_for = "tanh" if before_relu else "relu"
    if not math.isclose(drawn, calculate_gain(meant_for) ** 2, rel_tol=1e-3):
        return None
    if named == meant_for:
        return f"gain=calculate_gain('{named}')"
    return f"gain={format_number(math.sqrt(drawn))}" if before_relu or may_be_a_number else None


def _message(model: ModelGraph, argument: str, group: list[LayerActivation]) -> str:
    if group[0].activation.family == "tanh":
        documented, used = format_number(calculate_gain("tanh")), format_number(calculate_gain("relu"))
        reason = f"PyTorch documents a gain of {documented} for Tanh; with {used} it trains about as well"
    else:
        factors = [factor for pair in group if (factor := factors_in(model, pair)) is not None]
        reason = "that is for another activation"
        if stated_factors(factors):
            reason += f"; {without_invented_number(effect_on_signal(factors), [pair.layer for pair in group])}"
    return f"{init_before_activation(group, argument)}: {reason}"


def _stated_factors(model: ModelGraph, group: list[LayerActivation]) -> list[float]:
    """The factors on the signal that the message states."""
    if group[0].activation.family == "tanh":
        return []
    return stated_factors([factor for pair in group if (factor := factors_in(model, pair)) is not None])
