"""The data flow of one model as a list of torch.fx nodes.

A node is a dictionary: `op` (`placeholder`, `get_attr`, `call_module`, `call_function`, `call_method`, `output`),
`target` (a path in the model, a dotted name, a method), `args` and `kwargs`, in which `{"node": 3}` is the value of
the fourth node, and `location`, the number of a location in the user's code. In a run on an input that the user gave,
nodes also have the `shape` of their tensors.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from .module_origins import is_torch_class

Node = dict[str, Any]

_CONTAINERS = ("Container", "Module", "ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential")


class Flow:
    """The nodes of one run of a model."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []

    def add(self, op: str, target: str, args: Any, kwargs: Any, location: int | None) -> int:
        """Append a node and return its number."""
        self.nodes.append({"op": op, "target": target, "args": args, "kwargs": kwargs, "location": location})
        return len(self.nodes) - 1

    @property
    def called_targets(self) -> frozenset[str]:
        """The paths of the modules and parameters that the flow uses."""
        return frozenset(node["target"] for node in self.nodes if node["op"] in ("call_module", "get_attr"))


def is_leaf(module: nn.Module, leaf_classes: frozenset[str]) -> bool:
    """Whether `module` is one `call_module` node of the flow.

    Its `forward` is torch's and it is no container, or its class is in `leaf_classes`: modules of other libraries
    that initlint's tables know.
    """
    cls = type(module)
    if f"{cls.__module__}.{cls.__qualname__}" in leaf_classes:
        return True
    forward = next((base for base in cls.__mro__ if "forward" in vars(base)), nn.Module)
    return is_torch_class(forward) and forward.__name__ not in _CONTAINERS
