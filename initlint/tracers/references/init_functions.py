"""Which functions of a file initialise weights, by their names and by what they call."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from initlint.facts.initializer_names import is_fill, is_weight_initializer
from initlint.tracers.references.syntax_index import FunctionNode, SyntaxIndex, dotted, last_name

_METHODS = frozenset({"normal_", "uniform_", "zero_", "fill_", "copy_"})
_PARAMETERS = frozenset({"parameters", "named_parameters", "modules", "named_modules", "children", "named_children"})


def init_functions(text: SyntaxIndex) -> Iterator[FunctionNode]:
    """The functions and methods of a file that are named for initialising weights, and do."""
    for function in text.functions:
        if is_weight_initializer(function.name) and initialises(function):
            yield function


def initialises(node: ast.AST) -> bool:
    """Whether something in `node` fills a weight of what it is handed, or of `self`.

    What a class inside it does is the business of that class.
    """
    inner = (child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.ClassDef))
    return (isinstance(node, ast.Call) and is_init_call(node)) or any(map(initialises, inner))


def is_init_call(call: ast.Call) -> bool:
    """Whether it is `init.normal_(layer.weight)`, `layer.weight.data.normal_()` or the like."""
    name = last_name(call.func)
    if not is_fill(name):
        return False
    if name in _METHODS and isinstance(call.func, ast.Attribute) and not _is_init_module(call.func.value):
        return _is_weight(call.func.value)
    return name.endswith("_") or (isinstance(call.func, ast.Attribute) and _is_init_module(call.func.value))


def _is_init_module(node: ast.AST) -> bool:
    return dotted(node).rpartition(".")[2] in ("init", "initialization", "I")


def _is_weight(node: ast.AST) -> bool:
    """`layer.weight`, `layer.weight.data`, `self.w[0]`, `p.data`: not a tensor that the function made."""
    while isinstance(node, (ast.Subscript, ast.Call)):
        node = node.value if isinstance(node, ast.Subscript) else node.func
    return isinstance(node, ast.Attribute)
