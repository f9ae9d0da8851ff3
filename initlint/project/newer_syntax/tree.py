"""From the code of a file to its tree."""

from __future__ import annotations

import ast
import sys

import libcst as cst

from initlint.project.newer_syntax.conversion import Conversion, Convert
from initlint.project.newer_syntax.expressions import EXPRESSIONS
from initlint.project.newer_syntax.patterns import PATTERNS
from initlint.project.newer_syntax.statements import STATEMENTS, lazy_import
from initlint.project.newer_syntax.strings import STRINGS, template_string
from initlint.project.parse_limits import NotNewer

_LATER: dict[str, Convert] = {
    "TemplatedString": template_string,
    "LazyImport": lazy_import,
    "LazyImportFrom": lazy_import,
}
"""Types that old versions of libcst do not have."""
_CONVERTERS: dict[type, Convert] = {
    **EXPRESSIONS,
    **PATTERNS,
    **STATEMENTS,
    **STRINGS,
    **{getattr(cst, name): convert for name, convert in _LATER.items() if hasattr(cst, name)},
}


def parse(code: str) -> ast.Module:
    """The tree of `code`. Raises `NotNewer` if it has no syntax that the running Python lacks."""
    try:
        tree, version = convert(code)
    except cst.ParserSyntaxError:
        if not hasattr(cst, "TemplatedString"):
            raise NotNewer("a newer libcst may be able to parse it") from None
        raise NotNewer from None
    except RecursionError:
        raise NotNewer("nested too deeply to be parsed as a newer Python") from None
    except Exception:  # libcst fails in many ways on code that is wrong
        raise NotNewer from None
    if version <= sys.version_info[:2]:
        raise NotNewer  # libcst is more lenient than Python
    return tree


def convert(code: str) -> tuple[ast.Module, tuple[int, int]]:
    """The tree of `code`, and the first version of Python that can parse it."""
    code = code.replace("\r\n", "\n").replace("\r", "\n")  # as Python does
    module = cst.parse_module(code)
    conversion = Conversion(module, code, _CONVERTERS)
    statements, _ = conversion.statements(module.body)
    return ast.Module(body=statements, type_ignores=[]), conversion.version
