"""How an object of a class of the project is made: by `__init__`, or field by field as for a dataclass."""

from __future__ import annotations

import ast

from initlint.tracers.static.library import modules
from initlint.tracers.static.machine.calls import Call
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.syntax.definitions import wrappers
from initlint.tracers.static.tensors.module_tree import torch_base
from initlint.tracers.static.values.objects import ClassValue, Function, Instance
from initlint.tracers.static.values.values import UNBOUND, ExternalName, Unknown, Value


def construct(interpreter: Interpreter, cls: ClassValue, call: Call) -> Value:
    """`Class(...)`."""
    name = torch_base(cls)
    made = interpreter.state.record_new(Instance(cls, call.site, interpreter.state.condition, name))
    interpreter.constructed.add(cls.node)
    if name is not None:
        interpreter.state.record_side_effect()
        interpreter.journal.instances.append(made)
    init, _ = cls.find("__init__")
    if isinstance(init, Function):
        interpreter.call(init, Call([made, *call.arguments], call.keywords, call.site, call.open))
    elif name is not None:
        modules.initialize(interpreter, made, name, call)
    elif _is_record(cls):
        _fill_record(interpreter, cls, made, call)
    elif any(not isinstance(base, ClassValue) for base in cls.mro[1:]):
        made.symbolic = True
    return made


def _is_record(cls: ClassValue) -> bool:
    """A dataclass or named tuple."""
    for part in cls.mro:
        if isinstance(part, ClassValue) and "dataclass" in wrappers(part.node.decorator_list):
            return True
        if isinstance(part, ExternalName) and part.name.rpartition(".")[2] in ("NamedTuple", "TypedDict", "BaseModel"):
            return True
    return False


def _fill_record(interpreter: Interpreter, cls: ClassValue, made: Instance, call: Call) -> None:
    names: dict[str, ast.expr | None] = {}
    scopes: dict[str, ClassValue] = {}
    for part in reversed(cls.mro):
        if isinstance(part, ClassValue):
            for statement in part.node.body:
                if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                    names[statement.target.id] = statement.value
                    scopes[statement.target.id] = part
    for at, (name, default) in enumerate(names.items()):
        value = call.get(at, name)
        if value is UNBOUND:
            value = _default_of_field(interpreter, default, scopes[name], call)
        made.fields[name] = value
    after, _ = cls.find("__post_init__")
    if isinstance(after, Function):
        interpreter.call(after, Call([made], {}, call.site))


def _default_of_field(interpreter: Interpreter, default: ast.expr | None, cls: ClassValue, call: Call) -> Value:
    if default is None or call.open:
        return Unknown("a field")
    value = interpreter.evaluate(default, cls.closure or cls.scope.environment)
    if isinstance(value, Instance) or isinstance(default, ast.Call):
        return Unknown("a field with a made default")
    return value
