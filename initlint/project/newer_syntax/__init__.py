"""Reads files whose syntax is newer than the running Python: libcst parses them, and its tree becomes one of `ast`.

Only such files come here: `ast` has refused them. What the running Python's `ast` has no class for becomes the nearest
node that means the same to a linter: `except*` becomes `except`, a type alias an assignment, and type parameters are
left out. Positions are those of `ast`, as Python 3.12 and later compute them.

`tree` is imported on first use, as libcst is slow to import.
"""

from __future__ import annotations

import ast
import importlib
from typing import TYPE_CHECKING

from initlint._lazy import LazyModule
from initlint.project.parse_limits import LARGEST, MOST_TOKENS_OF_LIBCST, NotNewer, has_more_tokens, is_too_deep

if TYPE_CHECKING:
    from initlint.project.newer_syntax import tree as _tree
else:
    _tree = LazyModule("initlint.project.newer_syntax.tree")


def parse_newer(code: str) -> ast.Module:
    """The tree of `code`, which the running Python cannot parse. Raises `NotNewer`."""
    if len(code) > LARGEST or has_more_tokens(code, MOST_TOKENS_OF_LIBCST):
        raise NotNewer("too large to be parsed as a newer Python")
    if is_too_deep(code):
        raise NotNewer("nested too deeply to be parsed as a newer Python")
    try:
        importlib.import_module("libcst")
    except ImportError:
        raise NotNewer("libcst, which reads the syntax of newer versions, is not installed") from None
    return _tree.parse(code)
