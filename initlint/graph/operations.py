"""The operations of a `forward` as frozen values: to draw a model, and to propagate its signal.

Rules need the consumers of a layer, which `dataflow.PathFinder` finds. A drawing needs the whole data flow: all
operations in order, each with its inputs.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

from initlint.graph.consumers import layer_key
from initlint.graph.dataflow import FlowNode
from initlint.graph.model import Operation

_SKIPPED = frozenset({"identity", "join"})


def list_operations(
    uses: Mapping[str, Iterable[FlowNode]], parameters: Mapping[Hashable, str] | None = None
) -> tuple[Operation, ...]:
    """The data flow around the layers of one model, in execution order.

    `uses`: the nodes of each layer, by its path. `parameters`: the paths of the raw parameters, by their keys. Layers
    of other models are left out, and so is a second run of the model: a flow all of whose layers are part of a larger
    one. Identities (dropout, a reshape) are skipped.
    """
    paths = {node.index: path for path, nodes in uses.items() for node in nodes}
    nodes_by_index = _without_repetitions([node for nodes in uses.values() for node in nodes], paths)
    nodes = sorted((node for node in nodes_by_index.values() if node.kind not in _SKIPPED), key=lambda node: node.index)
    numbers = {node.index: at for at, node in enumerate(nodes)}
    return tuple(
        Operation(
            kind=node.kind,
            op=node.op,
            inputs=tuple(sorted(numbers[index] for index in _sources(node, nodes_by_index) if index in numbers)),
            layer=paths.get(node.index),
            arguments=node.arguments,
            certain=not node.condition,
            repeated=node.repeated,
            factors=tuple((parameters or {}).get(layer_key(factor), "") for factor in node.factors),
        )
        for node in nodes
    )


def _without_repetitions(starts: list[FlowNode], paths: Mapping[int, str]) -> dict[int, FlowNode]:
    """The nodes of all flows except those whose layers are all part of a larger one."""
    flows: list[dict[int, FlowNode]] = []
    seen: set[int] = set()
    for start in starts:
        if start.index not in seen:
            flows.append(_connected(start, paths))
            seen.update(flows[-1])
    nodes_by_index: dict[int, FlowNode] = {}
    covered: set[str] = set()
    for flow in sorted(flows, key=len, reverse=True):
        layers = {paths[index] for index in flow if index in paths}
        if not layers <= covered:
            nodes_by_index |= flow
            covered |= layers
    return nodes_by_index


def _connected(start: FlowNode, paths: Mapping[int, str]) -> dict[int, FlowNode]:
    """All predecessors and successors of `start`, up to layers of other models."""
    nodes_by_index: dict[int, FlowNode] = {}
    stack = [start]
    while stack:
        node = stack.pop()
        if node.index in nodes_by_index or (node.layer is not None and node.index not in paths):
            continue
        nodes_by_index[node.index] = node
        stack.extend(user for user, _ in node.users)
        stack.extend(source for source, _ in node.inputs)
    return nodes_by_index


def _sources(node: FlowNode, nodes_by_index: Mapping[int, FlowNode]) -> set[int]:
    """The inputs of `node`, through identities and joins."""
    sources: set[int] = set()
    seen: set[int] = set()
    stack = [source for source, _ in node.inputs]
    while stack:
        source = stack.pop()
        if source.index in seen or source.index not in nodes_by_index:
            continue
        seen.add(source.index)
        if source.kind in _SKIPPED:
            stack.extend(inner for inner, _ in source.inputs)
        else:
            sources.add(source.index)
    return sources
