"""Which functions of a file initialise weights, by their names and by what they call."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from initlint.tracers.references.syntax_index import FunctionNode, SyntaxIndex, dotted, last_name

INIT_NAME = re.compile(r"init|reset_param|xavier|kaiming|orthogonal", re.IGNORECASE)
_OTHER_STATE = re.compile(r"hidden|state|buffer|optim|cache|memory|data|log|env|device|grad|re_?init", re.IGNORECASE)
"""What is initialised beside weights, and what is there to start anew later."""
_INIT = r"(?<!f)init|reset|xavier|kaiming|glorot|uniform|normal(?!ize)|orthogonal"
INITIALIZER = re.compile(_INIT, re.IGNORECASE)
"""Functions that fill what they are handed. `isfinite` is none."""
WRITER = re.compile(
    _INIT + r"|load|copy|set|fill|assign|register|zero|ones|constant|eye|dirac|tie|share|convert|pretrained"
    r"|materiali|broadcast|vector_to|_$",
    re.IGNORECASE,
)
"""Functions that may write to what they are handed."""
_CALL = re.compile(
    r"(?:xavier|kaiming|orthogonal|trunc_normal|lecun|sparse|dirac|eye|glorot|variance_scaling)\w*"
    r"|(?:normal|uniform|constant|zeros|ones)_?|(?:zero|fill|copy)_"
)
MAY_INITIALISE = re.compile(rf"(?<!\w)(?:{_CALL.pattern})(?!\w)")
"""Stands in every text with something that `initialises` finds."""
_METHODS = frozenset({"normal_", "uniform_", "zero_", "fill_", "copy_"})
_PARAMETERS = frozenset({"parameters", "named_parameters", "modules", "named_modules", "children", "named_children"})


def init_functions(text: SyntaxIndex) -> Iterator[FunctionNode]:
    """The functions and methods of a file that are named for initialising weights, and do."""
    for function in text.functions:
        name = function.name
        named_for_it = INIT_NAME.search(name) and not _OTHER_STATE.search(name) and not name.startswith("__")
        if named_for_it and initialises(function):
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
    if _CALL.fullmatch(name) is None:
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
