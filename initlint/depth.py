"""Whether an expression is nested so deeply that libcst would end the process, or take for ever.

libcst's parser has no bound of its own: ten thousand brackets overflow its stack, and a sum of ten thousand terms costs
the square of that. CPython's parser has bounds, and a fraction of the cost.
"""

from __future__ import annotations

import ast
import re
import warnings

_LONG_LINE = re.compile(rb"[^\n]{2000}")
_LARGE = 100_000
"""Bytes; a smaller file without a long line has no room for what is too deep, unless it is written to be."""
_REFUSED = "too many nested"


def too_deep(code: bytes) -> bool:
    """Whether CPython refuses `code` for its depth; what else it refuses is left to others."""
    if len(code) < _LARGE and _LONG_LINE.search(code) is None:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(code, "", "exec", flags=ast.PyCF_ONLY_AST, dont_inherit=True)
    except (RecursionError, MemoryError):
        return True
    except SyntaxError as error:
        return error.msg.startswith(_REFUSED)
    except ValueError:  # a NUL byte
        return False
    return False
