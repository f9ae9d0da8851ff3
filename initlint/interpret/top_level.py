"""The statements at the top level of a module, and the names that each of them binds."""

from __future__ import annotations

import ast
from collections.abc import Sequence

IMPORTS = (ast.Import, ast.ImportFrom)
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
DECLARATIONS = (*IMPORTS, *DEFINITIONS)


def definitions(statement: ast.stmt, names: dict[str, None]) -> None:
    """Add the names of the functions and classes that a statement defines, also under a condition."""
    if isinstance(statement, DEFINITIONS):
        names[statement.name] = None
    elif isinstance(statement, (ast.If, ast.Try)):
        for inner in (*statement.body, *statement.orelse):
            definitions(inner, names)


def bound_names(statement: ast.stmt) -> set[str]:
    """The global names that a top-level statement binds or changes."""
    names: set[str] = set()
    _collect([statement], names)
    return names


def _collect(statements: Sequence[ast.stmt], names: set[str]) -> None:
    for statement in statements:
        if isinstance(statement, DEFINITIONS):
            names.add(statement.name)
        elif isinstance(statement, ast.Assign):
            for target in statement.targets:
                _collect_target(target, names)
        elif isinstance(statement, (ast.AnnAssign, ast.AugAssign)):
            _collect_target(statement.target, names)
        elif isinstance(statement, ast.Expr):
            # A registry that is filled by calls (`MODELS.update(...)`) is not complete before they have run.
            if isinstance(statement.value, ast.Call) and isinstance(statement.value.func, ast.Attribute):
                _collect_target(statement.value.func, names)
        elif isinstance(statement, ast.Import):
            names.update(alias.asname or alias.name.partition(".")[0] for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom):
            names.update(alias.asname or alias.name for alias in statement.names)
        else:
            _collect_compound(statement, names)


def _collect_compound(statement: ast.stmt, names: set[str]) -> None:
    for block in ("body", "orelse", "finalbody"):
        _collect(getattr(statement, block, ()), names)
    for handler in getattr(statement, "handlers", ()):
        _collect(handler.body, names)
    if isinstance(statement, (ast.For, ast.AsyncFor)):
        _collect_target(statement.target, names)


def _collect_target(target: ast.expr, names: set[str]) -> None:
    if isinstance(target, ast.Name):
        names.add(target.id)
    elif isinstance(target, (ast.Tuple, ast.List)):
        for element in target.elts:
            _collect_target(element, names)
    elif isinstance(target, (ast.Attribute, ast.Subscript, ast.Starred)):
        _collect_target(target.value, names)
    elif isinstance(target, ast.Call):
        _collect_target(target.func, names)
