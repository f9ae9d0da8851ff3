"""Reads source files: from the bytes of a Python file or a notebook to a `SourceFile`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from initlint._lazy import LazyModule
from initlint.project.decoding import DecodingError, decode
from initlint.project.file_io import read_file
from initlint.project.notebook import Notebook, NotebookError, is_notebook
from initlint.project.parsing import InvalidPython, parse_python
from initlint.project.source import SourceError, SourceFile

if TYPE_CHECKING:
    from initlint.project import ipython
else:
    ipython = LazyModule("initlint.project.ipython")


def read_source(path: Path, read: Callable[[], bytes] | None = None) -> SourceFile:
    """Read and parse a file, with `read` if that is given. Raises `SourceError`."""
    try:
        data = read() if read else read_file(path)
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror or error}") from None
    return parse_source(str(path), data)


def parse_source(path: str, data: bytes) -> SourceFile:
    """Parse `data`. Raises `SourceError`, with the position, if it is no Python of any version."""
    if not is_notebook(path):
        try:
            code, encoding = decode(data)
        except DecodingError as error:
            raise SourceError(f"cannot be decoded: {error}") from None
        return SourceFile(path, data, code, _parse(code), encoding)
    notebook = _read_notebook(data)
    code = ipython.python_of_notebook(notebook)
    return SourceFile(path, data, code, _parse_notebook(notebook, code), notebook=notebook)


def _read_notebook(data: bytes) -> Notebook:
    try:
        return Notebook.read(data)
    except NotebookError as error:
        raise SourceError(error.message, error.row, error.column) from None


def _parse_notebook(notebook: Notebook, code: str) -> ast.Module:
    try:
        return _parse(code)
    except SourceError as error:
        first = next(_broken_cells(notebook), error)
        raise SourceError(first.message, first.row, first.column, notebook.cell(first.row)) from None


def _broken_cells(notebook: Notebook) -> Iterator[SourceError]:
    """Errors of cells parsed alone: an open bracket would otherwise be reported in a later cell."""
    for above, source in notebook.pieces():
        try:
            _parse(ipython.python_of_source(source))
        except SourceError as error:
            yield SourceError(error.message, above + error.row - 1, error.column)


def _parse(code: str) -> ast.Module:
    try:
        return parse_python(code)
    except InvalidPython as error:
        raise SourceError(error.message, error.row, error.column) from None
