"""The module tree: submodules and parameters, in PyTorch's order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from initlint.graph.dataflow import ALWAYS, Condition
from initlint.tracers.static.values.containers import ListValue
from initlint.tracers.static.values.objects import Instance
from initlint.tracers.static.values.questions import options
from initlint.tracers.static.values.tensors import Tensor
from initlint.tracers.static.values.values import CallArguments, Machine, NativeMethod, Unknown, Value


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
    instance.materialize()
    for name, value in list(instance.fields.items()):
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


class PretrainedModule(Unknown):
    """A model of another library that its constructor filled with pretrained weights.

    `content`: a module that represents it in loops over the modules of a model that contains it. It has one layer for
    each type of layer that the model has for certain. `parts`: its submodules in order, None for one of which nothing
    is known. `is_part`: it is such a submodule itself, which code may initialize again on purpose.
    """

    __slots__ = ("content", "is_part", "is_used", "parts")

    def __init__(
        self,
        reason: str,
        content: Instance,
        parts: Mapping[str, PretrainedModule | None] | None = None,
        is_part: bool = False,
    ) -> None:
        super().__init__(reason)
        self.content = content
        self.parts = parts or {}
        self.is_part = is_part
        self.is_used = False
        """Whether it was a submodule of another module."""

    def submodule(self) -> Instance:
        self.is_used = True
        return self.content

    def leads_to_modules(self) -> bool:
        return True

    def get_attribute(self, machine: Machine, name: str) -> Value:
        if name in ("apply", "modules", "named_modules") and not self.is_part:
            return NativeMethod(self.content, name)
        if name in ("children", "named_children") and self.parts:
            return NativeMethod(self, name)
        return self.parts.get(name) or super().get_attribute(machine, name)

    def call_method(self, machine: Machine, name: str, call: CallArguments) -> Value:
        named: list[Value] = [(key, self.get_attribute(machine, key)) for key in self.parts]
        parts: list[Value] = [self.get_attribute(machine, key) for key in self.parts]
        return ListValue(named if name == "named_children" else parts, kind="iterator")
