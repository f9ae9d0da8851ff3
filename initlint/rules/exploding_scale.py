"""Init that scales the signal by 10x or more in one layer

## What it does

Reports an init call that multiplies the signal's mean square by more than 10 in one hidden layer of known size: fixed
standard deviations and bounds that are too large for its number of inputs, large gains.

It is silent if a norm follows, also behind further linear layers and ReLUs, in residual branches, for output layers and
embeddings, before bounded activations, if the sizes are unknown, for Kaiming and Xavier in a layer with fewer outputs
than inputs, where they may preserve the gradient instead, and for the calls that `normal-default-std` and
`one-sided-uniform` report.

## Why is this bad?

The factors of consecutive layers multiply: with 25 per layer, four layers turn a standard deviation of 1 into 625. The
gradients grow with it, and the first steps are too large or result in `nan`. A norm behind the layer removes the
factor, and the gradients do not grow.

## Bad

```python
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(256, 256)
        self.fc2 = nn.Linear(256, 10)
        nn.init.normal_(self.fc1.weight, 0, 0.5)

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

The call is replaced by the documented one for the activation that follows, of the same distribution. It is unsafe: it
replaces a scale that may have been chosen. No fix is offered if the layers need different calls, or if no activation
follows.

The fix does not always lower the training loss. With SGD and two ReLU layers of 64 units it is higher after 200 steps,
0.929 against 0.288. With four layers the loss was `nan`
before, and with Adam it is lower after the fix (`python benchmarks/training_after_fix.py`).

## References

- He et al., [Delving Deep into Rectifiers](https://arxiv.org/abs/1502.01852), section 2.2
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from initlint.analysis.after_fix import left_after_fix
from initlint.analysis.chain_products import Link, chains_of, largest, links, signal_factor, signal_numbers
from initlint.analysis.fix_offers import make_fix
from initlint.analysis.layer_activation import RELU_FAMILIES, LayerActivation, initializer_family, pair
from initlint.analysis.messages import related_locations
from initlint.analysis.norms import reaches_norm
from initlint.analysis.recommended_init import agreed
from initlint.analysis.weight_draws import one_sided
from initlint.diagnostics import Severity
from initlint.facts.activation_curves import BOUNDED
from initlint.facts.initializer_formulas import scale
from initlint.graph.model import ModelGraph
from initlint.project.source import Location
from initlint.rules._registry import Violation, rule

_LARGEST_FACTOR = 10.0
_BY_FANS = ("xavier", "kaiming", "lecun", "orthogonal")
_UNBOUNDED = (*RELU_FAMILIES, "selu", "elu")


@rule("INI404", "exploding-scale", severities=(Severity.WARNING,), fixable=True, silent_if_residual=True)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call that sets hidden layers whose factor is above 10."""
    exploding: dict[Location, list[Link]] = {}
    for link in links(model):
        if link.write is not None and _explodes(link) and not reaches_norm(model, link.layer):
            exploding.setdefault(link.write.location, []).append(link)
    all_pairs = [layer_activation for group in exploding.values() for layer_activation in _pairs(group)]
    chain_of = chains_of(model, {link.layer.path for group in exploding.values() for link in group})
    for location, group in exploding.items():
        chain = largest(chain_of[link.layer.path] for link in group)
        related = related_locations((link.layer, link.following) for link in group)
        group_pairs = _pairs(group)
        recommended = agreed(group_pairs) if len(group_pairs) == len(group) else None
        advice = f"; use `{recommended}`{left_after_fix(model, all_pairs, chain)}" if recommended is not None else ""
        message = f"{signal_factor(group)}{chain.left_after([link.layer for link in group])}{advice}"
        fix = make_fix(model, location, [link.layer for link in group], recommended, unsafe=True)
        paths = tuple(link.layer.path for link in group)
        yield Violation(
            message, location, Severity.WARNING, related, fix, paths, chain.steps(), signal_numbers(group, chain)
        )


def _pairs(group: Iterable[Link]) -> list[LayerActivation]:
    return [layer_activation for link in group if (layer_activation := pair(link.layer)) is not None]


def _explodes(link: Link) -> bool:
    factor = link.factors.signal
    if (
        factor is None
        or factor <= _LARGEST_FACTOR
        or not link.is_followed_by(_UNBOUNDED)
        or link.following.op in BOUNDED
    ):
        return False
    if initializer_family(link.initializer) in _BY_FANS:
        # With fewer outputs than inputs, the mode alone may do that: fan_out preserves the gradient instead.
        drawn = scale(link.initializer, link.arguments)
        return drawn is not None and drawn > _LARGEST_FACTOR
    has_default_std = initializer_family(link.initializer) in ("normal", "trunc_normal") and "std" not in link.arguments
    return not has_default_std and one_sided(link.initializer, link.arguments) is None
