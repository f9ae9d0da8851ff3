"""`copy.deepcopy`, `copy.copy` and `dataclasses.replace`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from initlint.project.source import SourceLocation
from initlint.tracers.static.machine.interpreter import Interpreter, ModuleCopy
from initlint.tracers.static.values.containers import DictValue, ListValue
from initlint.tracers.static.values.objects import Instance
from initlint.tracers.static.values.tensors import Storage, Tensor
from initlint.tracers.static.values.unions import without_unbound
from initlint.tracers.static.values.values import Call, Unknown, Value


def deep_copy(interpreter: Interpreter, call: Call) -> Value:
    """`copy.deepcopy(x)`."""
    original = call.get(0, "x", Unknown("no argument"))
    copy = clone(interpreter, original, {})
    if isinstance(original, Instance) and isinstance(copy, Instance) and isinstance(call.site, SourceLocation):
        interpreter.log.copies.append(ModuleCopy(original, copy, call.site))
    return copy


def clone(interpreter: Interpreter, value: Value, seen: dict[int, Any]) -> Value:
    """A deep copy: new modules and parameters, with the writes so far. `seen` maps identities to finished copies."""
    if id(value) in seen:
        earlier: Value = seen[id(value)]
        return earlier
    if isinstance(value, Tensor) and value.storage is not None:
        tensor = Tensor(value.node, _clone_storage(interpreter, value.storage, seen), value.leaf, sources=value.sources)
        seen[id(value)] = tensor
        return tensor
    if isinstance(value, ListValue):
        return ListValue([clone(interpreter, item, seen) for item in value.items], value.open, value.kind)
    if isinstance(value, tuple):
        return tuple(clone(interpreter, item, seen) for item in value)
    if isinstance(value, DictValue):
        return DictValue({key: clone(interpreter, item, seen) for key, item in value.items.items()}, value.open)
    if not isinstance(value, Instance):
        return value
    module = Instance(value.cls, value.location, interpreter.state.condition, value.torch_name, value.symbolic)
    seen[id(value)] = module
    module.arguments, module.open, module.parametrized = dict(value.arguments), value.open, value.parametrized
    module.assigned = dict(value.assigned)
    if value.is_module and not value.symbolic:  # a copy of an assumed object is not built here
        interpreter.log.instances.append(module)
    for name, field in value.fields.items():
        copied = clone(interpreter, field, seen)
        module.fields[name] = copied
        if isinstance(copied, Tensor) and copied.storage is not None and copied.storage.owner is None:
            copied.storage.owner = module
        if isinstance(copied, Instance):
            copied.parent = copied.parent or module.is_module
    return module


def _clone_storage(interpreter: Interpreter, storage: Storage, seen: dict[int, Any]) -> Storage:
    if id(storage) in seen:
        copied: Storage = seen[id(storage)]
        return copied
    copy = Storage(storage.shape, storage.location, interpreter.state.condition)
    seen[id(storage)] = copy
    copy.writes, copy.parameter = list(storage.writes), storage.parameter
    copy.loads = storage.loads
    copy.name, copy.frozen = storage.name, storage.frozen
    copy.owner = seen.get(id(storage.owner))
    if storage.derived is not None:
        originals = tuple(_clone_storage(interpreter, original, seen) for original in storage.derived.originals)
        copy.derived = replace(storage.derived, originals=originals)
    return copy


def replace_record(interpreter: Interpreter, call: Call) -> Value:
    """`dataclasses.replace(record, field=value)`."""
    record = without_unbound(call.get(0, "obj", Unknown("nothing")))
    if not isinstance(record, Instance) or record.is_module:
        return Unknown("a replaced record")
    copy = Instance(record.cls, call.site, interpreter.state.condition, symbolic=record.symbolic)
    copy.fields = {**record.fields, **call.keywords}
    return copy


def shallow_copy(interpreter: Interpreter, call: Call) -> Value:
    """`copy.copy(x)`; a module is copied deeply."""
    value = without_unbound(call.get(0, "x", Unknown("no argument")))
    if isinstance(value, ListValue):
        return ListValue(value.items, value.open, value.kind)
    if isinstance(value, DictValue):
        return DictValue(value.items, value.open)
    return clone(interpreter, value, {})
