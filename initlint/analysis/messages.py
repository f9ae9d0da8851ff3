"""Formats the names of layers and activations, and numbers, for messages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from initlint.analysis.layer_activation import Factors, LayerActivation
from initlint.facts.activations import MODULES
from initlint.graph.model import Consumer, InitCall, Layer
from initlint.project.source import Location

SHOWN = 3
"""How many layers a message names. Further ones are counted."""

_CLASS_NAMES = {op: dotted.rpartition(".")[2] for dotted, op in reversed(tuple(MODULES.items()))}


def name(layer: Layer) -> str:
    """The path of a layer; the class name if the model itself is a layer."""
    return layer.path or layer.subclass or layer.type


def layer_names(layers: Sequence[Layer]) -> str:
    """`fc1`, `fc2`, `fc3` and 4 more; only `and more` if a loop of unknown length constructs some of them."""
    shown_names = ", ".join(f"`{name(layer)}`" for layer in layers[:SHOWN])
    if len(layers) <= SHOWN:
        return shown_names
    return f"{shown_names} and {'' if any(map(_is_one_of_many, layers)) else f'{len(layers) - SHOWN} '}more"


def _is_one_of_many(layer: Layer) -> bool:
    """Whether it stands for the layers of further iterations of a loop, or items of a list of unknown length."""
    return layer.repeated or "*" in layer.path


def weight_of(layers: Sequence[Layer], type: str) -> str:
    """`the weights of ...` these layers; `the weight of a ...` this `type` if no layer is known."""
    if not layers:
        return f"the weight of a {type}"
    if all(layer.type == "Parameter" for layer in layers):
        return layer_names(layers)
    return f"the weight{'' if len(layers) == 1 else 's'} of {layer_names(layers)}"


def line_of(place: Location, seen_from: Location) -> str:
    """The line of a place as named in a message about another: `line 3`, `line 3 of blocks.py`, `line 3 of cell 4`.

    A file is named by its last parts, which do not depend on the folder that initlint runs in.
    """
    span, file = place.span, Path(place.span.file)
    line = f"line {span.local.row}"
    other = Path(seen_from.span.file)
    if file != other:
        shown = file.name if file.name != other.name else "/".join(file.parts[-2:])
        line += f" of {shown}"
    return f"{line}{',' if file != other else ' of'} cell {span.cell.number}" if span.cell else line


def without_invented_number(text: str, layers: Iterable[Layer]) -> str:
    """A clause about these layers, without their number if only a configuration knows it."""
    if not any(map(_is_one_of_many, layers)):
        return text
    return _NUMBER_OF_LAYERS.sub(lambda match: f"{'some of ' if match['part'] else ''}these layers", text)


_NUMBER_OF_LAYERS = re.compile(r"(?P<part>\b\d+ of )?\bthese \d+ layers")


def activation_class_name(op: str) -> str:
    """The name of an activation's module: `LeakyReLU` for `leaky_relu`."""
    return _CLASS_NAMES.get(op, op)


def titles(consumers: Iterable[Consumer]) -> str:
    """The activations, each once, in order: `ReLU` or `ReLU and Tanh`."""
    return conjunction(activation_class_name(consumer.op) for consumer in consumers)


def conjunction(words: Iterable[str]) -> str:
    """The words, each once, in order: `a`, `a and b`, `a, b and c`."""
    *head, last = dict.fromkeys(words)
    return f"{', '.join(head)} and {last}" if head else last


def format_number(value: float) -> str:
    """Two decimals, none of whole numbers and from 100, two significant digits below 0.1: 0.50, 0.016, 2, 256."""
    if value >= 100:
        return f"{value:.0f}" if value < 1e6 else f"{value:.2g}"
    return f"{value:.2f}".removesuffix(".00") if value >= 0.1 else f"{value:.2g}"


def format_range(values: Iterable[float]) -> str:
    """One number, or the smallest and the largest: 0.50, 0.50 to 0.77."""
    ordered = sorted(values)
    least, greatest = format_number(ordered[0]), format_number(ordered[-1])
    return least if least == greatest else f"{least} to {greatest}"


