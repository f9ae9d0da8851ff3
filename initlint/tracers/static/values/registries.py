"""The dictionaries of a module: `_modules`, `_parameters`, `_buffers` and `__dict__`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from initlint.project.source import Location, SourceLocation
from initlint.tracers.static.values.containers import DictValue
from initlint.tracers.static.values.external_names import ExternalName
from initlint.tracers.static.values.objects import Instance
from initlint.tracers.static.values.questions import entries, options, without_unbound
from initlint.tracers.static.values.tensors import as_tensor
from initlint.tracers.static.values.values import AbstractValue, CallArguments, Machine, Unknown, Value

REGISTRIES = frozenset({"_modules", "_parameters", "_buffers"})


class RegistryValue(AbstractValue):
    """A dictionary of a module, which shares its state: an item is an attribute, and setting one sets that."""

    __slots__ = ("module", "name")

    def __init__(self, module: Instance, name: str) -> None:
        self.module = module
        self.name = name

    def entries(self) -> dict[Any, Value]:
        found: dict[Any, Value] = {name: value for name, value in self.module.registered_fields() if self._holds(value)}
        if self.name == "__dict__":
            found.update((name, self.module.fields[name]) for name in self.module.unregistered)
            found.update((name, RegistryValue(self.module, name)) for name in sorted(REGISTRIES))
        return found

    def _holds(self, value: Value) -> bool:
        kinds = {_registry_of(option) for option, _ in options(value)}
        return self.name in kinds

    def known_items(self) -> list[Value]:
        return list(self.entries())

    def has_known_length(self) -> bool:
        return not self.module.open and not self.module.symbolic

    def container_kind(self) -> str:
        return "dict"

    def contents(self) -> Iterable[Value]:
        return self.entries().values()

    def reaches(self) -> Iterable[Value]:
        return (self.module,)

    def leads_to_modules(self) -> bool:
        return True

    def contains(self, item: Value) -> bool | None:
        if isinstance(item, str) and item in self.entries():
            return True
        return False if isinstance(item, str) and self.has_known_length() else None

    def is_instance_of_external(self, cls: Any) -> bool | None:
        return cls.name.rpartition(".")[2] in ("dict", "Mapping", "MutableMapping")

    def is_callable(self) -> bool | None:
        return False

    def python_type(self) -> Value:
        return ExternalName("builtins.dict")

    def get_item(self, machine: Machine, index: Value, location: SourceLocation) -> Value:
        value = self.entries().get(index) if isinstance(index, str) else None
        if value is None:
            return Unknown("an entry of a module that is not known", origins=(self.module,))
        return without_unbound(value)

    def set_item(self, machine: Machine, index: Value, value: Value, location: SourceLocation) -> None:
        if index in REGISTRIES and isinstance(value, RegistryValue):
            if value.module.fields is not self.module.fields:
                self.module.share_registries(value.module)
            return
        if not isinstance(index, str) or index in REGISTRIES:
            machine.handlers.may_write(machine, (self.module,), location)
            self.module.may_have_more = True
            return
        is_hidden = self.name == "__dict__" and any(_registry_of(option) in REGISTRIES for option, _ in options(value))
        if is_hidden and self.module.hide(machine, index, value, location):
            return
        # The dictionary takes any value: `_parameters["weight"] = tensor` does not raise.
        where: Location | None = location if as_tensor(value) is None else None
        machine.handlers.set_registered(machine, self.module, index, value, where)

    def delete_item(self, machine: Machine, index: Value) -> None:
        if isinstance(index, str):
            self.module.delete_attribute(machine, index)

    def call_method(self, machine: Machine, name: str, call: CallArguments) -> Value:
        key = call.get(0, "key", None)
        found = self.entries()
        if name in ("keys", "values", "items", "copy"):
            known = DictValue(found, not self.has_known_length())
            return machine.handlers.dict_method(machine, known, name, call)
        if name in ("get", "pop", "__getitem__", "setdefault") and isinstance(key, str) and key in found:
            if name == "pop":
                self.delete_item(machine, key)
            return without_unbound(found[key])
        if name == "update":
            for at, value in {**(entries(key) or {}), **call.keywords}.items():
                self.set_item(machine, at, value, call.site)
            if call.arguments and entries(key) is None:
                machine.handlers.may_write(machine, (self.module,), call.site)
                self.module.may_have_more = True
            return None
        self.module.may_have_more = True
        return Unknown(f"{self.name}.{name}", origins=(self.module,))


def _registry_of(value: Value) -> str:
    """The dictionary that a module stores an attribute of this value in."""
    if isinstance(value, AbstractValue) and value.submodule() is not None:
        return "_modules"
    tensor = as_tensor(value)
    if tensor is not None and tensor.leaf:
        return "_parameters"
    return "_buffers" if isinstance(value, Unknown) and value.reason == "a buffer" else "__dict__"
