"""Init that makes the signal ten times larger in one layer, and more

## What it does

Reports an init call that multiplies the signal's second moment by more than 10 in one hidden layer, at the sizes that
the layer really has: fixed standard deviations and bounds that are too large for its fan_in, large gains.

It is silent where a norm follows, in residual branches, for output layers and embeddings, before activations that are
bounded, where the sizes are not known, for Kaiming and Xavier in a layer that narrows, whose mode or mean of fans keeps
the gradient instead, and for the calls that `normal-default-std` and `one-sided-uniform` report.

## Why is this bad?

The factors of consecutive layers multiply: at 25 a layer, four layers turn a standard deviation of 1 into 625. The
gradients grow with it, and the first steps are too large or end in `nan`.

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
        nn.init.normal_(self.fc1.weight, 0, 0.1)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))
```

## References

- He et al., [Delving Deep into Rectifiers](https://arxiv.org/abs/1502.01852), section 2.2
"""

from __future__ import annotations

from collections.abc import Iterator

from initlint.analysis.chains import Link, chains_of, links
from initlint.analysis.layer_activation import RELU_FAMILIES, initializer_family
from initlint.analysis.messages import format_range, layer_names, related_locations, short_name
from initlint.analysis.weight_draws import one_sided
from initlint.diagnostics import Severity
from initlint.facts.initializer_formulas import scale
from initlint.graph.model import Location, ModelGraph
from initlint.rules._registry import Violation, rule

_TOO_MUCH = 10.0
_BY_FANS = ("xavier", "kaiming", "lecun", "orthogonal")
_UNBOUNDED = (*RELU_FAMILIES, "selu", "elu")


@rule("INI404", "exploding-scale")
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call that sets hidden layers whose factor is above 10."""
    found: dict[Location, list[Link]] = {}
    for link in links(model):
        if link.write is not None and _explodes(link):
            found.setdefault(link.write.location, []).append(link)
    chain_of = chains_of(model, {link.layer.path for group in found.values() for link in group})
    for place, group in found.items():
        chain = max((chain_of[link.layer.path] for link in group), key=lambda c: c.product)
        name, each = short_name(group[0].initializer), "each multiplies" if len(group) > 1 else "multiplies"
        told = f"`{name}` in {layer_names([link.layer for link in group])}"
        loud = f"{each} the signal's second moment by {format_range(link.factors.signal for link in group)}"
        related = related_locations((link.layer, link.following) for link in group)
        yield Violation(f"{told}: {loud}{chain}", place, Severity.WARNING, related, chain=chain.steps())


def _explodes(link: Link) -> bool:
    if link.factors.signal <= _TOO_MUCH or not link.is_followed_by(_UNBOUNDED):
        return False
    if initializer_family(link.initializer) in _BY_FANS:
        # In a layer that narrows, the mode alone may do that: fan_out keeps the gradient instead.
        drawn = scale(link.initializer, link.arguments)
        return drawn is not None and drawn > _TOO_MUCH
    left_to_default = initializer_family(link.initializer) == "normal" and "std" not in link.arguments
    return not left_to_default and one_sided(link.initializer, link.arguments) is None
