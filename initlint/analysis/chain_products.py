"""Finds chains: layers with only activations and pools between them, and the part of the signal that each passes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from initlint._records import dataclass
from initlint.analysis.layer_activation import Factors, LayerActivation, constant, effective_init, is_matrix
from initlint.analysis.layer_outputs import assumes_equal_fans
from initlint.analysis.messages import (
    activation_class_name,
    as_many_outputs,
    effect_on_signal,
    format_number,
    layer_names,
    short_name,
    stated_factors,
    what_is_left,
    without_invented_number,
)
from initlint.analysis.norms import SCALE_PRESERVING, certain_activation, continue_at_scale
from initlint.analysis.signal_propagation import LayerEffect, layer_effect, layer_inputs
from initlint.analysis.signals import Signal, source_signal
from initlint.diagnostics import SignalNumbers
from initlint.facts.activations import ACTIVATIONS
from initlint.graph.model import Consumer, Layer, ModelGraph, Write, memoize
from initlint.graph.words import Arguments

_POOLS = frozenset({"pool"})


@dataclass(frozen=True, slots=True)
class Link:
    """A layer whose output reaches the next layer directly or through one activation: `following`.

    `write`: the effective write to the weight; None for torch's default init, which `initializer` then names.
    `factors`: by which the layer and its activation multiply the signal that reaches the layer, and the gradient.
    `before`, `after`: the signal that reaches the layer, and the one after its activation.
    """

    layer: Layer
    write: Write | None
    initializer: str
    arguments: Arguments
    following: Consumer
    factors: Factors
    before: float
    after: float

    def is_followed_by(self, families: Collection[str]) -> bool:
        """Whether the next layer follows directly, or through an activation of these families."""
        return self.following.op == "layer" or ACTIVATIONS[self.following.op].family in families


def _init_name(link: Link) -> str:
    """The init of the weight: `xavier_normal_`, or torch's default."""
    return "torch's default" if link.write is None else f"`{short_name(link.initializer)}`"


@dataclass(frozen=True, slots=True)
class Chain:
    """Consecutive links, in the order of the data flow."""

    links: tuple[Link, ...]

    @property
    def counted(self) -> tuple[Link, ...]:
        """The links without the first ones whose bias sets the signal: what reaches those does not matter."""
        first = next((at for at, link in enumerate(self.links) if link.factors.signal is not None), len(self.links))
        return self.links[first:]

    @property
    def product(self) -> float | None:
        """P: the signal after the last layer and its activation, divided by the signal that reaches the first layer.

        None if no factor means anything, or a loop of unknown length constructs a layer: there may be more of them.
        """
        counted = self.counted
        if not counted or any(link.layer.repeated for link in counted):
            return None
        return counted[-1].after / counted[0].before

    @property
    def stated_product(self) -> float | None:
        """P if the text for messages states it, else None."""
        return self.product if len(self.counted) > 1 else None

    def left_after(self, layers: Collection[Layer]) -> str:
        """The end of a clause about `layers`: `; 0.016 of it is left after the last`. Empty for a single link."""
        product, count = self.stated_product, len(self.counted)
        if product is None:
            return ""
        paths = {layer.path for layer in layers}
        common = [link for link in self.counted if link.layer.path in paths]
        if len(common) < count:
            return f"; {what_is_left(product, f'after {count} layers in a row')}"
        when = "after the last" if count == len(paths) else f"after {count} of them in a row"
        return f"; {what_is_left(product, when)}"

    def steps(self) -> tuple[str, ...]:
        """A line for each layer: its factor on the signal's mean square, and the product so far."""
        lines, counted, is_counted = [], self.counted, False
        for link in self.links:
            suffix = "" if link.following.op == "layer" else f", {activation_class_name(link.following.op)}"
            fans = as_many_outputs(1, 1) if link.factors.at_equal_fans else ""
            factor = "-" if link.factors.signal is None else f"{format_number(link.factors.signal)}{fans}"
            is_counted = link is counted[0] or is_counted if counted else False
            is_counted = is_counted and not link.layer.repeated
            product = format_number(link.after / counted[0].before) if is_counted else "-"
            lines.append(
                f"`{link.layer.path}` {link.layer.type}, {_init_name(link)}{suffix}: factor {factor}, product {product}"
            )
        return tuple(lines)

    @property
    def certain_length(self) -> int:
        """The number of layers, without those that a loop of unknown length constructs."""
        return sum(not link.layer.repeated for link in self.links)

    @property
    def vanishes(self) -> bool:
        """Whether the signal shrinks so much that training suffers measurably."""
        return self.is_below(0.01)

    def is_below(self, limit: float) -> bool:
        """Whether P is known and below `limit`."""
        product = self.product
        return product is not None and product < limit

    def part_with(self, paths: Collection[str]) -> Chain:
        """The part from the first to the last layer with one of these paths. At least one must be in the chain."""
        indices = [index for index, link in enumerate(self.links) if link.layer.path in paths]
        return Chain(self.links[indices[0] : indices[-1] + 1])


