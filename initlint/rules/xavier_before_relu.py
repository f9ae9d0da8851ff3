"""Xavier initialization before a ReLU or one of its relatives

## What it does

Reports `xavier_uniform_` and `xavier_normal_` with gain 1 on hidden layers before ReLU, LeakyReLU, PReLU, RReLU, ReLU6,
GELU, SiLU, Mish or Hardswish.

It is silent if the gain compensates for the activation (`gain=calculate_gain('relu')`), if a norm comes before or after
the activation, or behind the next layers with only ReLUs or leaky ReLUs between, in residual branches, also if only a
model that contains the class adds the skip, in gated units, for output layers, if random biases make up for the loss,
and wherever the pairing is not certain.

## Why is this bad?

Xavier preserves the mean square of the signal in a linear map, and a ReLU halves it. So each such layer passes on 0.50
of it if it has as many outputs as inputs: six layers leave 0.016, ten leave 0.001. Plain SGD trains
ten such layers about three times slower and fourteen not at all. GELU (0.43) and SiLU (0.36) lose more. Kaiming has
twice the variance, 2 / inputs, which compensates for exactly that half.

The message has the factor of the layers, computed from their sizes or the ratio of these if the source has them, and
its product over all consecutive layers of this kind. With a product below 0.01 it is a warning, else a note. ReLU's
gain is the documented one for GELU and SiLU too, and a little too small for them: if less than half of the signal is
left after the fix, the message says how much.

## Bad

```python
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(256, 256)
        self.fc2 = nn.Linear(256, 10)
        nn.init.xavier_uniform_(self.fc1.weight)

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
        self.fc1 = nn.Linear(256, 256)
        self.fc2 = nn.Linear(256, 10)
        nn.init.kaiming_uniform_(self.fc1.weight, nonlinearity='relu')

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))
```

## Fix safety

The call is replaced by the documented one of the same distribution: uniform stays uniform, normal stays normal. The fix
is safe if all layers that the call initializes need the new one, apart from output layers, and unsafe otherwise. No fix
is offered if its layers need different calls.

The fix does not always lower the training loss. With Adam and four ReLU layers it is higher after 200 steps, 0.126
against 0.0974. With SGD, and in ten layers, it is lower (`python benchmarks/training_after_fix.py`).

## References

- He et al., [Delving Deep into Rectifiers](https://arxiv.org/abs/1502.01852), section 2.2
- [torch.nn.init.kaiming_uniform_](https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.kaiming_uniform_)
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from initlint.analysis.after_fix import left_after_fix
from initlint.analysis.chain_products import Chain, chains, chains_of, factors_in, smallest
from initlint.analysis.fix_offers import make_fix, suggestion
from initlint.analysis.layer_activation import (
    RELU_FAMILIES,
    Factors,
    LayerActivation,
    initializer_family,
    pairs,
)
from initlint.analysis.messages import (
    each_passes_back,
    effect_on_signal,
    init_before_activation,
    related_locations,
    stated_factors,
    without_invented_number,
)
from initlint.analysis.norms import reaches_norm
from initlint.analysis.recommended_init import agreed
from initlint.diagnostics import Severity, SignalNumbers
from initlint.facts.initializer_formulas import scale
from initlint.graph.model import Layer, ModelGraph
from initlint.rules._registry import Violation, rule

_HARMLESS = 0.9
"""From this factor on the signal's mean square, the replacement would change almost nothing."""


@rule(
    "INI301", "xavier-before-relu", severities=(Severity.WARNING, Severity.INFO), fixable=True, silent_if_residual=True
)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call that sets hidden layers before a ReLU with Xavier at gain 1."""
    lossy = {
        location: group
        for location, matched in pairs(model)
        if (group := [p for p in matched if _loses_signal(model, p)])
    }
    lossy_pairs = [pair for group in lossy.values() for pair in group]
    chain_of = chains_of(model, {pair.layer.path for group in lossy.values() for pair in group})
    for location, group in lossy.items():
        factors = ((pair, factors_in(model, pair)) for pair in group)
        measured = [(pair, factor) for pair, factor in factors if factor is not None and stated_factors([factor])]
        if not measured or _is_kept([factor for _, factor in measured]):
            continue
        chain = smallest(chain_of[pair.layer.path] for pair, _ in measured)
        # A signal that grows, by the biases, is not lost: then nothing is said about the run of layers.
        is_lost = chain.product is None or chain.product <= 1
        effect = _effect(measured, chain if is_lost else None)
        left = left_after_fix(model, lossy_pairs, chain) if is_lost else ""
        yield Violation(
            message=f"{init_before_activation([pair for pair, _ in measured])}: {effect}{suggestion(model, location)}"
            f"{left}",
            location=location,
            severity=Severity.WARNING if chain.vanishes else Severity.INFO,
            related=related_locations((pair.layer, pair.following) for pair, _ in measured),
            fix=make_fix(model, location, [pair.layer for pair in group], agreed(group)),
            layers=tuple(pair.layer.path for pair in group),
            chain=chain.steps(),
            numbers=SignalNumbers.of(
                stated_factors(factor for _, factor in measured),
                product=chain.stated_product if is_lost else None,
                gradients=_stated_gradients([factor for _, factor in measured]),
            ),
        )


def _loses_signal(model: ModelGraph, pair: LayerActivation) -> bool:
    if initializer_family(pair.write.initializer) != "xavier" or pair.activation.family not in RELU_FAMILIES:
        return False
    drawn = scale(pair.write.initializer, pair.write.arguments)
    if drawn is None or not math.isclose(drawn, 1.0) or _is_undone(model, pair.layer):
        return False
    # If fan_in is much larger than fan_out (a flattened image into a Linear), Xavier and Kaiming are almost equal.
    measured = factors_in(model, pair)
    return measured is None or measured.weight is None or measured.weight < _HARMLESS


def _is_undone(model: ModelGraph, layer: Layer) -> bool:
    """Whether a norm behind the next layers removes the scale before the biases outweigh what is left of the signal."""
    chain = chains(model).get(layer.path)
    return not (chain is not None and chain.vanishes) and reaches_norm(model, layer)


def _is_kept(factors: list[Factors]) -> bool:
    """Whether the biases make up for what is lost: on average, the layers pass on the whole signal."""
    signals = [factor.signal for factor in factors if factor.signal is not None and factor.signal > 0]
    return bool(signals) and math.exp(sum(map(math.log, signals)) / len(signals)) >= _HARMLESS


def _effect(measured: list[tuple[LayerActivation, Factors]], chain: Chain | None) -> str:
    factors = [factor for _, factor in measured]
    left = "" if chain is None else chain.left_after([pair.layer for pair, _ in measured])
    text = f"{effect_on_signal(factors)}{left}"
    gradients = _stated_gradients(factors)
    if gradients:
        text += f"; {each_passes_back(gradients, len(measured))}"
    return without_invented_number(text, [pair.layer for pair, _ in measured])


def _stated_gradients(measured: list[Factors]) -> list[float]:
    """The factors on the gradient if the message states them: they are worse than those on the signal."""
    if any(factor.at_equal_fans for factor in measured):
        return []  # those on the gradient depend on the sizes that are assumed
    gradients = [factor.gradient for factor in measured if factor.gradient is not None]
    weights = [factor.weight for factor in measured if factor.weight is not None]
    is_worse = len(gradients) == len(measured) == len(weights) and min(gradients) < min(weights)
    return gradients if is_worse else []
