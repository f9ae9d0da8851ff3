"""The operations of a `forward` as frozen values, for those who draw a model or follow its signal.

The rules ask what follows a layer, and `flow.Walk` answers that. A picture needs the whole data flow: which
operations there are, in order, and where each takes its inputs from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from initlint.graph.dataflow import FlowNode
from initlint.graph.model import Operation

_TRANSPARENT = frozenset({"identity", "join"})


def operations(uses: Mapping[str, Iterable[FlowNode]]) -> tuple[Operation, ...]:
    """The data flow that the given layers are part of, in the order in which it runs.

    `uses` has the nodes of each layer of one model, by its path. What leads from there into the layers of another
    model is left out, and so is a flow all of whose layers are part of a larger one: the model was run twice.
    Operators that change nothing (dropout, a reshape) are passed over.
    """
    paths = {node.index: path for path, nodes in uses.items() for node in nodes}
    found = _without_repetitions([node for nodes in uses.values() for node in nodes], paths)
    kept = sorted((node for node in found.values() if node.kind not in _TRANSPARENT), key=lambda node: node.index)
    number = {node.index: at for at, node in enumerate(kept)}
    return tuple(
        Operation(
            kind=node.kind,
            op=node.op,
            inputs=tuple(sorted(number[index] for index in _sources(node, found) if index in number)),
            layer=paths.get(node.index),
            arguments=node.arguments,
            certain=not node.condition,
        )
        for node in kept
    )


def _without_repetitions(starts: list[FlowNode], paths: Mapping[int, str]) -> dict[int, FlowNode]:
    """The nodes of all flows but those whose layers are all part of a larger one."""
    flows: list[dict[int, FlowNode]] = []
    seen: set[int] = set()
    for start in starts:
        if start.index not in seen:
            flows.append(_connected(start, paths))
            seen.update(flows[-1])
    found: dict[int, FlowNode] = {}
    covered: set[str] = set()
    for flow in sorted(flows, key=len, reverse=True):
        layers = {paths[index] for index in flow if index in paths}
        if not layers <= covered:
            found |= flow
            covered |= layers
    return found


def _connected(start: FlowNode, paths: Mapping[int, str]) -> dict[int, FlowNode]:
    """All nodes that data flows to or from, up to layers of other models."""
    found: dict[int, FlowNode] = {}
    stack = [start]
    while stack:
        node = stack.pop()
        if node.index in found or (node.layer is not None and node.index not in paths):
            continue
        found[node.index] = node
        stack.extend(user for user, _ in node.users)
        stack.extend(source for source, _ in node.inputs)
    return found


def _sources(node: FlowNode, found: Mapping[int, FlowNode]) -> set[int]:
    """The nodes that `node` takes its inputs from, through what changes nothing."""
    sources: set[int] = set()
    seen: set[int] = set()
    stack = [source for source, _ in node.inputs]
    while stack:
        source = stack.pop()
        if source.index in seen or source.index not in found:
            continue
        seen.add(source.index)
        if source.kind in _TRANSPARENT:
            stack.extend(inner for inner, _ in source.inputs)
        else:
            sources.add(source.index)
    return sources
