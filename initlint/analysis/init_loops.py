"""What the loop around an init call, or the `apply` that leads there, goes over."""

from __future__ import annotations

import ast

from initlint.graph.model import Write
from initlint.project.source import Location, SourceLocation

_MODELS = frozenset({"self", "model", "net", "network"})
_TRAVERSALS = frozenset("modules named_modules parameters named_parameters".split())
_LISTING = frozenset("enumerate zip reversed list tuple".split())


def visits_model(write: Write) -> bool:
    """Whether it is made in a walk over all of a model: by `self.apply(...)`, or in a loop over `model.modules()`."""
    if write.visit is not None:
        call = _node(write.visit.location)
        receiver = call.func.value if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) else None
        return isinstance(receiver, ast.Name)
    return any(_walks(loop.iter) for loop in map(_loop_around, (write.location, *write.via)) if loop is not None)


def _walks(iterated: ast.expr) -> bool:
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in _TRAVERSALS
        and isinstance(node.value, ast.Name)
        and node.value.id in _MODELS
        for node in ast.walk(iterated)
    )


def lists_layers(write: Write) -> bool:
    """Whether the innermost loop around it goes over layers that the code lists: `self.gates`, `(self.a, self.b)`."""
    loops = (loop for loop in map(_loop_around, (write.location, *reversed(write.via))) if loop is not None)
    loop = next((loop for loop in loops if not _is_of_parameters(loop.iter)), None)
    return loop is not None and write.visit is None and _is_listing(loop.iter)


def _is_of_parameters(iterated: ast.expr) -> bool:
    """Whether it is `module.parameters()`: such a loop is within one layer if another one lists the layers."""
    called = iterated.func if isinstance(iterated, ast.Call) else None
    return isinstance(called, ast.Attribute) and called.attr in ("parameters", "named_parameters")


def _is_listing(iterated: ast.expr) -> bool:
    if isinstance(iterated, ast.Call) and isinstance(iterated.func, ast.Name):
        name, arguments = iterated.func.id, iterated.args
        return name == "range" or (name in _LISTING and bool(arguments) and all(map(_is_listing, arguments)))
    if isinstance(iterated, ast.Subscript):
        return _is_listing(iterated.value)
    return isinstance(iterated, (ast.Attribute, ast.Tuple, ast.List))


def _loop_around(location: Location) -> ast.For | None:
    """The innermost loop around a node, in the same function."""
    if not isinstance(location, SourceLocation):
        return None
    for node in _path_to(location.node, location.source.tree):
        if isinstance(node, ast.For):
            return node
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            return None
    return None


def _path_to(node: ast.AST, outer: ast.AST) -> list[ast.AST]:
    """The nodes around a node, the innermost first; empty if it is not inside of `outer`."""
    for child in ast.iter_child_nodes(outer):
        if child is node:
            return [outer]
        if _spans(child, node) and (path := _path_to(node, child)):
            return [*path, outer]
    return []


def _spans(outer: ast.AST, node: ast.AST) -> bool:
    """Whether a node has the row in which another begins."""
    start, end = getattr(outer, "lineno", None), getattr(outer, "end_lineno", None)
    return start is not None and end is not None and start <= getattr(node, "lineno", 0) <= end


def _node(location: Location) -> ast.AST | None:
    return location.node if isinstance(location, SourceLocation) else None
