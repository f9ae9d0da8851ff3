"""`copy.deepcopy`, `copy.copy` and `dataclasses.replace`."""

from __future__ import annotations

from initlint.tracers.static.machine.interpreter import Interpreter, ModuleCopy
from initlint.tracers.static.machine.special_methods import call_special
from initlint.tracers.static.values.module_tree import modules
from initlint.tracers.static.values.objects import Instance, as_object
from initlint.tracers.static.values.questions import shallow_copy, without_unbound
from initlint.tracers.static.values.values import UNBOUND, CallArguments, Copier, Unknown, Value


def copier(interpreter: Interpreter) -> Copier:
    """Makes one deep copy, and records the modules that it builds."""
    return Copier(interpreter.state.condition, interpreter.log.instances, interpreter.unknown_loops)


def deep_copy(interpreter: Interpreter, call: CallArguments) -> Value:
    """`copy.deepcopy(x)`."""
    original = call.get(0, "x", Unknown("no argument"))
    own = call_special(interpreter, original, "__deepcopy__", [Unknown("a memo")], call.site)
    if own is not UNBOUND:
        return own
    instance = as_object(original)
    if instance is not None and instance.is_module:
        interpreter.spend_steps(sum(1 for _ in modules(instance)))  # before: half a copy must not be left
    result = copier(interpreter).copy(original)
    copy = as_object(result)
    if instance is not None and copy is not None:
        interpreter.log.copies.append(ModuleCopy(instance, copy, call.site))
    return result


def replace_record(interpreter: Interpreter, call: CallArguments) -> Value:
    """`dataclasses.replace(record, field=value)`."""
    record = as_object(without_unbound(call.get(0, "obj", Unknown("nothing"))))
    if record is None or record.is_module:
        return Unknown("a replaced record")
    copy = Instance(record.cls, call.site, interpreter.state.condition, symbolic=record.symbolic)
    copy.fields = {**record.fields, **call.keywords}
    return copy


def copy_shallowly(interpreter: Interpreter, call: CallArguments) -> Value:
    """`copy.copy(x)`: the copy of a module shares its parameters and submodules."""
    value = without_unbound(call.get(0, "x", Unknown("no argument")))
    own = call_special(interpreter, value, "__copy__", [], call.site)
    copy = shallow_copy(value) if own is UNBOUND else own
    return copier(interpreter).copy(value) if copy is None else copy
