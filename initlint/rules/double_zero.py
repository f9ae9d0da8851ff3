"""Two zero weights in series

## What it does

Reports two layers in series whose weights both start at zero: LoRA's A and B, or two layers with an activation
between that is zero at zero. The place is the first one's call, for it is the second zero that is usual.

It is silent if one of the two is not zero, if anything else feeds the second or is fed by the first, and if the
first has a bias that is not zero.

## Why is this bad?

In a product of two factors the gradient of each is the other one. One zero is a fine start, since the random factor
gives it a gradient; of two zeros neither ever gets one: after any number of steps both gradients are still 0.0.

## Bad

```python
import torch.nn as nn


class LoRA(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.Linear(512, 8, bias=False)
        self.up = nn.Linear(8, 512, bias=False)
        nn.init.zeros_(self.down.weight)
        nn.init.zeros_(self.up.weight)

    def forward(self, x):
        return x + self.up(self.down(x))
```

## Good

```python
import torch.nn as nn


class LoRA(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.Linear(512, 8, bias=False)
        self.up = nn.Linear(8, 512, bias=False)
        nn.init.normal_(self.down.weight, std=1 / 8)
        nn.init.zeros_(self.up.weight)

    def forward(self, x):
        return x + self.up(self.down(x))
```

## References

- Hu et al., [LoRA](https://arxiv.org/abs/2106.09685), section 4.1
"""

from __future__ import annotations

from collections.abc import Iterator

from initlint.diagnostics import Severity
from initlint.graph import Layer, ModelGraph, Place
from initlint.rule import Violation, rule
from initlint.settings import Settings
from initlint.wording import SHOWN
from initlint.zeros import double_zeros, zero_weight


@rule("INI202", "double-zero")
def check(model: ModelGraph, settings: Settings) -> Iterator[Violation]:
    """One violation for each call that zeroes the first of two zero layers in series."""
    found: dict[Place, list[tuple[Layer, Layer]]] = {}
    for first, second in double_zeros(model):
        write = zero_weight(first)
        if write is not None:
            found.setdefault(write.place, []).append((first, second))
    for place, series in found.items():
        layers = tuple(layer.path for both in series for layer in both)
        yield Violation(_message(series), place, Severity.ERROR, _related(series, place), layers=layers)


def _message(series: list[tuple[Layer, Layer]]) -> str:
    named = ", ".join(f"`{first.path}` and `{second.path}`" for first, second in series[:SHOWN])
    more = f" and {len(series) - SHOWN} more pairs" if len(series) > SHOWN else ""
    return f"the first of two zero weights in series, {named}{more}: neither of the two ever gets a gradient"


def _related(series: list[tuple[Layer, Layer]], place: Place) -> tuple[tuple[Place, str], ...]:
    found: dict[tuple[Place, str], None] = {}
    for first, second in series[:SHOWN]:
        found[first.place, f"`{first.path}` is defined here"] = None
        found[second.place, f"`{second.path}` is defined here"] = None
        write = zero_weight(second)
        if write is not None and write.place != place:
            found[write.place, f"`{second.path}` is zeroed here"] = None
    return tuple(found)
