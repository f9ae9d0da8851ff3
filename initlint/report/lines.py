"""The lines of a file, as a code frame shows them."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Sequence


def decode_lines(data: bytes) -> Sequence[str]:
    """The lines without their ends, by the file's own encoding; none if it cannot be decoded."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError):
        return ()
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
