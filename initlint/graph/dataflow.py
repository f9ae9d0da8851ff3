"""The data flow of one model, and the search for the ends of its paths.

Both tracers record the operations of a `forward` as `FlowNode`s. The consumers of a layer or an activation, and the
layers inside a skip connection, are computed here from those nodes, so the two engines cannot differ in that.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any, TypeAlias

from initlint._records import dataclass
from initlint.graph.words import Arguments, OperationKind
from initlint.project.source import Location

Token: TypeAlias = tuple[Any, bool]
"""An undecided condition, and whether it was taken as true."""
Condition: TypeAlias = frozenset[Token]
ALWAYS: Condition = frozenset()

_MAX_BETWEEN = 8
"""Rules need no longer paths; the bound keeps the search linear."""
_MAX_ENDS = 64
_MAX_BLOCK = 400
"""Largest number of nodes inside a skip connection; larger ones are ignored."""

_MAX_CASES = 6
"""Largest number of undecided tests whose cases are distinguished, and of conditions of one path."""

_order = count()


class FlowNode:
    """One operation on data.

    `layer`: the key of the layer that it calls. `inputs`: pairs of a node and the condition under which it is the
    input. `exact`: the operation has exactly these inputs, in this order, and uses the weight of its layer or the
    parameters `factors` unchanged. `repeated`: it is in a further iteration of a loop of unknown length. `last`: in the
    last one of a loop that tests for it. `no_grad`: no gradients are computed. `map_size`: of the feature map that a
    layer gets, if known. `function`: the operator, with a number, where a norm may be written out with it.
    """

    __slots__ = (
        "arguments", "condition", "exact", "factors", "function", "index", "inputs", "kind", "last", "layer",
        "location", "map_size", "no_grad", "op", "repeated", "users",
    )  # fmt: skip

    def __init__(
        self,
        kind: OperationKind,
        op: str,
        inputs: Iterable[tuple[FlowNode, Condition]],
        location: Location | None,
        condition: Condition = ALWAYS,
        layer: Any = None,
        arguments: Arguments | None = None,
        exact: bool = False,
        factors: tuple[Any, ...] = (),
    ) -> None:
        self.exact = exact
        self.repeated = False
        self.last = False
        self.no_grad = False
        self.map_size: tuple[int, ...] | None = None
        self.function: tuple[str, Any] | None = None
        self.factors = factors
        self.kind = kind
        self.op = op
        self.location = location
        self.condition = condition
        self.layer = layer
        self.arguments: Arguments = arguments or {}
        self.index = next(_order)
        self.users: list[tuple[FlowNode, Condition]] = []
        self.inputs = list(inputs)
        for node, edge in self.inputs:
            node.users.append((self, edge))


@dataclass(frozen=True, slots=True)
class PathEnd:
    """The end of a path from a node: the consuming node, the modifiers between, and the conditions of the path."""

    node: FlowNode
    between: tuple[str, ...]
    condition: Condition


class PathFinder:
    """Finds the ends of all paths in one data flow; caches them by node."""

    def __init__(self) -> None:
        self._ends: dict[tuple[int, bool], tuple[PathEnd, ...]] = {}

    def ends(self, start: FlowNode) -> tuple[PathEnd, ...]:
        """The first consumers of `start`, one for each path and condition. A path contains at most one residual add."""
        return self._search(start, may_add=True)

    def _search(self, start: FlowNode, may_add: bool) -> tuple[PathEnd, ...]:
        key = (start.index, may_add)
        cached = self._ends.get(key)
        if cached is not None:
            return cached
        # An explicit stack: a chain of joins or reshapes may be deeper than the recursion limit.
        stack = [key]
        nodes = {start.index: start}
        while stack:
            index, adding = stack[-1]
            if stack[-1] in self._ends:
                stack.pop()
                continue
            pending = []
            for user, _ in nodes[index].users:
                step = self._step(nodes[index], user, adding)
                if step is not None and (user.index, step) not in self._ends:
                    nodes[user.index] = user
                    pending.append((user.index, step))
            if pending:
                stack.extend(pending)
                continue
            self._ends[stack.pop()] = self._collect(nodes[index], adding)
        return self._ends[key]

    @staticmethod
    def _step(node: FlowNode, user: FlowNode, may_add: bool) -> bool | None:
        """Whether the path may contain an add after `user`; None if it ends there or must not continue."""
        if user.kind in ("join", "identity"):
            return may_add
        if user.kind != "modifier":
            return None
        if user.op != "add" or (node.op == "add" and len(node.users) == 1):
            return may_add
        return False if may_add else None

    def _collect(self, node: FlowNode, may_add: bool) -> tuple[PathEnd, ...]:
        ends: dict[tuple[int, tuple[str, ...]], list[PathEnd]] = {}
        for user, edge in node.users:
            here = edge | user.condition
            step = self._step(node, user, may_add)
            if step is not None:
                one_sum = user.op == "add" and node.op == "add" and len(node.users) == 1
                for end in self._ends[user.index, step]:
                    between = end.between
                    if user.kind == "modifier" and not one_sum and between[:1] != (user.op,):
                        between = (user.op, *between)
                    if len(between) <= _MAX_BETWEEN:
                        self._add(ends, PathEnd(end.node, between, end.condition | here))
            elif user.kind in ("layer", "activation", "sink", "output"):
                self._add(ends, PathEnd(user, (), here))
            if len(ends) >= _MAX_ENDS:
                break
        return tuple(end for same in ends.values() for end in _without_decided(same))

    @staticmethod
    def _add(ends: dict[tuple[int, tuple[str, ...]], list[PathEnd]], end: PathEnd) -> None:
        """Add an end to those of the same path, which it may make independent of a condition."""
        same = ends.setdefault((end.node.index, end.between), [])
        for at, other in enumerate(same):
            if other.condition <= end.condition:
                return
            difference = end.condition ^ other.condition
            if len(difference) == 2 and len({test for test, _ in difference}) == 1:
                # The same path on both sides of a condition does not depend on it.
                del same[at]
                PathFinder._add(ends, PathEnd(end.node, end.between, end.condition & other.condition))
                return
        if len(same) < _MAX_CASES:
            same.append(end)


def _without_decided(ends: list[PathEnd]) -> list[PathEnd]:
    """The ends of one path; a single one, under what all of them need, if one of them surely holds then."""
    if len(ends) == 1:
        return ends
    common = frozenset.intersection(*(end.condition for end in ends))
    if is_always_one(end.condition - common for end in ends):
        return [PathEnd(ends[0].node, ends[0].between, common)]
    return ends


def is_always_one(conditions: Iterable[Condition]) -> bool:
    """Whether one of the conditions holds in every case; False if they depend on too many undecided tests."""
    left = set(conditions)
    if ALWAYS in left:
        return True
    tests = {test for condition in left for test, _ in condition}
    if not tests or len(tests) > _MAX_CASES:
        return False
    test = tests.pop()
    return all(
        is_always_one(one - {(test, taken)} for one in left if (test, not taken) not in one) for taken in (True, False)
    )


def residual_layers(sums: Iterable[FlowNode]) -> Iterator[Any]:
    """The keys of the layers inside skip connections.

    For each sum of several data tensors: the layers between the sum and the nearest common predecessor of its terms,
    including a projection on the skip. If every term passes an activation, there is no skip: the sum adds two whole
    networks.
    """
    for add in sums:
        if len(add.inputs) >= 2:
            yield from _layers_of_skip(add)


def _layers_of_skip(add: FlowNode) -> Iterator[Any]:
    terms = len(add.inputs)
    terms_by_node: dict[int, int] = {}
    heap: list[tuple[int, int]] = []
    nodes: dict[int, FlowNode] = {}
    for bit, (node, _) in enumerate(add.inputs):
        nodes[node.index] = node
        if node.index not in terms_by_node:
            heapq.heappush(heap, (-node.index, node.index))
        terms_by_node[node.index] = terms_by_node.get(node.index, 0) | (1 << bit)
    everything = (1 << terms) - 1
    activated = 0
    layers: list[Any] = []
    for _ in range(_MAX_BLOCK):
        if not heap:
            return
        index = heapq.heappop(heap)[1]
        node = nodes[index]
        if terms_by_node[index] == everything:
            yield from layers if activated != everything else ()
            return
        if node.kind == "layer":
            layers.append(node.layer)
        elif node.kind == "activation":
            activated |= terms_by_node[index]
        for source, _edge in node.inputs:
            if source.index not in terms_by_node:
                nodes[source.index] = source
                heapq.heappush(heap, (-source.index, source.index))
            terms_by_node[source.index] = terms_by_node.get(source.index, 0) | terms_by_node[index]


def nodes_after(uses: Iterable[Iterable[FlowNode]]) -> Iterator[FlowNode]:
    """These uses of layers and all that is computed from them, each once."""
    seen: set[int] = set()
    stack = [node for nodes in uses for node in nodes]
    while stack:
        node = stack.pop()
        if node.index not in seen:
            seen.add(node.index)
            stack.extend(user for user, _ in node.users)
            yield node


def starts_stream(start: FlowNode) -> bool:
    """Whether `start` reaches sums through modifiers only, and everything in these sums is computed from `start`.

    So it is where a residual stream starts: `x = norm(x); x = x + branch(x)`. At the end of a branch, the other term of
    the sum comes from before it, and the first sum decides.
    """
    seen = {start.index}
    reaches_sum = False
    for node in _sums_through_modifiers(start):
        if not node.exact or not _comes_from(node, start, seen):
            return False
        reaches_sum = True
    return reaches_sum


def _sums_through_modifiers(start: FlowNode) -> Iterator[FlowNode]:
    reached: set[int] = set()
    stack = [start]
    while stack:
        for user, _ in stack.pop().users:
            if user.index not in reached and user.kind in ("modifier", "join", "identity"):
                reached.add(user.index)
                stack.append(user)
                if user.kind == "modifier" and user.op == "add":
                    yield user


def _comes_from(node: FlowNode, start: FlowNode, seen: set[int]) -> bool:
    """Whether all that a node is computed from comes from `start`; `seen` has the nodes of which that is known."""
    stack = [node]
    while stack:
        node = stack.pop()
        if node.index in seen:
            continue
        seen.add(node.index)
        if node.index < start.index or not node.inputs:
            return False
        stack.extend(source for source, _ in node.inputs)
    return True
