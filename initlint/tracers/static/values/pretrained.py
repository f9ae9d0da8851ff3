"""Models of other libraries with pretrained weights, and what code gets from them by attributes and indices."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from initlint.facts.fans import OF_LAYERS
from initlint.facts.initializer_formulas import METHODS
from initlint.facts.pretrained import holds_first_layers
from initlint.project.source import Location, SourceLocation
from initlint.tracers.static.values.containers import ListValue
from initlint.tracers.static.values.objects import Instance
from initlint.tracers.static.values.registries import REGISTRIES
from initlint.tracers.static.values.tensors import Storage, Tensor
from initlint.tracers.static.values.values import (
    AbstractValue,
    CallArguments,
    Copier,
    Machine,
    NativeMethod,
    Unknown,
    Value,
)

Path = tuple[str, ...]
"""Names and indices that lead from a model to a part of it."""

_RETURN_ITSELF = frozenset("to cuda cpu half float double bfloat16 train eval requires_grad_".split())
_READ_NO_VALUE = frozenset(
    "shape size dim ndim ndimension numel nelement device dtype is_cuda requires_grad requires_grad_ grad".split()
)
_LISTINGS = frozenset(
    f"{named}{kind}" for named in ("", "named_") for kind in ("parameters", "modules", "children", "buffers")
)
_RUNS_ALL = re.compile("forward|encode|extract|generate")
"""Names of methods that run the whole model."""


class PretrainedPart(Unknown):
    """A part of a model with pretrained weights, at the end of the `path` from there: a module, a method, or another
    attribute."""

    __slots__ = ("model", "path")

    def __init__(self, reason: str, model: PretrainedModule, path: Path) -> None:
        super().__init__(reason, origins=model.origins)
        self.model = model
        self.path = path
        self.name = path[-1]

    def get_attribute(self, machine: Machine, name: str) -> Value:
        if name in _RETURN_ITSELF:
            return NativeMethod(self, name)
        machine.note_unknown_attribute(name)
        self.model.is_changed = self.model.is_changed or name in REGISTRIES
        return self.model.part((*self.path, name))

    def get_item(self, machine: Machine, index: Value, location: SourceLocation) -> Value:
        if isinstance(index, (int, str)):
            return self.model.part((*self.path, str(index)))
        return Unknown(self.reason, origins=self.origins)

    def set_attribute(self, machine: Machine, name: str, value: Value, location: Location | None) -> None:
        self.model.replace((*self.path, name), value)

    def delete_attribute(self, machine: Machine, name: str) -> None:
        self.model.replace((*self.path, name), None)

    def set_item(self, machine: Machine, index: Value, value: Value, location: SourceLocation) -> None:
        self.model.replace((*self.path, str(index)) if isinstance(index, (int, str)) else self.path, value)

    def delete_item(self, machine: Machine, index: Value) -> None:
        self.model.replace(self.path, None)  # later items move up

    def call(self, machine: Machine, call: CallArguments) -> Value:
        if any(isinstance(value, AbstractValue) and value.flow_node() is not None for value in call.values):
            self.model.is_split = self.model.is_split or not _RUNS_ALL.match(self.path[-1])
        elif self.path[-1] in _LISTINGS:
            return Unknown(self.reason, origins=self.origins)
        else:
            self.model.is_changed = True  # by a method, such as `resize_token_embeddings`
        return super().call(machine, call)

    def call_method(self, machine: Machine, name: str, call: CallArguments) -> Value:
        return self

    def submodule(self) -> Any:
        self.model.is_split = self.model.is_split or holds_first_layers(self.path[-1])
        return None

    def deep_copy(self, copies: Copier) -> Value:
        self.model.is_changed = True  # the copy has the values
        return self


class PretrainedModule(PretrainedPart):
    """A model of another library that its constructor filled with pretrained weights.

    `content`: a module that represents it in loops over the modules of a model that contains it. It has one layer for
    each type of layer that the model has for certain. `parts`: its submodules in order, None for one of which nothing
    is known. `inside`: the model that it is such a submodule of, which code may initialize again on purpose. `loads`:
    the `LoadRecord` of all its weights.
    """

    __slots__ = (
        "content",
        "has_run",
        "is_changed",
        "is_split",
        "is_used",
        "loads",
        "members",
        "parts",
        "replaced",
        "whole",
    )

    def __init__(
        self,
        reason: str,
        content: Instance,
        loads: tuple[Any, ...] = (),
        inside: PretrainedModule | None = None,
        path: Path = (),
    ) -> None:
        self.whole = Storage()
        """What code writes to that may write to any of its weights."""
        self.whole.parameter = True
        Unknown.__init__(self, reason, origins=(Tensor(storage=self.whole),) if inside is None else inside.origins)
        self.model = inside or self
        self.path = path
        self.content = content
        self.loads = loads
        self.parts: Mapping[str, PretrainedModule | None] = {}
        self.is_used = False
        """Whether it was a submodule of another module."""
        self.is_split = False
        """Whether code calls a part of it by itself."""
        self.is_changed = False
        """Whether code that is not interpreted may have changed, or kept, some of its weights."""
        self.has_run = False
        """Whether its weights were used, so that code which overwrites some of them may do that for a comparison."""
        self.replaced: dict[Path, Unknown] = {}
        """By the paths to the parts that code assigns or deletes: what is there instead."""
        self.members: dict[Path, PretrainedPart | PretrainedWeight] = {}

    @property
    def is_part(self) -> bool:
        """Whether it is a submodule of another such model."""
        return bool(self.path)

    def part(self, path: Path) -> Value:
        """The same object for the same path, unless code has replaced what it leads to."""
        for length in range(1, len(path) + 1):
            if path[:length] in self.replaced:
                return self.replaced[path[:length]].member(path[length:])
        known = self.parts.get(path[0]) if len(path) == 1 else None
        if known is not None:
            return known
        if path not in self.members:
            make = PretrainedWeight if path[-1] in OF_LAYERS and len(path) > 1 else PretrainedPart
            self.members[path] = make(self.reason, self, path)
        return self.members[path]

    def replace(self, path: Path, value: Value) -> None:
        """Code sets what is at `path` to `value`, or deletes it."""
        self.replaced[path] = Unknown("a part that the project sets")
        if isinstance(value, Unknown) and value.origins:
            self.is_changed = True  # it may be another part of this model

    def written_weights(self) -> Iterator[tuple[Path, Storage]]:
        """The weights that code writes to directly, unless it may have kept the old values or restored them."""
        is_split = self.is_split or any(part is not None and part.is_used for part in self.parts.values())
        if is_split or self.is_changed or self.whole.writes:
            return
        for path, member in self.members.items():
            if isinstance(member, PretrainedWeight) and path[-1] == "weight" and member.storage.writes:
                yield path, member.storage

    def call(self, machine: Machine, call: CallArguments) -> Value:
        if self.is_part:
            return super().call(machine, call)
        self.has_run = True
        return Unknown.call(self, machine, call)

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
        return super().get_attribute(machine, name)

    def call_method(self, machine: Machine, name: str, call: CallArguments) -> Value:
        if name not in ("children", "named_children"):
            return self
        named: list[Value] = [(key, self.get_attribute(machine, key)) for key in self.parts]
        parts: list[Value] = [self.get_attribute(machine, key) for key in self.parts]
        return ListValue(named if name == "named_children" else parts, kind="iterator")


class PretrainedWeight(PretrainedPart):
    """The weight or the bias of a layer of such a model. `storage`: its memory, to which init calls write."""

    __slots__ = ("storage",)

    def __init__(self, reason: str, model: PretrainedModule, path: Path) -> None:
        super().__init__(reason, model, path)
        self.storage = Storage(condition=model.content.condition)
        self.storage.parameter, self.storage.name, self.storage.loads = True, path[-1], model.loads

    def written(self) -> Tensor:
        """A view of all of it, for an init call."""
        self.model.is_changed = self.model.is_changed or self.model.has_run
        return Tensor(storage=self.storage)

    def get_attribute(self, machine: Machine, name: str) -> Value:
        if name == "data":
            return self
        if name in METHODS:
            return NativeMethod(self.written(), name)
        self.model.is_changed = self.model.is_changed or name not in _READ_NO_VALUE
        return self.member(name)

    def get_item(self, machine: Machine, index: Value, location: SourceLocation) -> Value:
        self.model.is_changed = True
        return Unknown(self.reason, origins=self.origins)

    def set_attribute(self, machine: Machine, name: str, value: Value, location: Location | None) -> None:
        self.model.is_changed = self.model.is_changed or name not in _READ_NO_VALUE

    def set_item(self, machine: Machine, index: Value, value: Value, location: SourceLocation) -> None:
        self.model.is_changed = True


def note_unknown_use(value: Value, only_runs: bool = False) -> None:
    """Code that is not interpreted gets `value`, and may change it, or only runs the model."""
    if isinstance(value, PretrainedPart):
        value.model.is_changed = value.model.is_changed or not only_runs
        value.model.has_run = True
