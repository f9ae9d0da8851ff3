"""Init that overwrites pretrained weights which were loaded before

## What it does

Reports an init of the layers of a model after `load_state_dict`, or after a constructor with pretrained weights, filled
them: `resnet18(weights=...)`, `BertModel.from_pretrained(...)`.

It is silent if only some layers of a kind are initialized, or not the first layer of the model: these may be new
parts, or a head that is reset on purpose. Of a model of another library it also reports the init of a single layer that
others follow, such as `backbone.conv1`, unless the layer was replaced, the old weights were read before, the model was
used before, or a later stage is initialized as well. It is also silent if the init belongs to a function named `reset`,
`randomize` or `replace` (but for `reset_parameters` in a constructor), if both depend on the same option, and if either
may not run. A `load_state_dict` in the body of `if path is not None:` counts: the init after it runs for every path.

## Why is this bad?

The checkpoint has no effect, and nothing fails. Training starts from random weights: a pretrained `resnet18` classifies
69.8 % of ImageNet's images right, one with random weights 0.1 %. BatchNorm layers that are not initialized keep the
running statistics of the old weights. One random layer before trained ones is enough: with a new first layer, a small
network of four convolutions that had learned eight classes classified 12 % right, which is chance, in place of 99 %.

## Bad

```python
import torch.nn as nn
from torchvision.models import resnet18


class Detector(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = resnet18(weights="DEFAULT")
        self.head = nn.Conv2d(512, 9, 1)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
```

## Good

```python
import torch.nn as nn
from torchvision.models import resnet18


class Detector(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = resnet18(weights="DEFAULT")
        self.head = nn.Conv2d(512, 9, 1)
        for m in self.head.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
```

## References

- [torch.nn.Module.load_state_dict](https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html)
- [torchvision.models](https://docs.pytorch.org/vision/stable/models.html), for the accuracy of its weights
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import TypeGuard

from initlint.analysis.layer_activation import is_matrix
from initlint.analysis.messages import conjunction, layer_names, line_of, related_locations, short_name
from initlint.diagnostics import Severity
from initlint.facts.initializer_formulas import INITIALIZERS
from initlint.graph.model import CheckpointLoad, Layer, ModelGraph, Write
from initlint.project.source import Location, SourceLocation
from initlint.rules._registry import Violation, rule

_ON_PURPOSE = re.compile(r"reset|replace|re_?init|scratch|randomi[sz]e", re.IGNORECASE)
"""Names of functions that give up loaded weights."""

_RESETS_PARAMETERS = re.compile(r"_?reset_param(?:eter)?s")
"""torch's name for the first init, if a constructor calls it."""

_CONSTANTS = frozenset(f"torch.nn.init.{name}_" for name in ("zeros", "ones", "constant"))
"""The initializers of norms and gates too, which a layer of unknown type may be."""


@rule("INI113", "init-after-load", severities=(Severity.WARNING,), needs_context=False)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each load whose weights an init overwrites."""
    for load, layers in _overwritten_loads(model):
        write = layers[0].load.overwritten_by if layers[0].load is not None else None
        if write is not None:
            target = f"into {layer_names(layers)}"
            yield _violation(load, write, f"loads {target}", related_locations((layer, None) for layer in layers))
    lost = [load for load in model.pretrained if _is_lost(load) and not _precedes(model, load)]
    whole = {load.location: load for load in reversed(lost) if not load.part}
    parts: dict[Location, list[CheckpointLoad]] = defaultdict(list)
    for load in lost:
        write = load.overwritten_by
        assert write is not None
        if whole.get(load.location) is load:
            yield _violation(load, write, "comes with")
        elif load.part and load.location not in whole and write.initializer not in _CONSTANTS:
            parts[write.location].append(load)
    yield from map(_violation_of_parts, parts.values())


def _overwritten_loads(model: ModelGraph) -> Iterator[tuple[CheckpointLoad, list[Layer]]]:
    """The loads into layers of the model that are lost, with the layers that lose them."""
    by_load: dict[Location, list[Layer]] = defaultdict(list)
    for layer in model.layers:
        if layer.load is not None and is_matrix(layer) and layer.type != "Parameter":
            by_load[layer.load.location].append(layer)
    for filled in by_load.values():
        overwritten = [layer for layer in filled if _is_lost(layer.load) and not _precedes(model, layer.load)]
        types = {layer.type for layer in overwritten}
        if filled[0] not in overwritten or len(overwritten) < min(2, len(filled)):
            continue
        if all(layer in overwritten for layer in filled if layer.type in types) and filled[0].load is not None:
            yield filled[0].load, overwritten


def _is_lost(load: CheckpointLoad | None) -> TypeGuard[CheckpointLoad]:
    write = None if load is None else load.overwritten_by
    if write is None or not write.certain or write.initializer not in INITIALIZERS:
        return False
    is_constructed = "__init__" in write.helpers
    return not any(
        _ON_PURPOSE.search(function) and not (is_constructed and _RESETS_PARAMETERS.fullmatch(function))
        for function in write.helpers
    )


def _precedes(model: ModelGraph, load: CheckpointLoad | None) -> bool:
    """Whether a constructor loads, and the init is in a method that nothing calls, which may run never or first.

    Such a method is run as the entry point of a model of its own, whose name contains it: `Net.init_weights`.
    """
    entry = model.location
    if "." not in model.name or load is None or not isinstance(entry, SourceLocation):
        return False
    place = load.location
    is_inside = isinstance(place, SourceLocation) and any(node is place.node for node in ast.walk(entry.node))
    return not is_inside and (load.overwritten_by is None or "__init__" not in load.overwritten_by.helpers)


def _violation_of_parts(loads: list[CheckpointLoad]) -> Violation:
    """For the loads of layers, not the last ones, that one call overwrites."""
    load, write = loads[0], loads[0].overwritten_by
    assert write is not None
    names = conjunction(f"`{part}`" for part in dict.fromkeys(load.part for load in loads))
    message = (
        f"`{short_name(write.initializer)}` overwrites the pretrained weights of {names}, with which `{load.source}` in"
        f" {line_of(load.location, write.location)} comes: the layers after it were trained on its outputs, and get"
        " random ones; initialize only new layers"
    )
    return Violation(message, write.location, Severity.WARNING, ((load.location, "this loads the weights"),))


def _violation(
    load: CheckpointLoad, write: Write, action: str, related: tuple[tuple[Location, str], ...] = ()
) -> Violation:
    loader = f"`{load.source}` in {line_of(load.location, write.location)}"
    advice = "initialize before the load, or only the new layers"
    if action == "comes with":
        advice = "initialize only the new layers"
    message = (
        f"`{short_name(write.initializer)}` overwrites the weights that {loader} {action}: training starts from random"
        f" weights; {advice}"
    )
    places = [(load.location, "this loads the weights")]
    if write.visit is not None:
        places.append((write.visit.location, "this applies the init"))
    return Violation(message, write.location, Severity.WARNING, (*places, *related))
