"""A cheap look at a file's bytes: whether it can matter at all, and if not, whether it is Python.

libcst's parse is the floor of what a file costs. The interpreter's own parser takes a fraction of that.
"""

from __future__ import annotations

import ast
import warnings

from initlint.source import SourceFile

_MARKS = (b"torch", b"nn.", b"init")


def can_matter(data: bytes) -> bool:
    """Whether a file may build or initialise a model. One that names none of torch, nn and an init cannot."""
    return any(mark in data for mark in _MARKS)


def check_syntax(path: str, data: bytes) -> None:
    """Raise `SourceError`, as `SourceFile.parse` would, if `data` is not Python.

    What the running interpreter refuses is left to libcst, which may know a newer syntax.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape is no business of this linter
            compile(data, path, "exec", flags=ast.PyCF_ONLY_AST, dont_inherit=True)
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
        SourceFile.parse(path, data)
