"""Init computed from the wrong fan

## What it does

Reports Kaiming and Xavier if torch computes the fans of a weight from a shape with another meaning, and the result is
wrong by a factor of more than four:

- `kaiming_*` on a transposed convolution, whose weight is (in, out, ...)
- `kaiming_*` on a parameter of shape (in, out) that is used as `x @ W`, unless the call gets the transposed view of it
  (`W.t()`), whose fans count then, and on such a view where the parameter itself is (out, in)
- both on stacked matrices, of shape (experts, in, out), which torch treats as one convolution, also if a loop
  initializes `W[i]`, which is such a stack itself
- `mode='fan_out'`, and Xavier, on a convolution with groups
- a uniform bound of one over the square root of the number of outputs, as in `1 / sqrt(w.size(0))`, also if the number
  of inputs is unknown

It is silent if the two differ by a factor of four or less, for a matrix with a leading axis of size one, for a call
that gets a view with the right fans (`w.view(-1, out)`), for Kaiming on the weight of a bilinear form (`x @ W @ z`),
if a norm follows, for a convolution in a residual branch that only starts quieter, and if the sizes are unknown, except
for stacked matrices and for a bound that is computed from the shape of the weight; that bound is close enough if the
inputs are a sum with the outputs in it (`nn.Linear(hidden + action, hidden)`), or with a known number near them.

## Why is this bad?

The variance is gain^2 / fan, so it is wrong by the same factor as the fan. Xavier on 8 stacked matrices of 512 inputs
and 1024 outputs gives 0.0029 of the variance that each of them gets alone. For `x @ W` of shape (1024, 8) the variance
of Kaiming is 128 times too large; for `fan_out` on a depthwise convolution of 256 channels it is 1 / 256 of the right
one.

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

If torch's `fan_out` is the real number of inputs, as for transposed convolutions and `x @ W`, `mode='fan_out'` is
added. It is unsafe: the scale of the layer changes by the factor in the message. Initialize stacked matrices one by
one, and use `mode='fan_in'` with groups.

## References

- [Fan in and fan out of torch.nn.init](https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.kaiming_uniform_)
- [Depthwise convolutions and fan_out](https://github.com/pytorch/pytorch/issues/23854)
"""

from __future__ import annotations

from collections.abc import Iterator

from initlint.analysis.bilinear_forms import may_be_bilinear
from initlint.analysis.fan_mismatch import FanMismatch, is_right_for_bilinear, mismatch, without_written_axes
from initlint.analysis.messages import format_range, related_locations, short_name, weight_of
from initlint.analysis.norms import scale_is_visible
from initlint.diagnostics import Applicability, Fix, Severity
from initlint.graph.model import Layer, ModelGraph, Write
from initlint.project.source import Location
from initlint.rewrite.requests import ReplaceArgument
from initlint.rules._registry import Violation, rule


@rule("INI403", "wrong-fan", severities=(Severity.WARNING,), fixable=True)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call with a wrong fan and each reason why it is wrong."""
    for location, served in _layers_by_call(model).items():
        wrong: dict[str, list[tuple[Layer, FanMismatch]]] = {}
        for layer, write in served:
            fan_mismatch = mismatch(layer, write) if scale_is_visible(model, layer) else None
            if fan_mismatch is not None and not _is_right_or_quiet(model, layer, write, fan_mismatch):
                wrong.setdefault(fan_mismatch.reason, []).append((layer, fan_mismatch))
        for reason, group in wrong.items():
            layers = [layer for layer, _ in group]
            call = f"`{short_name(served[0][1].initializer)}` on {weight_of(layers, layers[0].type)}"
            mismatches = [fan_mismatch for _, fan_mismatch in group]
            fix = _fix(location, mismatches) if len(group) == len(served) else None
            related = related_locations((layer, None) for layer in layers)
            advice = mismatches[0].advice if fix is None else "use `mode='fan_out'`"
            message = f"{call}: {reason}{_effect(mismatches)}{f'; {advice}' if advice else ''}"
            paths = tuple(layer.path for layer in layers)
            yield Violation(message, location, Severity.WARNING, related, fix, paths)


def _is_right_or_quiet(model: ModelGraph, layer: Layer, write: Write, fan_mismatch: FanMismatch) -> bool:
    """Whether torch's fan is right for a bilinear form, or only makes a convolution of a branch start quieter."""
    if layer.product is not None and len(layer.shapes.get("weight") or ()) > 2:
        return is_right_for_bilinear(layer, write) and may_be_bilinear(model, layer)
    return layer.product is None and layer.residual and fan_mismatch.ratio is not None and fan_mismatch.ratio < 1


def _layers_by_call(model: ModelGraph) -> dict[Location, list[tuple[Layer, Write]]]:
    """The layers whose weights each call sets, also if it sets one item of a stack after the other."""
    layers_by_call = dict(model.by_call)
    for layer in model.layers:
        part = without_written_axes(layer) if layer.product is not None else None
        if part is not None:
            location = part[1].location
            layers_by_call[location] = [*layers_by_call.get(location, ()), part]
    return layers_by_call


def _effect(mismatches: list[FanMismatch]) -> str:
    ratios = [each.ratio for each in mismatches if each.ratio is not None]
    return f", so the variance is {format_range(ratios)} times the intended one" if ratios else ""


def _fix(location: Location, mismatches: list[FanMismatch]) -> Fix | None:
    if not all(each.fan_out_is_right for each in mismatches):
        return None
    return Fix("Use `mode='fan_out'`", ReplaceArgument(location.span, "mode", "fan_out"), Applicability.UNSAFE)
