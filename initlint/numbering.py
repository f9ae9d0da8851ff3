"""A number for each call of a file: it names the place in every process that parses the same bytes.

Rows and columns would do the same, but to compute them takes ten times as long as this walk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import Any

import libcst as cst

_SILENT = (
    "whitespace leading_lines lines_after_decorators trailing_whitespace header footer lpar rpar lbracket rbracket "
    "lbrace rbrace semicolon comma dot equal operator annotation returns asname"
).split()
"""Fields, or how their names begin, in which no call stands that the interpreter would run."""
_LEAVES = frozenset(
    {str, bool, type(None), cst.MaybeSentinel, cst.Name, cst.Integer, cst.Float, cst.SimpleString, cst.Comment}
    | {cst.Import, cst.ImportFrom, cst.Global, cst.Nonlocal, cst.Pass, cst.Break, cst.Continue, cst.Ellipsis}
)


def number_calls(module: cst.Module) -> Mapping[int, int]:
    """By the identity of each call its number; the order is always the same, and not that of the text."""
    found: dict[int, int] = {}
    stack: list[cst.CSTNode] = [module]
    while stack:
        node = stack.pop()
        if node.__class__ is cst.Call:
            found[id(node)] = len(found)
        stack.extend(_children(node))
    return found


def _children(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    for value in _reader(node.__class__)(node):
        kind = value.__class__
        if kind is list or kind is tuple:
            yield from (item for item in value if item.__class__ not in _LEAVES)
        elif kind not in _LEAVES:
            yield value


@cache
def _reader(kind: type[cst.CSTNode]) -> Callable[[cst.CSTNode], tuple[Any, ...]]:
    names = [field.name for field in fields(kind) if not field.name.startswith(tuple(_SILENT))]
    if len(names) > 1:
        return attrgetter(*names)
    return (lambda node: (getattr(node, names[0]),)) if names else (lambda node: ())
