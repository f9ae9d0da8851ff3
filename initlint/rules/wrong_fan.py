"""Init that computes another fan than the one in use

## What it does

Reports Kaiming and Xavier where torch reads the fans of a weight off a shape that means something else, by a factor of
four and more:

- `kaiming_*` on a transposed convolution, whose weight is (in, out, ...)
- `kaiming_*` on a parameter of shape (in, out) that is used as `x @ W`
- any of them on stacked matrices, of shape (experts, in, out), which torch takes for one convolution
- `mode='fan_out'`, and Xavier, on a convolution with groups
- a uniform bound of one over the root of the number of outputs, as in `1 / sqrt(w.size(0))`

It is silent where the two differ by less than four, where a norm follows, and where the sizes are not known, stacked
matrices aside.

## Why is this bad?

The variance is gain^2 / fan, so it is off by the same factor as the fan. Xavier on 8 stacked matrices of 512 inputs and
1024 outputs gives 0.0029 of the variance that it gives to each of them alone; Kaiming before `x @ W` of shape
(1024, 8) gives 128 times too much; `fan_out` on a depthwise convolution of 256 channels 1 / 256.

## Bad

```python
import torch
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(32, 256))
        self.fc = nn.Linear(256, 10)
        nn.init.kaiming_normal_(self.weight, nonlinearity='relu')

    def forward(self, x):
        return self.fc(F.relu(x @ self.weight))
```

## Good

```python
import torch
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(32, 256))
        self.fc = nn.Linear(256, 10)
        nn.init.kaiming_normal_(self.weight, nonlinearity='relu', mode='fan_out')

    def forward(self, x):
        return self.fc(F.relu(x @ self.weight))
```

## Fix safety

Where torch's `fan_out` is the number of inputs in use, `mode='fan_out'` is added, for transposed convolutions and
`x @ W`. It is unsafe, for the scale of the layer changes by the factor that the message has. For stacked matrices
initialise each one by itself; for groups take `mode='fan_in'`.

## References

- [Fan in and fan out of torch.nn.init](https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.kaiming_uniform_)
- [Depthwise convolutions and fan_out](https://github.com/pytorch/pytorch/issues/23854)
"""

from __future__ import annotations

from collections.abc import Iterator

from initlint.analysis.fan_mismatch import FanMismatch, mismatch
from initlint.analysis.messages import format_range, related_locations, short_name, weight_of
from initlint.analysis.weight_draws import scale_is_visible
from initlint.diagnostics import Applicability, Fix, Severity
from initlint.graph.model import Layer, Location, ModelGraph
from initlint.rewrite.requests import ReplaceArgument
from initlint.rules._registry import Violation, rule


@rule("INI403", "wrong-fan", fixable=True)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call that computes a wrong fan, for the layers where it is wrong in the same way."""
    for place, served in model.by_call.items():
        wrong: dict[str, list[tuple[Layer, FanMismatch]]] = {}
        for layer, write in served:
            found = mismatch(layer, write) if scale_is_visible(model, layer) else None
            if found is not None:
                wrong.setdefault(found.reason, []).append((layer, found))
        for reason, group in wrong.items():
            layers = [layer for layer, _ in group]
            told = f"`{short_name(served[0][1].initializer)}` on {weight_of(layers, layers[0].type)}: {reason}"
            fix = _fix(place, [found for _, found in group]) if len(group) == len(served) else None
            related = related_locations((layer, None) for layer in layers)
            yield Violation(told + _effect([found for _, found in group]), place, Severity.WARNING, related, fix)


def _effect(found: list[FanMismatch]) -> str:
    ratios = [each.ratio for each in found if each.ratio is not None]
    return f", so the variance is {format_range(ratios)} times the one that is meant" if ratios else ""


def _fix(place: Location, found: list[FanMismatch]) -> Fix | None:
    if not all(each.fan_out_is_right for each in found):
        return None
    return Fix("Use `mode='fan_out'`", ReplaceArgument(place.span, "mode", "fan_out"), Applicability.UNSAFE)
