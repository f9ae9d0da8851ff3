"""Decodes Python source: the text of a file or a notebook without parsing it, and its lines for code frames."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

from initlint.project.notebook import SUFFIX, Notebook, NotebookError
from initlint.project.source import is_notebook

pass

Lines = Callable[[str], Sequence[str]]
"""A file's path to its lines, those of all cells in a notebook; none if it cannot be read."""


def decode_python(path: str, data: bytes) -> str:
    """The text by the file's own encoding, of a notebook that of all cells without magics.

    Empty if it cannot be decoded.
    """
    try:
        if path.endswith(SUFFIX):
            return Notebook.read(data).code
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError, NotebookError):
        return ""


def line_reader(contents: Mapping[str, bytes]) -> Lines:
    """Reads lines from `contents`, by path, and what is not there from the disk; each file once."""

    @cache
    def lines(file: str) -> Sequence[str]:
        try:
            return decode_lines(file, contents[file] if file in contents else Path(file).read_bytes())
        except OSError:
            return ()

    return lines


def decode_lines(path: str, data: bytes) -> Sequence[str]:
    """The lines without their ends, by the file's own encoding, those of all cells in a notebook; none if it cannot be
    decoded."""
    try:
        if is_notebook(path):
            return Notebook.read(data).lines
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError, NotebookError):
        return ()
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
