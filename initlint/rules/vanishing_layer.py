"""Init that leaves less than a thousandth of the signal in one layer

## What it does

Reports an explicit init after which one hidden layer of known size passes on less than 1/1000 of the signal (the mean
square of its output), its bias counted: a gain that divides by the fan a second time (`gain=1 / n_in`), a standard
deviation such as 1e-4 where no zero is meant, or weights that are drawn and then scaled in place (`w.data.div_(n)`).

It is silent if a norm follows, in residual branches, where the output is added to or multiplied with another tensor or
scaled by a number, for output layers, for all-zero weights, for layers of fewer than 16 inputs (side networks on
coordinates, as in Swin V2), if the next layer is zero or scales the signal up again, and if sizes are unknown.

## Why is this bad?

Xavier and Kaiming already divide by the fan. Xavier with `gain=1 / 128` in front of a ReLU leaves 3.1e-05 of the signal
in one layer, and the gradient of the layers before it shrinks by the same factor. Behind it, only biases are left: the
network starts as a constant.

## Bad

```python
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self, dim=128):
        super().__init__()
        self.fc1 = nn.Linear(dim, dim)
        self.fc2 = nn.Linear(dim, 10)
        nn.init.xavier_uniform_(self.fc1.weight, gain=1 / dim)
        nn.init.zeros_(self.fc1.bias)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))
```

## Good

```python
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self, dim=128):
        super().__init__()
        self.fc1 = nn.Linear(dim, dim)
        self.fc2 = nn.Linear(dim, 10)
        nn.init.kaiming_uniform_(self.fc1.weight, nonlinearity='relu')
        nn.init.zeros_(self.fc1.bias)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))
```

## Fix safety

The call is replaced by the documented one for the activation that follows. It is unsafe: a small start may be meant. No
fix is offered if the layers of the call need different calls, or if it also initializes output layers: there a small
start is often right.

## References

- He et al., [Delving Deep into Rectifiers](https://arxiv.org/abs/1502.01852), section 2.2
"""

from __future__ import annotations

from collections.abc import Iterator

from initlint.analysis.chain_products import Link, links
from initlint.analysis.fix_offers import make_fix, outputs_beside
from initlint.analysis.layer_activation import LayerActivation, as_number, constant, fans_in_use
from initlint.analysis.messages import (
    each_passes_on,
    format_number,
    layer_names,
    related_locations,
    short_name,
    without_invented_number,
)
from initlint.analysis.norms import scale_is_visible
from initlint.analysis.recommended_init import RecommendedCall, agreed, replacement, start
from initlint.analysis.scaled_draws import scaling_of, with_scaled_draws
from initlint.diagnostics import Severity, SignalNumbers
from initlint.facts.activations import ACTIVATIONS
from initlint.graph.model import Consumer, Layer, ModelGraph
from initlint.project.source import Location
from initlint.rules._registry import Violation, rule

_VANISHED = 1e-3
_FEWEST_INPUTS = 16
_SCALED_UP = 10.0


@rule("INI409", "vanishing-layer", severities=(Severity.WARNING,), fixable=True, silent_if_residual=True)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call that sets hidden layers whose factor is below 1/1000."""
    original, model = model, with_scaled_draws(model)
    by_path = {link.layer.path: link for link in links(model)}
    vanishing: dict[Location, list[Link]] = {}
    for link in by_path.values():
        if link.write is not None and _vanishes(model, link) and not _is_made_up_for(model, link, by_path):
            vanishing.setdefault(link.write.location, []).append(link)
    for location, group in vanishing.items():
        layers = [link.layer for link in group]
        scaling = _scaling(original, group)
        written = [LayerActivation(link.layer, link.write, link.following) for link in group if link.write is not None]
        recommended = agreed(written, _recommended) if scaling is None else None
        suggestion = f"; use `{recommended}`" if recommended is not None else ""
        fix = None
        heads = outputs_beside(model, location, layers)
        if heads and recommended is not None:
            suggestion += f" for {layer_names(layers)}, and keep this call for {layer_names(heads)}"
        elif not heads and scaling is None:
            fix = make_fix(model, location, layers, recommended, recommend=_recommended, unsafe=True)
        related = related_locations((link.layer, link.following) for link in group)
        factors = [_factor(link) for link in group]
        name = f"`{short_name(group[0].initializer)}`{_cause(group)}" if scaling is None else scaling
        call = f"{name} in {layer_names(layers)}"
        effect = f"{without_invented_number(each_passes_on(factors, len(layers)), layers)}{suggestion}"
        paths = tuple(layer.path for layer in layers)
        numbers = SignalNumbers.of(factors)
        yield Violation(f"{call}: {effect}", location, Severity.WARNING, related, fix, paths, numbers=numbers)


def _scaling(model: ModelGraph, group: list[Link]) -> str | None:
    """The scaling in place that makes the weights small, and the init before it; None if the init does."""
    layer, write = model.by_path[group[0].layer.path], group[0].write
    scaling = None if write is None else scaling_of(layer, write)
    if scaling is None:
        return None
    before = [each for each in layer.writes if each.parameter == "weight" and not each.reads_old_value]
    init = f"`{short_name(before[-1].initializer)}`" if before else "PyTorch's default init"
    return f"`{short_name(scaling.initializer)}` after {init}"


def _cause(group: list[Link]) -> str:
    """The argument that makes the weights small, as ` with a gain of 0.01`; empty if it differs between layers."""
    for argument, text in (("gain", "a gain"), ("std", "a standard deviation")):
        values = {as_number(link.write.arguments.get(argument)) for link in group if link.write is not None}
        value = values.pop()
        if not values and value is not None:
            return f" with {text} of {format_number(value)}"
    return ""


def _vanishes(model: ModelGraph, link: Link) -> bool:
    if link.factors.at_equal_fans or link.factors.weight is None or link.factors.weight >= _VANISHED:
        return False
    if not scale_is_visible(model, link.layer) or _factor(link) >= _VANISHED:
        return False
    sizes = fans_in_use(link.layer)
    return sizes is not None and sizes.signal_fan_in is not None and sizes.signal_fan_in >= _FEWEST_INPUTS


def _factor(link: Link) -> float:
    """The mean square of the output, divided by that of the input, the bias counted even if it sets the output."""
    return link.after / link.before if link.before > 0 else 1.0


def _is_made_up_for(model: ModelGraph, link: Link, by_path: dict[str, Link]) -> bool:
    """Whether a layer that reads the output is zero, makes a gate of it, or scales it up again."""
    paths = [link.following.layer, *(next_layer.layer for next_layer in link.following.onward)]
    next_layers = [model.by_path[path] for path in paths if path is not None and path in model.by_path]
    if any(_is_constant(layer) or _is_multiplied(layer) for layer in next_layers):
        return True
    return any(
        layer.path in by_path and (by_path[layer.path].factors.weight or 0.0) > _SCALED_UP for layer in next_layers
    )


def _is_multiplied(layer: Layer) -> bool:
    """Whether the layer's output is multiplied into another tensor, by itself or after a sigmoid: a gate."""
    paths = [path for user in layer.followed_by for path in (user.between, *(onward.between for onward in user.onward))]
    return any(step in ("mul", "scale") for path in paths for step in path)


def _is_constant(layer: Layer) -> bool:
    write = layer.effective_write()
    return write is not None and constant(write) is not None


def _recommended(initializer: str, following: Consumer) -> RecommendedCall | None:
    """The call for the activation; none if the next layer follows directly."""
    if following.op not in ACTIVATIONS:
        return None
    return replacement(initializer, following) or start(initializer, following)
