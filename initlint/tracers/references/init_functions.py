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
        if is_weight_initializer(function.name) and initialises(function) and not _fills_only_buffers(text, function):
            yield function


def _fills_only_buffers(text: SyntaxIndex, method: FunctionNode) -> bool:
    """Whether all that a method fills are buffers that its class registers by these names."""
    owner = text.parents[method]
    if not isinstance(owner, ast.ClassDef):
        return False
    buffers = {
        f"self.{call.args[0].value}"
        for call in ast.walk(owner)
        if isinstance(call, ast.Call) and last_name(call.func) == "register_buffer" and call.args
        if isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)
    }
    if not buffers:
        return False
    calls = [node for node in ast.walk(method) if isinstance(node, ast.Call) and is_init_call(node)]
    return all(filled_tensor(call) in buffers for call in calls)


def filled_tensor(call: ast.Call) -> str:
    """The tensor that an init call fills, without `.data` and indices: `self.centres`."""
    is_method = isinstance(call.func, ast.Attribute) and not _is_init_module(call.func.value)
    node = call.func.value if is_method and isinstance(call.func, ast.Attribute) else next(iter(call.args), call)
    while isinstance(node, ast.Subscript) or (isinstance(node, ast.Attribute) and node.attr == "data"):
        node = node.value
    return dotted(node)


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
