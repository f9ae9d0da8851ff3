"""Relative write that `apply` repeats for every submodule

## What it does

Reports `w *= k`, `w.mul_(k)`, `w.add_(k)` and similar writes to one fixed parameter in a function that is passed to
`apply`: the function runs once for every submodule, and so does the write.

It is silent for absolute writes, which have the same result each time, for a write to the module that is the argument
of the function, and if a later absolute write replaces the result.

## Why is this bad?

`apply` calls the function on each submodule and on the model itself. In a model of 10 modules `w *= 0.5` multiplies the
weight by 0.5^10 = 0.001, in a model of 200 by 0.

## Bad

```python
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 64), nn.GELU())
        self.head = nn.Linear(64, 10)
        self.apply(self._init_weights)

    def _init_weights(self, m):
        if isinstance(m, nn.Linear):
            nn.init.kaiming_normal_(m.weight, nonlinearity='relu')
        self.body[0].weight.data *= 0.5

    def forward(self, x):
        return self.head(self.body(x))
```

## Good

```python
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 64), nn.GELU())
        self.head = nn.Linear(64, 10)
        self.apply(self._init_weights)
        self.body[0].weight.data *= 0.5

    def _init_weights(self, m):
        if isinstance(m, nn.Linear):
            nn.init.kaiming_normal_(m.weight, nonlinearity='relu')

    def forward(self, x):
        return self.head(self.body(x))
```

## References

- [torch.nn.Module.apply](https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.apply):
  applied "recursively to every submodule (as returned by `.children()`) as well as self"
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from initlint._records import dataclass
from initlint.analysis.layer_activation import as_number
from initlint.analysis.messages import layer_names, related_locations, short_name
from initlint.diagnostics import Severity
from initlint.graph.model import Layer, ModelGraph, Write
from initlint.project.source import Location
from initlint.rules._registry import Violation, rule

_COMPOUNDING = frozenset(f"torch.Tensor.{name}_" for name in "add addcdiv addcmul div mul multiply pow sub".split())
"""Relative writes whose repetition changes the parameter further."""


@dataclass(frozen=True, slots=True)
class _Repeated:
    layer: Layer
    write: Write
    times: int


@rule("INI110", "repeated-side-effect", severities=(Severity.WARNING,), needs_context=False, silent_if_loaded=True)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each write that one `apply` makes more than once on the same parameter."""
    by_location: dict[Location, list[_Repeated]] = {}
    for layer in model.layers:
        for parameter in dict.fromkeys(write.parameter for write in layer.writes):
            for repeated in _repeated(layer, parameter):
                by_location.setdefault(repeated.write.location, []).append(repeated)
    for location, entries in by_location.items():
        visit = entries[0].write.visit
        applied = () if visit is None else ((visit.location, "this runs it for every submodule"),)
        related = (*applied, *related_locations((repeated.layer, None) for repeated in entries))
        yield Violation(_message(entries, not model.incomplete), location, Severity.WARNING, related)


def _repeated(layer: Layer, parameter: str) -> Iterator[_Repeated]:
    visits: dict[tuple[Location, Location], dict[int, Write]] = {}
    for write in _since_the_last_absolute([w for w in layer.writes if w.parameter == parameter]):
        by_a_number = write.initializer in _COMPOUNDING and "value" in write.arguments
        if write.certain and write.visit is not None and by_a_number:
            visits.setdefault((write.location, write.visit.location), {})[write.visit.number] = write
    for writes in visits.values():
        if len(writes) > 1:
            yield _Repeated(layer, next(iter(writes.values())), len(writes))


def _since_the_last_absolute(writes: Sequence[Write]) -> Sequence[Write]:
    absolute = [at for at, write in enumerate(writes) if write.covers_tensor and not write.reads_old_value]
    return writes[absolute[-1] + 1 :] if absolute else writes


def _message(entries: list[_Repeated], is_complete: bool) -> str:
    first = entries[0]
    layers = layer_names([repeated.layer for repeated in entries])
    times = max(repeated.times for repeated in entries)
    often = f"{times} times" if is_complete else f"at least {times} times"
    if any(repeated.times != times for repeated in entries):
        often = f"up to {often}" if is_complete else often
    message = f"`apply` runs this for every submodule, {often} on the {first.write.parameter} of {layers}"
    value = as_number(first.write.arguments.get("value"))
    if short_name(first.write.initializer) == "mul_" and value is not None and 0 < abs(value) != 1:
        message += f": the factor {value:.3g} becomes {_power(value, times)}"
    return f"{message}; do it once, after the `apply`"


def _power(value: float, times: int) -> str:
    try:
        return f"{value**times:.2g}"
    except OverflowError:
        return "infinity"
