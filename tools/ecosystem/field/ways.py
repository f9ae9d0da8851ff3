"""How an init reaches the weight of its layer, and how it is written."""

from __future__ import annotations

import ast
from functools import lru_cache

from initlint.facts.frameworks import POST_INIT_METHODS
from initlint.facts.initializers import DEPRECATED, INITIALIZERS
from initlint.graph.model import Layer, Write
from initlint.project.source import Location, SourceFile, SourceLocation

_INIT_NAMES = {name.rpartition(".")[2] for name in (*INITIALIZERS, *DEPRECATED)}
_WALKS = frozenset("modules named_modules children named_children parameters named_parameters".split())
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Block = tuple[int, int]


@lru_cache(maxsize=256)
def _surroundings(source: SourceFile) -> tuple[list[_Block], list[tuple[_Block, _Function, ast.ClassDef | None]]]:
    """The rows of the loops over modules or parameters, and each function with its rows and the class that owns it."""
    loops: list[_Block] = []
    functions: list[tuple[_Block, _Function, ast.ClassDef | None]] = []
    for node in ast.walk(source.tree):
        if isinstance(node, (ast.For, *_COMPREHENSIONS)):
            iterated = [node.iter] if isinstance(node, ast.For) else [part.iter for part in node.generators]
            if any(map(_is_walk, iterated)):
                loops.append((node.lineno, node.end_lineno or node.lineno))
        owner = node if isinstance(node, ast.ClassDef) else None
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                functions.append(((child.lineno, child.end_lineno or child.lineno), child, owner))
    return loops, functions


def _is_walk(iterated: ast.expr) -> bool:
    calls = (node for node in ast.walk(iterated) if isinstance(node, ast.Call))
    return any(isinstance(call.func, ast.Attribute) and call.func.attr in _WALKS for call in calls)


def _holds(block: _Block, row: int) -> bool:
    return block[0] <= row <= block[1]


def _is_in_walk(location: Location) -> bool:
    """Whether it is inside of a loop over `modules()`, `parameters()` or the like."""
    if not isinstance(location, SourceLocation):
        return False
    return any(_holds(loop, location.span.row) for loop in _surroundings(location.source)[0])


def _function_around(location: Location) -> tuple[_Function | None, ast.ClassDef | None]:
    """The innermost function around it, and its class if it is a method."""
    if not isinstance(location, SourceLocation):
        return None, None
    row = location.span.row
    around = [(block, node, cls) for block, node, cls in _surroundings(location.source)[1] if _holds(block, row)]
    if not around:
        return None, None
    _, function, cls = max(around, key=lambda item: item[0][0])
    return function, cls


def _called_method(location: Location) -> str:
    node = location.node if isinstance(location, SourceLocation) else None
    return node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""


def way(layer: Layer, write: Write) -> str:
    """How the write gets to the layer: `framework`, `apply`, `loop`, or what encloses a call for this layer."""
    if write.visit is not None:
        return "framework" if _called_method(write.visit.location) in POST_INIT_METHODS else "apply"
    if any(map(_is_in_walk, (*write.via, write.location))):
        return "loop"
    function, owner = _function_around(write.location)
    if function is None:
        return "script"
    if owner is None:
        return "helper"
    if owner.name == layer.subclass:
        return "own class"
    return "constructor" if function.name == "__init__" else "method"


def is_in_other_file(layer: Layer, write: Write) -> bool:
    """Whether the init is in another file than the class that has the layer."""
    return write.location.span.file != layer.location.span.file


def form(write: Write) -> str:
    """How the write is written: `function`, `method`, `new tensor`, `assignment` or `library`."""
    node = write.location.node if isinstance(write.location, SourceLocation) else None
    if not isinstance(node, ast.Call):
        return "assignment"
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if write.method:
        return "method" if name.endswith("_") else "new tensor"
    if name in _INIT_NAMES:
        return "function"
    return "library" if write.initializer in INITIALIZERS else "new tensor"
