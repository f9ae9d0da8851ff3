"""libcst's tree of a file, which keeps every character, and its nodes beside those of Python's own tree.

libcst's own `PositionProvider` needs a `MetadataWrapper` and costs about twice the parse. Positions here
are recorded by one pass of code generation, and only for the files that something is said about.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import libcst as cst
from libcst._nodes.internal import CodegenState

from initlint.diagnostics import Span
from initlint.project.source import SourceFile
from initlint.rewrite.errors import CannotRewrite

Bounds = tuple[int, int, int, int]
"""First row and column, last row and column, all from 1, columns in characters."""


LARGEST = 1024 * 1024
"""Bytes of source: libcst's parser takes five hundred times as much memory."""
_BLANK = (cst.BaseParenthesizableWhitespace, cst.EmptyLine, cst.Newline, cst.TrailingWhitespace)
"""More than half of all nodes. Nobody asks where they stand."""


class _Positions(CodegenState):
    """A code generator that remembers, for each node, where its text begins and ends."""

    def __init__(self, module: cst.Module) -> None:
        super().__init__(default_indent=module.default_indent, default_newline=module.default_newline)
        self.row = 1
        self.column = 1
        self.found: dict[int, Bounds] = {}
        self.nodes: list[cst.CSTNode] = []
        self._starts: list[tuple[int, int]] = []

    def add_indent_tokens(self) -> None:
        for token in self.indent_tokens:
            self.add_token(token)

    def add_token(self, value: str) -> None:
        if "\n" in value or "\r" in value:
            lines = value.replace("\r\n", "\n").replace("\r", "\n").split("\n")
            self.row += len(lines) - 1
            self.column = len(lines[-1]) + 1
        else:
            self.column += len(value)

    def pop_trailing_newline(self) -> None:
        """Nothing to undo: the tokens are not kept."""

    def before_codegen(self, node: cst.CSTNode) -> None:
        self._starts.append((self.row, self.column))

    def after_codegen(self, node: cst.CSTNode) -> None:
        start = self._starts.pop()
        if isinstance(node, _BLANK):
            return
        self.nodes.append(node)
        self.found.setdefault(id(node), (*start, self.row, self.column))

    def record_syntactic_position(  # type: ignore[override]
        self, node: cst.CSTNode, *, start_node: cst.CSTNode | None = None, end_node: cst.CSTNode | None = None
    ) -> _Syntactic:
        return _Syntactic(self, node, start_node, end_node)


class _Syntactic:
    """Records a node without the parentheses and the white space that it owns."""

    def __init__(
        self, state: _Positions, node: cst.CSTNode, start_node: cst.CSTNode | None, end_node: cst.CSTNode | None
    ) -> None:
        self.state, self.node, self.start_node, self.end_node = state, node, start_node, end_node

    def __enter__(self) -> None:
        self.start = (self.state.row, self.state.column)

    def __exit__(self, *_: object) -> None:
        found = self.state.found
        start = found[id(self.start_node)][:2] if self.start_node is not None else self.start
        end = found[id(self.end_node)][2:] if self.end_node is not None else (self.state.row, self.state.column)
        found[id(self.node)] = (*start, *end)


@dataclass(frozen=True, eq=False)
class CstFile:
    """The tree `module` of a file, and where its nodes stand."""

    source: SourceFile
    module: cst.Module
    positions: dict[int, Bounds]
    nodes: dict[tuple[str, Bounds], cst.CSTNode]

    @classmethod
    @functools.lru_cache(maxsize=4)
    def of(cls, source: SourceFile) -> CstFile:
        """Raises `CannotRewrite` for a file that libcst cannot parse, and for one that is too large."""
        if len(source.data) > LARGEST:
            raise CannotRewrite
        code = source.code if source.notebook else source.data
        try:
            with _unvalidated():
                module = cst.parse_module(code)
        except (cst.ParserSyntaxError, RecursionError):
            raise CannotRewrite from None
        state = _Positions(module)
        module._codegen(state)
        nodes: dict[tuple[str, Bounds], cst.CSTNode] = {}
        for node in state.nodes:
            kind = _KIND_OF[type(node)]
            if kind != _OTHER:
                nodes.setdefault(_key(kind, state.found[id(node)]), node)
        return cls(source, module, state.found, nodes)

    def span(self, node: cst.CSTNode) -> Span:
        """Where `node`, a node of `module`, stands."""
        return self.source.span_at(*self.positions[id(node)])

    def node(self, node: ast.AST) -> cst.CSTNode:
        """What `node`, a node of Python's tree of this file, is in libcst's. Raises `CannotRewrite`."""
        try:
            return self.nodes[_key_of(self.source, node)]
        except KeyError:
            raise CannotRewrite from None

    @functools.cached_property
    def _abstract(self) -> dict[tuple[str, Bounds], ast.AST]:
        return {_key_of(self.source, node): node for node in ast.walk(self.source.tree)}

    def abstract(self, node: cst.CSTNode) -> ast.AST:
        """What `node` is in Python's tree. Raises `CannotRewrite`."""
        try:
            return self._abstract[_key(_KIND_OF[type(node)], self.positions[id(node)])]
        except KeyError:
            raise CannotRewrite from None


def _key_of(source: SourceFile, node: ast.AST) -> tuple[str, Bounds]:
    span = source.span(node)
    return _key(_KIND_OF[type(node)], (span.row, span.column, span.end_row, span.end_column))


def _key(kind: str, bounds: Bounds) -> tuple[str, Bounds]:
    """libcst counts the end of the last line to a definition, Python does not."""
    return kind, bounds if kind not in _DEFINITIONS else (*bounds[:2], 0, 0)


_DEFINITIONS = ("class", "def")
_KINDS: tuple[tuple[str, tuple[type, ...]], ...] = (
    ("class", (ast.ClassDef, cst.ClassDef)),
    ("def", (ast.FunctionDef, ast.AsyncFunctionDef, cst.FunctionDef)),
    ("import", (ast.ImportFrom, cst.ImportFrom)),
    ("alias", (ast.alias, cst.ImportAlias)),
    ("expression", (ast.expr, cst.BaseExpression)),
)


_OTHER = "other"


class _Kinds(dict[type, str]):
    """The kind of each type of node, found once: to ask each node whether it is one takes as long as the parse."""

    def __missing__(self, of: type) -> str:
        self[of] = next((kind for kind, types in _KINDS if issubclass(of, types)), _OTHER)
        return self[of]


_KIND_OF = _Kinds()


_VALIDATE = cst.CSTNode.__post_init__


@contextmanager
def _unvalidated() -> Iterator[None]:
    """Nodes are made as they are. The parser makes none that is invalid, and to check them is a sixth of its time."""
    cst.CSTNode.__post_init__ = _trust  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        cst.CSTNode.__post_init__ = _VALIDATE  # type: ignore[method-assign]


def _trust(node: cst.CSTNode) -> None:
    """In place of `CSTNode.__post_init__`."""
