"""Xavier initialisation before a ReLU or one of its relatives

## What it does

Reports `xavier_uniform_` and `xavier_normal_` with gain 1 on hidden layers that feed ReLU, LeakyReLU, PReLU, RReLU,
ReLU6, GELU, SiLU, Mish or Hardswish.

It is silent where the gain makes up for the activation (`gain=calculate_gain('relu')`), where a norm stands between
or behind, in residual branches, in gated units, for output layers, and wherever the pairing is not certain.

## Why is this bad?

Xavier keeps the variance of a signal through a linear map. A ReLU halves the second moment, so each such layer
multiplies it by 0.50 when fan_in and fan_out are equal: by 0.016 over six layers and by 0.001 over ten. Plain SGD
trains ten such layers about three times slower and fourteen not at all. GELU (0.43) and SiLU (0.36) lose more.
Kaiming draws with twice the variance, 2 / fan_in, which gives back just that half.

The message has the factor f of the layers, from their real sizes where these are known, and the product P over the
run of such layers. With P below 0.01 it is a warning, else a note.

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

The call becomes the documented one of the same distribution: uniform stays uniform, normal stays normal. It changes
how training starts, which is its purpose. It is safe if this call initialises nothing but layers that need the new
one, output layers aside; unsafe if it reaches others as well. Where its layers ask for different calls none is offered.

## References

- He et al., [Delving Deep into Rectifiers](https://arxiv.org/abs/1502.01852), section 2.2
- [torch.nn.init.kaiming_uniform_](https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.kaiming_uniform_)
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from initlint.analysis.chains import Chain, chains_of
from initlint.analysis.fix_offers import make_fix, suggestion
from initlint.analysis.layer_activation import (
    RELU_FAMILIES,
    Factors,
    LayerActivation,
    factors,
    initializer_family,
    pairs,
)
from initlint.analysis.messages import format_range, layer_names, related_locations, short_name, titles
from initlint.analysis.recommended_init import agreed
from initlint.diagnostics import Severity
from initlint.facts.initializer_formulas import scale
from initlint.graph.model import ModelGraph
from initlint.rules._registry import Violation, rule

_WORTH_TELLING = 0.9
"""The factor on the signal's second moment from which the replacement would change next to nothing."""


@rule("INI301", "xavier-before-relu", fixable=True)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call that sets hidden layers before a ReLU with Xavier at gain 1."""
    harmed = {place: lossy for place, found in pairs(model) if (lossy := [p for p in found if _loses_signal(p)])}
    paths = {pair.layer.path for found in harmed.values() for pair in found}
    chain_of = chains_of(model, paths)
    for place, found in harmed.items():
        told = [(pair, factor) for pair in found if (factor := factors(pair)) is not None]
        if not told:
            continue
        chain = min((chain_of[pair.layer.path] for pair, _ in told), key=lambda c: c.product)
        yield Violation(
            message=_message([pair for pair, _ in told], [factor for _, factor in told], chain)
            + suggestion(model, place),
            location=place,
            severity=Severity.WARNING if chain.vanishes else Severity.INFO,
            related=related_locations((pair.layer, pair.following) for pair, _ in told),
            fix=make_fix(model, place, [pair.layer for pair in found], agreed(found)),
            layers=tuple(pair.layer.path for pair in found),
            chain=chain.steps(),
        )


def _loses_signal(pair: LayerActivation) -> bool:
    if initializer_family(pair.write.initializer) != "xavier" or pair.activation.family not in RELU_FAMILIES:
        return False
    drawn = scale(pair.write.initializer, pair.write.arguments)
    if drawn is None or not math.isclose(drawn, 1.0):
        return False
    # Where fan_in is far above fan_out (a flattened image into a Linear), Xavier is Kaiming but for a few percent.
    measured = factors(pair)
    return measured is None or measured.signal < _WORTH_TELLING


def _message(found: list[LayerActivation], measured: list[Factors], chain: Chain) -> str:
    layers = [pair.layer for pair in found]
    name = short_name(found[0].write.initializer)
    before = f"`{name}` before {titles(pair.following for pair in found)} in {layer_names(layers)}"
    return f"{before}: {_loss(measured, chain)}"


def _loss(measured: list[Factors], chain: Chain) -> str:
    each = "each multiplies" if len(measured) > 1 else "multiplies"
    text = f"{each} the signal's second moment by {format_range(factor.signal for factor in measured)}"
    if any(factor.at_equal_fans for factor in measured):
        text += " at equal fans"
    gradients = [factor.gradient for factor in measured if factor.gradient is not None]
    if len(gradients) == len(measured) and min(gradients) < min(factor.signal for factor in measured):
        text += f" and the gradient's by {format_range(gradients)}"
    return f"{text}{chain}"
