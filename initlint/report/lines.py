"""The lines of a file, as a code frame shows them."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Sequence

from initlint.notebook import Notebook, NotebookError
from initlint.source import is_notebook


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
