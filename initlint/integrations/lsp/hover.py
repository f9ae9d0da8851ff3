"""What is known of the layers at a place: how they start, what follows, and by what that scales the signal."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from initlint.analysis.layer_activation import Factors, factors, is_matrix, pair
from initlint.analysis.messages import activation_class_name, format_number, short_name
from initlint.diagnostics import Span
from initlint.facts.activations import ACTIVATIONS
from initlint.graph.model import UNDETERMINED, Arguments, Consumer, Layer, ModelGraph, Write

Link = Callable[[Span], str]
"""A place to a link in Markdown."""

MAX_LAYERS = 4
"""A loop may build hundreds of layers on one line."""

_DEFAULT = "torch.nn.init.kaiming_uniform_"
_DEFAULT_ARGUMENTS: Arguments = {"a": math.sqrt(5)}
"""What Linear and the convolutions do by themselves: https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html"""


def describe(models: Iterable[ModelGraph], file: str, cell: int, row: int, link: Link) -> str | None:
    """Markdown for the layers that are constructed, or initialised, on a row of a file; None if none is.

    In a notebook `cell` is the number of the cell that the row belongs to, else 0.
    """
    entries: dict[str, dict[str, None]] = {}
    for model in models:
        for layer in model.layers:
            places = (layer.location, *(write.location for write in _in_effect(layer)))
            if any(_is_on(place.span, file, cell, row) for place in places):
                alike = entries.setdefault("\n".join(_lines(model, layer, link)), {})
                alike[f"**`{layer.path}`** of `{model.name}`"] = None
    if not entries:
        return None
    shown = [f"{_listed(list(names))}: {text}" for text, names in list(entries.items())[:MAX_LAYERS]]
    more = [f"and {len(entries) - MAX_LAYERS} more kinds"] if len(entries) > MAX_LAYERS else []
    return "\n\n---\n\n".join([*shown, *more])


def _listed(names: list[str]) -> str:
    rest = len(names) - MAX_LAYERS
    return ", ".join(names[:MAX_LAYERS]) + (f" and {rest} more" if rest > 0 else "")


def _is_on(span: Span, file: str, cell: int, row: int) -> bool:
    number = span.cell.number if span.cell else 0
    return (span.file, number) == (file, cell) and span.local.row <= row <= span.local.end_row


def _in_effect(layer: Layer) -> Iterator[Write]:
    for parameter in dict.fromkeys(write.parameter for write in layer.writes):
        effective = layer.effective_write(parameter)
        if effective is not None:
            yield effective


def _lines(model: ModelGraph, layer: Layer, link: Link) -> Iterator[str]:
    arguments = ", ".join(f"{name}={_value(value)}" for name, value in layer.arguments.items())
    yield f"`{layer.type}({arguments})`\n"
    for parameter in dict.fromkeys(["weight", *(write.parameter for write in layer.writes)]):
        yield f"- {parameter}: {_init(model, layer, parameter, link)}"
    yield from dict.fromkeys(f"- then {_following(f)} ({link(f.location.span)})" for f in layer.followed_by)
    found = _factors(layer)
    if found is not None:
        yield f"- the signal's second moment is multiplied by {format_number(found.signal)}{_gradient(found)}"


def _init(model: ModelGraph, layer: Layer, parameter: str, link: Link) -> str:
    write = layer.effective_write(parameter)
    doubt = "" if layer.last_write_is_certain(parameter) else ", perhaps changed later"
    if write is None:
        default = f"`{short_name(_DEFAULT)}(a=sqrt(5))`, " if parameter == "weight" and is_matrix(layer) else ""
        return f"{default}PyTorch's default{doubt}"
    arguments = ", ".join(f"{name}={_value(value)}" for name, value in write.arguments.items())
    # The tracer itself makes the first object of a class, which is no call that could be shown.
    via = "".join(f", via {link(place.span)}" for place in write.via if place != model.location)
    return f"`{short_name(write.initializer)}({arguments})` ({link(write.location.span)}{via}){doubt}"


def _following(following: Consumer) -> str:
    words = [*following.between, activation_class_name(following.op) if following.op in ACTIVATIONS else following.op]
    onto = f" `{following.layer}`" if following.layer else ""
    return f"{', '.join(words)}{onto}{'' if following.certain else ', perhaps'}"


def _factors(layer: Layer) -> Factors | None:
    """Also of PyTorch's own default, which no write stands for."""
    writes = layer.writes or (Write("weight", _DEFAULT, _DEFAULT_ARGUMENTS, layer.location),)
    found = pair(replace(layer, writes=writes))
    return None if found is None else factors(found)


def _gradient(found: Factors) -> str:
    gradient = "" if found.gradient is None else f", the gradient's by {format_number(found.gradient)}"
    return gradient + (" at equal fans" if found.at_equal_fans else "")


def _value(value: object) -> str:
    return "?" if value is UNDETERMINED else repr(value)
