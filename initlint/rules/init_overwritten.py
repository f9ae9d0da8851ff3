"""A deliberate init that a later loop or `apply` replaces

## What it does

Reports an init of one layer that a generic one (a loop over the modules, an `apply`) writes again later, so that the
first has no effect: a zeroed head, a gate's bias, a small gain.

It is silent for generic first and specific last, which is the good order, for values that come to the same, for
default biases, and where only one of the two is certain.

## Why is this bad?

The value that somebody chose for this layer never reaches the training. A detection head whose bias says that 1 % of
the anchors are objects starts at 50 % instead, and the loss of the background at 0.69 in place of 0.01; a residual
branch that was to start at zero does not.

## Bad

```python
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(64, 64)
        self.head = nn.Linear(64, 80)
        nn.init.constant_(self.head.bias, -4.6)
        self.apply(self._init_weights)

    def _init_weights(self, m):
        if isinstance(m, nn.Linear):
            nn.init.normal_(m.weight, std=0.02)
            nn.init.zeros_(m.bias)

    def forward(self, x):
        return self.head(self.body(x).tanh())
```

## Good

```python
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(64, 64)
        self.head = nn.Linear(64, 80)
        self.apply(self._init_weights)
        nn.init.constant_(self.head.bias, -4.6)

    def _init_weights(self, m):
        if isinstance(m, nn.Linear):
            nn.init.normal_(m.weight, std=0.02)
            nn.init.zeros_(m.bias)

    def forward(self, x):
        return self.head(self.body(x).tanh())
```

## References

- Lin et al., [Focal Loss](https://arxiv.org/abs/1708.02002), section 4.1, for the bias of a detection head
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Set
from typing import NamedTuple

from initlint.analysis.layer_activation import constant, fans_in_use, is_matrix
from initlint.analysis.messages import layer_names, related_locations, short_name
from initlint.diagnostics import Severity
from initlint.facts.initializer_formulas import INITIALIZERS, variance
from initlint.graph.model import Layer, Location, ModelGraph, Write
from initlint.rules._registry import Violation, rule

_SAME_SCALE = 4.0
"""Two random inits whose variances differ by less do about the same."""

_BIAS = 0.1
"""Smaller constants make no difference as a bias."""


class _Overwritten(NamedTuple):
    layer: Layer
    first: Write
    last: Write


@rule("INI107", "init-overwritten", needs_context=False)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call whose deliberate value a generic call replaces."""
    called = {call.location for call in model.calls}
    reach = _reach(model)
    found: dict[Location, list[_Overwritten]] = {}
    for layer in model.layers:
        for entry in _overwritten(layer, called):
            first, last = (reach[write.location] for write in (entry.first, entry.last))
            if len(first) == 1 and len(last) > 1 and first < last and _differ(entry):
                found.setdefault(entry.first.location, []).append(entry)
    for place, entries in found.items():
        yield Violation(_message(entries), place, Severity.WARNING, _related(entries))


def _reach(model: ModelGraph) -> Mapping[Location, Set[tuple[str, str, str]]]:
    """What each call writes to: owners, their attributes and the parameters."""
    found: dict[Location, set[tuple[str, str, str]]] = defaultdict(set)
    for layer in model.layers:
        for write in layer.writes:
            found[write.location].add((layer.owner, layer.attribute, write.parameter))
    return found


def _overwritten(layer: Layer, called: Set[Location]) -> Iterator[_Overwritten]:
    """The last two full inits of each parameter, by calls, where nothing blurs them."""
    for parameter in dict.fromkeys(write.parameter for write in layer.writes):
        writes = [write for write in layer.writes if write.parameter == parameter]
        last, earlier = writes[-1], [write for write in writes[:-1] if write.location != writes[-1].location]
        if earlier and all(map(_is_init, (earlier[-1], last))) and {earlier[-1].location, last.location} <= called:
            yield _Overwritten(layer, earlier[-1], last)


def _is_init(write: Write) -> bool:
    return write.certain and write.covers_tensor and not write.reads_old_value and write.initializer in INITIALIZERS


def _differ(entry: _Overwritten) -> bool:
    """Whether the second init takes away something that the first one was for."""
    before, after = constant(entry.first), constant(entry.last)
    if entry.first.parameter != "weight" or not is_matrix(entry.layer):
        return before is not None and before != after and (entry.first.parameter == "weight" or abs(before) >= _BIAS)
    if before is not None or after is not None:
        return before != after
    scales = [_variance(entry.layer, write) for write in (entry.first, entry.last)]
    if None in scales or 0 in scales:
        return False
    one, other = (scale for scale in scales if scale is not None)
    return max(one / other, other / one) >= _SAME_SCALE


def _variance(layer: Layer, write: Write) -> float | None:
    sizes = fans_in_use(layer)
    known = (None, None) if sizes is None else (sizes.fan_in, sizes.fan_out)
    return variance(write.initializer, write.arguments, *known, layer.shapes.get("weight"))


def _message(entries: list[_Overwritten]) -> str:
    first, last = entries[0].first, entries[0].last
    layers = layer_names([entry.layer for entry in entries])
    by = f"`{short_name(last.initializer)}` in row {last.location.span.row}"
    return f"`{short_name(first.initializer)}` on the {first.parameter} of {layers} is lost: {by} replaces it later"


def _related(entries: list[_Overwritten]) -> tuple[tuple[Location, str], ...]:
    last = entries[0].last
    applied = () if last.visit is None else ((last.visit.location, "this applies it"),)
    return ((last.location, "this replaces it"), *applied, *related_locations((entry.layer, None) for entry in entries))