def smallest(candidates: Iterable[Chain]) -> Chain:
    """The chain after which the least of the signal is left; one without a P only if all are."""
    return min(candidates, key=lambda chain: (chain.product is None, chain.product))


def largest(candidates: Iterable[Chain]) -> Chain:
    """The chain after which the signal is largest; one without a P only if all are."""
    return max(candidates, key=lambda chain: -1.0 if chain.product is None else chain.product)


def signal_factor(group: Sequence[Link]) -> str:
    """The init call of a group of layers and its effect: `f` in `fc1`: the layer passes on 0.25 of the signal's ..."""
    layers = [link.layer for link in group]
    effect = without_invented_number(effect_on_signal([link.factors for link in group]), layers)
    return f"`{short_name(group[0].initializer)}` in {layer_names(layers)}: {effect}"


def signal_numbers(group: Sequence[Link], chain: Chain) -> SignalNumbers:
    """The numbers of a message made of `signal_factor` and the chain."""
    return SignalNumbers.of(stated_factors(link.factors for link in group), product=chain.stated_product)


def links(model: ModelGraph) -> Iterator[Link]:
    """The links of a model, in the order of its layers."""
    chain_by_path = chains(model)
    for layer in model.layers:
        if layer.path in chain_by_path:
            yield next(link for link in chain_by_path[layer.path].links if link.layer is layer)


def factors_in(model: ModelGraph, layer_activation: LayerActivation) -> Factors | None:
    """The factors of a pair at the signal that reaches its layer."""
    return factors_at(model, layer_activation.layer)


def factors_at(model: ModelGraph, layer: Layer) -> Factors | None:
    """The factors of a layer and its activation at the signal that reaches the layer: of 1 where that is not known.

    The activation counts if it is the only consumer of the output. None if anything is unknown, or the layer is not
    one linear map.
    """
    chain = chains(model).get(layer.path)
    if chain is not None:
        return next(link.factors for link in chain.links if link.layer.path == layer.path)
    if not is_matrix(layer) and layer.product is None:
        return None
    signal = layer_inputs(model).get(layer.path) or source_signal()
    following = certain_activation(layer, frozenset())
    if following is not None and ACTIVATIONS[following.op].family == "linear":
        following = None  # a softmax: the factor is that on its logits
    effect = layer_effect(layer, following, signal)
    return None if effect is None else _factors(layer, effect)


def _factors(layer: Layer, effect: LayerEffect) -> Factors:
    return Factors(effect.factor, effect.weight_factor, effect.gradient, assumes_equal_fans(layer))


@memoize
def chains(model: ModelGraph) -> Mapping[str, Chain]:
    """The chain of each link of the model, by the path of its layer.

    A chain ends where the data flow joins another one, or passes anything but an activation and a pool. Where it forks,
    the longest branch continues it, and the others begin chains of their own.
    """
    candidates = {layer.path: following for layer in model.layers if (following := _following(layer)) is not None}
    if not candidates:
        return {}
    inputs, layers = layer_inputs(model), model.by_path
    successors = {
        path: [after for after in _successor_paths(layers[path], following, inputs) if after in candidates]
        for path, following in candidates.items()
    }
    entries = Counter(after for all_after in successors.values() for after in all_after)
    successors = {path: [a for a in all_after if entries[a] == 1] for path, all_after in successors.items()}
    predecessor = {after: path for path, all_after in successors.items() for after in all_after}
    chain_by_path: dict[str, Chain] = {}
    outputs: dict[str, Signal] = {}
    for run in _runs(successors, predecessor):
        links_of_run: list[Link] = []
        for path in run:
            before = inputs.get(path) or outputs.get(predecessor.get(path, "")) or source_signal()
            effect = layer_effect(layers[path], candidates[path], before)
            if effect is not None:
                outputs[path] = effect.after
                links_of_run.append(_link(layers[path], candidates[path], before, effect))
            if links_of_run and (effect is None or path == run[-1]):
                chain = Chain(tuple(links_of_run))
                chain_by_path |= {link.layer.path: chain for link in links_of_run}
                links_of_run = []
    return chain_by_path


