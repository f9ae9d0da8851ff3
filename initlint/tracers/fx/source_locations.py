"""Maps positions from the worker to nodes of the source, as the static tracer's locations have them and fixes need."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from initlint.diagnostics import Span
from initlint.project.source import Location, SourceFile, SourceLocation, bounds

Load: TypeAlias = Callable[[Path], "SourceFile | None"]
"""Loads a file of the project; None for other files and unreadable ones."""

_EXPRESSIONS = (ast.expr, ast.AugAssign, ast.Assign)


_TRY = (ast.Try, getattr(ast, "TryStar", ast.Try))
"""Python 3.10 has no `except*`."""


class SourceLocations:
    """Finds the nodes at positions in files. `display_path` returns the path to print for a file."""

    def __init__(self, load: Load, display_path: Callable[[str], str]) -> None:
        self._load = load
        self._display_path = display_path
        self._indexes: dict[str, FileIndex | None] = {}

    def location(self, position: Sequence[Any]) -> Location:
        """The node at `[file, row, column, end row, end column]`. Columns are bytes from 0, -1 if unknown."""
        file, row, column, end_row, end_column = position
        index = self._index(file)
        location = None if index is None else index.at(row, column, end_row, end_column)
        return location or Span(self._display_path(file), row, 1, row, 1)

    def definition(self, file: str | None, name: str) -> Location | None:
        """The definition of a class or function in `file`. `name` is dotted for a nested one."""
        index = None if file is None else self._index(file)
        return None if index is None else index.definition(name)

    def is_guarded(self, location: Location) -> bool:
        """Whether the location is inside a `try` statement."""
        index = self._indexes.get(str(location.source.path)) if isinstance(location, SourceLocation) else None
        return index is not None and isinstance(location, SourceLocation) and id(location.node) in index.in_try

    def _index(self, file: str) -> FileIndex | None:
        if file not in self._indexes:
            source = self._load(Path(file))
            self._indexes[file] = None if source is None else FileIndex(source)
            if source is not None:
                self._indexes[source.path] = self._indexes[file]
        return self._indexes[file]


class FileIndex:
    """The nodes of one file by position."""

    def __init__(self, source: SourceFile) -> None:
        self._source = source
        self.in_try: set[int] = set()
        self._by_span: dict[tuple[int, int, int, int], ast.AST] = {}
        self._calls_by_end: dict[tuple[int, int], ast.AST] = {}
        self._calls_by_row: dict[int, ast.AST] = {}
        for node, in_try in _walk(source.tree):
            if not isinstance(node, _EXPRESSIONS):
                continue
            location = bounds(node)
            self._by_span.setdefault(location, node)
            if isinstance(node, ast.Call):
                self._calls_by_end.setdefault(location[2:], node)
                self._calls_by_row.setdefault(node.lineno, node)
            if in_try:
                self.in_try.add(id(node))

    def at(self, row: int, column: int, end_row: int, end_column: int) -> SourceLocation | None:
        """The call or other expression that a bytecode instruction with this position executes."""
        if column < 0:
            return self._location(self._calls_by_row.get(row))
        node = self._by_span.get((row, column, end_row, end_column))
        if isinstance(node, ast.BinOp):  # its last operand may be a call, which ends there, too
            return self._location(node)
        # For a method chain over several lines Python reports the start of the last method. The end is the call's.
        call = self._calls_by_end.get((end_row, end_column))
        return self._location(call or node)

    def definition(self, name: str) -> SourceLocation | None:
        """The class or function `name`, the last definition if there are several."""
        body: Sequence[ast.AST] = self._source.tree.body
        node: ast.AST | None = None
        for part in name.split("."):
            matches = [node for node in _definitions(body) if node.name == part]
            if not matches:
                return None
            node = matches[-1]
            body = matches[-1].body
        return self._location(node)

    def _location(self, node: ast.AST | None) -> SourceLocation | None:
        return None if node is None else SourceLocation(self._source, node)


def _walk(tree: ast.Module) -> Iterator[tuple[ast.AST, bool]]:
    """All nodes in pre-order, each with whether it is inside a `try` statement."""
    stack: list[tuple[ast.AST, bool]] = [(tree, False)]
    while stack:
        node, in_try = stack.pop()
        yield node, in_try
        inside = in_try or isinstance(node, _TRY)
        stack.extend((child, inside) for child in reversed(list(ast.iter_child_nodes(node))))


def _definitions(body: Sequence[ast.AST]) -> Iterator[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    """The classes and functions that a block defines, also inside of `if`, `try` and `with`."""
    for node in body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node
        elif isinstance(node, (ast.If, ast.With, *_TRY)):
            for block in ("body", "orelse"):
                yield from _definitions(getattr(node, block, ()))
