"""`copy.deepcopy`, `copy.copy` and `dataclasses.replace`, and one module that a list holds several times."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from initlint.project.source import Location, SourceLocation
from initlint.tracers.static.machine.interpreter import Interpreter, ModuleCopy
from initlint.tracers.static.machine.special_methods import call_special
from initlint.tracers.static.values.containers import ListValue
from initlint.tracers.static.values.module_tree import modules
from initlint.tracers.static.values.objects import Instance, as_module, as_object
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


def note_repetition(interpreter: Interpreter, items: Iterable[Value], value: Value, location: Location | None) -> None:
    """Record a module that a loop adds to `items`, which contain it already."""
    module = as_module(value)
    if module is None or not isinstance(location, SourceLocation):
        return
    times = 1 + sum(item is value for item in items)
    around = interpreter.stack[-1][0].node if interpreter.stack else location.source.tree
    if times == 1 or not _is_in_loop(location.node, around):
        return
    copies = interpreter.log.copies
    earlier = [copy for copy in copies if copy.copy is module and copy.location == location]
    is_exact = not interpreter.repetitions and all(copy.times is not None for copy in earlier)
    copies.append(ModuleCopy(module, module, location, times if is_exact else None))
    for copy in earlier:
        copies.remove(copy)


def _is_in_loop(node: ast.AST, around: ast.AST) -> bool:
    loops = (loop for loop in ast.walk(around) if isinstance(loop, (ast.For, ast.While)))
    return any(inner is node for loop in loops for inner in ast.walk(loop))


def note_equal_items(interpreter: Interpreter, created: ListValue, location: SourceLocation) -> None:
    """Record a module that a comprehension repeats: `[layer for _ in range(n)]`."""
    items = created.items
    module = as_module(items[0]) if len(items) > 1 and items[0] is items[1] else None
    if module is not None:
        times = None if created.open else sum(item is module for item in items)
        interpreter.log.copies.append(ModuleCopy(module, module, location, times))


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
