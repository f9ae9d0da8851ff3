"""SELU after a weight whose variance is not 1 / fan_in

## What it does

Reports an init call on a hidden layer that feeds SELU, if fan_in times the variance that it gives is not 1. It is a
warning from six such layers in a row.

It is silent where the variance is not known, where a norm stands between, and in residual branches.

## Why is this bad?

SELU is built so that mean 0 and variance 1 of a signal are a fixed point, and that holds for weights of variance
1 / fan_in only. ReLU's gain doubles the second moment in each layer. PyTorch's own `nonlinearity='selu'` stands for
a gain of 3/4, which gives 0.56 instead of 1; its documentation says to use `'linear'` for self-normalising networks.

## Bad

```python
import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 64)
        self.fc2 = nn.Linear(64, 10)
        nn.init.kaiming_normal_(self.fc1.weight, nonlinearity='relu')

    def forward(self, x):
        return self.fc2(torch.selu(self.fc1(x)))
```

## Good

```python
import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 64)
        self.fc2 = nn.Linear(64, 10)
        nn.init.kaiming_normal_(self.fc1.weight, nonlinearity='linear')

    def forward(self, x):
        return self.fc2(torch.selu(self.fc1(x)))
```

## Fix safety

The call becomes `kaiming_*` of the same distribution with `nonlinearity='linear'`. It is safe if it was a Xavier or
Kaiming call and initialises nothing but layers before SELU, output layers aside; otherwise it is unsafe.

## References

- Klambauer et al., [Self-Normalizing Neural Networks](https://arxiv.org/abs/1706.02515)
- [torch.nn.init.calculate_gain](https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.calculate_gain)
"""

from __future__ import annotations

from collections.abc import Iterator

from initlint.analysis.chains import chains_of
from initlint.analysis.fix_offers import make_fix, suggestion
from initlint.analysis.layer_activation import LayerActivation, factors, initializer_family, keeps_scale, pairs
from initlint.analysis.messages import format_range, layer_names, related_locations, short_name
from initlint.analysis.recommended_init import agreed
from initlint.diagnostics import Severity
from initlint.graph.model import ModelGraph
from initlint.rules._registry import Violation, rule

_DRAWN = ("xavier", "kaiming", "lecun", "orthogonal", "uniform", "normal", "trunc_normal")
_DEEP = 6
"""From so many layers in a row the departure is felt."""


@rule("INI305", "selu-without-lecun", fixable=True)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call that sets hidden layers before SELU with a known variance other than 1 / fan_in."""
    wrong = [(place, [pair for pair in found if _departs(pair)]) for place, found in pairs(model)]
    paths = {pair.layer.path for _, found in wrong for pair in found}
    chain_of = chains_of(model, paths)
    for place, found in wrong:
        if found:
            longest = max((chain_of[pair.layer.path] for pair in found), key=lambda chain: len(chain.links))
            by_fans = all(initializer_family(pair.write.initializer) in ("xavier", "kaiming") for pair in found)
            yield Violation(
                message=_message(found) + suggestion(model, place),
                location=place,
                severity=Severity.WARNING if len(longest.links) >= _DEEP else Severity.INFO,
                related=related_locations((pair.layer, pair.following) for pair in found),
                fix=make_fix(model, place, [pair.layer for pair in found], agreed(found), unsafe=not by_fans),
                layers=tuple(pair.layer.path for pair in found),
                chain=longest.steps(),
            )


def _departs(pair: LayerActivation) -> bool:
    drawn = initializer_family(pair.write.initializer) in _DRAWN and pair.activation.family == "selu"
    measured = factors(pair) if drawn else None
    return measured is not None and not keeps_scale(measured.signal)


def _message(found: list[LayerActivation]) -> str:
    # SELU's own second moment is 1, so the factor on the signal's is that of the weight alone.
    measured = [factor for pair in found if (factor := factors(pair)) is not None]
    fans = " at equal fans" if any(factor.at_equal_fans for factor in measured) else ""
    name = short_name(found[0].write.initializer)
    before = f"`{name}` before SELU in {layer_names([pair.layer for pair in found])}"
    scales = format_range(factor.signal for factor in measured)
    return f"{before}: fan_in times the variance is {scales}{fans}, and SELU needs 1"
