"""Parses Python: with `ast`, or with libcst where the syntax is newer than the running Python."""

from __future__ import annotations

import ast
import sys
import warnings

from initlint.project.newer_syntax import parse_newer
from initlint.project.parse_limits import MOST_TOKENS, NotNewer, has_more_tokens

_TOO_DEEP = "too many nested"
"""How CPython's message about brackets begins."""


class InvalidPython(Exception):
    """Code that cannot be parsed; `row` and `column` count from 1."""

    def __init__(self, message: str, row: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.row = row
        self.column = column


def parse_python(code: str) -> ast.Module:
    """The tree of `code`. Raises `InvalidPython`, also for code whose tree would take too much memory."""
    if has_more_tokens(code, MOST_TOKENS):
        raise InvalidPython(f"too large to be parsed: more than {MOST_TOKENS:,} names, numbers and brackets")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as invalid escapes: not the subject of this linter
            return _parse(code)
    except ValueError as error:
        raise InvalidPython(f"not valid Python: {error}") from None
    except (RecursionError, MemoryError):
        raise InvalidPython("nested too deeply to be parsed") from None


def _parse(code: str) -> ast.Module:
    try:
        return ast.parse(code)
    except SyntaxError as error:
        if error.msg.startswith(_TOO_DEEP):
            raise InvalidPython("nested too deeply to be parsed") from None
        try:
            return parse_newer(code)
        except NotNewer as reason:
            version = f"{sys.version_info.major}.{sys.version_info.minor}"
            message = f"not valid Python {version}: {error.msg}" + (f" ({reason})" if reason.args else "")
            raise InvalidPython(message, error.lineno or 1, error.offset or 1) from None
