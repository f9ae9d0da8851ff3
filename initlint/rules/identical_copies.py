"""Copies of one layer that start, or stay, equal

## What it does

Reports

- error: `[layer] * n` in a `ModuleList` or `Sequential`, `[layer for _ in range(n)]`, or `append(layer)` in a loop: one
  layer that is used n times
- error: deep copies on one input whose outputs have no user but one sum, mean or product, and modules that set one seed
  in their constructors (`torch.manual_seed(0)`)
- info: deep copies in series, among them the layers of `nn.TransformerEncoder` and `nn.TransformerDecoder` if their
  number is known

It is silent for a layer that is also registered by itself or that is shared by its name, by the option around it or by
the comment above it, for copies that a later init draws again, for frozen copies, for norms, for branches with dropout,
with other outputs or other inputs, and wherever it is not certain.

## Why is this bad?

`[nn.Linear(64, 64)] * 4` has 2 parameters in place of 8: the list holds the same object 4 times. Equal branches get
equal gradients, so they stay equal forever: a sum of 4 is one branch times 4.

Equal blocks in series get different gradients, but differ slowly. How slowly depends on the model: in an
`nn.TransformerEncoder` of 4 equal layers of width 64 that learns to reverse sequences, the weights of two layers were
correlated by 0.9994 to 0.9999 after 50 steps of Adam with learning rate 1e-4, and by 0.98 to 0.99 with 1e-3.

## Bad

```python
import torch.nn as nn


class Net(nn.Module):
    def __init__(self, dim=64):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(dim, dim)] * 4)

    def forward(self, x):
        for layer in self.layers:
            x = x + layer(x)
        return x
```

## Good

```python
import torch.nn as nn


class Net(nn.Module):
    def __init__(self, dim=64):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(dim, dim) for _ in range(4)])

    def forward(self, x):
        for layer in self.layers:
            x = x + layer(x)
        return x
```

## Fix safety

`[layer()] * n` becomes a comprehension. It is unsafe: checkpoints of the shared layer no longer fit, and sharing may be
meant. No fix is offered if the layer is not constructed in the list itself.

## References

- [torch.nn.TransformerEncoder](https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerEncoder.html): all
  layers in it are initialized with the same parameters
- Goodfellow et al., [Deep Learning](https://www.deeplearningbook.org/contents/optimization.html), section 8.4
"""

from __future__ import annotations

from collections.abc import Iterator

from initlint.analysis.messages import SHOWN
from initlint.diagnostics import Applicability, Fix, Severity
from initlint.graph.mistakes import IdenticalModules
from initlint.graph.model import ModelGraph
from initlint.rewrite.requests import RepeatConstruction
from initlint.rules._registry import Violation, rule


@rule(
    "INI205",
    "identical-copies",
    severities=(Severity.ERROR, Severity.INFO),
    fixable=True,
    whole_models=Severity.INFO,
    silent_if_loaded=False,
)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each list or copy that makes several equal modules."""
    for group in model.identical:
        if group.kind == "repeated":
            yield Violation(_repeated(group), group.location, Severity.ERROR, fix=_fix(group))
        elif group.kind == "parallel":
            message = (
                f"{_paths(group)} start equal, get the same input and only meet in one symmetric operation: their "
                "gradients are equal, and they stay equal forever; construct each anew"
            )
            yield Violation(message, group.location, Severity.ERROR)
        else:
            message = f"{_series(group)}, and training makes them differ only slowly; draw the weights of each again"
            yield Violation(message, group.location, Severity.INFO)


def _repeated(group: IdenticalModules) -> str:
    if group.count is None:
        effect = f"every `{group.type}` of `{group.paths[0]}` is the same module, with one set of parameters"
    else:
        total = group.parameters * group.count
        parameters = f"{group.parameters} parameter{'' if group.parameters == 1 else 's'} in place of {total}"
        effect = f"`{group.paths[0]}` holds one `{group.type}` {group.count} times: {parameters}"
    return f"{effect}; construct each in a comprehension"


def _series(group: IdenticalModules) -> str:
    if group.count is not None and len(group.paths) > 1:
        return f"{_paths(group)} are copies of one `{group.type}`: they start equal"
    number = "all layers" if group.count is None else f"all {group.count} layers"
    return f"{number} of `{group.paths[0]}` are copies of one: they start equal"


def _paths(group: IdenticalModules) -> str:
    shown = ", ".join(f"`{path}`" for path in group.paths[:SHOWN])
    return shown if len(group.paths) <= SHOWN else f"{shown} and {len(group.paths) - SHOWN} more"


def _fix(group: IdenticalModules) -> Fix | None:
    if not group.constructed:
        return None
    request = RepeatConstruction(group.location.span)
    return Fix("Construct each layer in a comprehension", request, Applicability.UNSAFE)