def stated_factors(factors: Iterable[Factors]) -> list[float]:
    """The factors on the signal; those without the biases if the biases set the signal in each layer."""
    factors = list(factors)
    signal = [factor.signal for factor in factors if factor.signal is not None]
    return signal or [factor.weight for factor in factors if factor.weight is not None]


def effect_on_signal(factors: Sequence[Factors]) -> str:
    """The `stated_factors` as a clause: each of these 8 layers passes on 0.50 of the signal's mean square."""
    is_weight = all(factor.signal is None for factor in factors)
    stated = stated_factors(factors)
    text = each_passes_on(stated, len(factors))
    if is_weight:
        text += f", {'its bias' if len(factors) == 1 else 'the biases'} aside"
    assumed = sum(factor.at_equal_fans for factor in factors)
    return text + (as_many_outputs(assumed, len(factors)) if assumed else "")


def each_passes_on(values: Sequence[float], count: int) -> str:
    """By how much `count` layers change the signal: the layer multiplies the signal's mean square by 256."""
    return _effect(values, count, "on", "signal")


def each_passes_back(values: Sequence[float], count: int) -> str:
    """By how much `count` layers change the gradient: the layer passes back 0.42 of the gradient's mean square."""
    return _effect(values, count, "back", "gradient")


def _effect(values: Sequence[float], count: int, direction: str, of: str) -> str:
    """A clause about those of `count` layers whose `values` are known."""
    if len(values) == 1 < count:
        subject, passes, multiplies = f"one of these {count} layers", "passes", "multiplies"
    elif len(values) < count:
        subject, passes, multiplies = f"{len(values)} of these {count} layers each", "pass", "multiply"
    else:
        subject, passes, multiplies = "the layer", "passes", "multiplies"
        if count > 1:
            subject = f"each of these {count} layers"
    text = format_range(values)
    if round(max(values), 2) <= 1:
        return f"{subject} {passes} {direction} {text} of the {of}'s mean square"
    return f"{subject} {multiplies} the {of}'s mean square by {text}"


def as_many_outputs(assumed: int, count: int) -> str:
    """The condition of a number where the sizes of `assumed` of the `count` layers are not known."""
    if assumed < count:
        subject = "the one of unknown size has" if assumed == 1 else "those of unknown size have"
        return f" if {subject} as many outputs as inputs"
    return f" if {'it' if count == 1 else 'each'} has as many outputs as inputs"


def what_is_left(product: float, when: str) -> str:
    """The signal after several layers as a clause: 0.0013 of it is left after the last."""
    number = format_number(product)
    return f"{number} of it is left {when}" if round(product, 2) <= 1 else f"it is {number} times as large {when}"


def short_name(initializer: str) -> str:
    """The last part of a canonical name: `xavier_uniform_`."""
    return initializer.rpartition(".")[2]


def display_name(call: InitCall) -> str:
    """The current name of the init function, or the name of the method as called."""
    return call.name if call.method else short_name(call.initializer)


def init_before_activation(group: Sequence[LayerActivation], argument: str = "") -> str:
    """The init call of a group of layers and their activations: `f` with `a=1` before ReLU in `fc1`, `fc2`."""
    call = f"`{short_name(group[0].write.initializer)}`{f' with `{argument}`' if argument else ''}"
    return f"{call} before {titles(pair.following for pair in group)} in {layer_names([pair.layer for pair in group])}"


def related_locations(entries: Iterable[tuple[Layer, Consumer | None]]) -> tuple[tuple[Location, str], ...]:
    """The related locations of a finding: definitions of the first layers, and the activations that follow them."""
    entries = list(entries)[:SHOWN]
    names_by_location: dict[Location, list[str]] = {}
    for layer, _ in entries:
        names_by_location.setdefault(layer.location, []).append(f"`{name(layer)}`")
    locations: dict[tuple[Location, str], None] = {}
    for layer, consumer in entries:
        paths = names_by_location[layer.location]
        locations[layer.location, f"{conjunction(paths)} {'is' if len(paths) == 1 else 'are'} defined here"] = None
        if consumer is not None:
            locations[consumer.location, f"{activation_class_name(consumer.op)} follows here"] = None
    return tuple(locations)
