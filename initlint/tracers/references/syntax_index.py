"""The names that stand in a file, each with what is around it. Python's own parser: a tenth of what libcst costs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from initlint._records import dataclass

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
ScopeNode = FunctionNode | ast.ClassDef
_WORD = re.compile(r"\w+")
_BLANK = re.compile(r"\s")
_PIECE = 4
"""The least length of a piece of a name that code puts together (`f"init_{mode}"`)."""


@dataclass(frozen=True, eq=False)
class SyntaxIndex:
    """A parsed file."""

    path: Path
    tree: ast.Module

    @cached_property
    def real(self) -> Path:
        """The file's real path."""
        return self.path.resolve()

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """By node, the one it stands in."""
        return parents_in(self.tree)

    @cached_property
    def statements(self) -> tuple[ast.stmt, ...]:
        """All statements, the outer before the inner: a tenth of the nodes."""
        return tuple(_statements(self.tree.body))

    @cached_property
    def _named(self) -> dict[str, list[ast.AST]]:
        found: dict[str, list[ast.AST]] = {}
        for node in self.parents:
            for name in _names(node):
                found.setdefault(name, []).append(node)
        return found

    @cached_property
    def _pieces(self) -> list[tuple[str, ast.AST]]:
        """Strings that code puts together with others."""
        return [
            (node.value, node)
            for node, parent in self.parents.items()
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) >= _PIECE
            if isinstance(parent, ast.JoinedStr) or (isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Add))
        ]

    @cached_property
    def imported(self) -> dict[str, str]:
        """What the imported names stand for: a dotted name, with leading dots where the import is relative."""
        names: dict[str, str] = {}
        for node in self.statements:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    top = alias.name.partition(".")[0]
                    names[alias.asname or top] = alias.name if alias.asname else top
            elif isinstance(node, ast.ImportFrom):
                module = "." * node.level + (node.module or "")
                names.update((alias.asname or alias.name, f"{module}.{alias.name}") for alias in node.names)
        return names

    @cached_property
    def classes(self) -> dict[str, ast.ClassDef]:
        """The classes by name, wherever they are defined."""
        return {node.name: node for node in self.statements if isinstance(node, ast.ClassDef)}

    @cached_property
    def functions(self) -> tuple[FunctionNode, ...]:
        return tuple(node for node in self.statements if isinstance(node, FunctionNode))

    def mentions(self, name: str) -> Iterator[ast.AST]:
        """Where `name` stands: as a name, an attribute, an import, a keyword, or (perhaps in part) in a string."""
        yield from self._named.get(name, ())
        yield from (node for piece, node in self._pieces if piece in name)

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """What `node` stands in, from the inside out."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def scopes(self, node: ast.AST) -> list[ScopeNode]:
        """The functions and classes that `node` stands in, from the inside out."""
        return [above for above in self.above(node) if isinstance(above, ScopeNode)]

    def class_of(self, node: ast.AST) -> ast.ClassDef | None:
        """The class in whose methods `node` stands."""
        return next((scope for scope in self.scopes(node) if isinstance(scope, ast.ClassDef)), None)

    def is_within(self, node: ast.AST, outer: ast.AST) -> bool:
        return node is outer or any(above is outer for above in self.above(node))


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        yield statement
        for block in ("body", "orelse", "finalbody"):
            yield from _statements(getattr(statement, block, ()))
        for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
            yield from _statements(part.body)


_MARKS = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)
"""Nodes that many others share: they stand nowhere."""
_NO_NODES = frozenset({type(None), bool, bytes, complex, float, int, str, type(...)}) | {
    mark for kind in _MARKS for mark in kind.__subclasses__()
}
"""The classes of constants and marks."""


def nodes_of(tree: ast.AST) -> list[ast.AST]:
    """A node and all nodes in it, without operators and contexts: as `ast.walk`, which takes five times as long."""
    return [tree, *parents_in(tree)]


def parents_in(tree: ast.AST) -> dict[ast.AST, ast.AST]:
    """By node of `tree`, the one it stands in."""
    parents: dict[ast.AST, ast.AST] = {}
    left: list[ast.AST] = [tree]
    append = left.append
    for node in left:
        for value in vars(node).values():
            kind = value.__class__
            if kind in _NO_NODES:
                continue
            for child in value if kind is list else (value,):
                if child.__class__ not in _NO_NODES:
                    parents[child] = node
                    append(child)
    return parents


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.keyword):
        if node.arg is not None:
            yield node.arg
    elif isinstance(node, ast.alias):
        yield from node.name.split(".")
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and not _BLANK.search(node.value):
        yield from set(_WORD.findall(node.value))  # prose names nothing


def dotted(node: ast.AST) -> str:
    """The text of a dotted name; empty for anything else."""
    if isinstance(node, ast.Attribute):
        left = dotted(node.value)
        return f"{left}.{node.attr}" if left else ""
    return node.id if isinstance(node, ast.Name) else ""


def last_name(node: ast.AST) -> str:
    """The last part of what is called: `normal_` for `self.fc.weight.data.normal_`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def uses_of(index: SyntaxIndex, name: str) -> Iterator[ast.AST]:
    """The mentions of `name` in a file, also under an import alias."""
    for node in index.mentions(name):
        yield node
        if isinstance(node, ast.alias) and node.asname not in (None, name):
            yield from index.mentions(node.asname or name)
