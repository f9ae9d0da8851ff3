"""How findings speak: the names of layers and activations, and numbers, in messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from initlint.facts.activations import MODULES
from initlint.graph.model import Consumer, InitCall, Layer, Location

SHOWN = 3
"""How many layers a message names; the others are counted."""

_TITLES = {op: dotted.rpartition(".")[2] for dotted, op in reversed(tuple(MODULES.items()))}


def name(layer: Layer) -> str:
    """The path of a layer; of a model that is a layer itself, its class."""
    return layer.path or layer.subclass or layer.type


def layer_names(layers: Sequence[Layer]) -> str:
    """`fc1`, `fc2`, `fc3` and 4 more."""
    named = ", ".join(f"`{name(layer)}`" for layer in layers[:SHOWN])
    return named if len(layers) <= SHOWN else f"{named} and {len(layers) - SHOWN} more"


def weight_of(layers: Sequence[Layer], type: str) -> str:
    """The weights of layers, or of some layer of this `type` where none is known."""
    if not layers:
        return f"the weight of a {type}"
    if all(layer.type == "Parameter" for layer in layers):
        return layer_names(layers)
    return f"the weight{'' if len(layers) == 1 else 's'} of {layer_names(layers)}"


def activation_class_name(op: str) -> str:
    """An activation by the name of its module: `LeakyReLU` for `leaky_relu`."""
    return _TITLES.get(op, op)


def titles(followings: Iterable[Consumer]) -> str:
    """The activations, each once, in order: `ReLU` or `ReLU and Tanh`."""
    return conjunction(activation_class_name(following.op) for following in followings)


def conjunction(words: Iterable[str]) -> str:
    """The words, each once, in order: `a`, `a and b`, `a, b and c`."""
    *head, last = dict.fromkeys(words)
    return f"{', '.join(head)} and {last}" if head else last


def format_number(value: float) -> str:
    """Two decimals, two significant digits below a tenth, none from a hundred on: 0.50, 0.016, 1.67, 256."""
    if value >= 100:
        return f"{value:.0f}" if value < 1e6 else f"{value:.2g}"
    return f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"


def format_range(values: Iterable[float]) -> str:
    """One number, or the least and the greatest: 0.50, 0.50 to 0.77."""
    ordered = sorted(values)
    least, greatest = format_number(ordered[0]), format_number(ordered[-1])
    return least if least == greatest else f"{least} to {greatest}"


def short_name(initializer: str) -> str:
    """The last part of a canonical name: `xavier_uniform_`."""
    return initializer.rpartition(".")[2]


def display_name(call: InitCall) -> str:
    """The init call by its current name; a method by the name it was called with."""
    return call.name if call.method else short_name(call.initializer)


def related_locations(entries: Iterable[tuple[Layer, Consumer | None]]) -> tuple[tuple[Location, str], ...]:
    """The related places: where the first layers are defined, and where the activations that follow them stand."""
    entries = list(entries)[:SHOWN]
    defined: dict[Location, list[str]] = {}
    for layer, _ in entries:
        defined.setdefault(layer.location, []).append(f"`{name(layer)}`")
    found: dict[tuple[Location, str], None] = {}
    for layer, following in entries:
        paths = defined[layer.location]
        found[layer.location, f"{conjunction(paths)} {'is' if len(paths) == 1 else 'are'} defined here"] = None
        if following is not None:
            found[following.location, f"{activation_class_name(following.op)} follows here"] = None
    return tuple(found)
