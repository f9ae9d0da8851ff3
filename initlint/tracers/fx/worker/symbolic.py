"""The data flow by torch.fx, which needs no input and no memory."""

from __future__ import annotations

import inspect
from typing import Any

from torch import fx, nn

from .frames import FrameLocations
from .nodes import Flow, is_leaf
from .values import plain, qualified


class _Tracer(fx.Tracer):
    """Takes torch's layers as leaves, and notes where in the user's code each node comes from."""

    def __init__(self, places: FrameLocations, leaves: frozenset[str]) -> None:
        super().__init__()
        self._places = places
        self._leaves = leaves

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return is_leaf(m, self._leaves)

    def create_node(self, *args: Any, **kwargs: Any) -> fx.Node:
        node = super().create_node(*args, **kwargs)
        node.meta["place"] = self._places.here()
        return node


def trace(model: nn.Module, places: FrameLocations, leaves: frozenset[str]) -> Flow:
    """The flow of `model`; raises whatever its `forward` raises on values that are not known."""
    graph = _Tracer(places, leaves).trace(model, concrete_args=_settled(model))
    flow = Flow()
    known: dict[fx.Node, Any] = {}

    def reference(value: Any) -> Any:
        return known[value] if isinstance(value, fx.Node) else None

    for node in graph.nodes:
        args = [plain(value, reference) for value in node.args]
        kwargs = {name: plain(value, reference) for name, value in node.kwargs.items()}
        if isinstance(node.target, type):  # a named tuple or data class, of which torch.fx makes a call
            known[node] = [*args, *kwargs.values()]
            continue
        target = node.target if isinstance(node.target, str) else qualified(node.target)
        known[node] = {"node": flow.add(node.op, target, args, kwargs, node.meta.get("place"))}
    return flow


def is_whole(flow: Flow) -> bool:
    """Whether the flow goes through no function that torch.fx was told to look no further into."""
    return all(
        node["op"] != "call_function" or node["target"].startswith(("torch.", "_operator.", "builtins.", "math."))
        for node in flow.nodes
    )


def _settled(model: nn.Module) -> dict[str, Any] | None:
    """The defaults of `forward`, so that tests of them are decided; its first argument is always data."""
    parameters = list(inspect.signature(model.forward).parameters.values())
    named = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    settled = {p.name: p.default for p in named[1:] if p.default is None or isinstance(p.default, (bool, int, str))}
    return settled or None
