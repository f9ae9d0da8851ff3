"""Init of an Embedding that overwrites its padding row

## What it does

Reports a random init of an `nn.Embedding` with `padding_idx` after which the padding row is not zero.

It is silent for a constant, if a part of the weight is written afterwards, as with `weight[padding_idx].zero_()`, and
if `padding_idx` or the last write is unknown.

## Why is this bad?

`nn.Embedding` zeroes that row when it is built, and its gradient is always 0: the values of an init stay there during
the whole training. Padding then adds the same noise to every sum, mean and attention that does not mask it, and inputs
that differ only in their padding give different results.

## Bad

```python
import torch.nn as nn


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(1000, 64, padding_idx=0)
        self.fc = nn.Linear(64, 10)
        nn.init.normal_(self.embed.weight, std=0.02)

    def forward(self, x):
        return self.fc(self.embed(x))
```

## Good

```python
import torch.nn as nn


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(1000, 64, padding_idx=0)
        self.fc = nn.Linear(64, 10)
        nn.init.normal_(self.embed.weight, std=0.02)
        self.embed.weight.data[0].zero_()

    def forward(self, x):
        return self.fc(self.embed(x))
```

## Fix safety

A line that zeroes the row is added after the call. It is unsafe: it changes a model whose padding row was initialized
on purpose, or that shares the weight with an output layer. No fix is offered if the call initializes other tensors too.

## References

- [torch.nn.Embedding](https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html)
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from initlint.analysis.layer_activation import as_number, call_at, constant, initializer_family
from initlint.analysis.messages import layer_names, related_locations, short_name
from initlint.diagnostics import Applicability, Fix, Severity
from initlint.graph.model import Layer, ModelGraph
from initlint.project.source import Location, SourceLocation
from initlint.rewrite.requests import AppendStatement
from initlint.rules._registry import Violation, rule


@rule("INI407", "padding-row-overwritten", severities=(Severity.WARNING,), fixable=True)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call after which padding rows of embeddings are not zero."""
    for location, served in model.by_call.items():
        overwritten = [layer for layer, _ in served if _has_overwritten_padding(layer)]
        if overwritten:
            name, layers = _call_in_source(location) or short_name(served[0][1].initializer), layer_names(overwritten)
            message = f"`{name}` overwrites the padding row of {layers}, which was zero and never gets a gradient"
            related = related_locations((layer, None) for layer in overwritten)
            yield Violation(message, location, Severity.WARNING, related, _fix(model, location, overwritten))


def _call_in_source(location: Location) -> str | None:
    """The name of the called function as it is written; None for an assignment."""
    node = location.node if isinstance(location, SourceLocation) else None
    function = node.func if isinstance(node, ast.Call) else None
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else None


def _has_overwritten_padding(layer: Layer) -> bool:
    write = layer.effective_write()
    if layer.type != "Embedding" or write is None or not layer.last_write_is_certain() or constant(write) is not None:
        return False
    if initializer_family(write.initializer) is None:
        return False  # pretrained vectors that are copied may have a row for padding
    return as_number(layer.arguments.get("padding_idx")) is not None


def _fix(model: ModelGraph, location: Location, overwritten: list[Layer]) -> Fix | None:
    """Zero the row after the call, if the call initializes nothing but these embeddings."""
    call = call_at(model, location)
    rows = {layer.arguments["padding_idx"] for layer in overwritten}
    if call is None or len(rows) > 1:
        return None
    if any(target.layer != "Embedding" for target in call.targets) or len(model.by_call[location]) > len(overwritten):
        return None
    request = AppendStatement(location.span, f"{{tensor}}.data[{rows.pop()}].zero_()")
    return Fix("Zero the padding row again", request, Applicability.UNSAFE)
