"""Finds chains: layers with only activations between them, whose factors multiply."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from initlint.analysis.layer_activation import (
    Factors,
    LayerActivation,
    constant,
    effective_init,
    factors,
    factors_of,
    is_matrix,
)
from initlint.analysis.messages import activation_class_name, format_number, format_range, layer_names, short_name
from initlint.analysis.norms import SCALE_PRESERVING, certain_activation, continues_at_scale
from initlint.analysis.signal_propagation import Signal, layer_factors, source_signal
from initlint.diagnostics import SignalNumbers
from initlint.facts.activations import ACTIVATIONS
from initlint.graph.model import Arguments, Consumer, Layer, ModelGraph, Write, memoize


@dataclass(frozen=True, slots=True)
class Link:
    """A layer whose output reaches the next layer directly or through one activation: `following`.

    `write`: the effective write to the weight; None for torch's default init, which `initializer` then names.
    `factors`: by which the layer and its activation multiply the signal that reaches the layer, and the gradient.
    """

    layer: Layer
    write: Write | None
    initializer: str
    arguments: Arguments
    following: Consumer
    factors: Factors

    def is_followed_by(self, families: Collection[str]) -> bool:
        """Whether the next layer follows directly, or through an activation of these families."""
        return self.following.op == "layer" or ACTIVATIONS[self.following.op].family in families


def _init_name(link: Link) -> str:
    """The init of the weight: `xavier_normal_`, or torch's default."""
    return "torch's default" if link.write is None else f"`{short_name(link.initializer)}`"


@dataclass(frozen=True, slots=True)
class Chain:
    """Consecutive links, in the order of the data flow. P is the product of their factors."""

    links: tuple[Link, ...]

    @property
    def product(self) -> float:
        """P: the signal after the last layer and its activation, divided by the signal that reaches the first layer."""
        return math.prod(link.factors.signal for link in self.links)

    @property
    def stated_product(self) -> float | None:
        """P if the text for messages states it, else None."""
        return self.product if len(self.links) > 1 else None

    def __str__(self) -> str:
        """Text for messages: ` (0.016 over the 6 layers in a row)`; empty for a single link."""
        is_single = len(self.links) == 1
        return "" if is_single else f" ({format_number(self.product)} over the {len(self.links)} layers in a row)"

    def steps(self) -> tuple[str, ...]:
        """A line for each layer: its factor f on the signal's second moment, and the product P so far."""
        lines, product = [], 1.0
        for link in self.links:
            product *= link.factors.signal
            suffix = "" if link.following.op == "layer" else f", {activation_class_name(link.following.op)}"
            fans = " at equal fans" if link.factors.at_equal_fans else ""
            lines.append(
                f"`{link.layer.path}` {link.layer.type}, {_init_name(link)}{suffix}: "
                f"f = {format_number(link.factors.signal)}{fans}, P = {format_number(product)}"
            )
        return tuple(lines)

    @property
    def vanishes(self) -> bool:
        """Whether the signal shrinks so much that training suffers measurably."""
        return self.product < 0.01

    def part_with(self, paths: Collection[str]) -> Chain:
        """The part from the first to the last layer with one of these paths. At least one must be in the chain."""
        indices = [index for index, link in enumerate(self.links) if link.layer.path in paths]
        return Chain(self.links[indices[0] : indices[-1] + 1])


def signal_factor(group: Sequence[Link]) -> str:
    """The init call of a group of layers and its factor: `f` in `fc1`: multiplies the signal's second moment by 25."""
    call = f"`{short_name(group[0].initializer)}` in {layer_names([link.layer for link in group])}"
    verb = "each multiplies" if len(group) > 1 else "multiplies"
    return f"{call}: {verb} the signal's second moment by {format_range(link.factors.signal for link in group)}"


def signal_numbers(group: Sequence[Link], chain: Chain) -> SignalNumbers:
    """The numbers of a message made of `signal_factor` and the chain."""
    return SignalNumbers.of((link.factors.signal for link in group), product=chain.stated_product)


def links(model: ModelGraph) -> Iterator[Link]:
    """The links of a model, in the order of its layers."""
    chain_by_path = chains(model)
    for layer in model.layers:
        if layer.path in chain_by_path:
            yield next(link for link in chain_by_path[layer.path].links if link.layer is layer)


