"""Two zero weights in series

## What it does

Reports weights that start at zero and of which none gets a gradient because the others are zero: two layers in series
(LoRA's A and B), a gate or a scale of zero before a zero layer, a norm's zero gamma behind one, two zero factors of a
product (the two branches of a gated unit, query and key of an attention, two low-rank parameters). The place is the
first one's init, for it is the second zero that is usual.

It is silent if one of them gets a gradient in any way, at once or as soon as another zero has moved, and wherever the
flow is not known.

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

- Zhang et al., [Fixup](https://arxiv.org/abs/1901.09321), for one zero where it is right
- Hu et al., [LoRA](https://arxiv.org/abs/2106.09685), section 4.1
"""

from __future__ import annotations

from collections.abc import Iterator

from initlint.analysis.messages import SHOWN, conjunction
from initlint.diagnostics import Severity
from initlint.graph.model import Forward, Layer, Location, ModelGraph, Write
from initlint.rules._registry import Violation, rule


@rule("INI202", "double-zero")
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call that zeroes the first of some weights that hold each other at zero."""
    if model.forward is not Forward.RUN:
        return
    found: dict[Location, list[list[tuple[Layer, Write]]]] = {}
    for group in model.stalled:
        layers = [model.by_path[path] for path in group]
        zeroed = [(layer, write) for layer in layers if (write := layer.effective_write()) is not None]
        found.setdefault(zeroed[0][1].location, []).append(zeroed)
    for place, groups in found.items():
        yield Violation(_message(groups), place, Severity.ERROR, _related(groups, place))


def _message(groups: list[list[tuple[Layer, Write]]]) -> str:
    named = "; ".join(conjunction(f"`{layer.path}`" for layer, _ in group) for group in groups[:SHOWN])
    more = f"; and {len(groups) - SHOWN} more such groups" if len(groups) > SHOWN else ""
    which = "neither of the two" if all(len(group) == 2 for group in groups) else "none of them"
    return f"zero weights on one path, {named}{more}: {which} ever gets a gradient, for each waits for the other"


def _related(groups: list[list[tuple[Layer, Write]]], place: Location) -> tuple[tuple[Location, str], ...]:
    found: dict[tuple[Location, str], None] = {}
    for layer, write in (entry for group in groups[:SHOWN] for entry in group[:SHOWN]):
        found[layer.location, f"`{layer.path}` is defined here"] = None
        if write.location != place:
            found[write.location, f"`{layer.path}` is zeroed here"] = None
    return tuple(found)
