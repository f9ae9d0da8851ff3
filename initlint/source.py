"""A source file, be it a notebook: its bytes, its libcst module, and where a node of it stands.

libcst's own `PositionProvider` needs a `MetadataWrapper` and costs about twice the parse. Positions here
are recorded by one pass of code generation, and only for the files that something is said about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import libcst as cst
from libcst._nodes.internal import CodegenState

from initlint.depth import too_deep
from initlint.diagnostics import Cell, Span
from initlint.notebook import SUFFIX as NOTEBOOK_SUFFIX
from initlint.notebook import Notebook, NotebookError
from initlint.numbering import number_calls

_PLACE_AGAIN = re.compile(r"^parser error: error at \d+:\d+: ")
"""libcst's message begins with the place, which in a notebook is none that the user knows."""
_TEST = re.compile(r"^[ \t]*(?:async[ \t]+)?def[ \t]+test", re.MULTILINE)
_TEST_IMPORT = re.compile(r"^[ \t]*(?:import|from)[ \t]+(?:pytest|unittest)\b", re.MULTILINE)


class SourceError(Exception):
    """A file that cannot be read, decoded or parsed; `row` and `column` count from 1, as those of a `Span`."""

    def __init__(self, message: str, row: int = 1, column: int = 1, cell: Cell | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.row = row
        self.column = column
        self.cell = cell


_BLANK = (cst.BaseParenthesizableWhitespace, cst.EmptyLine, cst.Newline, cst.TrailingWhitespace)
"""More than half of all nodes. Nobody asks where they stand."""


class _Positions(CodegenState):
    """A code generator that remembers, for each node, where its text begins and ends."""

    def __init__(self, module: cst.Module) -> None:
        super().__init__(default_indent=module.default_indent, default_newline=module.default_newline)
        self.row = 1
        self.column = 1
        self.found: dict[int, tuple[int, int, int, int]] = {}
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


def is_notebook(path: str) -> bool:
    return path.endswith(NOTEBOOK_SUFFIX)


def python_in(path: str, data: bytes) -> bytes:
    """The Python that a file holds, not yet parsed. Raises `SourceError` for a notebook that is none."""
    return _read_notebook(data).code.encode() if is_notebook(path) else data


@dataclass(frozen=True, eq=False)
class SourceFile:
    """A parsed file. Compared by identity: one object stands for one reading of one file.

    `path` is what is shown to the user: as given on the command line, or below it. `data` is what the file holds:
    Python, or a notebook if the path ends in `.ipynb`.
    """

    path: str
    data: bytes
    module: cst.Module = field(repr=False)
    notebook: Notebook | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, path: str, data: bytes) -> SourceFile:
        """Parse `data`; raises `SourceError` with the place if it is no Python that libcst reads."""
        if not is_notebook(path):
            return cls(path, data, _parse(data))
        notebook = _read_notebook(data)
        return cls(path, data, _parse_notebook(notebook), notebook)

    @classmethod
    def read(cls, path: Path) -> SourceFile:
        """Read and parse a file; raises `SourceError`."""
        try:
            data = path.read_bytes()
        except OSError as error:
            raise SourceError(f"cannot be read: {error.strerror or error}") from None
        return cls.parse(str(path), data)

    @cached_property
    def text(self) -> str:
        """The text as decoded by the coding cookie, newlines as they are; of a notebook the cells as they are."""
        return self.notebook.text if self.notebook else self.data.decode(self.module.encoding)

    @cached_property
    def code(self) -> str:
        """`text` without the magics of a notebook: all of it Python, with the same rows and columns."""
        return self.notebook.code if self.notebook else self.text

    @cached_property
    def holds_tests(self) -> bool:
        """Whether it defines tests, which it tells by importing pytest or unittest, or by its name."""
        stem = Path(self.path).stem
        is_named = stem.startswith("test_") or stem.endswith("_test")
        return bool(_TEST.search(self.code)) and (is_named or bool(_TEST_IMPORT.search(self.code)))

    def with_text(self, text: str) -> bytes:
        """What the file holds once `text` is edited. Raises ValueError if it cannot be written as this file is."""
        return self.notebook.with_text(text) if self.notebook else text.encode(self.module.encoding)

    @cached_property
    def lines(self) -> list[str]:
        """The lines without their ends, as editors number them."""
        return self.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")

    @cached_property
    def _positions(self) -> dict[int, tuple[int, int, int, int]]:
        state = _Positions(self.module)
        self.module._codegen(state)
        return state.found

    @cached_property
    def call_numbers(self) -> Mapping[int, int]:
        """By the identity of each call its number in the file."""
        return number_calls(self.module)

    def span(self, node: cst.CSTNode) -> Span:
        """Where `node`, a node of this file, stands."""
        return self.place(*self._positions[id(node)])

    def place(self, row: int, column: int, end_row: int, end_column: int) -> Span:
        """A range of `text`."""
        cell = self.notebook.cell(row) if self.notebook else None
        return Span(self.path, row, column, end_row, end_column, cell)


def _read_notebook(data: bytes) -> Notebook:
    try:
        return Notebook.read(data)
    except NotebookError as error:
        raise SourceError(error.message, error.row, error.column) from None


def _parse_notebook(notebook: Notebook) -> cst.Module:
    try:
        return _parse(notebook.code)
    except SourceError as error:
        first = next(_broken_cells(notebook), error)
        raise SourceError(first.message, first.row, first.column, notebook.cell(first.row)) from None


def _broken_cells(notebook: Notebook) -> Iterator[SourceError]:
    """Why cells are no Python by themselves: a bracket that one leaves open is noticed in another otherwise."""
    for above, code in notebook.pieces():
        try:
            _parse(code)
        except SourceError as error:
            yield SourceError(error.message, above + error.row - 1, error.column)


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


def _parse(code: bytes | str) -> cst.Module:
    if too_deep(code if isinstance(code, bytes) else code.encode()):
        raise SourceError("nested too deeply to be parsed")
    try:
        with _unvalidated():
            return cst.parse_module(code)
    except cst.ParserSyntaxError as error:
        row, column = error.raw_line, error.raw_column + 1
        reason = _PLACE_AGAIN.sub("", error.message.splitlines()[0])
        raise SourceError(f"not valid Python: {reason}", row, column) from None
    except (UnicodeDecodeError, LookupError, SyntaxError) as error:
        raise SourceError(f"cannot be decoded: {error}") from None
    except RecursionError:
        raise SourceError("nested too deeply to be parsed") from None


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """A place that is turned into rows and columns only when somebody asks: see `span`."""

    source: SourceFile
    node: cst.CSTNode

    @property
    def span(self) -> Span:
        return self.source.span(self.node)

    @property
    def key(self) -> tuple[str | int, ...]:
        """Equal for the same node of the same content of a file, in whatever process it is read."""
        number = self.source.call_numbers.get(id(self.node))
        return self.span.key if number is None else (self.source.path, number)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Site) and self.node is other.node and self.source is other.source

    def __hash__(self) -> int:
        return id(self.node)
