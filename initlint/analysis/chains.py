"""Chains of layers with nothing but activations between them, over which the factors of their inits multiply."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from initlint.analysis.layer_activation import (
    KEEPING_SCALE,
    Factors,
    certain_activation,
    constant,
    effective_init,
    factors_of,
    goes_on_at_its_scale,
    is_matrix,
)
from initlint.analysis.messages import activation_class_name, format_number
from initlint.facts.activations import ACTIVATIONS
from initlint.graph.model import Arguments, Consumer, Layer, ModelGraph, Write


@dataclass(frozen=True, slots=True)
class Link:
    """A layer whose output reaches the next one through one activation, or through nothing: `following` says which.

    `write` is what set the weight in effect; None: torch's own default, which `initializer` names then.
    `factors`: what the two multiply the second moments by.
    """

    layer: Layer
    write: Write | None
    initializer: str
    arguments: Arguments
    following: Consumer
    factors: Factors

    def is_followed_by(self, families: Collection[str]) -> bool:
        """Whether an activation of these families lies between this layer and the next, or none at all."""
        return self.following.op == "layer" or ACTIVATIONS[self.following.op].family in families


def _init_name(link: Link) -> str:
    """What set the weight: `xavier_normal_`, or torch's default."""
    return "torch's default" if link.write is None else f"`{link.initializer.rpartition('.')[2]}`"


@dataclass(frozen=True, slots=True)
class Chain:
    """Consecutive links, in the order of the signal; the product of their factors is P."""

    links: tuple[Link, ...]

    @property
    def product(self) -> float:
        """P of the signal's second moment."""
        return math.prod(link.factors.signal for link in self.links)

    def __str__(self) -> str:
        """What a message adds of it: ` (0.016 over the 6 layers in a row)`; nothing of a single link."""
        alone = len(self.links) == 1
        return "" if alone else f" ({format_number(self.product)} over the {len(self.links)} layers in a row)"

    def steps(self) -> tuple[str, ...]:
        """A line for each layer, with its factor f and the product P up to it: of the signal's second moment."""
        lines, product = [], 1.0
        for link in self.links:
            product *= link.factors.signal
            after = "" if link.following.op == "layer" else f", {activation_class_name(link.following.op)}"
            fans = " at equal fans" if link.factors.at_equal_fans else ""
            lines.append(
                f"`{link.layer.path}` {link.layer.type}, {_init_name(link)}{after}: "
                f"f = {format_number(link.factors.signal)}{fans}, P = {format_number(product)}"
            )
        return tuple(lines)

    @property
    def vanishes(self) -> bool:
        """Whether so little of the signal is left that training suffers measurably."""
        return self.product < 0.01

    def between(self, paths: Collection[str]) -> Chain:
        """From the first to the last of the layers with these paths, of which one at least is in it."""
        inside = [at for at, link in enumerate(self.links) if link.layer.path in paths]
        return Chain(self.links[inside[0] : inside[-1] + 1])


def links(model: ModelGraph) -> Iterator[Link]:
    """The links of a model, in its order."""
    return (found for layer in model.layers if (found := _link(layer)) is not None)


def chains(model: ModelGraph) -> Mapping[str, Chain]:
    """The chain that each link of the model lies in, by the path of its layer.

    A chain ends where the signal forks, meets another one, or passes anything but an activation: what comes in there
    or goes out there is not scaled by the layers on the other side.
    """
    known = {link.layer.path: link for link in links(model)}
    after = {path: step for path, link in known.items() if (step := _next(link)) in known and step is not None}
    entries = Counter(after.values())
    after = {path: step for path, step in after.items() if entries[step] == 1}
    found: dict[str, Chain] = {}
    starts = [path for path in known if path not in set(after.values())]
    for start in (*starts, *known):  # what no start leads to lies on a cycle
        if start in found:
            continue
        paths = {start: None}
        while (step := after.get(next(reversed(paths)))) is not None and step not in paths:
            paths[step] = None
        found |= dict.fromkeys(paths, Chain(tuple(known[path] for path in paths)))
    return found


def all_chains(model: ModelGraph) -> Iterable[Chain]:
    """The chains of the model, in the order of their first layers."""
    return {id(chain): chain for chain in chains(model).values()}.values()


def chains_of(model: ModelGraph, paths: Collection[str]) -> Mapping[str, Chain]:
    """For each of the layers with these paths that is a link: its chain, from the first to the last of them."""
    found = chains(model) if paths else {}
    return {path: found[path].between(paths) for path in paths if path in found}


def _link(layer: Layer) -> Link | None:
    """What `layer` is on a chain, if all of it is certain and nothing but its init sets the scale."""
    if layer.residual or layer.frozen or layer.parametrized or not layer.last_write_is_certain():
        return None
    write, init, following = layer.effective_write(), effective_init(layer), _following(layer)
    if following is None or init is None or not (is_matrix(layer) or layer.product is not None):
        return None
    if write is not None and constant(write) is not None:
        return None
    found = factors_of(layer, *init, following)
    return None if found is None else Link(layer, write, *init, following, found)


def _following(layer: Layer) -> Consumer | None:
    following = certain_activation(layer, KEEPING_SCALE)
    if following is not None:
        return following if all(map(goes_on_at_its_scale, layer.followed_by)) else None
    direct = {f.layer for f in layer.followed_by if f.op == "layer" and f.certain and not f.between}
    return layer.followed_by[0] if len(direct) == 1 == len(layer.followed_by) else None


def _next(link: Link) -> str | None:
    """The layer that the signal goes on to, if it goes nowhere else and meets nothing on the way."""
    if link.following.op == "layer":
        return link.following.layer
    reached = {reach for following in link.layer.followed_by for reach in following.onward}
    if len(reached) != 1 or any(following.between for following in link.layer.followed_by):
        return None
    (reach,) = reached
    return reach.layer if reach.certain and not reach.between else None
