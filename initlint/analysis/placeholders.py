"""Values that are meant to be replaced: the class of the model copies the weights of another model over them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache

from initlint.graph.model import Write
from initlint.project.source import SourceLocation

_RESHAPING = frozenset(
    "view reshape clone detach t transpose permute contiguous squeeze unsqueeze flatten expand repeat to cpu cuda "
    "float double half type type_as".split()
)
"""The methods whose result has the values of the tensor."""
_WALKING = frozenset("zip enumerate list tuple reversed iter filter getattr".split())
"""The functions that lead from a model to its parts."""


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
    """Whether a weight of something else gets that of an argument, or of what a loop finds in the argument."""
    if not isinstance(method, ast.FunctionDef) or method.name == "__init__" or len(method.args.args) < 2:
        return False
    copied = [(_holder(target), _holder(value)) for target, value in _assigned(method)]
    pairs = [(target, value) for target, value in copied if target is not None and value is not None]
    if not pairs:
        return False
    theirs = _found_in_arguments(method)
    return any(_leads_to(value, theirs) and not _leads_to(target, theirs) for target, value in pairs)


def _assigned(method: ast.FunctionDef) -> Iterator[tuple[ast.expr, ast.expr]]:
    """What gets the values of what: `a.weight.data.copy_(b.weight.data)`, `a.weight.data = b.weight.data`."""
    for node in ast.walk(method):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            yield node.targets[0], node.value
        elif isinstance(node, ast.Call) and node.args and isinstance(node.func, ast.Attribute):
            if node.func.attr != "copy_":
                continue
            yield node.func.value, node.args[0]


def _holder(node: ast.expr) -> ast.expr | None:
    """The layer of `layer.weight` or `layer.weight.data`, with or without methods on it that keep the values."""
    while True:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _RESHAPING:
            node = node.func.value
        elif isinstance(node, ast.Attribute) and node.attr == "data":
            node = node.value
        else:
            return node.value if isinstance(node, ast.Attribute) and node.attr == "weight" else None


def _found_in_arguments(method: ast.FunctionDef) -> frozenset[str]:
    """The arguments but `self`, and the variables for what assignments and loops find in them."""
    found = {argument.arg for argument in method.args.args[1:]}
    bound = list(_bindings(method))
    while True:
        more = {name for name, value in bound if name not in found and _leads_to(value, found)}
        if not more:
            return frozenset(found)
        found |= more


def _bindings(method: ast.FunctionDef) -> Iterator[tuple[str, ast.expr]]:
    for node in ast.walk(method):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from _bound(target, node.value)
        elif isinstance(node, (ast.For, ast.comprehension)):
            yield from _bound(node.target, node.iter)


def _bound(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """The variables of a target with what each is found in: of `for a, b in zip(x, y)` that is x for a and y for b."""
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, (ast.Tuple, ast.List)):
        values = [value] * len(target.elts)
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and len(target.elts) > 1:
            if value.func.id == "enumerate" and value.args:
                yield from _bound(target.elts[1], value.args[0])
                return
            if value.func.id == "zip" and len(value.args) == len(target.elts):
                values = value.args
        elif isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts):
            values = value.elts
        for one, part in zip(target.elts, values, strict=True):
            yield from _bound(one, part)


def _leads_to(value: ast.expr, names: set[str] | frozenset[str]) -> bool:
    """Whether it is a part of what one of the names stands for: `vgg.features[0]`, `list(vgg.children())`."""
    pending = [value]
    for node in pending:
        if isinstance(node, ast.Name) and node.id in names:
            return True
        if isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred)):
            pending.append(node.value)
        elif isinstance(node, (ast.List, ast.Tuple)):
            pending += node.elts
        elif isinstance(node, (ast.ListComp, ast.GeneratorExp)):
            pending.append(node.elt)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            pending.append(node.func.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _WALKING:
            pending += node.args[:1] if node.func.id == "getattr" else node.args
    return False
