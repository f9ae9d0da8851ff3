"""`copy.deepcopy`, `copy.copy` and `dataclasses.replace`."""

from __future__ import annotations

from initlint.project.source import SourceLocation
from initlint.tracers.static.machine.interpreter import Interpreter, ModuleCopy
from initlint.tracers.static.values.module_tree import modules
from initlint.tracers.static.values.objects import Instance
from initlint.tracers.static.values.questions import without_unbound
from initlint.tracers.static.values.values import AbstractValue, CallArguments, Copier, Unknown, Value


def copier(interpreter: Interpreter) -> Copier:
    """Makes one deep copy, and records the modules that it builds."""
    return Copier(interpreter.state.condition, interpreter.log.instances, interpreter.unknown_loops)


def deep_copy(interpreter: Interpreter, call: CallArguments) -> Value:
    """`copy.deepcopy(x)`."""
    original = call.get(0, "x", Unknown("no argument"))
    if isinstance(original, Instance) and original.is_module:
        interpreter.spend_steps(sum(1 for _ in modules(original)))  # before: half a copy must not be left
    copy = copier(interpreter).copy(original)
    if isinstance(original, Instance) and isinstance(copy, Instance) and isinstance(call.site, SourceLocation):
        interpreter.log.copies.append(ModuleCopy(original, copy, call.site))
    return copy


def replace_record(interpreter: Interpreter, call: CallArguments) -> Value:
    """`dataclasses.replace(record, field=value)`."""
    record = without_unbound(call.get(0, "obj", Unknown("nothing")))
    if not isinstance(record, Instance) or record.is_module:
        return Unknown("a replaced record")
    copy = Instance(record.cls, call.site, interpreter.state.condition, symbolic=record.symbolic)
    copy.fields = {**record.fields, **call.keywords}
    return copy


def shallow_copy(interpreter: Interpreter, call: CallArguments) -> Value:
    """`copy.copy(x)`; a module is copied deeply."""
    value = without_unbound(call.get(0, "x", Unknown("no argument")))
    shallow = value.shallow_copy() if isinstance(value, AbstractValue) else None
    return copier(interpreter).copy(value) if shallow is None else shallow
