"""libcst's tree of a file, which keeps every character: where its nodes are, and which nodes they are in Python's tree.

Of the positions that libcst offers, byte offsets are the cheapest. They are computed only for files that are rewritten.
"""

from __future__ import annotations

import ast
import functools
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

import libcst as cst
from libcst.metadata import ByteSpanPositionProvider, CodeSpan, MetadataWrapper

from initlint._records import dataclass
from initlint.diagnostics import Span
from initlint.project.parse_limits import LARGEST, MOST_TOKENS_OF_LIBCST, has_more_tokens
from initlint.project.source import SourceFile
from initlint.rewrite.errors import CannotRewrite

Bounds = tuple[int, int, int, int]
"""First row and column, last row and column, all from 1, columns in characters."""
Kind: TypeAlias = Literal["class", "def", "import", "alias", "expression", "other"]

_LINE_END = re.compile(rb"\r\n|\r|\n")


class _PositionWrapper(MetadataWrapper):
    """Leaves out the walk over the tree with which `resolve` ends when no provider needs it: it takes a third."""

    def visit_batched(self, visitors: Iterable[cst.BatchableCSTVisitor], *args: Any, **kwargs: Any) -> cst.CSTNode:
        batch = list(visitors)
        return super().visit_batched(batch, *args, **kwargs) if batch else self.module


@dataclass(frozen=True, eq=False)
class CstFile:
    """The tree `module` of a file. `spans` are in bytes of the text that the tree generates."""

    source: SourceFile
    module: cst.Module
    spans: Mapping[cst.CSTNode, CodeSpan]

    @classmethod
    @functools.lru_cache(maxsize=4)
    def of(cls, source: SourceFile) -> CstFile:
        """Raises `CannotRewrite` for a file that libcst cannot parse, and for one that is too large."""
        if len(source.data) > LARGEST or has_more_tokens(source.code, MOST_TOKENS_OF_LIBCST):
            raise CannotRewrite
        try:
            module = cst.parse_module(source.code if source.notebook else source.data)
            # Without the copy that separates nodes that occur twice: a parsed tree has none.
            spans = _PositionWrapper(module, unsafe_skip_copy=True).resolve(ByteSpanPositionProvider)
        except (cst.ParserSyntaxError, RecursionError, KeyError):
            # KeyError: where the recursion ends, libcst looks up nodes whose start it has not noted.
            raise CannotRewrite from None
        return cls(source, module, spans)

    @functools.cached_property
    def lines(self) -> list[str]:
        """The lines of the generated text. They differ from the file's where libcst drops a form feed."""
        return self._bytes.decode().replace("\r\n", "\n").replace("\r", "\n").split("\n")

    @functools.cached_property
    def _bytes(self) -> bytes:
        return self.module.code.encode()

    @functools.cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(end.end() for end in _LINE_END.finditer(self._bytes))]

    def bounds(self, node: cst.CSTNode) -> Bounds:
        """The rows and columns of `node`, a node of `module`."""
        span = self.spans[node]
        return (*self._row_and_column(span.start), *self._row_and_column(span.start + span.length))

    def span(self, node: cst.CSTNode) -> Span:
        """The place of `node` in the source."""
        return self.source.span_at(*self.bounds(node))

    def _row_and_column(self, offset: int) -> tuple[int, int]:
        row = bisect_right(self._line_starts, offset)
        return row, len(self._bytes[self._line_starts[row - 1] : offset].decode()) + 1

    def _offset(self, row: int, column: int) -> int:
        return self._line_starts[row - 1] + len(self.lines[row - 1][: column - 1].encode())

    @functools.cached_property
    def _nodes(self) -> dict[tuple[Kind, int, int], cst.CSTNode]:
        nodes: dict[tuple[Kind, int, int], cst.CSTNode] = {}
        for node, span in self.spans.items():
            kind = _KIND_OF[type(node)]
            if kind != "other":
                end = 0 if kind in _DEFINITIONS else span.start + span.length
                nodes.setdefault((kind, span.start, end), node)
        return nodes

    def find(self, place: Span, kind: Kind = "expression") -> cst.CSTNode:
        """The node of this `kind` at `place`. Raises `CannotRewrite`."""
        if (place.row, place.column) == (place.end_row, place.end_column):
            raise CannotRewrite  # torch has reported no more than the row
        try:
            end = 0 if kind in _DEFINITIONS else self._offset(place.end_row, place.end_column)
            return self._nodes[kind, self._offset(place.row, place.column), end]
        except (KeyError, IndexError):
            raise CannotRewrite from None

    def call(self, place: Span) -> cst.Call:
        """The call at `place`. Raises `CannotRewrite`."""
        node = self.find(place)
        if not isinstance(node, cst.Call):
            raise CannotRewrite
        return node

    @functools.cached_property
    def _python_nodes(self) -> dict[tuple[Kind, Bounds], ast.AST]:
        return {_key(node, _bounds_of(self.source, node)): node for node in ast.walk(self.source.tree)}

    def python_node(self, node: cst.CSTNode) -> ast.AST:
        """The node of Python's tree for `node`, one of this tree. Raises `CannotRewrite`."""
        try:
            return self._python_nodes[_key(node, self.bounds(node))]
        except KeyError:
            raise CannotRewrite from None


def _bounds_of(source: SourceFile, node: ast.AST) -> Bounds:
    span = source.span(node)
    return span.row, span.column, span.end_row, span.end_column


def _key(node: ast.AST | cst.CSTNode, bounds: Bounds) -> tuple[Kind, Bounds]:
    kind = _KIND_OF[type(node)]
    return kind, bounds if kind not in _DEFINITIONS else (*bounds[:2], 0, 0)


_DEFINITIONS = ("class", "def")
"""libcst counts the end of the last line to a definition, Python does not: here their starts tell them apart."""
_KINDS: tuple[tuple[Kind, tuple[type, ...]], ...] = (
    ("class", (ast.ClassDef, cst.ClassDef)),
    ("def", (ast.FunctionDef, ast.AsyncFunctionDef, cst.FunctionDef)),
    ("import", (ast.ImportFrom, cst.ImportFrom)),
    ("alias", (ast.alias, cst.ImportAlias)),
    ("expression", (ast.expr, cst.BaseExpression)),
)


class _KindOfType(dict[type, Kind]):
    """The kind of each type of node, computed once: to test every node takes as long as the parse."""

    def __missing__(self, node_type: type) -> Kind:
        self[node_type] = next((kind for kind, types in _KINDS if issubclass(node_type, types)), "other")
        return self[node_type]


_KIND_OF = _KindOfType()
