"""Gain of a norm drawn around zero

## What it does

Reports a norm of torch (`BatchNorm2d`, `LayerNorm`, `GroupNorm`, ...) whose gain, its `weight`, is

- warning: drawn around 0, as by `normal_(m.weight, 0, 0.02)` in a branch for `(nn.Linear, nn.BatchNorm2d)`
- error: zero, if its shift is zero too and ReLU, or another activation with slope zero at zero, follows directly

It is silent for a mean other than 0, as in DCGAN, for the last norm of a residual branch, where the output is
multiplied by another value (a modulation as in adaLN), for gains that are used as `1 + w`, and wherever it is not
certain. A class that ends in a norm is silent where another one uses it as such a branch. A norm whose output starts a
residual stream, as in `x = norm(x); x = x + branch(x)`, is no part of a branch: it is reported. A standard deviation
that is not known counts if the same call also draws weight matrices.

## Why is this bad?

A norm brings its input to variance 1 and multiplies it by the gain. Gains from N(0, 0.02) keep 0.02^2 = 0.0004 of the
signal, and half of them flip its sign. In a released EfficientNet with 49 such BatchNorms the output has a standard
deviation of 8.9e-31. PyTorch's default is 1.

With gain and shift at zero, the ReLU only sees zeros. Its slope there is 0, so neither the gain, nor the shift, nor any
layer before the norm ever gets a gradient other than 0.

## Bad

```python
import torch.nn as nn


class Encoder(nn.Module):
    def __init__(self, dim=64):
        super().__init__()
        self.fc1 = nn.Linear(dim, dim)
        self.norm = nn.LayerNorm(dim)
        self.fc2 = nn.Linear(dim, dim)
        nn.init.normal_(self.norm.weight, mean=0.0, std=0.02)

    def forward(self, x):
        return self.fc2(self.norm(x + self.fc1(x)))
```

## Good

```python
import torch.nn as nn


class Encoder(nn.Module):
    def __init__(self, dim=64):
        super().__init__()
        self.fc1 = nn.Linear(dim, dim)
        self.norm = nn.LayerNorm(dim)
        self.fc2 = nn.Linear(dim, dim)
        nn.init.ones_(self.norm.weight)

    def forward(self, x):
        return self.fc2(self.norm(x + self.fc1(x)))
```

## Fix safety

A call that only initializes gains of norms is replaced by `ones_`, PyTorch's default: safe. If the call also
initializes matrices, a line that sets the one-dimensional weights to 1 is added after it; this is unsafe, because it
reaches every norm that the call reaches. No fix is offered if the call also initializes biases.

## References

- Ioffe and Szegedy, [Batch Normalization](https://arxiv.org/abs/1502.03167)
- Goyal et al., [Accurate, Large Minibatch SGD](https://arxiv.org/abs/1706.02677), section 5.1, for the zero gain in the
  last norm of a residual block
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from initlint.analysis.constant_weights import dead_activation
from initlint.analysis.layer_activation import MATRICES, argument, as_number, call_at, constant, initializer_family
from initlint.analysis.messages import (
    activation_class_name,
    conjunction,
    display_name,
    format_number,
    layer_names,
    related_locations,
    short_name,
)
from initlint.analysis.norms import NORM_TYPES, is_whole_signal
from initlint.diagnostics import Applicability, Fix, Severity, SignalNumbers
from initlint.facts.initializer_formulas import moment
from initlint.graph.model import Consumer, InitCall, Layer, ModelGraph, Write
from initlint.graph.words import UNDETERMINED, Arguments
from initlint.project.source import Location, SourceLocation, functions_around
from initlint.rewrite.requests import AppendStatement, ReplaceCall
from initlint.rules._registry import Violation, rule

_LARGEST_MOMENT = 0.1
"""Of the gain's square: a tenth of the signal passes."""

_ACTIVATION = re.compile(r"(?:^|_)(?:act|activation|nonlin|nonlinearity)(?:_|$|\d)", re.IGNORECASE)


