"""Copies: `copy.deepcopy` and its like."""

from __future__ import annotations

from initlint.interpret.calls import Call
from initlint.interpret.containers import DictValue, ListValue
from initlint.interpret.machine import Machine
from initlint.interpret.objects import Instance
from initlint.interpret.parameters import copy_of
from initlint.interpret.storage import Tensor
from initlint.interpret.values import Unknown, Value, present


def deep_copy(machine: Machine, call: Call) -> Value:
    """`copy.deepcopy(x)`."""
    return clone(machine, call.get(0, "x", Unknown("no argument")), {})


def clone(machine: Machine, value: Value, seen: dict[int, Value]) -> Value:
    """A deep copy: its own modules and parameters, with what was written to them so far."""
    if id(value) in seen:
        return seen[id(value)]
    if isinstance(value, Tensor) and value.storage is not None:
        made = copy_of(machine, value, value.storage.place)
        assert made.storage is not None
        made.leaf, made.storage.parameter = value.leaf, value.storage.parameter
        made.storage.name, made.storage.frozen = value.storage.name, value.storage.frozen
        seen[id(value)] = made
        return made
    if isinstance(value, ListValue):
        return ListValue([clone(machine, item, seen) for item in value.items], value.open, value.kind)
    if isinstance(value, tuple):
        return tuple(clone(machine, item, seen) for item in value)
    if isinstance(value, DictValue):
        return DictValue({key: clone(machine, item, seen) for key, item in value.items.items()}, value.open)
    if not isinstance(value, Instance):
        return value
    copied = Instance(value.cls, value.place, machine.state.condition, value.torch_name, value.symbolic)
    seen[id(value)] = copied
    copied.arguments, copied.open, copied.parametrized = dict(value.arguments), value.open, value.parametrized
    copied.assigned = dict(value.assigned)
    if value.is_module:
        machine.journal.instances.append(copied)
    for name, field in value.fields.items():
        made_field = clone(machine, field, seen)
        copied.fields[name] = made_field
        if isinstance(made_field, Tensor) and made_field.storage is not None:
            made_field.storage.owner = copied
        if isinstance(made_field, Instance):
            made_field.parent = made_field.parent or copied.is_module
    return copied


def replaced(machine: Machine, call: Call) -> Value:
    """`dataclasses.replace(record, field=value)`."""
    record = present(call.get(0, "obj", Unknown("nothing")))
    if not isinstance(record, Instance) or record.is_module:
        return Unknown("a replaced record")
    made = Instance(record.cls, call.site, machine.state.condition, symbolic=record.symbolic)
    made.fields = {**record.fields, **call.keywords}
    return made


def shallow_copy(machine: Machine, call: Call) -> Value:
    """`copy.copy(x)`; a module is copied whole."""
    value = present(call.get(0, "x", Unknown("no argument")))
    if isinstance(value, ListValue):
        return ListValue(value.items, value.open, value.kind)
    if isinstance(value, DictValue):
        return DictValue(value.items, value.open)
    return clone(machine, value, {})
