"""Deep chain of ReLU layers with PyTorch's default init

## What it does

Reports consecutive hidden layers that keep PyTorch's default init and are each followed by a ReLU or one of its
relatives, if less than 0.001 of the signal's mean square is left after the last of them: five layers or more of 256
units with ReLU. The default biases count: in narrower layers they alone keep more than that.

It is silent if a norm or a skip connection is in between, for shallow nets, and if the sizes are unknown. The rule is
off by default: most nets of that depth that are trained today have norms or skip connections.

## Why is this bad?

PyTorch initializes Linear and convolutions with `kaiming_uniform_(a=math.sqrt(5))`, a variance of 1 / (3 inputs): a
sixth of what ReLU needs. The weights of each layer multiply the mean square by 0.17: by 0.00077 over four layers and
by 1.7e-08 over ten. What is left, 0.00078 at 256 units, is the biases': the outputs hardly depend on the input, and the
gradients of the first layers are equally small.

## Bad

```python
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(256, 256),
            nn.ReLU(),
            nn.Linear(256, 256),
            nn.ReLU(),
            nn.Linear(256, 256),
            nn.ReLU(),
            nn.Linear(256, 256),
            nn.ReLU(),
            nn.Linear(256, 256),
            nn.ReLU(),
            nn.Linear(256, 10),
        )

    def forward(self, x):
        return self.net(x)
```

## Good

```python
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(256, 256),
            nn.ReLU(),
            nn.Linear(256, 256),
            nn.ReLU(),
            nn.Linear(256, 256),
            nn.ReLU(),
            nn.Linear(256, 256),
            nn.ReLU(),
            nn.Linear(256, 256),
            nn.ReLU(),
            nn.Linear(256, 10),
        )
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.kaiming_uniform_(module.weight, nonlinearity='relu')

    def forward(self, x):
        return self.net(x)
```

## Fix safety

A loop over the modules is added at the end of `__init__`. It is unsafe: it initializes every layer of those types,
including output layers. No fix is offered if another init writes to such a layer, if the layers need different calls,
or if they are built outside of the class.

## References

- [Why torch.nn.Linear has a=math.sqrt(5)](https://github.com/pytorch/pytorch/issues/57109)
- He et al., [Delving Deep into Rectifiers](https://arxiv.org/abs/1502.01852), section 2.2
"""

from __future__ import annotations

from collections.abc import Iterator

from initlint.analysis.chain_products import Link, all_chains
from initlint.analysis.layer_activation import RELU_FAMILIES
from initlint.analysis.layer_outputs import has_unknown_sizes
from initlint.analysis.messages import effect_on_signal, layer_names, related_locations, stated_factors
from initlint.analysis.recommended_init import agreed_start
from initlint.diagnostics import Applicability, Fix, Severity, SignalNumbers
from initlint.facts.activations import ACTIVATIONS
from initlint.graph.model import ModelGraph
from initlint.rewrite.requests import AppendLoop
from initlint.rules._registry import Violation, rule

_VANISHED = 1e-3


@rule("INI306", "default-init-in-relu-chain", severities=(Severity.WARNING,), default=False, fixable=True)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each chain, at its first layer with PyTorch's default init."""
    for whole in all_chains(model):
        defaults = [link for link in whole.links if link.write is None and _before_relu(link)]
        if not defaults:
            continue
        chain = whole.part_with({link.layer.path for link in defaults})
        # Without known sizes the part of the default biases is not known either.
        if chain.is_below(_VANISHED) and not any(has_unknown_sizes(link.layer) for link in chain.links):
            layers = [link.layer for link in defaults]
            message = (
                f"nothing initializes {layer_names(layers)}: with PyTorch's default init "
                f"{effect_on_signal([link.factors for link in defaults])}{chain.left_after(layers)}"
            )
            related = related_locations((link.layer, link.following) for link in defaults)
            fix = _fix(model, defaults)
            numbers = SignalNumbers.of(stated_factors(link.factors for link in defaults), product=chain.stated_product)
            paths = tuple(layer.path for layer in layers)
            location = layers[0].location
            yield Violation(message, location, Severity.WARNING, related, fix, paths, chain.steps(), numbers)


def _before_relu(link: Link) -> bool:
    return link.following.op != "layer" and ACTIVATIONS[link.following.op].family in RELU_FAMILIES


def _fix(model: ModelGraph, defaults: list[Link]) -> Fix | None:
    wanted = agreed_start(link.following for link in defaults)
    types = {link.layer.type for link in defaults}
    reached = [layer for layer in model.layers if layer.type in types]
    if wanted is None or any(layer.writes or layer.subclass or layer.owner != model.name for layer in reached):
        return None
    constructors = tuple(layer.location.span for layer in reached)
    request = AppendLoop(model.location.span, constructors, wanted.function, wanted.arguments)
    return Fix("Initialise them in a loop", request, Applicability.UNSAFE)
