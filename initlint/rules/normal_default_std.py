"""Normal init of a weight with the default standard deviation of 1

## What it does

Reports `normal_` without `std` on the weight of a linear map (Linear, a convolution, a parameter that the input is
multiplied with), and `torch.randn` as such a parameter. It also reports a mean that was meant as the standard
deviation: `normal_(w, 0.02)` and `trunc_normal_(w, .02)` have mean 0.02 and standard deviation 1.

It is silent for embeddings, tokens and biases with standard deviation 1, for an explicit `std=1.0`, for weights that
are normalized or scaled before use, if a norm, a factor or a gate follows, and for fewer than eight inputs.

## Why is this bad?

The default of `std` is 1.0. A layer of 256 inputs then multiplies the signal's second moment by 256, or by 128 with a
ReLU; over three such ReLU layers a standard deviation of 1 becomes 1448. The loss starts in the thousands or at `nan`,
and softmax and sigmoid start saturated. A transformer's 0.02 or `kaiming_normal_` keep it near 1.

## Bad

```python
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(256, 256)
        self.fc2 = nn.Linear(256, 10)
        nn.init.normal_(self.fc1.weight)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))
```

## Good

```python
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(256, 256)
        self.fc2 = nn.Linear(256, 10)
        nn.init.normal_(self.fc1.weight, std=0.02)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))
```

## Fix safety

A mean that was meant as the standard deviation is passed as `std`; otherwise `std=0.02` is added. The fix is unsafe:
only the author knows which value was meant.

## References

- [torch.nn.init.normal_](https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.normal_)
"""

from __future__ import annotations

from collections.abc import Iterator

from initlint.analysis.layer_activation import as_number, call_at, initializer_family
from initlint.analysis.messages import display_name, format_range, related_locations, weight_of
from initlint.analysis.weight_draws import WeightDraw, draws, only_weights, std_by_default
from initlint.diagnostics import Applicability, Fix, FixRequest, Severity
from initlint.graph.model import Arguments, InitCall, ModelGraph
from initlint.rewrite.requests import MoveArgument, ReplaceArgument
from initlint.rules._registry import Violation, rule

_USUAL = 0.02
"""The standard deviation of GPT-2, BERT and ViT, from which the call is mostly copied."""

_NORMAL = ("normal", "trunc_normal")
_LARGEST_MEANT_AS_STD = 0.2


@rule("INI401", "normal-default-std", fixable=True)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call or constructor of weights with the default standard deviation."""
    for draw in draws(model):
        if std_by_default(draw.initializer, draw.arguments):
            related = related_locations((layer, None) for layer in draw.layers)
            fix = _fix(ReplaceArgument(draw.place.span, "std", _USUAL))
            yield Violation(_message(model, draw), draw.place, Severity.WARNING, related, fix)
    for call in model.calls:
        if _means_std(call):
            mean = f"{_mean(call.arguments):g}"
            message = (
                f"`{display_name(call)}` with `{mean}` sets the mean, and the standard deviation is 1; use `std={mean}`"
            )
            fix = _fix(MoveArgument(call.location.span, "mean", "std"))
            yield Violation(message, call.location, Severity.WARNING, fix=fix)


def _mean(arguments: Arguments) -> float | None:
    return as_number(arguments.get("mean", 0.0))


def _means_std(call: InitCall) -> bool:
    mean = _mean(call.arguments)
    if initializer_family(call.initializer) not in _NORMAL or "std" in call.arguments or mean is None:
        return False
    return 0 < mean <= _LARGEST_MEANT_AS_STD and only_weights(call)


def _message(model: ModelGraph, draw: WeightDraw) -> str:
    call = call_at(model, draw.place)
    name = f"`{display_name(call)}` without `std`" if call is not None else "`torch.randn`"
    fan_ins = [fan for fan in draw.fan_ins if fan is not None]
    factor = format_range(fan_ins) if fan_ins and len(fan_ins) == len(draw.fan_ins) else "fan_in"
    weight = weight_of(draw.layers, draw.type)
    return f"{name} draws {weight} with a standard deviation of 1: the signal's variance is multiplied by {factor}"


def _fix(request: FixRequest) -> Fix:
    return Fix("Set `std`", request, Applicability.UNSAFE)