@rule(
    "INI204",
    "norm-gain-near-zero",
    severities=(Severity.ERROR, Severity.WARNING),
    fixable=True,
    silent_if_residual=True,
)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call that draws gains of norms around zero, or zeroes gains before a ReLU."""
    for location, served in model.by_call.items():
        call = call_at(model, location)
        drawn = [layer for layer, write in served if _is_drawn_around_zero(call, write) and _is_harmful(layer)]
        dead = [(layer, activation) for layer, _ in served if (activation := _dead_after(layer)) is not None]
        if drawn:
            message = f"`{short_name(served[0][1].initializer)}` {_effect(served[0][1])}".format(layer_names(drawn))
            related = related_locations((layer, None) for layer in drawn)
            paths = tuple(layer.path for layer in drawn)
            numbers = _numbers(served[0][1])
            yield Violation(message, location, Severity.WARNING, related, _fix(location, call), paths, (), numbers)
        elif dead:
            layers = [layer for layer, _ in dead]
            activations = conjunction(activation_class_name(activation.op) for _, activation in dead)
            message = (
                f"`{short_name(served[0][1].initializer)}` zeroes the gain of {layer_names(layers)}, whose shift is "
                f"zero too, before {activations}: its slope at zero is 0, so every gradient through it is 0 forever"
            )
            paths = tuple(layer.path for layer in layers)
            yield Violation(message, location, Severity.ERROR, related_locations(dead), _fix(location, call), paths)
    yield from _calls_without_layers(model)


def _calls_without_layers(model: ModelGraph) -> Iterator[Violation]:
    """Violations for init functions that no model in the file uses."""
    reached = {write.location for layer in model.layers for write in layer.writes}
    for call in model.calls:
        types = [target.layer for target in call.targets if target.parameter == "weight" and target.layer is not None]
        norms = [type for type in types if type in NORM_TYPES]
        if call.location in reached or not norms or len(types) != len(call.targets):
            continue
        if all(type in MATRICES or type in NORM_TYPES for type in types) and _is_around_zero(call, call.arguments):
            if any(_sets_gains_after(call, later) for later in model.calls):
                continue
            name = f"a {norms[0]}"
            message = f"`{display_name(call)}` {_effect(call)}".format(name)
            fix = _fix(call.location, call)
            yield Violation(message, call.location, Severity.WARNING, fix=fix, numbers=_numbers(call))


def _sets_gains_after(call: InitCall, later: InitCall) -> bool:
    """Whether `later` is further down in the same function, and gives the gains of a norm other values."""
    if _is_around_zero(later, later.arguments) or not any(target.layer in NORM_TYPES for target in later.targets):
        return False
    functions = functions_around(call.location)
    is_later = later.location.span.row > call.location.span.row
    return bool(functions) and is_later and functions_around(later.location)[-1:] == functions[-1:]


def _effect(drawing: Write | InitCall) -> str:
    """What the draw does to the signal; `{}` is the place of the layers."""
    kept = moment(drawing.initializer, drawing.arguments, None, None)
    share = "the square of `std`" if kept is None else format_number(kept)
    return (
        f"draws the gain of {{}} around 0: the norm passes on {share} of the signal's mean square, not 1; use `ones_`"
    )


def _numbers(drawing: Write | InitCall) -> SignalNumbers:
    kept = moment(drawing.initializer, drawing.arguments, None, None)
    return SignalNumbers.of(() if kept is None else (kept,))


def _is_drawn_around_zero(call: InitCall | None, write: Write) -> bool:
    return write.parameter == "weight" and _is_around_zero(call, write.arguments, write.initializer)


def _is_around_zero(call: InitCall | None, arguments: Arguments, initializer: str | None = None) -> bool:
    """Whether the entries are random, with mean 0 and a small deviation."""
    name = initializer if initializer is not None or call is None else call.initializer
    if name is None or initializer_family(name) not in ("normal", "trunc_normal", "uniform"):
        return False
    bounds = [as_number(argument(name, arguments, bound)) for bound in _center(name)]
    if any(bound is None for bound in bounds) or sum(bound or 0.0 for bound in bounds) != 0.0:
        return False
    kept = moment(name, arguments, None, None)
    if kept is not None:
        return 0.0 < kept <= _LARGEST_MOMENT
    draws_matrices = call is not None and any(target.layer in MATRICES for target in call.targets)
    return arguments.get("std") is UNDETERMINED and draws_matrices


def _center(initializer: str) -> tuple[str, ...]:
    """The arguments whose sum is zero for a distribution around 0."""
    return ("a", "b") if initializer_family(initializer) == "uniform" else ("mean",)


def _is_trainable_norm(layer: Layer) -> bool:
    certain = layer.called and layer.last_write_is_certain()
    return layer.type in NORM_TYPES and certain and not layer.frozen and not layer.parametrized


def _is_harmful(layer: Layer) -> bool:
    """Whether the output of a norm certainly is the signal of what follows, on all paths."""
    followed_by = layer.followed_by
    if not followed_by or not _is_trainable_norm(layer):
        return False
    if any(consumer.op == "unknown" and not _is_named_activation(consumer) for consumer in followed_by):
        return False
    return is_whole_signal(layer)


def _is_named_activation(consumer: Consumer) -> bool:
    """Whether an unknown function is called by a name such as `self.act`: any activation keeps a small signal small."""
    node = consumer.location.node if isinstance(consumer.location, SourceLocation) else None
    name = ast.unparse(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""
    return _ACTIVATION.search(name) is not None


def _dead_after(layer: Layer) -> Consumer | None:
    """The activation that blocks all gradients of a norm whose gain and shift are zero."""
    write = layer.effective_write()
    if write is None or not _is_trainable_norm(layer) or constant(write) != 0.0 or not _has_zero_shift(layer):
        return None
    activation = dead_activation(layer)
    return activation if activation is not None and not activation.between else None


def _has_zero_shift(layer: Layer) -> bool:
    shift = layer.effective_write("bias")
    return layer.last_write_is_certain("bias") and (shift is None or constant(shift) == 0.0)


def _fix(location: Location, call: InitCall | None) -> Fix | None:
    if call is None or any(target.kind != "parameter" or target.parameter != "weight" for target in call.targets):
        return None
    if all(target.layer in NORM_TYPES for target in call.targets):
        return Fix("Use `ones_`", ReplaceCall(location.span, "ones_"), Applicability.SAFE)
    if any(target.layer not in MATRICES and target.layer not in NORM_TYPES for target in call.targets):
        return None
    request = AppendStatement(location.span, "if {tensor}.dim() == 1: {tensor}.data.fill_(1.0)")
    return Fix("Set the gains to 1 after the call", request, Applicability.UNSAFE)
