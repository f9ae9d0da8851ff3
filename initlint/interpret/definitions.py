"""`def`, `class` and `import`, and how an object of a class is made."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from contextlib import suppress

from initlint.interpret import modules
from initlint.interpret.calls import Call
from initlint.interpret.machine import Machine
from initlint.interpret.objects import ClassValue, Instance
from initlint.interpret.scopes import Environment, Frame
from initlint.interpret.state import Raised
from initlint.interpret.tree import torch_base
from initlint.interpret.values import ABSENT, External, Function, Unknown, Value, external

_WRAPPERS = {
    "no_grad": "no_grad",
    "inference_mode": "no_grad",
    "property": "property",
    "cached_property": "cached_property",
    "staticmethod": "staticmethod",
    "classmethod": "classmethod",
    "setter": "setter",
    "getter": "setter",
    "deleter": "setter",
    "overload": "overload",
    "dataclass": "dataclass",
}
"""Decorators that change what a definition is. All others are taken to hand it on as it is."""


def _wrappers(decorators: Iterable[ast.expr]) -> frozenset[str]:
    found = set()
    for node in decorators:
        while isinstance(node, ast.Call):
            node = node.func
        last = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        if last in _WRAPPERS:
            found.add(_WRAPPERS[last])
    return frozenset(found)


def define_function(machine: Machine, node: ast.FunctionDef | ast.AsyncFunctionDef, env: Environment) -> None:
    """`def`: binds the function. Setters and overloads are passed over."""
    wrappers = _wrappers(node.decorator_list)
    if wrappers & {"setter", "overload"}:
        return
    made = Function(node, node.name, env.scope, env.seen_by_closures, wrappers=wrappers)
    machine.assign(env, made.name, made)


def define_class(machine: Machine, node: ast.ClassDef, env: Environment) -> None:
    """`class`: runs the body, and binds the class."""
    bases = []
    for expression in node.bases:
        base = machine.evaluate(expression, env)
        bases.append(base if isinstance(base, (ClassValue, External)) else Unknown("a base class"))
    if any(isinstance(base, External) and base.name in machine.additions.base_classes for base in bases):
        bases.append(external("torch.nn.Module"))
    made = ClassValue(node.name, node, env.scope, bases, env.seen_by_closures)
    body = Environment(env.scope, env.seen_by_closures, Frame(None))
    with suppress(Raised):
        machine.run(node.body, body)
    for name, value in body.values.items():
        if isinstance(value, Function) and value.owner is None and value.closure is body:
            value.owner, value.closure = made, env.seen_by_closures
        made.fields[name] = value
    machine.assign(env, made.name, made)


def construct(machine: Machine, cls: ClassValue, call: Call) -> Value:
    """`Class(...)`."""
    name = torch_base(cls)
    made = machine.state.made(Instance(cls, call.site, machine.state.condition, name))
    machine.constructed.add(cls.node)
    if name is not None:
        machine.state.acted()
        machine.journal.instances.append(made)
    init, _ = cls.find("__init__")
    if isinstance(init, Function):
        machine.call(init, Call([made, *call.arguments], call.keywords, call.site, call.open))
    elif name is not None:
        modules.initialize(machine, made, name, call)
    elif _is_record(cls):
        _fill_record(machine, cls, made, call)
    elif any(not isinstance(base, ClassValue) for base in cls.mro[1:]):
        made.symbolic = True
    return made


def _is_record(cls: ClassValue) -> bool:
    """A dataclass or named tuple."""
    for part in cls.mro:
        if isinstance(part, ClassValue) and "dataclass" in _wrappers(part.node.decorator_list):
            return True
        if isinstance(part, External) and part.name.rpartition(".")[2] in ("NamedTuple", "TypedDict", "BaseModel"):
            return True
    return False


def _fill_record(machine: Machine, cls: ClassValue, made: Instance, call: Call) -> None:
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
        if value is ABSENT:
            value = _default_of_field(machine, default, scopes[name], call)
        made.fields[name] = value
    after, _ = cls.find("__post_init__")
    if isinstance(after, Function):
        machine.call(after, Call([made], {}, call.site))


def _default_of_field(machine: Machine, default: ast.expr | None, cls: ClassValue, call: Call) -> Value:
    if default is None or call.open:
        return Unknown("a field")
    value = machine.evaluate(default, cls.closure or cls.scope.environment)
    if isinstance(value, Instance) or isinstance(default, ast.Call):
        return Unknown("a field with a made default")
    return value
