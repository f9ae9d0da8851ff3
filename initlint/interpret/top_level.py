"""The statements at the top level of a module, and the names that each of them binds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import libcst as cst

IMPORTS = (cst.Import, cst.ImportFrom)
DEFINITIONS = (cst.FunctionDef, cst.ClassDef)
DECLARATIONS = (*IMPORTS, *DEFINITIONS)


def flatten(body: Sequence[cst.BaseStatement | cst.BaseSmallStatement]) -> Iterator[cst.CSTNode]:
    """The statements of a block, those on one line each for itself."""
    for statement in body:
        if not isinstance(statement, cst.SimpleStatementLine):
            yield statement
            continue
        yield from statement.body


def definitions(statement: cst.CSTNode | None, names: dict[str, None]) -> None:
    """Add the names of the functions and classes that a statement defines, also under a condition."""
    if isinstance(statement, DEFINITIONS):
        names[statement.name.value] = None
    elif isinstance(statement, (cst.If, cst.Try, cst.Else)):
        for inner in statement.body.body:
            definitions(inner, names)
        definitions(getattr(statement, "orelse", None), names)


def bound_names(statement: cst.CSTNode) -> set[str]:
    """The global names that a top-level statement binds or changes."""
    names: set[str] = set()
    _collect(statement, names)
    return names


def _collect(statement: cst.CSTNode, names: set[str]) -> None:
    if isinstance(statement, DEFINITIONS):
        names.add(statement.name.value)
    elif isinstance(statement, cst.Assign):
        for target in statement.targets:
            _collect_target(target.target, names)
    elif isinstance(statement, (cst.AnnAssign, cst.AugAssign)):
        _collect_target(statement.target, names)
    elif isinstance(statement, cst.Expr):
        # A registry that is filled by calls (`MODELS.update(...)`) is not complete before they have run.
        if isinstance(statement.value, cst.Call) and isinstance(statement.value.func, cst.Attribute):
            _collect_target(statement.value.func, names)
    elif isinstance(statement, cst.Import):
        for alias in statement.names:
            names.add(alias.evaluated_alias or alias.evaluated_name.partition(".")[0])
    elif isinstance(statement, cst.ImportFrom):
        if isinstance(statement.names, cst.ImportStar):
            names.add("*")
        else:
            for alias in statement.names:
                names.add(alias.evaluated_alias or alias.evaluated_name)
    elif isinstance(statement, cst.SimpleStatementLine):
        for small in statement.body:
            _collect(small, names)
    elif isinstance(statement, (cst.If, cst.Try, cst.TryStar, cst.With, cst.For, cst.While, cst.Else, cst.Finally)):
        _collect_compound(statement, names)


def _collect_compound(statement: cst.CSTNode, names: set[str]) -> None:
    for attribute in ("body", "orelse", "finalbody"):
        block = getattr(statement, attribute, None)
        if isinstance(block, (cst.IndentedBlock, cst.SimpleStatementSuite)):
            for inner in block.body:
                _collect(inner, names)
        elif block is not None:
            _collect(block, names)
    for handler in getattr(statement, "handlers", ()):
        for inner in handler.body.body:
            _collect(inner, names)
    if isinstance(statement, cst.For):
        _collect_target(statement.target, names)


def _collect_target(target: cst.BaseExpression, names: set[str]) -> None:
    if isinstance(target, cst.Name):
        names.add(target.value)
    elif isinstance(target, (cst.Tuple, cst.List)):
        for element in target.elements:
            _collect_target(element.value, names)
    elif isinstance(target, (cst.Attribute, cst.Subscript)):
        _collect_target(target.value, names)
    elif isinstance(target, cst.Call):
        _collect_target(target.func, names)
