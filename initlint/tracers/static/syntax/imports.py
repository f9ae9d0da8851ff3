"""`import` statements: modules of the project, and external names for all others."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from functools import partial
from itertools import accumulate

from initlint.facts.fans import MODULES
from initlint.facts.initializer_formulas import CONSTRUCTORS, DEPRECATED, INITIALIZERS
from initlint.facts.operators import FUNCTIONS
from initlint.tracers.static.machine.interpreter import Imports, Interpreter
from initlint.tracers.static.values.classes import ModuleRef
from initlint.tracers.static.values.environment import Environment, LazyImport, ModuleScope, StarImport
from initlint.tracers.static.values.external_names import external, external_member
from initlint.tracers.static.values.questions import contains, external_name
from initlint.tracers.static.values.values import UNBOUND, Unknown, Value


def import_names(interpreter: Interpreter, node: ast.Import, env: Environment) -> None:
    """`import a.b, c as d`."""
    for alias in node.names:
        name = alias.name
        if alias.asname is not None:
            interpreter.assign(env, alias.asname, module_named(interpreter, name, env))
        else:
            first = name.partition(".")[0]
            interpreter.assign(env, first, module_named(interpreter, first, env))


def module_named(interpreter: Interpreter, name: str, env: Environment) -> Value:
    """The module of the project with this dotted name, else an external one."""
    module = interpreter.imports.import_module(name, env.scope)
    return external(name) if module is UNBOUND else module


def absolute(node: ast.ImportFrom, scope: ModuleScope) -> str | None:
    """The absolute module name of a `from` import; None if a relative import leaves the project."""
    name = node.module or ""
    if not node.level:
        return name
    package = scope.package.split(".") if scope.package else []
    up = node.level - 1
    if up > len(package):
        return None
    base = package[: len(package) - up]
    return ".".join([*base, name] if name else base)


def import_from(interpreter: Interpreter, node: ast.ImportFrom, env: Environment) -> None:
    """`from a import b, c as d`; at module level, the imported module is loaded when the name is first looked up."""
    module_name = absolute(node, env.scope)
    if node.names[0].name == "*":
        if module_name is not None:
            value_of = partial(_of_star_import, interpreter, module_name, env)
            env.scope.star_imports.append(StarImport(node.lineno, value_of))
        return
    for alias in node.names:
        bound, name = alias.asname or alias.name, alias.name
        if module_name is None:
            interpreter.assign(env, bound, Unknown("an import that leads out of the project"))
        elif env.values is env.scope.values:
            interpreter.assign(env, bound, LazyImport(partial(_member, interpreter.imports, module_name, name, env)))
        else:
            interpreter.assign(env, bound, _member(interpreter.imports, module_name, name, env))


def _member(imports: Imports, module_name: str, name: str, env: Environment) -> Value:
    member = imports.import_module(module_name, env.scope)
    module = external(module_name) if member is UNBOUND else member
    if isinstance(module, ModuleRef):
        member = module.scope.lookup(name)
        if member is not UNBOUND:
            return member
        member = imports.import_module(f"{module_name}.{name}", env.scope)
        return Unknown(f"{module_name} has no {name}") if member is UNBOUND else member
    outside = external_name(module)
    if outside:
        # A folder without an `__init__.py` is not a module of the project, but its files are.
        member = imports.import_module(f"{module_name}.{name}", env.scope)
        return external_member(f"{outside}.{name}") if member is UNBOUND else member
    return Unknown(f"{name} is imported from something unknown")


def _of_star_import(interpreter: Interpreter, module_name: str, env: Environment, name: str) -> Value:
    """The value that `from module_name import *` binds to `name`; `UNBOUND` if none."""
    if not interpreter.imports.may_define(module_name, name, env.scope):
        return UNBOUND
    module = module_named(interpreter, module_name, env)
    if isinstance(module, ModuleRef):
        return module.scope.lookup(name) if _exports(module.scope, name) else UNBOUND
    outside = external_name(module)
    exported = _STAR_EXPORTS.get(outside)
    return external_member(f"{outside}.{name}") if exported is not None and exported(name) else UNBOUND


def _exports(scope: ModuleScope, name: str) -> bool:
    """Whether a star import of a module binds `name`, if the module has such a name."""
    is_declared = contains(scope.lookup("__all__"), name) if scope.declares_exports() else None
    if is_declared is None:
        return not name.startswith("_")
    return is_declared or scope.may_export_more(name)


def is_imported_after(imports: Imports, package: ModuleScope, name: str, row: int) -> bool:
    """Whether the first statement of a package that leads to the import of its submodule `name` is after a line."""
    submodule = f"{package.name}.{name}"
    statements = list(package.imports())
    if any(node.lineno <= row and submodule in _modules_of(node, package) for node in statements):
        return False
    return next(
        (node.lineno > row for node in statements if _leads_to(imports, submodule, node, package, set())), False
    )


def _leads_to(
    imports: Imports, wanted: str, node: ast.Import | ast.ImportFrom, scope: ModuleScope, searched: set[str]
) -> bool:
    """Whether an import, or one in the modules that it loads, loads the module `wanted`."""
    searched.add(scope.name)
    for name in _modules_of(node, scope):
        if name == wanted:
            return True
        module = imports.import_module(name, scope)
        if isinstance(module, ModuleRef) and module.scope.name not in searched:
            inner = module.scope
            if any(_leads_to(imports, wanted, statement, inner, searched) for statement in inner.imports()):
                return True
    return False


def _modules_of(node: ast.Import | ast.ImportFrom, scope: ModuleScope) -> list[str]:
    """The dotted names that are modules, or may be, among those that an import names."""
    if isinstance(node, ast.Import):
        return [prefix for alias in node.names for prefix in accumulate(alias.name.split("."), "{}.{}".format)]
    module = absolute(node, scope)
    return [] if module is None else [module, *(f"{module}.{alias.name}" for alias in node.names)]


def _is_module_class(name: str) -> bool:
    return f"torch.nn.{name}" in MODULES or name in ("Parameter", "init", "functional", "utils", "Module")


def _is_init(name: str) -> bool:
    full = f"torch.nn.init.{name}"
    return full in INITIALIZERS or full in DEPRECATED or name == "calculate_gain"


def _is_activation(name: str) -> bool:
    operator = FUNCTIONS.get(name)
    return operator is not None and operator.kind == "activation"


_STAR_EXPORTS: Mapping[str, Callable[[str], bool]] = {
    "torch.nn": _is_module_class,
    "torch.nn.init": _is_init,
    "torch.nn.functional": lambda name: _is_activation(f"torch.nn.functional.{name}"),
    "torch": lambda name: (
        name == "nn" or name == "Tensor" or _is_activation(f"torch.{name}") or f"torch.{name}" in CONSTRUCTORS
    ),
    "math": lambda name: hasattr(math, name),
}
"""The relevant names that a star import of an external module binds."""