def factors_in(model: ModelGraph, layer_activation: LayerActivation) -> Factors | None:
    """The factors of a pair at the signal that reaches its layer; at unit variance if it is in no chain."""
    layer = layer_activation.layer
    chain = chains(model).get(layer.path)
    if chain is None:
        return factors(layer_activation)
    return next(link.factors for link in chain.links if link.layer is layer)


@memoize
def chains(model: ModelGraph) -> Mapping[str, Chain]:
    """The chain of each link of the model, by the path of its layer.

    A chain ends where the data flow forks, joins another one, or passes anything but an activation, because a signal
    that enters or leaves there is not scaled by the layers on the other side.
    """
    link_by_path = {layer.path: link for layer in model.layers if (link := _link(layer)) is not None}
    successor = {
        path: path_after
        for path, link in link_by_path.items()
        if (path_after := _successor_path(link)) in link_by_path and path_after is not None
    }
    entries = Counter(successor.values())
    successor = {path: path_after for path, path_after in successor.items() if entries[path_after] == 1}
    chain_by_path: dict[str, Chain] = {}
    starts = [path for path in link_by_path if path not in set(successor.values())]
    for start in (*starts, *link_by_path):  # a link that no start reaches is on a cycle
        if start in chain_by_path:
            continue
        paths = {start: None}
        while (path_after := successor.get(next(reversed(paths)))) is not None and path_after not in paths:
            paths[path_after] = None
        chain = Chain(tuple(_propagated([link_by_path[path] for path in paths])))
        chain_by_path |= dict.fromkeys(paths, chain)
    return chain_by_path


def _propagated(chain_links: Sequence[Link]) -> Iterator[Link]:
    """The links with their factors at the signal that reaches each of them, for an input of E[x^2] = 1."""
    signal: Signal | None = source_signal()
    for link in chain_links:
        result = None if signal is None else layer_factors(link.layer, link.following, signal)
        if signal is None or result is None:
            yield link
            signal = None
            continue
        factor, gradient, after = result
        factors = replace(link.factors, signal=factor, gradient=gradient if link.factors.gradient is not None else None)
        yield replace(link, factors=factors)
        signal = after


def all_chains(model: ModelGraph) -> Iterable[Chain]:
    """The chains of the model, in the order of their first layers."""
    return {id(chain): chain for chain in chains(model).values()}.values()


def chains_of(model: ModelGraph, paths: Collection[str]) -> Mapping[str, Chain]:
    """For each of these paths whose layer is a link: its chain, from the first to the last of these layers."""
    chain_by_path = chains(model) if paths else {}
    return {path: chain_by_path[path].part_with(paths) for path in paths if path in chain_by_path}


def _link(layer: Layer) -> Link | None:
    """The link of `layer`, if everything is certain and only its init sets the scale."""
    if layer.residual or layer.frozen or layer.parametrized or not layer.last_write_is_certain():
        return None
    write, init, consumer = layer.effective_write(), effective_init(layer), _next_consumer(layer)
    if consumer is None or init is None or not (is_matrix(layer) or layer.product is not None):
        return None
    if write is not None and constant(write) is not None:
        return None
    at_unit_variance = factors_of(layer, *init, consumer)
    return None if at_unit_variance is None else Link(layer, write, *init, consumer, at_unit_variance)


def _next_consumer(layer: Layer) -> Consumer | None:
    consumer = certain_activation(layer, SCALE_PRESERVING)
    if consumer is not None:
        return consumer if all(map(continues_at_scale, layer.followed_by)) else None
    direct_layers = {f.layer for f in layer.followed_by if f.op == "layer" and f.certain and not f.between}
    return layer.followed_by[0] if len(direct_layers) == 1 == len(layer.followed_by) else None


def _successor_path(link: Link) -> str | None:
    """The path of the next layer, if it is the only one and nothing but the activation comes before it."""
    if link.following.op == "layer":
        return link.following.layer
    next_layers = {next_layer for consumer in link.layer.followed_by for next_layer in consumer.onward}
    if len(next_layers) != 1 or any(consumer.between for consumer in link.layer.followed_by):
        return None
    (next_layer,) = next_layers
    return next_layer.layer if next_layer.certain and not next_layer.between else None
