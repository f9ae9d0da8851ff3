"""All-zero weight of a hidden layer

## What it does

Reports a hidden layer whose whole weight starts at zero.

- error: its bias is zero as well and its activation has slope zero at zero (ReLU, ReLU6, the shrinks), also with a
  norm between
- warning: other hidden layers, and layers of a class without a `forward` to judge by

A zero is often right, and initlint is silent where the structure shows it: the last layer before a residual sum, a
gate, a modulation, the second factor of `B(A(x))` as in LoRA, an output head, the input of a sampling grid or of a
deformable convolution, a bias with a deliberate value, a helper named for it (`zero_module`). It is silent for
embeddings, for the gains of norms, and wherever it is not certain.

## Why is this bad?

The layer puts out the same for every input. Before a ReLU the gradient of its weight is the slope at zero times
what comes back, which is exactly 0: the layer and all that stand before it never learn. With another activation the
layers before it get no gradient in the first step, and all of the signal has to wait for the first updates.

## Bad

```python
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 64)
        self.fc2 = nn.Linear(64, 10)
        nn.init.zeros_(self.fc1.weight)
        nn.init.zeros_(self.fc1.bias)

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
        self.fc1 = nn.Linear(64, 64)
        self.fc2 = nn.Linear(64, 10)
        nn.init.kaiming_uniform_(self.fc1.weight, nonlinearity='relu')
        nn.init.zeros_(self.fc1.bias)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))
```

## Fix safety

The call becomes the documented one for the activation that follows, uniform as PyTorch's own default; safe where the
finding is an error, for nothing was learnt before, else unsafe.
None is offered where the call also fills biases or other parameters, and where its layers ask for different calls.

## References

- Goodfellow et al., [Deep Learning](https://www.deeplearningbook.org/contents/optimization.html), section 8.4
- Zhang et al., [Fixup](https://arxiv.org/abs/1901.09321), for where a zero is right
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from initlint.analysis.constant_weights import (
    bias_constant,
    dead_activation,
    has_no_forward,
    hidden_activation,
    is_deliberate_zero,
    zero_weight,
)
from initlint.analysis.fix_offers import make_fix, suggestion_if_different
from initlint.analysis.layer_activation import NORMS
from initlint.analysis.messages import activation_class_name, layer_names, related_locations, short_name
from initlint.analysis.recommended_init import agreed_start, start
from initlint.diagnostics import Severity
from initlint.graph.model import Consumer, Layer, ModelGraph, Write
from initlint.rules._registry import Violation, rule


class _Verdict(NamedTuple):
    severity: Severity
    reason: str
    """What follows from the zero, to end a message."""


@rule("INI201", "zero-weight-init", fixable=True)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call that zeroes weights which cannot or can hardly learn; the worst verdict speaks."""
    held = {path for group in model.stalled for path in group}
    for place, served in model.by_call.items():
        judged: dict[_Verdict, list[tuple[Layer, Consumer | None]]] = {}
        for layer, write in served:
            found = _judge(model, layer, write)
            # Of zeros that hold each other another rule speaks; a layer that is dead by itself is this one's.
            if found is not None and (layer.path not in held or found[0].severity is Severity.ERROR):
                judged.setdefault(found[0], []).append((layer, found[1]))
        if judged:
            verdict = max(judged, key=lambda v: v.severity)
            layers = layer_names([layer for layer, _ in judged[verdict]])
            message = f"`{short_name(served[0][1].initializer)}` zeroes the whole weight of {layers}: {verdict.reason}"
            message += suggestion_if_different(model, place, start)
            fix = make_fix(
                model,
                place,
                [layer for layer, _ in judged[verdict]],
                agreed_start(following for _, following in judged[verdict]),
                choose=start,
                unsafe=verdict.severity is not Severity.ERROR,
            )
            paths = tuple(layer.path for layer, _ in judged[verdict])
            yield Violation(message, place, verdict.severity, related_locations(judged[verdict]), fix, paths)


def _judge(model: ModelGraph, layer: Layer, write: Write) -> tuple[_Verdict, Consumer | None] | None:
    if zero_weight(layer) is None:
        return None
    dead = dead_activation(layer)
    if dead is not None and bias_constant(layer) == 0.0:
        over = "a norm and " if NORMS.intersection(dead.between) else ""
        bias = "no bias" if layer.arguments.get("bias", True) is False else "a zero bias"
        activation = activation_class_name(dead.op)
        reason = f"with {bias} and {over}{activation} behind it, whose slope at zero is zero, it never learns"
        return _Verdict(Severity.ERROR, reason), dead
    if is_deliberate_zero(layer, write) or layer.fed_by:
        return None
    if has_no_forward(model, layer):
        return _Verdict(Severity.WARNING, "its output is the same for every input, and no `forward` shows why"), None
    hidden = hidden_activation(layer)
    if hidden is None:
        return None
    if dead is not None:
        activation = activation_class_name(dead.op)
        reason = f"the units whose bias starts below zero never learn, for {activation} lets no gradient through"
        return _Verdict(Severity.WARNING, reason), dead
    reason = "its output starts the same for every input, and what stands before it gets no gradient at first"
    return _Verdict(Severity.WARNING, reason), hidden
