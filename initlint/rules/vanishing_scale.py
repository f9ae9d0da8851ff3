"""Small fixed standard deviation in a chain of layers that loses the signal

## What it does

Reports init calls with a fixed standard deviation or bound (`normal_(w, 0, 0.01)`) on hidden layers in a row, if the
signal's second moment is multiplied by less than 0.001 from the first to the last of them.

It is silent where a norm stands between, in residual branches, and where the sizes are not known. The rule is off by
default: nets that are fine-tuned or that train with an adaptive optimizer mostly get over it.

## Why is this bad?

A standard deviation of 0.01 suits a layer of 20,000 inputs. With 256 inputs and a ReLU each layer multiplies the
signal's second moment by 0.013, and three of them by 2.1e-06: outputs are constant, and the gradients of the first
layers are as small. He et al. found that nets with more than eight such convolutions do not start to converge.

## Bad

```python
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(256, 256)
        self.fc2 = nn.Linear(256, 256)
        self.fc3 = nn.Linear(256, 10)
        nn.init.normal_(self.fc1.weight, 0, 0.01)
        nn.init.normal_(self.fc2.weight, 0, 0.01)

    def forward(self, x):
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))
```

## Good

```python
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(256, 256)
        self.fc2 = nn.Linear(256, 256)
        self.fc3 = nn.Linear(256, 10)
        nn.init.kaiming_normal_(self.fc1.weight, nonlinearity='relu')
        nn.init.kaiming_normal_(self.fc2.weight, nonlinearity='relu')

    def forward(self, x):
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))
```

## References

- He et al., [Delving Deep into Rectifiers](https://arxiv.org/abs/1502.01852), section 2.2
"""

from __future__ import annotations

from collections.abc import Iterator

from initlint.analysis.chains import Link, chains_of, links
from initlint.analysis.layer_activation import initializer_family
from initlint.analysis.messages import format_range, layer_names, related_locations, short_name
from initlint.diagnostics import Severity
from initlint.graph.model import Location, ModelGraph
from initlint.rules._registry import Violation, rule

_FIXED = ("normal", "trunc_normal", "uniform")
_LOST = 1e-3


@rule("INI405", "vanishing-scale", default=False)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call with a fixed scale in a chain that loses the signal."""
    found: dict[Location, list[Link]] = {}
    for link in links(model):
        if link.write is not None and initializer_family(link.initializer) in _FIXED and link.factors.signal < 1.0:
            found.setdefault(link.write.location, []).append(link)
    chain_of = chains_of(model, {link.layer.path for group in found.values() for link in group})
    for place, group in found.items():
        chain = min((chain_of[link.layer.path] for link in group), key=lambda c: c.product)
        if chain.product < _LOST and len(chain.links) > 1:
            name, layers = short_name(group[0].initializer), layer_names([link.layer for link in group])
            quiet = f"the signal's second moment by {format_range(link.factors.signal for link in group)}{chain}"
            each = "each multiplies" if len(group) > 1 else "multiplies"
            related = related_locations((link.layer, link.following) for link in group)
            told = f"`{name}` in {layers}: {each} {quiet}"
            yield Violation(told, place, Severity.WARNING, related, chain=chain.steps())
