"""Whether equal modules stay equal: their outputs meet in one symmetric operation, or one feeds the next."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterable, Sequence

from initlint._records import dataclass
from initlint.graph.dataflow import FlowNode
from initlint.project.source import Location

_MAX_NODES = 2000
"""Larger searches find nothing."""

_SCALED = ("scale", "shift", "unknown")
"""Operations with other operands, which may differ between members."""

_JOINS = ("add", "mul", "concat")
"""Operations that give the same result for the same data, in any member."""

_REDUCTIONS = ("mean", "sum", "prod")


def in_series(one: Iterable[FlowNode], other: Iterable[FlowNode]) -> bool:
    """Whether data goes from a node of `one` to a node of `other`."""
    targets = {node.index for node in other}
    return not targets.isdisjoint(_reached(one))


def merge_symmetrically(members: Sequence[Sequence[FlowNode]], sources: Sequence[Container[Location | None]]) -> bool:
    """Whether the members, each given by its nodes, have one input, and outputs with only one symmetric operation as
    their user.

    Between a member and that operation there may be activations and other operations without a weight, if they are
    the same for all members. `sources`: for each member, the locations that are in its own code.
    """
    if len({_entries(nodes, source) for nodes, source in zip(members, sources, strict=True)}) != 1:
        return False
    reached = [_reached(nodes) for nodes in members]
    common = set.intersection(*(set(nodes) for nodes in reached))
    if not common:
        return False
    meeting = reached[0][min(common)]
    if not _is_symmetric(meeting):
        return False
    signatures = set()
    for nodes, after in zip(members, reached, strict=True):
        own = {node.index: node for node in nodes} | {at: node for at, node in after.items() if at not in common}
        if any(node.kind == "layer" and node not in nodes for node in own.values()):
            return False
        users = [user for node in own.values() for user, _ in node.users]
        if any(user.index in common and user is not meeting for user in users):
            return False
        others = [node for node in own.values() if node.kind not in ("layer", "identity", "join")]
        if any(node.condition for node in own.values()) or any(node.op in _SCALED for node in others):
            return False
        signatures.add(tuple(sorted(f"{n.op} {dict(n.arguments)}" for n in others if n.op != meeting.op)))
        if any(_is_difference(node) for node in others if node.op in ("add", "mul") and node not in nodes):
            return False
    return len(signatures) == 1


_MAX_DEPTH = 16
"""How many operations of a member may follow each other between two of its layers."""


def _entries(nodes: Sequence[FlowNode], own_code: Container[Location | None]) -> tuple[object, ...]:
    """What each node of a member gets its data from: nodes outside, or nodes of its own by their positions."""
    ordered = sorted(nodes, key=lambda node: node.index)
    origins: dict[int, object] = {node.index: _Own(position) for position, node in enumerate(ordered)}
    return tuple(tuple(_origin(source, origins, own_code, _MAX_DEPTH) for source, _ in node.inputs) for node in ordered)


def _origin(node: FlowNode, origins: dict[int, object], own_code: Container[Location | None], depth: int) -> object:
    """A node that data comes from: its number, or for an operation of the member what it computes, from what.

    `origins`: those that are known, by the node's number.
    """
    if node.index not in origins:
        inputs = tuple(_origin(source, origins, own_code, depth - 1) for source, _ in node.inputs if depth)
        is_join = node.kind == "activation" or (node.kind == "modifier" and node.op in _JOINS)
        is_own = depth > 0 and is_join and not node.condition and node.location in own_code
        computed = _Own((node.op, repr(node.arguments), inputs))
        origins[node.index] = computed if is_own or any(map(_is_own, inputs)) else node.index
    return origins[node.index]


@dataclass(frozen=True, slots=True)
class _Own:
    """A value that a member computes."""

    origin: object


def _is_own(origin: object) -> bool:
    return isinstance(origin, _Own)


def _reached(nodes: Iterable[FlowNode]) -> dict[int, FlowNode]:
    """All nodes after `nodes`; empty if there are too many."""
    reached: dict[int, FlowNode] = {}
    stack = [user for node in nodes for user, _ in node.users]
    while stack:
        node = stack.pop()
        if node.index in reached:
            continue
        reached[node.index] = node
        if len(reached) > _MAX_NODES:
            return {}
        stack.extend(user for user, _ in node.users)
    return reached


def _is_symmetric(node: FlowNode) -> bool:
    """A sum or product of data, or a stack that is only averaged, summed or multiplied along its new dimension."""
    if node.kind != "modifier":
        return False
    if node.op in ("add", "mul"):
        return node.exact and not _is_difference(node)
    if node.op != "concat" or len(node.users) != 1:
        return False
    stack, reduction = (_call(one) for one in (node, node.users[0][0]))
    if stack is None or reduction is None or _name(stack) != "stack" or _name(reduction) not in _REDUCTIONS:
        return False
    position = 0 if isinstance(reduction.func, ast.Attribute) and isinstance(reduction.func.value, ast.Call) else 1
    return _dim(stack, 1, 0) == _dim(reduction, position, None)


def _is_difference(node: FlowNode) -> bool:
    """Whether the operands may count differently: `a - b`, `a / b`, `torch.add(a, b, alpha=2)`."""
    syntax = getattr(node.location, "node", None)
    if isinstance(syntax, (ast.BinOp, ast.AugAssign)):
        return not isinstance(syntax.op, (ast.Add, ast.Mult))
    if not isinstance(syntax, ast.Call) or syntax.keywords or len(syntax.args) > 2:
        return True
    return _name(syntax) not in ("", "add", "mul")


def _call(node: FlowNode) -> ast.Call | None:
    syntax = getattr(node.location, "node", None)
    return syntax if isinstance(syntax, ast.Call) else None


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _dim(call: ast.Call, position: int, default: int | None) -> object:
    """The literal `dim` of a call."""
    value: ast.expr | None = call.args[position] if len(call.args) > position else None
    value = next((keyword.value for keyword in call.keywords if keyword.arg == "dim"), value)
    try:
        return default if value is None else ast.literal_eval(value)
    except ValueError:
        return object()
