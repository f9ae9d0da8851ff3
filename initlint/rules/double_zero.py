"""Two zero weights in series

## What it does

Reports weights that start at zero and never receive a gradient because the others are zero: two layers in series
(LoRA's A and B), a zero gate or scale before a zero layer, a norm's zero gamma after one, two zero factors of a product
(the two branches of a gated unit, query and key of an attention, also of `nn.MultiheadAttention`, or its value and
`out_proj`, two low-rank parameters). It points to the init of the
first one, because the second is usually zero on purpose. An embedding and a head tied to it are two factors.

It is silent if one of them receives a gradient in any way, at once or as soon as another zero has changed, for a class
of which all functions that build it draw one of the zeros again, and if the data flow is unknown. Two zero layers with
a ReLU between them are reported by INI201, because the slope of ReLU at zero is zero: the first of them does not learn
even if the second one is not zero.

## Why is this bad?

In a product of two factors the gradient of each is proportional to the other one. One zero is a good start, since the
random factor gives it a gradient. Of two zeros neither ever receives one: after any number of steps both gradients are
still 0.0.

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

from initlint.analysis.messages import SHOWN, conjunction, layer_names, related_locations
from initlint.analysis.stacked_weights import AttentionStall, attention_stalls
from initlint.diagnostics import Severity
from initlint.graph.model import Forward, Layer, ModelGraph, Write
from initlint.project.source import Location
from initlint.rules._registry import Violation, rule

_ADVICE = "zero only one of them, and draw the rest"


@rule("INI202", "double-zero", severities=(Severity.ERROR,), silent_if_redrawn=True)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call that zeroes the first of several weights that keep each other at zero."""
    if model.forward is not Forward.RUN:
        return
    by_location: dict[Location, list[list[tuple[Layer, Write]]]] = {}
    for group in model.stalled:
        layers = [model.by_path[path] for path in group]
        zeroed = [(layer, write) for layer in layers if (write := layer.effective_write()) is not None]
        by_location.setdefault(zeroed[0][1].location, []).append(zeroed)
    for location, groups in by_location.items():
        paths = tuple(dict.fromkeys(layer.path for group in groups for layer, _ in group))
        yield Violation(_message(groups), location, Severity.ERROR, _related(groups, location), layers=paths)
    yield from _attentions(model)


def _attentions(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call that zeroes projections of a `MultiheadAttention`."""
    stalls: dict[Location, list[tuple[Layer, AttentionStall]]] = {}
    for layer in model.layers:
        if layer.called and not layer.frozen and not layer.parametrized:
            for stall in attention_stalls(layer, model.by_path.get(f"{layer.path}.out_proj")):
                stalls.setdefault(stall.write.location, []).append((layer, stall))
    for location, served in stalls.items():
        parts = served[0][1].parts
        names = layer_names([layer for layer, _ in served])
        message = _stay_zero(f"the {conjunction(parts)} weights of {names}", len(parts))
        paths = tuple(layer.path for layer, _ in served)
        related = related_locations((layer, None) for layer, _ in served)
        yield Violation(message, location, Severity.ERROR, related, layers=paths)


def _message(groups: list[list[tuple[Layer, Write]]]) -> str:
    text = _stay_zero(_weights([layer for layer, _ in groups[0]]), len(groups[0]))
    others = [conjunction(f"`{layer.path}`" for layer, _ in group) for group in groups[1:SHOWN]]
    if len(groups) > SHOWN:
        others.append(f"{len(groups) - SHOWN} more such groups")
    return f"{text} (the same for {'; '.join(others)})" if others else text


def _weights(layers: list[Layer]) -> str:
    """`the weights of ...` these layers, after the raw parameters, which are weights themselves."""
    raw = [f"`{layer.path}`" for layer in layers if layer.type == "Parameter"]
    others = [f"`{layer.path}`" for layer in layers if layer.type != "Parameter"]
    if raw:
        return conjunction([*raw, *(f"the weight of {other}" for other in others)])
    return f"the weights of {conjunction(others)}"


def _stay_zero(weights: str, count: int) -> str:
    none_learns = "neither receives a gradient while the other is zero"
    if count > 2:
        none_learns = "none receives a gradient while the others are zero"
    return (
        f"{weights} {'both' if count == 2 else 'all'} start at zero, and {none_learns}, so they never learn; {_ADVICE}"
    )


def _related(groups: list[list[tuple[Layer, Write]]], location: Location) -> tuple[tuple[Location, str], ...]:
    related: dict[tuple[Location, str], None] = {}
    for layer, write in (entry for group in groups[:SHOWN] for entry in group[:SHOWN]):
        related[layer.location, f"`{layer.path}` is defined here"] = None
        if write.location != location:
            related[write.location, f"`{layer.path}` is zeroed here"] = None
    return tuple(related)
