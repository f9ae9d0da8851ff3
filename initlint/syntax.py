"""A cheap look at a file's bytes: whether it can matter at all, and if not, whether it is Python.

The tracer looks at no other file, unless one of these imports it.
"""

from __future__ import annotations

import ast
import re
import warnings

from initlint.source import SourceFile, python_in

_MARKS = re.compile(
    rb"\bnn\.(?!Module\b)[A-Z]|from torch\.nn\b|\bnn as (?!nn\b)\w|import torch\.nn\.init|Parameter\(|\.apply\("
    rb"|\binit(?:ialization)?(?:\.| import\b)|import init\b"
    rb"|\b(?:normal|uniform|fill|zero|constant|xavier\w*|kaiming\w*)_\("
)


_FORWARD = re.compile(rb"\bdef forward\b")
_DERIVED = re.compile(rb"^class \w+\((?!(?:torch\.)?(?:nn\.)?Module\b)", re.MULTILINE)


def can_matter(data: bytes) -> bool:
    """Whether a file may put layers together, initialise one, or give those of a base class another `forward`.

    It must name one of torch's modules beside `nn.Module` itself, or a parameter, call something that fills a
    tensor, or define a `forward` in a class that has further bases. Any other file is read when one that can matter
    imports it.
    """
    return _MARKS.search(data) is not None or (_FORWARD.search(data) is not None and _DERIVED.search(data) is not None)


def check_syntax(path: str, data: bytes) -> None:
    """Raise `SourceError`, as `SourceFile.parse` would, if `data` is not Python."""
    try:
        code = python_in(path, data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape is no business of this linter
            compile(code, path, "exec", flags=ast.PyCF_ONLY_AST, dont_inherit=True)
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
        SourceFile.parse(path, data)
