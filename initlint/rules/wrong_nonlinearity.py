"""Init call that names one activation while another follows

## What it does

Reports calls whose argument is meant for another activation than the one that the layer feeds: `nonlinearity='tanh'`,
`'sigmoid'`, `'linear'` or `'selu'` before a ReLU or its relatives, `'leaky_relu'` with a slope far from the real one,
`gain=calculate_gain('tanh')` before a ReLU, `gain=calculate_gain('relu')` before a tanh.

It is silent for output layers, for slopes up to 0.3 against ReLU (their gain differs by less than 9 %), for `a=1` and
`a=math.sqrt(5)`, for the orthogonal init with a gain of the square root of 2 before tanh that is usual in
reinforcement learning, where a norm stands between, in residual branches, and wherever the pairing is not certain.

## Why is this bad?

The gain is there to undo what the activation does to the signal. `'linear'` and `'sigmoid'` have gain 1, so before a
ReLU each layer multiplies the signal's second moment by 0.50, as Xavier does. The gain of tanh multiplies it by 1.39
there. Before a tanh the gain of ReLU departs from the documented 5/3 without harm, and the message says so.

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

The function stays and its argument becomes the one for the activation that follows. It is safe if this call
initialises nothing but layers that need the new argument, output layers aside; unsafe if it reaches others as well.
Where its layers ask for different arguments none is offered.

## References

- [torch.nn.init.calculate_gain](https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.calculate_gain)
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from initlint.analysis.chains import chains_of
from initlint.analysis.fix_offers import make_fix, suggestion
from initlint.analysis.layer_activation import (
    RELU_FAMILIES,
    LayerActivation,
    as_number,
    call_at,
    factors,
    initializer_family,
    keeps_scale,
    pairs,
)
from initlint.analysis.messages import format_number, format_range, layer_names, related_locations, short_name, titles
from initlint.analysis.recommended_init import agreed, corrected
from initlint.diagnostics import Severity
from initlint.facts.initializer_formulas import NONLINEARITIES, calculate_gain, scale
from initlint.graph.model import Location, ModelGraph
from initlint.rules._registry import Violation, rule


@rule("INI304", "wrong-nonlinearity", fixable=True)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call that names another activation than the one which follows."""
    wrong: dict[Location, tuple[str, list[LayerActivation]]] = {}
    for place, found in pairs(model):
        named = [(argument, pair) for pair in found if (argument := _wrong_argument(model, pair)) is not None]
        if named:
            first = named[0][0]
            wrong[place] = (first, [pair for argument, pair in named if argument == first])
    paths = {pair.layer.path for _, group in wrong.values() for pair in group}
    chain_of = chains_of(model, paths)
    for place, (argument, group) in wrong.items():
        chains = [chain_of[pair.layer.path] for pair in group if pair.layer.path in chain_of]
        worst = min(chains, key=lambda chain: chain.product, default=None)
        yield Violation(
            message=_message(argument, group) + suggestion(model, place, corrected),
            location=place,
            severity=Severity.WARNING if worst is not None and worst.vanishes else Severity.INFO,
            related=related_locations((pair.layer, pair.following) for pair in group),
            fix=make_fix(model, place, [pair.layer for pair in group], agreed(group, corrected), choose=corrected),
            layers=tuple(pair.layer.path for pair in group),
            chain=() if worst is None else worst.steps(),
        )


def _wrong_argument(model: ModelGraph, pair: LayerActivation) -> str | None:
    """The argument that is meant for another activation, as source text; None if it fits or is not certain."""
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


def _message(argument: str, found: list[LayerActivation]) -> str:
    name = short_name(found[0].write.initializer)
    follows = titles(pair.following for pair in found)
    told = f"`{name}` with `{argument}` before {follows} in {layer_names([pair.layer for pair in found])}"
    if found[0].activation.family == "tanh":
        documented = format_number(calculate_gain("tanh"))
        reason = f"a departure, without harm, from the documented gain of {documented}"
    else:
        measured = [factor.signal for pair in found if (factor := factors(pair)) is not None]
        reason = "it is meant for another activation"
        if measured:
            reason += f" and multiplies the signal's second moment by {format_range(measured)}"
    return f"{told}: {reason}"
