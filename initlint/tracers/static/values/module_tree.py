"""The module tree: submodules and parameters, in PyTorch's order."""

from __future__ import annotations

from collections.abc import Iterator

from initlint.graph.dataflow import ALWAYS, Condition
from initlint.tracers.static.values.objects import Instance
from initlint.tracers.static.values.questions import options
from initlint.tracers.static.values.tensors import Tensor


def children(instance: Instance) -> Iterator[tuple[str, Instance]]:
    """The direct submodules by name, whatever their conditions."""
    for name, module, _ in instance.conditional_children():
        yield name, module


def modules(instance: Instance, prefix: str = "") -> Iterator[tuple[str, Instance, Condition]]:
    """`named_modules()`: the module itself, then its submodules depth first, each once."""
    seen: set[int] = set()
    stack: list[tuple[str, Instance, Condition]] = [(prefix, instance, ALWAYS)]
    while stack:
        path, module, condition = stack.pop()
        if id(module) in seen:
            continue
        seen.add(id(module))
        yield path, module, condition
        below = [
            (f"{path}.{name}" if path else name, inner, condition | under)
            for name, inner, under in module.conditional_children()
        ]
        stack.extend(reversed(below))


def own_parameters(instance: Instance) -> Iterator[tuple[str, Tensor, Condition]]:
    """The parameters registered on the module itself."""
    for name, value in instance.registered_fields():
        for option, condition in options(value):
            if isinstance(option, Tensor) and option.storage is not None and option.storage.parameter and option.leaf:
                yield name, option, condition


def parameters(instance: Instance, recurse: bool = True) -> Iterator[tuple[str, Tensor, Condition]]:
    """`named_parameters()`: each parameter once, under its first path."""
    seen: set[int] = set()
    for path, module, condition in modules(instance) if recurse else [("", instance, ALWAYS)]:
        for name, tensor, under in own_parameters(module):
            assert tensor.storage is not None
            if id(tensor.storage) not in seen:
                seen.add(id(tensor.storage))
                yield (f"{path}.{name}" if path else name), tensor, condition | under
