"""Init of a weight that is recomputed, or of a copy

## What it does

Reports an init of a weight behind `weight_norm`, a parametrization (`parametrizations.weight_norm`, `orthogonal`,
`spectral_norm`, `register_parametrization`) or pruning, and an init of a copy that the same statement makes and drops
(`.clone()`, `.t().contiguous()`, indexing with a list).

It is silent for an init before the wrapping, for `weight_v` and `weight_g` themselves, for the old
`torch.nn.utils.spectral_norm`, whose `weight` shares its memory with `weight_orig`, and for a parametrization that
may hand its input on as it is.

## Why is this bad?

The weight is computed anew from its originals at the next use, so the init is lost and the layer keeps what it had
before: a `Conv1d(512, 512, 7)` starts with PyTorch's standard deviation of 0.0096, whatever the call asked for.
Nothing raises and nothing warns.

## Bad

```python
import torch.nn as nn
from torch.nn.utils.parametrizations import weight_norm


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = weight_norm(nn.Conv1d(512, 512, 7, padding=3))
        nn.init.normal_(self.conv.weight, 0.0, 0.01)

    def forward(self, x):
        return x + self.conv(x)
```

## Good

```python
import torch.nn as nn
from torch.nn.utils.parametrizations import weight_norm


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(512, 512, 7, padding=3)
        nn.init.normal_(self.conv.weight, 0.0, 0.01)
        weight_norm(self.conv)

    def forward(self, x):
        return x + self.conv(x)
```

## References

- [init_weights has no effect after weight_norm](https://github.com/jik876/hifi-gan/issues/145)
- [torch.nn.utils.weight_norm](https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.weight_norm.html): the
  weight is recomputed "before every forward() call"
- Salimans, Kingma, [Weight Normalization](https://arxiv.org/abs/1602.07868)
"""

from __future__ import annotations

from collections.abc import Iterator

from initlint.analysis.messages import SHOWN, conjunction, layer_names, related_locations, short_name
from initlint.diagnostics import Severity
from initlint.graph.model import IneffectiveWrite, Layer, Location, ModelGraph, Write
from initlint.rules._registry import Violation, rule


@rule("INI105", "init-without-effect", needs_context=False)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call whose write is certainly lost for some layer."""
    found: dict[Location, list[tuple[Layer, IneffectiveWrite]]] = {}
    for layer in model.layers:
        for lost in _counting(layer):
            if lost.write.certain:
                found.setdefault(lost.write.location, []).append((layer, lost))
    for place, entries in found.items():
        yield Violation(_message(entries), place, Severity.WARNING, _related(entries))


def _counting(layer: Layer) -> Iterator[IneffectiveWrite]:
    """The lost writes that would have counted.

    Those are the last to each parameter, unless its originals are written too, or hold the same init already.
    """
    last = {lost.write.parameter: lost for lost in layer.ineffective_writes}
    written = {write.parameter for write in layer.writes if write.certain}
    for lost in last.values():
        kept = layer.effective_write(lost.write.parameter)
        again = kept is not None and _what(kept) == _what(lost.write)
        if not again and not written.intersection(lost.originals):
            yield lost


def _what(write: Write) -> tuple[str, dict[str, object]]:
    return write.initializer, dict(write.arguments)


def _message(entries: list[tuple[Layer, IneffectiveWrite]]) -> str:
    lost = entries[0][1]
    layers = layer_names(list({layer.path: layer for layer, _ in entries}.values()))
    what = f"the {lost.write.parameter} of {layers}"
    name = short_name(lost.write.initializer)
    if not lost.originals:
        return f"`{name}` writes to a copy of {what}, which nothing keeps: the {lost.write.parameter} stays as it was"
    originals = conjunction(f"`{original}`" for original in lost.originals)
    again = f"{lost.cause} computes it anew from {originals}"
    return f"`{name}` has no effect on {what}: {again}; initialise before the wrapping"


def _related(entries: list[tuple[Layer, IneffectiveWrite]]) -> tuple[tuple[Location, str], ...]:
    shown = entries[:SHOWN]
    derived = {
        (lost.derived, f"{lost.cause} is put on here" if lost.originals else "the copy is made here"): None
        for _, lost in shown
    }
    return (*derived, *related_locations((layer, None) for layer, _ in shown))
