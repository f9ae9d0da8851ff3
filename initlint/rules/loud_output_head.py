"""Output head whose logits start too large

## What it does

Reports a head after a norm whose weight has a standard deviation near 1 or above:

- a `Linear` tied to an `Embedding` that keeps PyTorch's N(0, 1), also as `F.linear(x, embed.weight)`
- a `Linear` with an init of that scale, as `normal_(head.weight, std=1.0)`

Logits are what the model returns, and what goes to a softmax, to a loss, or to `Categorical(logits=...)`.

The norm may be a module, a function as `F.rms_norm`, or written out, as in `x * rsqrt(x.pow(2).mean(-1) + eps)`, with a
gain that starts at 1.

It is silent if the logits or the hidden state are scaled, also under an option (T5), if no norm comes directly before
the head, if the tied weight has an explicit smaller init, if an option without a known default ties it, and wherever
it is not certain.

## Why is this bad?

After a norm, each of the `dim` inputs has variance 1, so the logits have a standard deviation of sqrt(dim). With
dim = 256 that is 16: the first loss of a language model with 1000 tokens is 54. A uniform guess has ln 1000 = 6.9.
The first updates only shrink the weight again.

## Bad

```python
import torch.nn as nn


class LanguageModel(nn.Module):
    def __init__(self, vocab=1000, dim=256):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.rnn = nn.GRU(dim, dim, batch_first=True)
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, vocab, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, ids):
        return self.head(self.norm(self.rnn(self.embed(ids))[0]))
```

## Good

```python
import torch.nn as nn


class LanguageModel(nn.Module):
    def __init__(self, vocab=1000, dim=256):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.rnn = nn.GRU(dim, dim, batch_first=True)
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, vocab, bias=False)
        self.head.weight = self.embed.weight
        nn.init.normal_(self.embed.weight, std=0.02)

    def forward(self, ids):
        return self.head(self.norm(self.rnn(self.embed(ids))[0]))
```

## References

- Press and Wolf, [Using the Output Embedding to Improve Language Models](https://arxiv.org/abs/1608.05859)
- Radford et al., [GPT-2](https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf),
  whose tied weight has a standard deviation of 0.02
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from initlint.analysis.layer_activation import constant, effective_init
from initlint.analysis.messages import format_number, name, short_name
from initlint.analysis.normed_inputs import has_unit_gain, has_unit_input
from initlint.analysis.norms import NORM_TYPES, NORMS
from initlint.diagnostics import Severity
from initlint.facts.initializer_formulas import moment
from initlint.facts.signatures import size
from initlint.graph.model import Consumer, Layer, ModelGraph
from initlint.project.source import Location
from initlint.rules._registry import Violation, rule

_OUTPUTS = ("output", "softmax", "log_softmax", "loss")
_KEEPS_SCALE = frozenset({"pool", "chunk", "shift"})
_LEAST_MOMENT = 0.25
"""Of the weights: below, the logits of usual widths are moderate."""

_LEAST_INPUTS = 16


@rule("INI408", "loud-output-head", severities=(Severity.WARNING,), whole_models=Severity.WARNING)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each head whose logits start with a standard deviation of about sqrt(dim)."""
    for head in model.layers:
        source = _weight_source(model, head)
        kept = None if source is None else _weight_moment(source)
        if source is None or kept is None or kept < _LEAST_MOMENT or not _ends(head):
            continue
        inputs = size(head.arguments.get("in_features", head.arguments.get("embedding_dim")))
        if _is_behind_norm(model, head) and (inputs is None or inputs >= _LEAST_INPUTS):
            write = source.effective_write()
            location = source.location if write is None else write.location
            related = _related(head, source, location)
            yield Violation(
                _message(head, source, inputs, kept), location, Severity.WARNING, related, None, (head.path,)
            )


def _weight_source(model: ModelGraph, head: Layer) -> Layer | None:
    """The layer whose init is that of the head: an embedding that is its weight, or a `Linear` with its own."""
    if head.tied is not None:
        source = model.by_path.get(head.tied)
        return source if source is not None and source.type == "Embedding" and head.type == "Linear" else None
    return head if head.type in ("Linear", "Embedding") else None


def _weight_moment(layer: Layer) -> float | None:
    """E[w^2] of a trainable weight whose init is certain; None if it is constant or unknown."""
    if layer.frozen or layer.parametrized or not layer.last_write_is_certain():
        return None
    write = layer.effective_write()
    if write is None:
        if layer.type != "Embedding" or any(layer.arguments.get(name) is not None for name in ("_weight", "max_norm")):
            return None
        return 1.0
    init = effective_init(layer)
    if init is None or constant(write) is not None:
        return None
    return moment(*init, None, None)


def _ends(head: Layer) -> bool:
    """Whether the logits are an output of the model, unscaled on all paths."""
    ends = [consumer for consumer in head.followed_by if consumer.op in _OUTPUTS]
    if head.type == "Linear" and (len(ends) < len(head.followed_by) or head.arguments.get("out_features") == 1):
        return False
    return any(end.certain for end in ends) and all(_KEEPS_SCALE.issuperset(end.between) for end in ends)


def _is_behind_norm(model: ModelGraph, head: Layer) -> bool:
    """Whether the input of the head is certainly the output of a norm, unscaled on all paths."""
    if has_unit_input(model, head):
        return True
    behind = False
    for layer in model.layers:
        for consumer in layer.followed_by:
            if consumer.op == "layer" and consumer.layer == head.path:
                if not _is_normed(layer, consumer):
                    return False
                behind = behind or (consumer.certain and layer.type in NORM_TYPES and has_unit_gain(layer))
            if any(
                next_layer.layer == head.path and not _ends_with_norm(next_layer.between)
                for next_layer in consumer.onward
            ):
                return False
    return behind


def _is_normed(layer: Layer, consumer: Consumer) -> bool:
    if layer.type in NORM_TYPES:
        return _KEEPS_SCALE.issuperset(consumer.between) or _ends_with_norm(consumer.between)
    return _ends_with_norm(consumer.between)


def _ends_with_norm(between: tuple[str, ...]) -> bool:
    """Whether a norm is the last modifier that changes the scale."""
    changing = [word for word in between if word not in _KEEPS_SCALE]
    return bool(changing) and changing[-1] in NORMS


def _message(head: Layer, source: Layer, inputs: float | None, kept: float) -> str:
    write = source.effective_write()
    deviation = format_number(math.sqrt(kept))
    init = (
        "keeps PyTorch's N(0, 1)"
        if write is None
        else f"is drawn by `{short_name(write.initializer)}` with std {deviation}"
    )
    if inputs is None:
        logits = f"{'' if kept == 1.0 else f'{deviation} * '}sqrt(dim)"
    else:
        logits = format_number(math.sqrt(kept * inputs))
    if source is head:
        also = ", which computes the logits too," if head.type == "Embedding" else ""
        weight = f"the weight of `{name(head)}`{also} {init}"
    else:
        weight = f"`{name(head)}` is tied to `{name(source)}`, whose weight {init}"
    wanted = "1 / sqrt(dim)" if inputs is None else f"{format_number(1 / math.sqrt(inputs))} (1 / sqrt({inputs:g}))"
    return (
        f"{weight}: after a norm, the logits start with a standard deviation of {logits}; "
        f"draw the weight with a standard deviation of {wanted} or less"
    )


def _related(head: Layer, source: Layer, location: Location) -> tuple[tuple[Location, str], ...]:
    layers = {layer.path: layer for layer in (source, head)}.values()
    return tuple((layer.location, f"`{name(layer)}` is defined here") for layer in layers if layer.location != location)
