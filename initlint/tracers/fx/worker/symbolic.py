"""Traces the data flow with torch.fx, which needs no input and no memory."""

from __future__ import annotations

import inspect
from typing import Any

from torch import fx, nn

from .frames import FrameLocations
from .json_values import dotted_name, to_json
from .nodes import Flow, is_leaf


class _Tracer(fx.Tracer):
    """Treats torch's layers as leaf modules, and records the location in the user's code for each node."""

    def __init__(self, locations: FrameLocations, leaves: frozenset[str]) -> None:
        super().__init__()
        self._locations = locations
        self._leaves = leaves

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return is_leaf(m, self._leaves)

    def create_node(self, *args: Any, **kwargs: Any) -> fx.Node:
        node = super().create_node(*args, **kwargs)
        node.meta["location"] = self._locations.here()
        return node


def trace(model: nn.Module, locations: FrameLocations, leaves: frozenset[str]) -> Flow:
    """The flow of `model`. Raises what its `forward` raises on proxies."""
    graph = _Tracer(locations, leaves).trace(model, concrete_args=_constant_defaults(model))
    flow = Flow()
    value_of_node: dict[fx.Node, Any] = {}

    def reference(value: Any) -> Any:
        return value_of_node[value] if isinstance(value, fx.Node) else None

    for node in graph.nodes:
        args = [to_json(value, reference) for value in node.args]
        kwargs = {name: to_json(value, reference) for name, value in node.kwargs.items()}
        if isinstance(node.target, type):  # a named tuple or data class: torch.fx records its construction as a call
            value_of_node[node] = [*args, *kwargs.values()]
            continue
        target = node.target if isinstance(node.target, str) else dotted_name(node.target)
        value_of_node[node] = {"node": flow.add(node.op, target, args, kwargs, node.meta.get("location"))}
    return flow


def has_no_opaque_calls(flow: Flow) -> bool:
    """Whether the flow calls no function that `torch.fx.wrap` makes opaque."""
    return all(
        node["op"] != "call_function" or node["target"].startswith(("torch.", "_operator.", "builtins.", "math."))
        for node in flow.nodes
    )


def _constant_defaults(model: nn.Module) -> dict[str, Any] | None:
    """The constant defaults of `forward`, which decide branches on them. The first argument is always data."""
    parameters = list(inspect.signature(model.forward).parameters.values())
    named_parameters = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    defaults = {
        p.name: p.default for p in named_parameters[1:] if p.default is None or isinstance(p.default, (bool, int, str))
    }
    return defaults or None
