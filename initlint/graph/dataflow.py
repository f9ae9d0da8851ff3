"""The data flow of one model, and the walk along it.

Both tracers record what happens to the tensors of a `forward` as `FlowNode`s; everything that rules ask of the flow
(what follows a layer, where the signal goes behind an activation, which layers a skip runs around) is computed
here from those nodes, so that the two engines cannot differ in it.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeAlias

from initlint.graph.model import Arguments, Location, OperationKind

Token: TypeAlias = tuple[Any, bool]
"""An undecided condition and the side of it that was taken."""
Condition: TypeAlias = frozenset[Token]
ALWAYS: Condition = frozenset()

_MAX_BETWEEN = 8
"""Longer ways say nothing more to a rule; the bound keeps the walk linear."""
_MAX_ENDS = 64
_MAX_BLOCK = 400
"""How many nodes a skip may run around before it is no longer looked into."""

_order = count()


class FlowNode:
    """One operation on data.

    `kind`: `input`, `layer` (a weighted layer, `layer` is its key), `activation`, `noted` (`op` is what `between`
    lists), `pass` (changes nothing that counts), `join` (the value is one of the inputs), `end` (an operator that
    ends a path: `matmul`, `unknown`, ...), `output`.
    `inputs` are pairs of a node and the conditions under which it is the one that arrives.
    `exact`: the operation takes just these inputs, in this order, and the weight of its layer or the parameters
    `factors` as they are.
    """

    __slots__ = (
        "arguments", "condition", "exact", "factors", "index", "inputs", "kind", "layer", "op", "place", "users",
    )  # fmt: skip

    def __init__(
        self,
        kind: OperationKind,
        op: str,
        inputs: Iterable[tuple[FlowNode, Condition]],
        place: Location | None,
        condition: Condition = ALWAYS,
        layer: Any = None,
        arguments: Arguments | None = None,
        exact: bool = False,
        factors: tuple[Any, ...] = (),
    ) -> None:
        self.exact = exact
        self.factors = factors
        self.kind = kind
        self.op = op
        self.place = place
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
    """Where a path from a node ends: the consuming node, what lies between, and under which conditions."""

    node: FlowNode
    between: tuple[str, ...]
    condition: Condition


class PathFinder:
    """Answers questions about one flow; remembers what it has walked."""

    def __init__(self) -> None:
        self._ends: dict[tuple[int, bool], tuple[PathEnd, ...]] = {}

    def ends(self, start: FlowNode) -> tuple[PathEnd, ...]:
        """What consumes the value of `start` first, one entry for each path, through at most one residual add."""
        return self._walk(start, may_add=True)

    def _walk(self, start: FlowNode, may_add: bool) -> tuple[PathEnd, ...]:
        key = (start.index, may_add)
        known = self._ends.get(key)
        if known is not None:
            return known
        # An explicit stack, for a chain of joins or of reshapes may be longer than Python's own.
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
        """Whether a further add may be passed behind `user`; None if the path ends there or may not go on."""
        if user.kind in ("join", "identity"):
            return may_add
        if user.kind != "modifier":
            return None
        if user.op != "add" or (node.op == "add" and len(node.users) == 1):
            return may_add
        return False if may_add else None

    def _collect(self, node: FlowNode, may_add: bool) -> tuple[PathEnd, ...]:
        found: dict[tuple[int, tuple[str, ...]], PathEnd] = {}
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
                        self._add(found, PathEnd(end.node, between, end.condition | here))
            elif user.kind in ("layer", "activation", "sink", "output"):
                self._add(found, PathEnd(user, (), here))
            if len(found) >= _MAX_ENDS:
                break
        return tuple(found.values())

    @staticmethod
    def _add(found: dict[tuple[int, tuple[str, ...]], PathEnd], end: PathEnd) -> None:
        key = (end.node.index, end.between)
        other = found.get(key)
        if other is None:
            found[key] = end
            return
        apart = end.condition ^ other.condition
        if len(apart) == 2 and len({token for token, _ in apart}) == 1:
            # The same way on both sides of a condition is a way on neither.
            found[key] = PathEnd(end.node, end.between, end.condition & other.condition)
        elif len(end.condition) < len(other.condition):
            found[key] = end


def around(adds: Iterable[FlowNode]) -> Iterator[Any]:
    """The keys of the layers that skips run around.

    For each sum of several data tensors these are the layers between the sum and the nearest node from which all
    of its terms come (a projection on the skip included). If there is an activation on the way of every term, none
    of them is a skip: two whole networks are added.
    """
    for add in adds:
        if len(add.inputs) >= 2:
            yield from _between_fork_and(add)


def _between_fork_and(add: FlowNode) -> Iterator[Any]:
    terms = len(add.inputs)
    reached: dict[int, int] = {}
    heap: list[tuple[int, int]] = []
    nodes: dict[int, FlowNode] = {}
    for bit, (node, _) in enumerate(add.inputs):
        nodes[node.index] = node
        if node.index not in reached:
            heapq.heappush(heap, (-node.index, node.index))
        reached[node.index] = reached.get(node.index, 0) | (1 << bit)
    everything = (1 << terms) - 1
    activated = 0
    inside: list[Any] = []
    for _ in range(_MAX_BLOCK):
        if not heap:
            return
        index = heapq.heappop(heap)[1]
        node = nodes[index]
        if reached[index] == everything:
            yield from inside if activated != everything else ()
            return
        if node.kind == "layer":
            inside.append(node.layer)
        elif node.kind == "activation":
            activated |= reached[index]
        for source, _edge in node.inputs:
            if source.index not in reached:
                nodes[source.index] = source
                heapq.heappush(heap, (-source.index, source.index))
            reached[source.index] = reached.get(source.index, 0) | reached[index]
