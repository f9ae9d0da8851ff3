"""The state of one conversion: the positions of libcst's nodes as `ast` counts them, and the converter of each type."""

from __future__ import annotations

import ast
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import libcst as cst
from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper

_LINE_END = re.compile(rb"\n")
_BLANKS = re.compile(rb"(?:[ \t\f\n]|\\\n|#[^\n]*)*")
_Located = TypeVar("_Located", ast.expr, ast.stmt, ast.pattern, ast.arg, ast.keyword, ast.alias, ast.excepthandler)
Version: TypeAlias = tuple[int, int]

LOAD, STORE, DELETE = ast.Load(), ast.Store(), ast.Del()


class ConversionError(Exception):
    """A tree without a counterpart in `ast`."""


class Conversion:
    """Converts the nodes of `module`. Offsets are in bytes of the text that the tree generates."""

    def __init__(self, module: cst.Module, code: str, converters: Mapping[type, Convert]) -> None:
        wrapper = MetadataWrapper(module, unsafe_skip_copy=True)  # a parsed tree has no node twice
        self._spans: Mapping[cst.CSTNode, Any] = wrapper.resolve(ByteSpanPositionProvider)
        self._converters = converters
        self.data = module.code.encode()
        self._line_starts = [0, *(end.end() for end in _LINE_END.finditer(self.data))]
        self._shifts = _dropped(code.encode(), self.data)
        self.version: Version = (3, 0)
        """The first Python that has all of the syntax converted so far."""

    def require(self, version: Version) -> None:
        """Note syntax that came with `version` of Python."""
        self.version = max(self.version, version)

    # Positions -------------------------------------------------------------------------------------------------

    def start(self, node: cst.CSTNode) -> int:
        """The first byte of `node`, without the parentheses around it."""
        start: int = self._spans[node].start
        return start

    def end(self, node: cst.CSTNode) -> int:
        """The end of `node`, without the parentheses around it."""
        span = self._spans[node]
        end: int = span.start + span.length
        return end

    def outer_start(self, node: cst.CSTNode) -> int:
        """The first byte of `node` or of the parentheses around it."""
        parentheses = getattr(node, "lpar", ())
        return self.start(parentheses[0] if parentheses else node)

    def outer_end(self, node: cst.CSTNode) -> int:
        """The end of `node` or of the parentheses around it."""
        parentheses = getattr(node, "rpar", ())
        return self.end(parentheses[-1] if parentheses else node)

    def find(self, token: bytes, offset: int) -> int:
        """The position of `token`, which follows `offset` with nothing but blanks and comments between."""
        blanks = _BLANKS.match(self.data, offset)
        position = blanks.end() if blanks else offset
        if not self.data.startswith(token, position):
            raise ConversionError
        return position

    def end_of_list(self, last: cst.CSTNode, end: int) -> int:
        """The end of a list without brackets, with the comma after its `last` element, which ends at `end`."""
        has_comma = isinstance(getattr(last, "comma", None), cst.Comma)
        return self.find(b",", end) + 1 if has_comma else end

    def locate(self, node: _Located, start: int, end: int) -> _Located:
        """Set the position of `node`."""
        node.lineno, node.col_offset = self._row_and_column(start)
        node.end_lineno, node.end_col_offset = self._row_and_column(end)
        return node

    def _row_and_column(self, offset: int) -> tuple[int, int]:
        row = bisect_right(self._line_starts, offset)
        return row, offset - self._line_starts[row - 1] + self._shifts.get(row, 0)

    # Nodes -----------------------------------------------------------------------------------------------------

    def _convert(self, node: cst.CSTNode) -> Any:
        converter = self._converters.get(type(node))
        if converter is None:
            raise ConversionError
        converted: Any = converter(self, node)
        if not hasattr(converted, "lineno"):
            self.locate(converted, self.start(node), self.end(node))
        return converted

    def expression(self, node: cst.CSTNode) -> ast.expr:
        """An expression that is read."""
        converted: ast.expr = self._convert(node)
        return converted

    def optional(self, node: cst.CSTNode | None) -> ast.expr | None:
        return None if node is None else self.expression(node)

    def target(self, node: cst.CSTNode, context: ast.expr_context = STORE) -> ast.expr:
        """An expression that is written to, or deleted."""
        converted = self.expression(node)
        _set_context(converted, context)
        return converted

    def pattern(self, node: cst.CSTNode) -> ast.pattern:
        """A pattern of a `match` statement."""
        converted: ast.pattern = self._convert(node)
        return converted

    def statements(self, nodes: Sequence[cst.CSTNode]) -> tuple[list[ast.stmt], int]:
        """The statements of a block, and where its last one ends: with its semicolon."""
        statements: list[ast.stmt] = []
        end = 0
        for node in nodes:
            if isinstance(node, (cst.SimpleStatementLine, cst.SimpleStatementSuite)):
                inner, end = self.statements(node.body)
                statements += inner
                continue
            statement: ast.stmt = self._convert(node)
            statements.append(statement)
            end = self.offset(statement.end_lineno, statement.end_col_offset)
            if isinstance(getattr(node, "semicolon", None), cst.Semicolon):
                end = self.find(b";", end) + 1
        return statements, end

    def offset(self, row: int | None, column: int | None) -> int:
        """The offset of a position of `ast`."""
        row = row or 1
        return self._line_starts[row - 1] + (column or 0) - self._shifts.get(row, 0)

    def block(self, suite: cst.BaseSuite) -> tuple[list[ast.stmt], int]:
        """The statements of an indented block or of the rest of a line, and where they end."""
        return self.statements([suite] if isinstance(suite, cst.SimpleStatementSuite) else suite.body)


Convert: TypeAlias = Callable[[Conversion, Any], ast.AST]


def identifier(name: str) -> str:
    """A name as Python reads it."""
    return name if name.isascii() else unicodedata.normalize("NFKC", name)


def _set_context(node: ast.expr, context: ast.expr_context) -> None:
    if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript, ast.Starred, ast.Tuple, ast.List)):
        node.ctx = context
    if isinstance(node, (ast.Tuple, ast.List)):
        for element in node.elts:
            _set_context(element, context)
    elif isinstance(node, ast.Starred):
        _set_context(node.value, context)


def _dropped(original: bytes, generated: bytes) -> dict[int, int]:
    """By row, how many bytes libcst has dropped: it leaves out form feeds at the start of a line."""
    if original == generated:
        return {}
    rows, generated_rows = _LINE_END.split(original), _LINE_END.split(generated)
    if len(rows) != len(generated_rows) or not all(map(bytes.endswith, rows, generated_rows)):
        raise ConversionError
    pairs = enumerate(zip(rows, generated_rows, strict=True), 1)
    return {row: len(line) - len(kept) for row, (line, kept) in pairs if len(line) != len(kept)}
