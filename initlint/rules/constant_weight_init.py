"""One constant in the whole weight of a hidden layer

## What it does

Reports `ones_`, `constant_(w, c)`, `fill_` and similar calls on the weight of a hidden layer.

- error: its bias and the next layer's weight are constant too
- warning: other hidden layers, and layers of a class without a `forward`; recurrent cells (`LSTM`, `GRU`, ...) whose
  two matrices are one constant each, zero included

It is silent for norms, for a single linear map, for convolutions with groups (averaging), for fixed kernels
(`requires_grad=False`), for writes to slices, in a class with a method that copies the weights of another model, and
wherever it is not certain. INI201 reports zeros.

## Why is this bad?

All units of the layer start as copies of one: a layer of 64 units begins as a layer of one. Only different gradients
from the next layer can make them differ. If that layer is constant too, all units get the same gradient and stay
identical, however long the training.

## Bad

```python
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 64)
        self.fc2 = nn.Linear(64, 10)
        nn.init.ones_(self.fc1.weight)

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

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))
```

## Fix safety

The call is replaced by the documented one for the activation that follows, uniform like PyTorch's own default. It is
safe if the finding is an error, else unsafe. No fix is offered if the call also initializes biases or other parameters,
or if its layers need different calls.

## References

- Goodfellow et al., [Deep Learning](https://www.deeplearningbook.org/contents/optimization.html), section 8.4
"""

from __future__ import annotations

from collections.abc import Iterator

from initlint.analysis.constant_weights import bias_constant, constant_weight, has_no_forward, hidden_activation
from initlint.analysis.fix_offers import make_fix, suggestion_if_different
from initlint.analysis.layer_activation import as_number, constant
from initlint.analysis.messages import layer_names, related_locations, short_name
from initlint.analysis.placeholders import is_placeholder
from initlint.analysis.recommended_init import agreed_start, start
from initlint.analysis.stacked_weights import constant_cells
from initlint.diagnostics import Severity
from initlint.graph.model import Consumer, Layer, ModelGraph, Write
from initlint.project.source import Location
from initlint.rules._registry import Violation, rule

_REASONS = {
    Severity.ERROR: "the next layer is constant too, so its units stay identical forever",
    Severity.WARNING: "all its units start as copies of one",
}


@rule("INI203", "constant-weight-init", severities=(Severity.ERROR, Severity.WARNING), fixable=True)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call that sets weights of hidden layers to one number, with the highest severity."""
    for location, served in model.by_call.items():
        suspects: dict[Severity, list[tuple[Layer, Consumer | None]]] = {}
        for layer, write in served:
            if _is_suspect(layer, write):
                following = hidden_activation(layer)
                if following is not None:
                    suspects.setdefault(_severity(model, layer), []).append((layer, following))
                elif has_no_forward(model, layer):
                    suspects.setdefault(Severity.WARNING, []).append((layer, None))
        if suspects:
            severity = max(suspects)
            layers = [layer for layer, _ in suspects[severity]]
            effect = f"`{short_name(served[0][1].initializer)}` makes the weight of {layer_names(layers)} one constant"
            fix = make_fix(
                model,
                location,
                layers,
                agreed_start(following for _, following in suspects[severity]),
                recommend=start,
                unsafe=severity is not Severity.ERROR,
            )
            advice = suggestion_if_different(model, location, start)
            if fix is None and not advice:
                advice = "; draw it at random"
            message = f"{effect}: {_REASONS[severity]}{advice}"
            paths = tuple(layer.path for layer in layers)
            yield Violation(message, location, severity, related_locations(suspects[severity]), fix, paths)
    yield from _recurrent(model)


def _recurrent(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call that sets all matrices of recurrent cells to constants."""
    cells: dict[Location, dict[str, tuple[Layer, Severity]]] = {}
    for layer in model.layers:
        if layer.called and not layer.frozen and as_number(layer.arguments.get("hidden_size")) != 1:
            for write, bias in constant_cells(layer):
                constant_next = bias is not None and _has_constant_consumers(model, layer)
                severity = Severity.ERROR if constant_next else Severity.WARNING
                cells.setdefault(write.location, {})[layer.path] = layer, severity
    for location, by_path in cells.items():
        severity = max(severity for _, severity in by_path.values())
        layers = [layer for layer, own_severity in by_path.values() if own_severity is severity]
        message = (
            f"the recurrent weights of {layer_names(layers)} are one constant: {_REASONS[severity]}; use `orthogonal_`"
        )
        related = related_locations((layer, None) for layer in layers)
        yield Violation(message, location, severity, related, layers=tuple(layer.path for layer in layers))


def _has_constant_consumers(model: ModelGraph, layer: Layer) -> bool:
    """Whether all that reads the output are layers whose weight is one constant."""
    consumers = [model.by_path.get(f.layer or "") if f.certain else None for f in layer.followed_by]
    return bool(consumers) and all(other is not None and constant_weight(other) is not None for other in consumers)


def _is_suspect(layer: Layer, write: Write) -> bool:
    """Whether the layer has several units with the same inputs and the same constant."""
    if constant_weight(layer) is None or constant(write) == 0.0 or is_placeholder(write):
        return False
    units = as_number(layer.arguments.get("out_features", layer.arguments.get("out_channels")))
    return units != 1 and as_number(layer.arguments.get("groups", 1)) == 1


def _severity(model: ModelGraph, layer: Layer) -> Severity:
    """Error if the units also get equal gradients: the bias and all weights of the next layers are constant."""
    next_layers = [model.by_path.get(r.layer or "") for f in layer.followed_by for r in f.onward]
    constant_next = all(other is not None and constant_weight(other) is not None for other in next_layers)
    return Severity.ERROR if constant_next and bias_constant(layer) is not None else Severity.WARNING
