"""Names of parameters as strings in the tests of loops over `named_parameters()`, which choose what an optimizer gets.

What code does with the parameters that a comprehension chooses is found by `bulk_writes`.
"""

from __future__ import annotations

import ast

from initlint.tracers.references.bulk_writes import WriteKind, use_of_parameters
from initlint.tracers.references.syntax_index import FunctionNode, SyntaxIndex, last_name

_COLLECTING = frozenset({"append", "add"})
_OF_STRINGS = frozenset({"startswith", "endswith", "find", "split", "replace", "any"})
_READING = (
    _COLLECTING
    | _OF_STRINGS
    | frozenset("print info debug format str len numel size dim requires_grad_ sum mean norm".split())
)
"""Functions and methods that surely write to no parameter that they are called with or on."""


def selects_parameters(index: SyntaxIndex, name: ast.Constant) -> bool:
    """Whether a string only tests the names of parameters, and what is chosen by it is surely not written."""
    child: ast.AST = name
    for parent in index.above(name):
        if isinstance(parent, ast.comprehension) and child in parent.ifs and _lists_parameters(parent.iter):
            return True
        if isinstance(parent, ast.Call) and last_name(parent.func) == "filter" and isinstance(child, ast.Lambda):
            return _lists_parameters(parent.args[-1])
        if isinstance(parent, ast.If):
            loop = _loop_around(index, parent)
            return child is parent.test and loop is not None and _only_collects(index, loop)
        if isinstance(parent, FunctionNode):
            return "no_weight_decay" in parent.name
        if isinstance(parent, ast.stmt) and not isinstance(parent, ast.Return):
            return False
        child = parent
    return False


def _loop_around(index: SyntaxIndex, branch: ast.If) -> ast.For | None:
    """The loop over `named_parameters()` around a branch."""
    for parent in index.above(branch):
        if isinstance(parent, ast.For):
            return parent if _lists_parameters(parent.iter) else None
        if isinstance(parent, FunctionNode):
            return None
    return None


def _lists_parameters(iterated: ast.expr) -> bool:
    return any(isinstance(node, ast.Attribute) and node.attr == "named_parameters" for node in ast.walk(iterated))


def _only_collects(index: SyntaxIndex, loop: ast.For) -> bool:
    """Whether a loop over parameters only reads them, sets `requires_grad`, or collects them in unwritten lists."""
    names = {node.id for node in ast.walk(loop.target) if isinstance(node, ast.Name)}
    nodes = (node for statement in loop.body for node in ast.walk(statement))
    return all(_is_harmless(index, node) for node in nodes if _mentions(node, names))


def _is_harmless(index: SyntaxIndex, node: ast.AST) -> bool:
    """Whether a node in which the parameter is mentioned surely does not write to it."""
    if isinstance(node, ast.Assign):
        return all(isinstance(target, ast.Attribute) and target.attr == "requires_grad" for target in node.targets)
    if isinstance(node, ast.Call):
        name = last_name(node.func)
        return name in _READING and (name not in _COLLECTING or _stays_unwritten(index, node))
    return not isinstance(node, (ast.AugAssign, ast.AnnAssign, ast.Return, ast.Yield, ast.With))


def _mentions(node: ast.AST, names: set[str]) -> bool:
    return any(isinstance(part, ast.Name) and part.id in names for part in ast.walk(node))


def _stays_unwritten(index: SyntaxIndex, call: ast.Call) -> bool:
    """Whether the list that a call appends to is a variable whose items nothing writes."""
    collection = call.func.value if isinstance(call.func, ast.Attribute) else None
    if not isinstance(collection, ast.Name):
        return False
    uses = (use for use in index.mentions(collection.id) if not isinstance(getattr(use, "ctx", None), ast.Store))
    return all(use_of_parameters(index, use, {collection.id}) is WriteKind.NONE for use in uses)
