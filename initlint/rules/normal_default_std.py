"""Normal init of a weight with the default standard deviation of 1

## What it does

Reports `normal_` without `std` on the weight of a linear map (Linear, a convolution, a parameter that the input is
multiplied with), and `torch.randn` as such a parameter. It also reports a mean that was meant as the standard
deviation: `normal_(w, 0.02)` and `trunc_normal_(w, .02)` have mean 0.02 and standard deviation 1.

It is silent for embeddings, tokens, queries, codebooks and biases with standard deviation 1, for the rows that a
softmax averages, for an explicit `std=1.0`, for weights that are normalized or scaled before use, if a norm, a factor
or a gate follows, and for fewer than eight inputs.

## Why is this bad?

The default of `std` is 1.0. A layer of 256 inputs then multiplies the signal's mean square by 256, or by 128 with a
ReLU; over three such ReLU layers a standard deviation of 1 becomes 1448. The loss starts in the thousands or at `nan`,
and softmax and sigmoid start saturated. The call for the activation, such as `kaiming_normal_`, keeps it near 1. A
fixed `std=0.02` does so at one width only: with ReLU and 256 inputs, three such layers leave 1.3e-04 of the signal.

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
        nn.init.kaiming_normal_(self.fc1.weight, nonlinearity='relu')

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))
```

## Fix safety

A mean that was meant as the standard deviation is passed as `std`. Otherwise the call becomes the one for the
activation that follows, and there is no fix if that is unknown. The fix is unsafe: only the author knows which scale
was meant.

The fix does not always lower the training loss. With SGD and two ReLU layers of 64 units it is higher after 200 steps,
0.929 against 0.205. With four layers the loss was `nan`
before, and with Adam it is lower after the fix (`python benchmarks/training_after_fix.py`).

## References

- [torch.nn.init.normal_](https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.normal_)
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from initlint.analysis.fix_offers import make_fix
from initlint.analysis.layer_activation import as_number, call_at, initializer_family, pair
from initlint.analysis.messages import (
    display_name,
    each_passes_on,
    format_number,
    related_locations,
    weight_of,
    without_invented_number,
)
from initlint.analysis.norms import PIECEWISE_LINEAR
from initlint.analysis.operating_factors import operating_factors
from initlint.analysis.recommended_init import RecommendedCall, agreed, replacement
from initlint.analysis.weight_draws import WeightDraw, draws, only_weights, std_by_default
from initlint.diagnostics import Applicability, Fix, Severity, SignalNumbers
from initlint.facts.activations import ACTIVATIONS
from initlint.graph.model import InitCall, Layer, ModelGraph
from initlint.graph.words import Arguments
from initlint.rewrite.requests import MoveArgument
from initlint.rules._registry import Violation, rule

_NORMAL = ("normal", "trunc_normal")
_LARGEST_MEANT_AS_STD = 0.2


@rule("INI401", "normal-default-std", severities=(Severity.WARNING,), fixable=True)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call or constructor of weights with the default standard deviation."""
    for draw in draws(model):
        if std_by_default(draw.initializer, draw.arguments):
            related = related_locations((layer, None) for layer in draw.layers)
            recommended = _recommended(draw)
            factors = _factors(model, draw)
            advice = _advice(model, draw) if recommended is None else f"use `{recommended}`"
            message = f"{_message(model, draw, factors)}; {advice}"
            fix = make_fix(model, draw.place, draw.layers, recommended, recommend=replacement, unsafe=True)
            layers = tuple(layer.path for layer in draw.layers)
            numbers = SignalNumbers.of(factors)
            yield Violation(message, draw.place, Severity.WARNING, related, fix, layers, numbers=numbers)
    for call in model.calls:
        if _means_std(call):
            mean = f"{_mean(call.arguments):g}"
            message = (
                f"`{display_name(call)}` with `{mean}` sets the mean, and the standard deviation is 1; use `std={mean}`"
            )
            fix = Fix("Set `std`", MoveArgument(call.location.span, "mean", "std"), Applicability.UNSAFE)
            yield Violation(message, call.location, Severity.WARNING, fix=fix)


def _advice(model: ModelGraph, draw: WeightDraw) -> str:
    """What to write where no call is documented for what follows."""
    inputs = set(draw.fan_ins)
    number = next(iter(inputs)) if len(inputs) == 1 else None
    families = {following.op in PIECEWISE_LINEAR for layer in draw.layers for following in layer.followed_by}
    variance = 2 if families == {True} else 1
    is_call = call_at(model, draw.place) is not None
    if not number:
        return "pass `std`" if is_call else "divide it by the root of the number of inputs"
    root = f"sqrt({variance} / {number:g})"
    return f"pass `std={format_number(math.sqrt(variance / number))}` ({root})" if is_call else f"multiply it by {root}"


def _mean(arguments: Arguments) -> float | None:
    return as_number(arguments.get("mean", 0.0))


def _means_std(call: InitCall) -> bool:
    mean = _mean(call.arguments)
    if initializer_family(call.initializer) not in _NORMAL or "std" in call.arguments or mean is None:
        return False
    return 0 < mean <= _LARGEST_MEANT_AS_STD and only_weights(call)


def _message(model: ModelGraph, draw: WeightDraw, factors: list[float]) -> str:
    call = call_at(model, draw.place)
    name = f"`{display_name(call)}` without `std`" if call is not None else "`torch.randn`"
    passed = without_invented_number(each_passes_on(factors, len(factors)), draw.layers) if factors else ""
    if len(factors) < len(draw.layers):
        passed = passed.replace("of these", "of the").replace(" layer", " hidden layer", 1)
    effect = f": {passed}" if factors else ", whatever the number of inputs"
    return f"{name} draws {weight_of(draw.layers, draw.type)} with a standard deviation of 1{effect}"


def _factors(model: ModelGraph, draw: WeightDraw) -> list[float]:
    """The factors of the layers, the hidden ones if there are any, on the signal that reaches them.

    Empty if one is unknown.
    """
    hidden = [layer for layer in draw.layers if not _is_last(layer)]
    stated = [factor for layer in hidden or draw.layers if (factor := _factor(model, layer)) is not None]
    return stated if len(stated) == len(hidden or draw.layers) else []


def _factor(model: ModelGraph, layer: Layer) -> float | None:
    known = operating_factors(model).get(layer.path)
    return None if known is None or known.at_equal_fans else known.signal


def _recommended(draw: WeightDraw) -> RecommendedCall | None:
    """The call for the activation after these layers, output layers aside; None if they differ or one is unknown."""
    if initializer_family(draw.initializer) != "normal" or not draw.layers or draw.stacked_fan_ins:
        return None
    hidden = [layer for layer in draw.layers if not _is_output(layer)]
    if not hidden:
        return RecommendedCall("xavier_normal_")
    pairs = [layer_activation for layer in hidden if (layer_activation := pair(layer)) is not None]
    return agreed(pairs) if len(pairs) == len(hidden) else None


def _is_last(layer: Layer) -> bool:
    """Whether the output of the layer, possibly after an activation, is only one of the model."""
    return bool(layer.followed_by) and all(
        consumer.certain
        and (consumer.op == "output" or consumer.op in ACTIVATIONS)
        and all(end.op == "output" and end.certain for end in consumer.onward)
        for consumer in layer.followed_by
    )


def _is_output(layer: Layer) -> bool:
    return bool(layer.followed_by) and all(f.op == "output" and f.certain for f in layer.followed_by)
