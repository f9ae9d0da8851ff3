"""Finds the calls with which a project constructs a model from literals: the fx tracer can build it with them."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from initlint._records import dataclass
from initlint.tracers.references.file_queries import file_query
from initlint.tracers.references.project_index import ProjectIndex
from initlint.tracers.references.syntax_index import SyntaxIndex, dotted

_MAX_FILES = 50
"""More files are not searched: a class that so many name is a layer, not a model."""


@dataclass(frozen=True, slots=True)
class Construction:
    """A call with known arguments: `text` is its source, in line `row`. `kwargs` are pairs of a name and a value.

    `names`: the arguments, by position or name, that are classes or functions of the module of the called class; their
    value is None.
    """

    args: tuple[Any, ...]
    kwargs: tuple[tuple[str, Any], ...]
    names: tuple[tuple[int | str, str], ...]
    text: str
    row: int


def constructions(file: Path, name: str, project: ProjectIndex) -> Iterator[tuple[Path, Construction]]:
    """The distinct calls of the class or function `name` of `file`: first those in `file`, last those in tests."""
    paths = project.files_with_word(file, name) or ()
    seen: set[str] = set()
    for path in sorted(paths[:_MAX_FILES], key=lambda path: (_is_test(path), path != paths[0])):
        origins = () if path == paths[0] else (file.stem, file.resolve().parent.name)
        for construction in project.query(path, _literal_calls, name, *origins) or ():
            key = repr((construction.args, construction.kwargs, construction.names))
            if key not in seen:
                seen.add(key)
                yield path, construction


def _is_test(path: Path) -> bool:
    return path.stem.startswith("test") or path.stem.endswith("_test") or "tests" in path.parts


@file_query
def _literal_calls(index: SyntaxIndex, name: str, *origins: str) -> tuple[Construction, ...]:
    """The calls of `name` in a file; `origins`: the modules it may come from, none if this file defines it."""
    uses = (node for node in index.mentions(name) if _is_class(index, node, name, origins))
    calls = (call for node in uses for call in _call(index, node))
    constants = _constants(index)
    return tuple(construction for call in calls for construction in _read(index, call, origins, constants))


def _is_class(index: SyntaxIndex, node: ast.AST, name: str, origins: tuple[str, ...]) -> bool:
    if not origins:
        return isinstance(node, ast.Name) and (name in index.classes or any(f.name == name for f in index.functions))
    if isinstance(node, ast.Name):
        module, _, imported = index.imported.get(name, "").rpartition(".")
        return imported == name and (module.rpartition(".")[2] in origins or not module.strip("."))
    if isinstance(node, ast.Attribute):
        root, *rest = dotted(node.value).split(".")
        module = ".".join((index.imported.get(root, ""), *rest))
        return module.rpartition(".")[2] in origins
    return False


def _call(index: SyntaxIndex, node: ast.AST) -> Iterator[ast.Call]:
    parent = index.parents.get(node)
    if isinstance(parent, ast.Call) and parent.func is node:
        yield parent


def _constants(index: SyntaxIndex) -> dict[str, ast.expr]:
    """The names that the module binds once, at its top level."""
    bindings = [
        (target.id, statement.value)
        for statement in index.tree.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    ]
    counts = Counter(name for name, _ in bindings)
    return {name: value for name, value in bindings if counts[name] == 1}


def _read(
    index: SyntaxIndex, call: ast.Call, origins: tuple[str, ...], constants: Mapping[str, ast.expr]
) -> Iterator[Construction]:
    keywords = [keyword for keyword in call.keywords if keyword.arg is not None or dotted(keyword.value) != "kwargs"]
    if any(keyword.arg is None for keyword in keywords):
        return
    # `**kwargs` of a builder such as `resnet18(**kwargs)` is empty by default.
    arguments: list[tuple[int | str, ast.expr]] = [*enumerate(call.args)]
    arguments += [(str(keyword.arg), keyword.value) for keyword in keywords]
    names: list[tuple[int | str, str]] = []
    values: dict[int | str, Any] = {}
    for key, node in arguments:
        if isinstance(node, ast.Name) and _is_class(index, node, node.id, origins):
            names.append((key, node.id))
            values[key] = None
            continue
        try:
            values[key] = ast.literal_eval(constants.get(node.id, node) if isinstance(node, ast.Name) else node)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return  # not literal
    args = tuple(value for key, value in values.items() if isinstance(key, int))
    kwargs = tuple((key, value) for key, value in values.items() if isinstance(key, str))
    yield Construction(args, kwargs, tuple(names), ast.unparse(call), call.lineno)
