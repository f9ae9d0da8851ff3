"""Describes the layers on a line in Markdown: their init, their consumers, and the factor on the signal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from initlint.analysis.layer_activation import Factors, is_matrix
from initlint.analysis.messages import (
    activation_class_name,
    as_many_outputs,
    each_passes_back,
    each_passes_on,
    short_name,
)
from initlint.analysis.operating_factors import operating_factors
from initlint.diagnostics import Span
from initlint.facts.activations import ACTIVATIONS
from initlint.graph.model import Consumer, Layer, ModelGraph, Write
from initlint.graph.words import UNDETERMINED

Link = Callable[[Span], str]
"""Renders a location as a link in Markdown."""

MAX_LAYERS = 4
"""A loop may build hundreds of layers on one line."""

_DEFAULT = "torch.nn.init.kaiming_uniform_"
"""The default init of Linear and of convolutions: https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html"""


def describe(models: Iterable[ModelGraph], file: str, cell: int, row: int, link: Link) -> str | None:
    """Markdown for the layers that are constructed or initialized on a row of a file; None if there are none.

    `cell`: the number of the notebook cell that contains the row, 0 for a Python file.
    """
    entries: dict[str, dict[str, None]] = {}
    for model in models:
        for layer in model.layers:
            locations = (layer.location, *(write.location for write in _effective_writes(layer)))
            if any(_is_on(location.span, file, cell, row) for location in locations):
                layer_names = entries.setdefault("\n".join(_lines(model, layer, link)), {})
                layer_names[f"**`{layer.path}`** of `{model.name}`"] = None
    if not entries:
        return None
    shown = [f"{_name_list(list(names))}: {text}" for text, names in list(entries.items())[:MAX_LAYERS]]
    omitted = [f"and {len(entries) - MAX_LAYERS} more kinds"] if len(entries) > MAX_LAYERS else []
    return "\n\n---\n\n".join([*shown, *omitted])


def _name_list(names: list[str]) -> str:
    omitted_count = len(names) - MAX_LAYERS
    return ", ".join(names[:MAX_LAYERS]) + (f" and {omitted_count} more" if omitted_count > 0 else "")


def _is_on(span: Span, file: str, cell: int, row: int) -> bool:
    number = span.cell.number if span.cell else 0
    return (span.file, number) == (file, cell) and span.local.row <= row <= span.local.end_row


def _effective_writes(layer: Layer) -> Iterator[Write]:
    for parameter in dict.fromkeys(write.parameter for write in layer.writes):
        effective = layer.effective_write(parameter)
        if effective is not None:
            yield effective


def _lines(model: ModelGraph, layer: Layer, link: Link) -> Iterator[str]:
    arguments = ", ".join(f"{name}={_value(value)}" for name, value in layer.arguments.items())
    yield f"`{layer.type}({arguments})`\n"
    for parameter in dict.fromkeys(["weight", *(write.parameter for write in layer.writes)]):
        yield f"- {parameter}: {_init_text(model, layer, parameter, link)}"
    yield from dict.fromkeys(
        f"- then {_consumer_text(consumer)} ({link(consumer.location.span)})" for consumer in layer.followed_by
    )
    factors = operating_factors(model).get(layer.path)
    if factors is not None and factors.signal is not None:
        yield f"- {each_passes_on([factors.signal], 1)}{_gradient_text(factors)}"


def _init_text(model: ModelGraph, layer: Layer, parameter: str, link: Link) -> str:
    write = layer.effective_write(parameter)
    uncertainty = "" if layer.last_write_is_certain(parameter) else ", possibly changed later"
    if write is None:
        default = f"`{short_name(_DEFAULT)}(a=sqrt(5))`, " if parameter == "weight" and is_matrix(layer) else ""
        return f"{default}PyTorch's default{uncertainty}"
    arguments = ", ".join(f"{name}={_value(value)}" for name, value in write.arguments.items())
    # The tracer itself constructs the model, so there is no call to link to.
    via = "".join(f", via {link(location.span)}" for location in write.via if location != model.location)
    return f"`{short_name(write.initializer)}({arguments})` ({link(write.location.span)}{via}){uncertainty}"


def _consumer_text(consumer: Consumer) -> str:
    words = [*consumer.between, activation_class_name(consumer.op) if consumer.op in ACTIVATIONS else consumer.op]
    layer = f" `{consumer.layer}`" if consumer.layer else ""
    return f"{', '.join(words)}{layer}{'' if consumer.certain else ', possibly'}"


def _gradient_text(factors: Factors) -> str:
    gradient = "" if factors.gradient is None else f"; {each_passes_back([factors.gradient], 1)}"
    return gradient + (as_many_outputs(1, 1) if factors.at_equal_fans else "")


def _value(value: object) -> str:
    return "?" if value is UNDETERMINED else repr(value)