def _runs(successors: Mapping[str, Sequence[str]], predecessor: Mapping[str, str]) -> Iterator[list[str]]:
    """The paths of consecutive layers: from each start along its longest branch, the other branches after it."""
    lengths: dict[str, int] = {}
    for start in successors:
        stack = [start]
        while stack:
            pending = [after for after in successors[stack[-1]] if after not in lengths and after not in stack]
            if pending:
                stack.append(pending[0])
            else:
                path = stack.pop()
                lengths[path] = 1 + max((lengths.get(after, 0) for after in successors[path]), default=0)
    seen: set[str] = set()
    starts = [path for path in successors if path not in predecessor]
    for start in (*starts, *successors):  # a layer that no start reaches is on a cycle
        pending_starts = [start]
        while pending_starts:
            at: str | None = pending_starts.pop(0)
            run: list[str] = []
            while at is not None and at not in seen:
                seen.add(at)
                run.append(at)
                branches = sorted(successors[at], key=lambda path: -lengths[path])
                pending_starts += branches[1:]
                at = branches[0] if branches else None
            if run:
                yield run


def all_chains(model: ModelGraph) -> Iterable[Chain]:
    """The chains of the model, in the order of their first layers."""
    return {id(chain): chain for chain in chains(model).values()}.values()


def chains_of(model: ModelGraph, paths: Collection[str]) -> Mapping[str, Chain]:
    """For each of these paths whose layer is a link: its chain, from the first to the last of these layers."""
    chain_by_path = chains(model) if paths else {}
    return {path: chain_by_path[path].part_with(paths) for path in paths if path in chain_by_path}


def _link(layer: Layer, following: Consumer, before: Signal, effect: LayerEffect) -> Link:
    init = effective_init(layer)
    assert init is not None
    return Link(
        layer, layer.effective_write(), *init, following, _factors(layer, effect), before.moment, effect.after.moment
    )


def _following(layer: Layer) -> Consumer | None:
    """What follows a layer that may be a link: everything is certain, and only its init sets the scale."""
    if (
        layer.residual
        or layer.frozen
        or layer.parametrized
        or layer.tied is not None
        or not layer.last_write_is_certain()
    ):
        return None
    write, init = layer.effective_write(), effective_init(layer)
    if init is None or not (is_matrix(layer) or layer.product is not None):
        return None
    return None if write is not None and constant(write) is not None else _next_consumer(layer)


def _next_consumer(layer: Layer) -> Consumer | None:
    consumer = certain_activation(layer, SCALE_PRESERVING)
    if consumer is not None:
        return consumer if continue_at_scale(layer.followed_by) else None
    direct_layers = {f.layer for f in layer.followed_by if f.op == "layer" and f.certain and not f.between}
    return layer.followed_by[0] if len(direct_layers) == 1 == len(layer.followed_by) else None


def _successor_paths(layer: Layer, following: Consumer, inputs: Mapping[str, Signal]) -> Iterator[str]:
    """The paths of the next layers with nothing but the activation between, or pools if their effect is known."""
    if following.op == "layer":
        if following.layer is not None:
            yield following.layer
        return
    found: dict[str, None] = {}
    for consumer in layer.followed_by:
        for after in consumer.onward:
            between = {*consumer.between, *after.between}
            is_open = not between or (between <= _POOLS and after.layer in inputs)
            if after.layer is not None and after.certain and is_open:
                found[after.layer] = None
    yield from found
