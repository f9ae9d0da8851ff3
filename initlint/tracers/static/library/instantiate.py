"""Building an object of a class of the project: by `__init__`, or field by field as for a dataclass."""

from __future__ import annotations

import ast

from initlint.facts.frameworks import has_kind
from initlint.project.source import SourceLocation
from initlint.tracers.references.syntax_index import last_name
from initlint.tracers.static.library import modules
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.syntax.binding import accepts
from initlint.tracers.static.syntax.definitions import wrappers
from initlint.tracers.static.values.classes import ClassValue
from initlint.tracers.static.values.functions import Function, method_of
from initlint.tracers.static.values.objects import Instance, as_object
from initlint.tracers.static.values.values import UNBOUND, CallArguments, Unknown, Value

_VALIDATORS = frozenset({"validator", "root_validator", "field_validator", "model_validator"})
"""The decorators of pydantic for functions that check the arguments."""


def construct(interpreter: Interpreter, cls: ClassValue, call: CallArguments, by_metaclass: bool = False) -> Value:
    """`Class(...)`. `by_metaclass`: `__call__` of its metaclass, if that is of the project, is running."""
    if interpreter.watched_builder is not None and cls.torch_base() is not None:
        interpreter.watched_builder.first_module(cls, call)
    meta = None if by_metaclass or cls.metaclass is None else method_of(cls.metaclass, "__call__")
    if meta is not None:
        interpreter.constructed.add(cls.node)
        return interpreter.call(meta, CallArguments([cls, *call.arguments], call.keywords, call.site, call.open))
    new = method_of(cls, "__new__")
    if new is not None:
        interpreter.constructed.add(cls.node)
        made = interpreter.call(new, CallArguments([cls, *call.arguments], call.keywords, call.site, call.open))
        instance = as_object(made)
        if instance is not None and instance.user_class is not None and cls in instance.user_class.mro:
            return _initialized(interpreter, instance.user_class, instance, call)
        if not isinstance(made, Unknown):
            return made
    return _initialized(interpreter, cls, allocate(interpreter, cls, call.site), call)


def allocate(interpreter: Interpreter, cls: ClassValue, site: SourceLocation) -> Instance:
    """`object.__new__(cls)`."""
    name = cls.torch_base()
    instance = interpreter.state.record_new(Instance(cls, site, interpreter.state.condition, name))
    instance.loops = interpreter.unknown_loops
    interpreter.constructed.add(cls.node)
    if name is not None:
        interpreter.state.record_side_effect()
        interpreter.log.instances.append(instance)
    return instance


def _initialized(interpreter: Interpreter, cls: ClassValue, instance: Instance, call: CallArguments) -> Instance:
    name = instance.torch_name
    init = method_of(cls, "__init__")
    if init is not None:
        _run_init(interpreter, cls, init, instance, call)
    elif name is not None:
        modules.initialize(interpreter, instance, name, call)
    elif _is_record(cls):
        fill_record(interpreter, cls, instance, call)
    elif len(cls.project_classes) < len(cls.mro):
        instance.symbolic = True
        if call.arguments or call.keywords or call.open:  # a constructor that cannot be read may store them
            instance.fields.update((name, Unknown("a field that a base class may set")) for name in _annotated(cls))
    return instance


def _run_init(
    interpreter: Interpreter, cls: ClassValue, init: Function, instance: Instance, call: CallArguments
) -> None:
    arguments = CallArguments([instance, *call.arguments], call.keywords, call.site, call.open)
    interpreter.building.append(instance)
    try:
        is_plain = not (cls.node.decorator_list or getattr(init.node, "decorator_list", []) or cls.metaclass)
        if is_plain and call.is_written_out and not accepts(init.signature, arguments):
            interpreter.note_error()
        interpreter.call(init, arguments)
    finally:
        interpreter.building.pop()


def _is_record(cls: ClassValue) -> bool:
    """Whether its constructor stores one argument for each annotated field: a dataclass, a pydantic model."""
    if any("dataclass" in wrappers(part.node.decorator_list) for part in cls.project_classes):
        return True
    return has_kind(cls.externals(), "record", "named tuple")


def fill_record(interpreter: Interpreter, cls: ClassValue, record: Instance, call: CallArguments) -> None:
    """Set the fields of a record from the arguments of its constructor and their defaults."""
    interpreter.state.save_before_change(record)
    validated = _has_validators(cls)
    for at, (name, (default, owner)) in enumerate(_annotated(cls).items()):
        value = call.get(at, name)
        if value is UNBOUND:
            value = _default_of_field(interpreter, default, owner, call)
        record.fields[name] = Unknown("a validated field") if validated else value
    for hook in ("__post_init__", "model_post_init"):
        after = method_of(cls, hook)
        if after is not None:
            interpreter.call(
                after, CallArguments([record] if hook == "__post_init__" else [record, None], {}, call.site)
            )


def _annotated(cls: ClassValue) -> dict[str, tuple[ast.expr | None, ClassValue]]:
    """The annotated fields of a class and its bases, each with its default and the class that gives it."""
    return {
        statement.target.id: (statement.value, part)
        for part in reversed(cls.project_classes)
        for statement in part.node.body
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
    }


def _has_validators(cls: ClassValue) -> bool:
    """Whether pydantic calls functions of the class that may change the arguments."""
    return any(
        last_name(decorator.func) in _VALIDATORS
        for part in cls.project_classes
        for statement in part.node.body
        if isinstance(statement, ast.FunctionDef)
        for decorator in statement.decorator_list
        if isinstance(decorator, ast.Call)
    )


def _default_of_field(
    interpreter: Interpreter, default: ast.expr | None, cls: ClassValue, call: CallArguments
) -> Value:
    if default is None or call.open:
        return Unknown("a field")
    value = interpreter.evaluate(default, cls.closure or cls.scope.environment)
    if as_object(value) is not None or isinstance(default, ast.Call):
        return Unknown("a field with a made default")
    return value
