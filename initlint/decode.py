"""The Python text in a file's bytes, without a parse."""

from __future__ import annotations

import io
import tokenize

from initlint.notebook import SUFFIX, Notebook, NotebookError


def code_in(path: str, data: bytes) -> str:
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
