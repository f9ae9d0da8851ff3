"""The places that the worker names, as nodes of the source: what the static tracer's places are, and fixes need."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from initlint.diagnostics import Span
from initlint.graph.model import Location
from initlint.project.source import SourceFile, SourceLocation, bounds

Load: TypeAlias = Callable[[Path], "SourceFile | None"]
"""A file of the project, None for any other and for one that cannot be read."""

_EXPRESSIONS = (ast.expr, ast.AugAssign, ast.Assign)


_TRY = (ast.Try, getattr(ast, "TryStar", ast.Try))
"""Python 3.10 has no `except*`."""


class SourceLocations:
    """Finds the nodes at places in files. `shown` gives the path under which a file is known to the user."""

    def __init__(self, load: Load, shown: Callable[[str], str]) -> None:
        self._load = load
        self._shown = shown
        self._indexes: dict[str, _Index | None] = {}

    def place(self, raw: Sequence[Any]) -> Location:
        """What stands at `[file, row, column, end row, end column]`, columns in bytes from 0, -1 where not known."""
        file, row, column, end_row, end_column = raw
        index = self._index(file)
        site = None if index is None else index.at(row, column, end_row, end_column)
        return site or Span(self._shown(file), row, 1, row, 1)

    def definition(self, file: str | None, name: str) -> Location | None:
        """Where the class or function of that name, dotted for one inside another, is defined in `file`."""
        index = None if file is None else self._index(file)
        return None if index is None else index.definition(name)

    def is_guarded(self, place: Location) -> bool:
        """Whether the place is in the body of a `try`."""
        index = self._indexes.get(str(place.source.path)) if isinstance(place, SourceLocation) else None
        return index is not None and isinstance(place, SourceLocation) and id(place.node) in index.guarded

    def _index(self, file: str) -> _Index | None:
        if file not in self._indexes:
            source = self._load(Path(file))
            self._indexes[file] = None if source is None else _Index(source)
            if source is not None:
                self._indexes[source.path] = self._indexes[file]
        return self._indexes[file]


class _Index:
    """The nodes of one file by where they stand."""

    def __init__(self, source: SourceFile) -> None:
        self._source = source
        self.guarded: set[int] = set()
        self._by_span: dict[tuple[int, int, int, int], ast.AST] = {}
        self._calls_by_end: dict[tuple[int, int], ast.AST] = {}
        self._calls_by_row: dict[int, ast.AST] = {}
        for node, guarded in _walk(source.tree):
            if not isinstance(node, _EXPRESSIONS):
                continue
            place = bounds(node)
            self._by_span.setdefault(place, node)
            if isinstance(node, ast.Call):
                self._calls_by_end.setdefault(place[2:], node)
                self._calls_by_row.setdefault(node.lineno, node)
            if guarded:
                self.guarded.add(id(node))

    def at(self, row: int, column: int, end_row: int, end_column: int) -> SourceLocation | None:
        """The call, or other expression, that an instruction with this position executes."""
        if column < 0:
            return self._site(self._calls_by_row.get(row))
        # Of a chain of methods over several lines, Python gives the start of the last one: its end is the call's.
        found = self._calls_by_end.get((end_row, end_column))
        return self._site(found or self._by_span.get((row, column, end_row, end_column)))

    def definition(self, name: str) -> SourceLocation | None:
        """The class or function of that name."""
        body: Sequence[ast.AST] = self._source.tree.body
        found: ast.AST | None = None
        for part in name.split("."):
            defined = [node for node in _definitions(body) if node.name == part]
            if not defined:
                return None
            found = defined[-1]
            body = defined[-1].body
        return self._site(found)

    def _site(self, node: ast.AST | None) -> SourceLocation | None:
        return None if node is None else SourceLocation(self._source, node)


def _walk(tree: ast.Module) -> Iterator[tuple[ast.AST, bool]]:
    """All nodes, outer ones first, each with whether it is in the body of a `try`."""
    stack: list[tuple[ast.AST, bool]] = [(tree, False)]
    while stack:
        node, guarded = stack.pop()
        yield node, guarded
        inside = guarded or isinstance(node, _TRY)
        stack.extend((child, inside) for child in reversed(list(ast.iter_child_nodes(node))))


def _definitions(body: Sequence[ast.AST]) -> Iterator[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    """Those of a block, also under its `if`, `try` and `with`."""
    for node in body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node
        elif isinstance(node, (ast.If, ast.With, *_TRY)):
            for block in ("body", "orelse"):
                yield from _definitions(getattr(node, block, ()))
