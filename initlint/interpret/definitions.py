"""`def`, `class` and `import`, and how an object of a class is made."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial

import libcst as cst

from initlint.facts.activations import FUNCTIONS
from initlint.facts.initializers import CONSTRUCTORS, DEPRECATED, INITIALIZERS
from initlint.facts.layers import MODULES
from initlint.interpret import modules
from initlint.interpret.externals import external
from initlint.interpret.machine import Call, Imports, Machine
from initlint.interpret.scopes import Deferred, Environment, Frame
from initlint.interpret.state import Raised
from initlint.interpret.tree import torch_base
from initlint.interpret.values import (
    ABSENT,
    ClassValue,
    External,
    Function,
    Instance,
    Package,
    Unknown,
    Value,
)

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


def _wrappers(decorators: object) -> frozenset[str]:
    found = set()
    for decorator in decorators:  # type: ignore[attr-defined]
        node = decorator.decorator
        while isinstance(node, cst.Call):
            node = node.func
        last = node.attr.value if isinstance(node, cst.Attribute) else node.value if isinstance(node, cst.Name) else ""
        if last in _WRAPPERS:
            found.add(_WRAPPERS[last])
    return frozenset(found)


def _enclosing(env: Environment) -> Environment | None:
    return None if env.values is env.scope.values else env


def define_function(machine: Machine, node: cst.FunctionDef, env: Environment) -> None:
    wrappers = _wrappers(node.decorators)
    if wrappers & {"setter", "overload"}:
        return
    made = Function(node, node.name.value, env.scope, _enclosing(env), wrappers=wrappers)
    machine.assign(env, made.name, made)


def define_class(machine: Machine, node: cst.ClassDef, env: Environment) -> None:
    bases = []
    for argument in node.bases:
        base = machine.evaluate(argument.value, env)
        bases.append(base if isinstance(base, (ClassValue, External)) else Unknown("a base class"))
    made = ClassValue(node.name.value, node, env.scope, bases, _enclosing(env))
    body = Environment(env.scope, _enclosing(env), Frame(None))
    try:
        machine.execute(node.body, body)
    except Raised:
        pass
    for name, value in body.values.items():
        if isinstance(value, Function) and value.owner is None and value.closure is body:
            value.owner, value.closure = made, _enclosing(env)
        made.fields[name] = value
    machine.assign(env, made.name, made)


# Objects ----------------------------------------------------------------------------------------------------------


def construct(machine: Machine, cls: ClassValue, call: Call) -> Value:
    """`Class(...)`."""
    name = torch_base(cls)
    made = Instance(cls, call.site, machine.state.condition, name)
    machine.constructed.add(cls.node)
    if name is not None:
        machine.journal.instances.append(made)
    init, owner = cls.find("__init__")
    if isinstance(init, Function):
        machine.call_function(init, Call([made, *call.arguments], call.keywords, call.site, call.open), made)
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
        if isinstance(part, ClassValue) and "dataclass" in _wrappers(part.node.decorators):
            return True
        if isinstance(part, External) and part.name.rpartition(".")[2] in ("NamedTuple", "TypedDict", "BaseModel"):
            return True
    return False


def _fill_record(machine: Machine, cls: ClassValue, made: Instance, call: Call) -> None:
    names: dict[str, cst.BaseExpression | None] = {}
    scopes: dict[str, ClassValue] = {}
    for part in reversed(cls.mro):
        if isinstance(part, ClassValue):
            for statement in part.node.body.body:
                for small in statement.body if isinstance(statement, cst.SimpleStatementLine) else ():
                    if isinstance(small, cst.AnnAssign) and isinstance(small.target, cst.Name):
                        names[small.target.value] = small.value
                        scopes[small.target.value] = part
    for at, (name, default) in enumerate(names.items()):
        value = call.get(at, name)
        if value is ABSENT:
            value = _default_of_field(machine, default, scopes[name], call)
        made.fields[name] = value
    after, _ = cls.find("__post_init__")
    if isinstance(after, Function):
        machine.call_function(after, Call([made], {}, call.site), made)


def _default_of_field(
    machine: Machine, default: cst.BaseExpression | None, cls: ClassValue, call: Call
) -> Value:
    if default is None or call.open:
        return Unknown("a field")
    value = machine.evaluate(default, cls.closure or cls.scope.environment)
    if isinstance(value, Instance) or isinstance(default, cst.Call):
        return Unknown("a field with a made default")
    return value


# Imports ----------------------------------------------------------------------------------------------------------


def dotted(node: cst.BaseExpression | None) -> str:
    """The text of a dotted name."""
    if isinstance(node, cst.Attribute):
        return f"{dotted(node.value)}.{node.attr.value}"
    return node.value if isinstance(node, cst.Name) else ""


def import_names(machine: Machine, node: cst.Import, env: Environment) -> None:
    for alias in node.names:
        name = alias.evaluated_name
        if alias.evaluated_alias is not None:
            machine.assign(env, alias.evaluated_alias, module_named(machine, name, env))
        else:
            first = name.partition(".")[0]
            machine.assign(env, first, module_named(machine, first, env))


def module_named(machine: Machine, name: str, env: Environment) -> Value:
    """The module of the project with this dotted name, else an external one."""
    found = machine.imports.import_module(name, env.scope)
    return external(name) if found is ABSENT else found


def absolute(node: cst.ImportFrom, env: Environment) -> str | None:
    """The dotted name that `from X import` means; None if the dots lead out of the project."""
    name = dotted(node.module)
    if not node.relative:
        return name
    package = env.scope.package.split(".") if env.scope.package else []
    up = len(node.relative) - 1
    if up > len(package):
        return None
    base = package[: len(package) - up]
    return ".".join([*base, name] if name else base)


def import_from(machine: Machine, node: cst.ImportFrom, env: Environment) -> None:
    module_name = absolute(node, env)
    if isinstance(node.names, cst.ImportStar):
        if module_name is not None:
            _import_star(module_named(machine, module_name, env), env)
        return
    for alias in node.names:
        bound, name = alias.evaluated_alias or alias.evaluated_name, alias.evaluated_name
        if module_name is None:
            machine.assign(env, bound, Unknown("an import that leads out of the project"))
        elif env.values is env.scope.values:
            machine.assign(env, bound, Deferred(partial(_member, machine.imports, module_name, name, env)))
        else:
            machine.assign(env, bound, _member(machine.imports, module_name, name, env))


def _member(imports: Imports, module_name: str, name: str, env: Environment) -> Value:
    found = imports.import_module(module_name, env.scope)
    module = external(module_name) if found is ABSENT else found
    if isinstance(module, Package):
        found = module.scope.lookup(name)
        if found is not ABSENT:
            return found
        found = imports.import_module(f"{module_name}.{name}", env.scope)
        return Unknown(f"{module_name} has no {name}") if found is ABSENT else found
    if isinstance(module, External):
        return external(f"{module.name}.{name}")
    return Unknown(f"{name} is imported from something unknown")


def _import_star(module: Value, env: Environment) -> None:
    if isinstance(module, Package):
        scope = module.scope

        def find(name: str) -> Value:
            return ABSENT if name.startswith("_") else scope.lookup(name)

        env.scope.stars.append(find)
    elif isinstance(module, External) and module.name in _STAR_EXPORTS:
        exported = _STAR_EXPORTS[module.name]

        def find_external(name: str) -> Value:
            return external(f"{module.name}.{name}") if exported(name) else ABSENT

        env.scope.stars.append(find_external)


def _is_module_class(name: str) -> bool:
    return f"torch.nn.{name}" in MODULES or name in ("Parameter", "init", "functional", "utils", "Module")


def _is_init(name: str) -> bool:
    full = f"torch.nn.init.{name}"
    return full in INITIALIZERS or full in DEPRECATED or name == "calculate_gain"


_STAR_EXPORTS: Mapping[str, Callable[[str], bool]] = {
    "torch.nn": _is_module_class,
    "torch.nn.init": _is_init,
    "torch.nn.functional": lambda name: f"torch.nn.functional.{name}" in FUNCTIONS,
    "torch": lambda name: name == "nn" or name == "Tensor" or f"torch.{name}" in FUNCTIONS or f"torch.{name}" in CONSTRUCTORS,
    "math": lambda name: hasattr(math, name),
}
"""What a star import of a module outside the project brings, as far as it matters."""
