"""A source file or notebook: its text, its syntax tree, and the positions of nodes.

The tree is Python's `ast`, which costs a tenth of libcst's. `rewrite.cst` adds libcst's tree for files that are edited,
and `newer_syntax` reads files that only a newer Python can parse.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import field
from functools import cached_property
from pathlib import Path
from typing import Protocol, TypeAlias

from initlint._records import dataclass
from initlint.diagnostics import Cell, Span

_TEST = re.compile(r"^[ \t]*(?:async[ \t]+)?def[ \t]+test", re.MULTILINE)
_HELPER = re.compile(r"(?:^|_)(?:utils?|helpers?|common|support|testing|conftest)(?:$|_)")
_TEST_HELPER = re.compile(r"(?:.*_)?(?:test|tests|testing)_(?:utils?|helpers?|common|support)|conftest")
_TEST_FOLDERS = ("test", "tests", "testing")
_TEST_IMPORT = re.compile(r"^[ \t]*(?:import|from)[ \t]+(?:pytest|unittest)\b", re.MULTILINE)


def split_lines(text: str) -> list[str]:
    """The lines without their ends, as editors number them: a line ends with LF, CRLF or CR."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


class SourceError(Exception):
    """A file that cannot be read, decoded or parsed; `row` and `column` count from 1, as those of a `Span`."""

    def __init__(self, message: str, row: int = 1, column: int = 1, cell: Cell | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.row = row
        self.column = column
        self.cell = cell


@dataclass(frozen=True, slots=True)
class UnreadableFile:
    """A file of a run that cannot be read, by its path as shown."""

    path: str
    error: SourceError

    @property
    def span(self) -> Span:
        """Where reading failed."""
        row, column = self.error.row, self.error.column
        return Span(self.path, row, column, row, column, self.error.cell)


class Cells(Protocol):
    """What the text of a notebook is put together from: see `notebook.Notebook`."""

    @property
    def sources(self) -> Mapping[int, str]:
        """Number of the cell, counted from 1 over all cells, to what it holds."""

    @property
    def text(self) -> str:
        """All cells in order, as they are."""

    def cell(self, row: int) -> Cell | None:
        """The cell that a row of the text belongs to; None in a notebook without cells."""

    def with_text(self, text: str) -> bytes:
        """The file with the cells of an edited `text`. Raises ValueError if the cells cannot be separated in it."""


Block: TypeAlias = "ast.FunctionDef | ast.If | ast.While | ast.IfExp | ast.For"
_BLOCKS = (ast.FunctionDef, ast.If, ast.While, ast.IfExp, ast.For)


@dataclass(frozen=True, eq=False)
class SourceFile:
    """A parsed file. Compared by identity: one object stands for one reading of one file.

    `path` is the path in messages: as given on the command line, or below it. `data` are the bytes of the file: Python,
    or a notebook if the path ends in `.ipynb`. `code` is the Python text, for a notebook without magics. `encoding` is
    that of the coding cookie.
    """

    path: str
    data: bytes
    code: str = field(repr=False)
    tree: ast.Module = field(repr=False)
    encoding: str = "utf-8"
    notebook: Cells | None = field(default=None, repr=False)

    @property
    def text(self) -> str:
        """The decoded text with its original newlines; of a notebook the original cells."""
        return self.notebook.text if self.notebook else self.code

    @cached_property
    def holds_tests(self) -> bool:
        """Whether it defines tests and imports pytest or unittest, or its name says that it belongs to tests.

        The name of a test file, `test_net.py`, counts only together with tests, that of a helper of tests by itself.
        """
        stem, folder = Path(self.path).stem, Path(self.path).parent.name
        outer = Path(self.path).parent.parent.name
        if _TEST_HELPER.fullmatch(stem):
            return True
        if (folder in _TEST_FOLDERS and _HELPER.search(stem)) or (outer in _TEST_FOLDERS and _HELPER.search(folder)):
            return True
        is_named = stem.startswith("test_") or stem.endswith("_test")
        return bool(_TEST.search(self.code)) and (is_named or bool(_TEST_IMPORT.search(self.code)))

    @cached_property
    def displayed(self) -> frozenset[ast.stmt]:
        """The last expressions of the cells of a notebook, whose values it shows; a semicolon behind prevents that."""
        last = {self.notebook.cell(node.lineno): node for node in self.tree.body} if self.notebook else {}
        return frozenset(filter(self._is_shown, map(self._in_wrapper, last.values())))

    def _in_wrapper(self, node: ast.stmt) -> ast.stmt:
        """The last statement below an `if 1:` that stands for a magic or for indentation, and is not in the cell."""
        while isinstance(node, ast.If) and not self._from(node.lineno, node.col_offset).startswith(b"if"):
            node = node.body[-1]
        return node

    def _is_shown(self, node: ast.stmt) -> bool:
        _, _, row, column = bounds(node)
        return isinstance(node, ast.Expr) and not self._from(row, column).lstrip().startswith(b";")

    def _from(self, row: int, column: int) -> bytes:
        """The rest of a row behind a column in bytes."""
        return self.lines[row - 1].encode()[column:]

    def with_text(self, text: str) -> bytes:
        """The bytes of the file after an edit. Raises ValueError if `text` does not fit its encoding or cells."""
        return self.notebook.with_text(text) if self.notebook else text.encode(self.encoding)

    @cached_property
    def lines(self) -> list[str]:
        """The lines without their ends, as editors number them."""
        return split_lines(self.text)

    def blocks_at(self, row: int) -> tuple[Block, ...]:
        """The functions, conditions and loops around a row; a function before those that it contains."""
        found = self._blocks_at.get(row)
        if found is None:
            found = tuple(node for node in self._blocks if node.lineno <= row <= (node.end_lineno or row))
            self._blocks_at[row] = found
        return found

    @cached_property
    def _blocks(self) -> tuple[Block, ...]:
        return tuple(node for node in ast.walk(self.tree) if isinstance(node, _BLOCKS))

    @cached_property
    def _blocks_at(self) -> dict[int, tuple[Block, ...]]:
        return {}

    def text_of(self, node: ast.expr | ast.stmt) -> str:
        """The lines of `node`."""
        return "\n".join(self.lines[node.lineno - 1 : node.end_lineno])

    def span(self, node: ast.AST) -> Span:
        """The position of `node`; the start of the file for the tree itself."""
        row, column, end_row, end_column = bounds(node)
        return self.span_at(row, self._column(row, column), end_row, self._column(end_row, end_column))

    def _column(self, row: int, column: int) -> int:
        """A column in characters from 1 for one in bytes from 0."""
        line = self.lines[row - 1] if row <= len(self.lines) else ""
        return column + 1 if line.isascii() else len(line.encode()[:column].decode(errors="ignore")) + 1

    def span_at(self, row: int, column: int, end_row: int, end_column: int) -> Span:
        """A range of `text`."""
        cell = self.notebook.cell(row) if self.notebook else None
        return Span(self.path, row, column, end_row, end_column, cell)


def bounds(node: ast.AST) -> tuple[int, int, int, int]:
    """First row and column, last row and end column (exclusive): rows from 1, columns in UTF-8 bytes from 0."""
    if not isinstance(node, (ast.expr, ast.stmt, ast.arg, ast.alias, ast.keyword, ast.pattern)):
        return 1, 0, 1, 0
    return node.lineno, node.col_offset, node.end_lineno or node.lineno, node.end_col_offset or node.col_offset


class SourceLocation:
    """A node in a file, whose rows and columns are computed on demand: see `span`. Immutable.

    The tracer makes one for every call; a frozen dataclass would be slow.
    """

    __slots__ = ("node", "source")

    def __init__(self, source: SourceFile, node: ast.AST) -> None:
        self.source = source
        self.node = node

    @property
    def span(self) -> Span:
        return self.source.span(self.node)

    @property
    def key(self) -> tuple[str | int, ...]:
        """Equal for the same node of the same file content, in any process."""
        return (self.source.path, *bounds(self.node))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SourceLocation) and self.node is other.node and self.source is other.source

    def __hash__(self) -> int:
        return id(self.node)


Location: TypeAlias = "SourceLocation | Span"
"""A place in a file: both have `.span`, which a `SourceLocation` computes on demand."""


def functions_around(location: Location) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions that contain the location, the innermost last."""
    if not isinstance(location, SourceLocation):
        return []
    row = getattr(location.node, "lineno", 0)
    around = [
        node
        for node in ast.walk(location.source.tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.lineno <= row <= (node.end_lineno or 0)
    ]
    return sorted(around, key=lambda node: node.lineno)
