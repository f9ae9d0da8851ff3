"""Stalled parameters: those that start at zero and never get a gradient, because others start at zero too.

The gradient of one factor of a product contains the other factor. All zeros of a model are therefore examined
together: assume that none of them changes, remove those that get a gradient nevertheless, and repeat until none does.
The remaining ones never change, because each of their gradients has another one as a factor.

Unknown values count as nonzero and pass a gradient.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

from initlint._records import dataclass
from initlint.facts.activations import ACTIVATIONS
from initlint.facts.fans import MODULES
from initlint.facts.initializer_formulas import constant_value
from initlint.graph.consumers import layer_key
from initlint.graph.dataflow import FlowNode
from initlint.graph.model import Layer
from initlint.graph.words import UNDETERMINED

Parameter = tuple[Hashable, str]
"""The key of a layer in the data flow, and `weight` or `bias`."""

_FAMILIES = frozenset({"linear", "conv", "conv_transpose", "embedding"})
_KEEP_ZERO = frozenset({"pool", "chunk", "normalize"})
_ROUNDS = 20


@dataclass(frozen=True, slots=True)
class ZeroStart:
    """Whether the parameters of a layer start at zero, and whether it has a bias."""

    weight: bool
    bias: bool
    has_bias: bool


def zero_start(layer: Layer) -> ZeroStart | None:
    """Which parameters of `layer` start at zero. None for a frozen or recomputed layer, and for one that is neither a
    linear map, an embedding, a norm nor a raw parameter."""
    module = MODULES.get(f"torch.nn.{layer.type}")
    is_norm = module is not None and module.role == "norm"
    if layer.frozen or layer.parametrized:
        return None
    if not is_norm and layer.type != "Parameter" and (module is None or module.family not in _FAMILIES):
        return None
    has_bias = "bias" in layer.shapes
    keeps_default = not any(write.parameter == "bias" for write in layer.writes)
    bias = _is_zero(layer, "bias") or (is_norm and keeps_default)
    return ZeroStart(_is_zero(layer, "weight"), has_bias and bias, has_bias)


def _is_zero(layer: Layer, parameter: str) -> bool:
    write = layer.effective_write(parameter)
    if write is None or not layer.last_write_is_certain(parameter):
        return False
    return constant_value(write.initializer, write.arguments, UNDETERMINED) == 0.0


def stalled_groups(
    nodes: Mapping[Hashable, Sequence[FlowNode]],
    starts: Mapping[Hashable, ZeroStart],
    tied: Mapping[Hashable, Hashable] | None = None,
) -> list[tuple[Hashable, ...]]:
    """Groups of layers whose zero weights keep each other from learning, in the order of the data flow.

    `nodes`: the uses of each layer, by its key. `starts`: by the same keys. `tied`: for a layer that shares its weight
    the one that owns it.
    """
    weights = {(layer, "weight") for layer, start in starts.items() if start.weight}
    if len(weights) < 2:
        return []
    flow = _Flow(nodes, starts)
    zeros = weights | {(layer, "bias") for layer, start in starts.items() if start.bias}
    for _ in range(_ROUNDS):
        lasting = flow.without_gradient(zeros)
        for one, other in (tied or {}).items():
            if (one, "weight") not in lasting or (other, "weight") not in lasting:
                lasting -= {(one, "weight"), (other, "weight")}
        if lasting == zeros:
            return flow.groups([layer for layer in starts if (layer, "weight") in zeros])
        zeros = lasting
    return []


class _Flow:
    """The data flow around the layers. For one set of zeros: which values are zero, and where a gradient arrives."""

    def __init__(self, nodes: Mapping[Hashable, Sequence[FlowNode]], starts: Mapping[Hashable, ZeroStart]) -> None:
        self._starts = starts
        self._nodes = _connected(node for uses in nodes.values() for node in uses)
        self._uses: dict[Hashable, list[FlowNode]] = {}
        for node in self._nodes:
            for layer in _keys(node):
                self._uses.setdefault(layer, []).append(node)
        self._zeros: frozenset[Parameter] = frozenset()
        self._is_zero_at: dict[int, bool] = {}
        """By the index of a node: whether its value is zero."""
        self._has_gradient: dict[int, bool] = {}
        """By the index of a node: whether a gradient arrives at it."""

    def without_gradient(self, zeros: Iterable[Parameter]) -> set[Parameter]:
        """Those of the `zeros` that get no gradient while all of them are zero."""
        self._zeros = frozenset(zeros)
        self._is_zero_at, self._has_gradient = {}, {}
        for node in self._nodes:
            self._is_zero_at[node.index] = self._is_zero(node)
        for node in reversed(self._nodes):
            users = [user for user, _ in node.users]
            self._has_gradient[node.index] = not users or any(self._passes(user, node) for user in users)
        return {parameter for parameter in self._zeros if self._is_used(parameter) and not self._learns(parameter)}

    def _is_used(self, parameter: Parameter) -> bool:
        return parameter[0] in self._uses

    def _inputs_are_zero(self, node: FlowNode) -> bool:
        return bool(node.inputs) and all(self._is_zero_at[source.index] for source, _ in node.inputs)

    def _weight_is_zero(self, node: FlowNode) -> bool:
        return any((layer, "weight") in self._zeros for layer in _keys(node))

    def _is_zero(self, node: FlowNode) -> bool:
        inputs = [self._is_zero_at[source.index] for source, _ in node.inputs]
        if node.kind == "activation":
            activation = ACTIVATIONS.get(node.op)
            # If the slope at zero is zero too, no gradient passes at all: another rule reports that.
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
        layer = layer_key(node.layer)
        start = self._starts.get(layer)
        if start is None or (start.has_bias and (layer, "bias") not in self._zeros):
            return False
        return self._weight_is_zero(node) or self._inputs_are_zero(node)

    def _passes(self, user: FlowNode, node: FlowNode) -> bool:
        """Whether a gradient goes from `user` to its input `node`."""
        if not self._has_gradient[user.index]:
            return False
        if not user.exact:
            return True
        if user.op in ("mul", "matmul"):
            return not any(self._is_zero_at[other.index] for other in _others(user, node))
        if user.op == "sdpa":
            value = user.inputs[2][0]
            return node is value or not any(self._is_zero_at[other.index] for other in _others(user, node))
        return not self._weight_is_zero(user)

    def _learns(self, parameter: Parameter) -> bool:
        layer, name = parameter
        for node in self._uses[layer]:
            if not self._has_gradient[node.index]:
                continue
            factors = [other for other in node.factors if layer_key(other) != layer]
            blocked = any((layer_key(other), "weight") in self._zeros for other in factors)
            if name == "bias" or not node.exact or not (blocked or self._inputs_are_zero(node)):
                return True
        return False

    def groups(self, layers: Sequence[Hashable]) -> list[tuple[Hashable, ...]]:
        """The layers, each with those that keep it from learning. A layer without any of these is left out.

        In the order of the data flow; those that meet in one operation in that of `layers`.
        """
        among = set(layers)
        group_of: dict[Hashable, set[Hashable]] = {layer: {layer} for layer in layers}
        for layer in layers:
            for partner in self._partners(layer, among):
                joined = group_of[layer] | group_of[partner]
                for member in joined:
                    group_of[member] = joined
        order = {layer: (self._uses[layer][0].index, number) for number, layer in enumerate(layers)}
        groups = {tuple(sorted(group, key=order.__getitem__)) for group in group_of.values() if len(group) > 1}
        return sorted(groups, key=lambda group: order[group[0]])

    def _partners(self, layer: Hashable, among: set[Hashable]) -> Iterator[Hashable]:
        """The first zero weights that its output is multiplied with, directly or through another operand."""
        seen: set[int] = set()
        stack = list(self._uses[layer])
        for node in stack:
            yield from (other for other in map(layer_key, node.factors) if other in among and other != layer)
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
                        yield from self._zeros_behind(other, among - {layer})
                elif not carried and (user.kind in ("identity", "join", "activation") or user.op in _KEEP_ZERO):
                    stack.append(user)

    def _zeros_behind(self, node: FlowNode, among: set[Hashable]) -> Iterator[Hashable]:
        """The zero weights that make the value of `node` zero."""
        stack = [node] if self._is_zero_at[node.index] else []
        while stack:
            current = stack.pop()
            carried = among.intersection(_keys(current))
            yield from carried
            if not carried:
                stack.extend(source for source, _ in current.inputs if self._is_zero_at[source.index])


def _keys(node: FlowNode) -> list[Hashable]:
    return [layer_key(layer) for layer in (*node.factors, *((node.layer,) if node.layer is not None else ()))]


def _others(user: FlowNode, node: FlowNode) -> list[FlowNode]:
    """The other operands of a product. For a square, the node itself."""
    sources = [source for source, _ in user.inputs]
    sources.remove(node)
    return sources


def _connected(nodes: Iterable[FlowNode]) -> list[FlowNode]:
    """The nodes and all their predecessors and successors, in the order of the data flow."""
    nodes_by_index: dict[int, FlowNode] = {}
    stack = list(nodes)
    while stack:
        node = stack.pop()
        if node.index not in nodes_by_index:
            nodes_by_index[node.index] = node
            stack.extend(user for user, _ in node.users)
            stack.extend(source for source, _ in node.inputs)
    return [nodes_by_index[index] for index in sorted(nodes_by_index)]
