"""Decodes Python source: the text of a file or a notebook without parsing it, and its lines for code frames."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from initlint._lazy import LazyModule
from initlint.project.file_io import read_file
from initlint.project.notebook import Notebook, NotebookError, is_notebook
from initlint.project.source import split_lines

if TYPE_CHECKING:
    from initlint.project import ipython
else:
    ipython = LazyModule("initlint.project.ipython")

Lines = Callable[[str], Sequence[str]]
"""A file's path to its lines, those of all cells in a notebook; none if it cannot be read."""


class DecodingError(ValueError):
    """Bytes that are no text in the encoding that they declare."""


def decode(data: bytes) -> tuple[str, str]:
    """The text of Python source and its encoding, by byte order mark and coding cookie (PEP 263).

    Raises `DecodingError`, also for an encoding that does not exist or cannot decode (`undefined`, `idna`).
    """
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding), encoding
    except (UnicodeError, LookupError, SyntaxError) as error:
        raise DecodingError(str(error)) from None


def encode(text: str) -> bytes:
    """The bytes that `decode` reads as `text`, in the encoding that it declares."""
    data = text.encode("utf-8", "surrogatepass")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data if encoding.startswith("utf-8") else text.encode(encoding)
    except (SyntaxError, LookupError, UnicodeError):
        return data


def decode_python(path: str, data: bytes) -> str:
    """The text of a file, or the Python of all cells of a notebook; empty if it cannot be decoded."""
    try:
        return ipython.python_of_notebook(Notebook.read(data)) if is_notebook(path) else decode(data)[0]
    except (DecodingError, NotebookError):
        return ""


def decode_lines(path: str, data: bytes) -> Sequence[str]:
    """The lines of a file, or of all cells of a notebook; none if it cannot be decoded."""
    try:
        return Notebook.read(data).lines if is_notebook(path) else split_lines(decode(data)[0])
    except (DecodingError, NotebookError):
        return ()


def line_reader(contents: Mapping[str, bytes]) -> Lines:
    """Reads lines from `contents`, by path, and other files from disk, each once."""

    @cache
    def lines(file: str) -> Sequence[str]:
        try:
            return decode_lines(file, contents[file] if file in contents else read_file(file))
        except OSError:
            return ()

    return lines
