"""The data flow of one model as a list of nodes, in the words of torch.fx.

A node is a dictionary: `op` (`placeholder`, `get_attr`, `call_module`, `call_function`, `call_method`, `output`),
`target` (a path in the model, a dotted name, a method), `args` and `kwargs`, in which `{"node": 3}` is the value of
the fourth node, and `place`, the number of a place in the user's code.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from .construction import is_torchs

Node = dict[str, Any]

_CONTAINERS = ("Container", "Module", "ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential")


class Flow:
    """The nodes of one run of a model."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []

    def add(self, op: str, target: str, args: Any, kwargs: Any, place: int | None) -> int:
        """A further node; its number."""
        self.nodes.append({"op": op, "target": target, "args": args, "kwargs": kwargs, "place": place})
        return len(self.nodes) - 1

    @property
    def called(self) -> frozenset[str]:
        """The paths of the modules and parameters that take part."""
        return frozenset(node["target"] for node in self.nodes if node["op"] in ("call_module", "get_attr"))


def is_leaf(module: nn.Module, known: frozenset[str]) -> bool:
    """Whether the flow goes through `module` as one node.

    Its `forward` is torch's own and it is no container, or its class is one of `known`: those of other libraries
    that the client has a word for.
    """
    cls = type(module)
    if f"{cls.__module__}.{cls.__qualname__}" in known:
        return True
    forward = next((base for base in cls.__mro__ if "forward" in vars(base)), nn.Module)
    return is_torchs(forward) and forward.__name__ not in _CONTAINERS
