"""Zeros that hold each other: parameters that start at zero and never get a gradient because others start at zero.

Where two factors meet, the gradient of each is the other one. So the question is asked of all zeros of a model at
once: take them as lasting, see which get a gradient nevertheless, take these out, and ask again until none is left
that does. What remains never changes, for each of its gradients is a product with one of the others.

What is not known counts as not zero, and passes a gradient.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from initlint.facts.activations import ACTIVATIONS
from initlint.facts.fans import MODULES
from initlint.facts.initializer_formulas import constant_value
from initlint.graph.consumers import key
from initlint.graph.dataflow import FlowNode
from initlint.graph.model import UNDETERMINED, Layer

Parameter = tuple[Hashable, str]
"""The key of a layer in the flow, and `weight` or `bias`."""

_FAMILIES = frozenset({"linear", "conv", "conv_transpose"})
_KEEP_ZERO = frozenset({"pool", "chunk", "normalize"})
_ROUNDS = 20


@dataclass(frozen=True, slots=True)
class Start:
    """Which parameters of a layer start at zero, and whether it has a bias."""

    weight: bool
    bias: bool
    biased: bool


def start(layer: Layer) -> Start | None:
    """How the layer starts; None if it is no linear map, norm or raw parameter, or if it is frozen or recomputed."""
    known = MODULES.get(f"torch.nn.{layer.type}")
    is_norm = known is not None and known.role == "norm"
    if layer.frozen or layer.parametrized:
        return None
    if not is_norm and layer.type != "Parameter" and (known is None or known.family not in _FAMILIES):
        return None
    biased = "bias" in layer.shapes
    untouched = not any(write.parameter == "bias" for write in layer.writes)
    bias = _is_zero(layer, "bias") or (is_norm and untouched)
    return Start(_is_zero(layer, "weight"), biased and bias, biased)


def _is_zero(layer: Layer, parameter: str) -> bool:
    write = layer.effective_write(parameter)
    if write is None or not layer.last_write_is_certain(parameter):
        return False
    return constant_value(write.initializer, write.arguments, UNDETERMINED) == 0.0


def stalled(
    nodes: Mapping[Hashable, Sequence[FlowNode]], starts: Mapping[Hashable, Start]
) -> list[tuple[Hashable, ...]]:
    """Groups of layers whose zero weights never learn because of each other, in the order of the flow.

    `nodes`: the uses of each layer, by its key; `starts`: by the same keys.
    """
    weights = {(layer, "weight") for layer, found in starts.items() if found.weight}
    if len(weights) < 2:
        return []
    flow = _Flow(nodes, starts)
    zeros = weights | {(layer, "bias") for layer, found in starts.items() if found.bias}
    for _ in range(_ROUNDS):
        left = flow.without_gradient(zeros)
        if left == zeros:
            return flow.groups([layer for layer, name in zeros if name == "weight"])
        zeros = left
    return []


class _Flow:
    """The flow around the layers, and one view of it: which values are zero, and what a gradient reaches."""

    def __init__(self, nodes: Mapping[Hashable, Sequence[FlowNode]], starts: Mapping[Hashable, Start]) -> None:
        self._starts = starts
        self._nodes = _connected(node for uses in nodes.values() for node in uses)
        self._uses: dict[Hashable, list[FlowNode]] = {}
        for node in self._nodes:
            for layer in _keys(node):
                self._uses.setdefault(layer, []).append(node)
        self._zeros: frozenset[Parameter] = frozenset()
        self._value: dict[int, bool] = {}
        """By the index of a node: whether what it gives is zero."""
        self._reached: dict[int, bool] = {}
        """By the index of a node: whether a gradient arrives at it."""

    def without_gradient(self, zeros: Iterable[Parameter]) -> set[Parameter]:
        """Those of the `zeros` that get no gradient if all of them stay what they are."""
        self._zeros = frozenset(zeros)
        self._value, self._reached = {}, {}
        for node in self._nodes:
            self._value[node.index] = self._is_zero(node)
        for node in reversed(self._nodes):
            users = [user for user, _ in node.users]
            self._reached[node.index] = not users or any(self._passes(user, node) for user in users)
        return {parameter for parameter in self._zeros if self._is_used(parameter) and not self._learns(parameter)}

    def _is_used(self, parameter: Parameter) -> bool:
        return parameter[0] in self._uses

    def _inputs_are_zero(self, node: FlowNode) -> bool:
        return bool(node.inputs) and all(self._value[source.index] for source, _ in node.inputs)

    def _weight_is_zero(self, node: FlowNode) -> bool:
        return any((layer, "weight") in self._zeros for layer in _keys(node))

    def _is_zero(self, node: FlowNode) -> bool:
        inputs = [self._value[source.index] for source, _ in node.inputs]
        if node.kind == "activation":
            activation = ACTIVATIONS.get(node.op)
            # Where the slope at zero is zero as well, the layer before is dead by itself: another rule's business.
            keeps = activation is not None and activation.value_at_zero == 0.0 and activation.slope_at_zero != 0.0
            return keeps and self._inputs_are_zero(node)
        if node.kind in ("identity", "join") or (node.kind == "modifier" and node.op in _KEEP_ZERO):
            return self._inputs_are_zero(node)
        if not node.exact:
            return False
        if node.op in ("mul", "matmul"):
            return any(inputs)
        if node.op == "sdpa":
            return inputs[2]
        if node.op == "add":
            return self._inputs_are_zero(node)
        if node.op == "scale":
            return self._weight_is_zero(node) or self._inputs_are_zero(node)
        layer = key(node.layer)
        found = self._starts.get(layer)
        if found is None or (found.biased and (layer, "bias") not in self._zeros):
            return False
        return self._weight_is_zero(node) or self._inputs_are_zero(node)

    def _passes(self, user: FlowNode, node: FlowNode) -> bool:
        """Whether a gradient goes from `user` to its input `node`."""
        if not self._reached[user.index]:
            return False
        if not user.exact:
            return True
        if user.op in ("mul", "matmul"):
            return not any(self._value[other.index] for other in _others(user, node))
        if user.op == "sdpa":
            value = user.inputs[2][0]
            return node is value or not any(self._value[other.index] for other in _others(user, node))
        return not self._weight_is_zero(user)

    def _learns(self, parameter: Parameter) -> bool:
        layer, name = parameter
        for node in self._uses[layer]:
            if not self._reached[node.index]:
                continue
            factors = [other for other in node.factors if key(other) != layer]
            blocked = any((key(other), "weight") in self._zeros for other in factors)
            if name == "bias" or not node.exact or not (blocked or self._inputs_are_zero(node)):
                return True
        return False

    def groups(self, layers: Sequence[Hashable]) -> list[tuple[Hashable, ...]]:
        """The layers, each with those that hold it back; one that nothing else explains is left out."""
        among = set(layers)
        found: dict[Hashable, set[Hashable]] = {layer: {layer} for layer in layers}
        for layer in layers:
            for partner in self._partners(layer, among):
                joined = found[layer] | found[partner]
                for member in joined:
                    found[member] = joined
        order = {layer: self._uses[layer][0].index for layer in layers}
        groups = {tuple(sorted(group, key=order.__getitem__)) for group in found.values() if len(group) > 1}
        return sorted(groups, key=lambda group: order[group[0]])

    def _partners(self, layer: Hashable, among: set[Hashable]) -> Iterator[Hashable]:
        """The zero weights that its output meets first, as the next factor or on the other side of a product."""
        seen: set[int] = set()
        stack = list(self._uses[layer])
        for node in stack:
            yield from (other for other in map(key, node.factors) if other in among and other != layer)
        while stack:
            node = stack.pop()
            for user, _ in node.users:
                if user.index in seen:
                    continue
                seen.add(user.index)
                carried = among.intersection(_keys(user)) - {layer}
                yield from carried
                if user.exact and user.op in ("mul", "matmul", "sdpa"):
                    for other in _others(user, node):
                        yield from self._behind(other, among - {layer})
                elif not carried and (user.kind in ("identity", "join", "activation") or user.op in _KEEP_ZERO):
                    stack.append(user)

    def _behind(self, node: FlowNode, among: set[Hashable]) -> Iterator[Hashable]:
        """The zero weights that make the value of `node` zero."""
        stack = [node] if self._value[node.index] else []
        while stack:
            here = stack.pop()
            carried = among.intersection(_keys(here))
            yield from carried
            if not carried:
                stack.extend(source for source, _ in here.inputs if self._value[source.index])


def _keys(node: FlowNode) -> list[Hashable]:
    return [key(layer) for layer in (*node.factors, *((node.layer,) if node.layer is not None else ()))]


def _others(user: FlowNode, node: FlowNode) -> list[FlowNode]:
    """The other operands of a product; the node itself if it is multiplied by itself."""
    sources = [source for source, _ in user.inputs]
    sources.remove(node)
    return sources


def _connected(nodes: Iterable[FlowNode]) -> list[FlowNode]:
    """These nodes and all that data flows from and to, in the order of the flow."""
    found: dict[int, FlowNode] = {}
    stack = list(nodes)
    while stack:
        node = stack.pop()
        if node.index not in found:
            found[node.index] = node
            stack.extend(user for user, _ in node.users)
            stack.extend(source for source, _ in node.inputs)
    return [found[index] for index in sorted(found)]
