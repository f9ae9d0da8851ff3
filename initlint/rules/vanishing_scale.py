"""Small fixed standard deviation in a chain of layers whose signal vanishes

## What it does

Reports init calls with a fixed standard deviation or bound (`normal_(w, 0, 0.01)`) on consecutive hidden layers, if the
signal's mean square is multiplied by less than 0.001 from the first to the last of them.

It is silent if a norm is in between, in residual branches, and if the sizes are unknown. The rule is off by default:
nets that are fine-tuned or trained with an adaptive optimizer mostly recover.

## Why is this bad?

A standard deviation of 0.01 suits a layer of 20,000 inputs. With 256 inputs and a ReLU the weights of each layer
multiply the signal's mean square by 0.013, and three of them by 2.1e-06: what is left are the biases, outputs are
nearly constant, and the gradients of the first layers are equally small. He et al. found that nets with more than eight
such convolutions do not start to converge.

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

from initlint.analysis.chain_products import Link, chains_of, links, signal_factor, signal_numbers, smallest
from initlint.analysis.layer_activation import initializer_family
from initlint.analysis.messages import related_locations
from initlint.diagnostics import Severity
from initlint.graph.model import ModelGraph
from initlint.project.source import Location
from initlint.rules._registry import Violation, rule

_FIXED = ("normal", "trunc_normal", "uniform")
_VANISHED = 1e-3


@rule("INI405", "vanishing-scale", severities=(Severity.WARNING,), default=False, silent_if_residual=True)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call with a fixed scale in a chain whose signal vanishes."""
    shrinking: dict[Location, list[Link]] = {}
    for link in links(model):
        factor = link.factors.weight
        if link.write is not None and initializer_family(link.initializer) in _FIXED and factor and factor < 1.0:
            shrinking.setdefault(link.write.location, []).append(link)
    chain_of = chains_of(model, {link.layer.path for group in shrinking.values() for link in group})
    for location, group in shrinking.items():
        chain = smallest(chain_of[link.layer.path] for link in group)
        if chain.is_below(_VANISHED) and len(chain.links) > 1:
            related = related_locations((link.layer, link.following) for link in group)
            message = f"{signal_factor(group)}{chain.left_after([link.layer for link in group])}"
            paths = tuple(link.layer.path for link in group)
            yield Violation(
                message, location, Severity.WARNING, related, None, paths, chain.steps(), signal_numbers(group, chain)
            )
