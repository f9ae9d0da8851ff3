"""Init of a weight that is recomputed, or of a copy

## What it does

Reports an init that changes no parameter:

- of a weight that is computed by `weight_norm`, a parametrization (`parametrizations.weight_norm`, `orthogonal`,
  `spectral_norm`, `register_parametrization`) or pruning
- of a temporary copy (`.clone()`, `.t().contiguous()`, indexing with a list), also one with a name that is only filled
- a statement that drops a new tensor or layer: `w.data.mul(0.1)`, `self.emb.from_pretrained(vectors)`
- a new tensor that a callback of `apply` returns (`return m.weight * 0.1`), or that replaces the variable of a loop
  over parameters (`p = p * 0.1`)
- a tensor stored in the dictionary of `state_dict()` that nothing loads: `net.state_dict()['fc.weight'] = w`
- an assignment to the name of a method: `w.data.copy_ = x`, and a misspelled `w.requires_grad = False`

It is silent for the last expression of a notebook's cell, whose value is shown, for an init before the wrapping, for
`weight_v` and `weight_g` themselves, for the old `torch.nn.utils.spectral_norm`, whose `weight` shares its memory
with `weight_orig`, for a parametrization that may return its input unchanged, and for models into which the project
loads a checkpoint right where it builds them, each time.

## Why is this bad?

The weight is recomputed from its original parameters at the next use, so the init is lost and the layer keeps its
previous values: a `Conv1d(512, 512, 7)` starts with PyTorch's standard deviation of 0.0096, whatever the call sets.
There is no error and no warning. In the same way, a new tensor that nothing refers to is discarded.

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

from collections.abc import Iterator, Mapping

from initlint.analysis.messages import SHOWN, conjunction, layer_names, related_locations, short_name
from initlint.diagnostics import Severity
from initlint.graph.mistakes import MisuseKind
from initlint.graph.model import IneffectiveWrite, Layer, ModelGraph, Write
from initlint.project.source import Location
from initlint.rules._registry import Violation, rule


@rule("INI105", "init-without-effect", severities=(Severity.WARNING,), needs_context=False, silent_if_loaded=True)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call whose write is certainly lost for some layer."""
    by_location: dict[Location, list[tuple[Layer, IneffectiveWrite]]] = {}
    for layer in model.layers:
        for lost in _last_writes(layer):
            if lost.write.certain:
                by_location.setdefault(lost.write.location, []).append((layer, lost))
    for location, entries in by_location.items():
        paths = tuple(dict.fromkeys(layer.path for layer, _ in entries))
        yield Violation(_message(entries), location, Severity.WARNING, _related(entries), layers=paths)
    for misuse in model.misuses:
        if misuse.kind in _LOST:
            yield Violation(_LOST[misuse.kind].format(misuse.text), misuse.location, Severity.WARNING)


_LOST: Mapping[MisuseKind, str] = {
    "dropped": "`{}` changes no parameter: it returns a new object, which is dropped",
    "returned": "`{}` changes no parameter: it is a new tensor, and `apply` ignores what its function returns",
    "rebound": "`{}` changes no parameter: it is a new tensor, which only the name in the loop refers to; use `copy_`",
    "entry": (
        "`{} = ...` changes no parameter: it replaces an entry of the dictionary that `state_dict()` returned, "
        "and nothing loads that; use `copy_` on the entry"
    ),
    "misspelled": "`{} = ...` changes nothing: a parameter has no such attribute; use `requires_grad`",
    "method": "`{} = ...` changes no parameter: it replaces the method; call it",
}


def _last_writes(layer: Layer) -> Iterator[IneffectiveWrite]:
    """The last lost write to each parameter, unless its original parameters are written too or have the same init."""
    last = {lost.write.parameter: lost for lost in layer.ineffective_writes}
    written = {write.parameter for write in layer.writes if write.certain}
    for lost in last.values():
        effective = layer.effective_write(lost.write.parameter)
        is_same = effective is not None and _init(effective) == _init(lost.write)
        if not is_same and not written.intersection(lost.originals):
            yield lost


def _init(write: Write) -> tuple[str, dict[str, object]]:
    return write.initializer, dict(write.arguments)


def _message(entries: list[tuple[Layer, IneffectiveWrite]]) -> str:
    lost = entries[0][1]
    layers = layer_names(list({layer.path: layer for layer, _ in entries}.values()))
    parameter = f"the {lost.write.parameter} of {layers}"
    name = short_name(lost.write.initializer)
    if not lost.originals:
        return f"`{name}` writes to a temporary copy of {parameter}: the {lost.write.parameter} itself does not change"
    originals = conjunction(f"`{original}`" for original in lost.originals)
    reason = f"{lost.cause} recomputes it from {originals}, which keep their init"
    return f"`{name}` has no effect on {parameter}: {reason}; initialize before {lost.cause} is applied"


def _related(entries: list[tuple[Layer, IneffectiveWrite]]) -> tuple[tuple[Location, str], ...]:
    shown = entries[:SHOWN]
    derived = {
        (lost.derived, f"{lost.cause} is applied here" if lost.originals else "the copy is made here"): None
        for _, lost in shown
    }
    return (*derived, *related_locations((layer, None) for layer, _ in shown))
