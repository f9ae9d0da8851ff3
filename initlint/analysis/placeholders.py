"""Values that are meant to be replaced: the class of the model copies the weights of another model over them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache

from initlint.graph.model import Write
from initlint.project.source import SourceLocation


def is_placeholder(write: Write) -> bool:
    """Whether `write` is in a class with a method that copies weights of its argument: `copy_weights(self, vgg)`."""
    if not isinstance(write.location, SourceLocation):
        return False
    row = getattr(write.location.node, "lineno", 0)
    classes = _copying_classes(write.location.source.tree)
    return any(first <= row <= last for first, last in classes)


@lru_cache(maxsize=2)
def _copying_classes(tree: ast.Module) -> tuple[tuple[int, int], ...]:
    """The first and last rows of the classes of a file that have such a method."""
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and any(map(_copies, node.body))]
    return tuple((node.lineno, node.end_lineno or node.lineno) for node in classes)


def _copies(method: ast.stmt) -> bool:
    if not isinstance(method, ast.FunctionDef) or method.name == "__init__" or len(method.args.args) < 2:
        return False
    return any(_is_weight(target) and _is_weight(value) for target, value in _assigned(method))


def _assigned(method: ast.FunctionDef) -> Iterator[tuple[ast.expr, ast.expr]]:
    """What gets the values of what: `a.weight.data.copy_(b.weight.data)`, `a.weight.data = b.weight.data`."""
    for node in ast.walk(method):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            yield node.targets[0], node.value
        elif isinstance(node, ast.Call) and node.args and isinstance(node.func, ast.Attribute):
            if node.func.attr != "copy_":
                continue
            yield node.func.value, node.args[0]


def _is_weight(node: ast.expr) -> bool:
    """Whether it is `layer.weight` or `layer.weight.data`, with or without a method on it, as `view`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return _is_weight(node.func.value)
    while isinstance(node, ast.Attribute) and node.attr == "data":
        node = node.value
    return isinstance(node, ast.Attribute) and node.attr == "weight"
