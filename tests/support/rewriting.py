"""Helpers of the tests of `initlint.rewrite`: find a call in a snippet, rewrite it, compare the text."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from textwrap import dedent

from initlint import rewrite
from initlint.diagnostics import Edit
from initlint.project.source import SourceFile, SourceLocation
from initlint.rewrite.edits import Change, changed, line_starts

Rewrite = Callable[[SourceLocation], "tuple[Edit, ...] | None"]


def parse(code: str, path: str = "net.py") -> SourceFile:
    return SourceFile.parse(path, code.encode())


def nodes(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        yield from nodes(child)


def site_of(source: SourceFile, text: str) -> SourceLocation:
    """The innermost node that is written as `text`, up to its opening parenthesis for a call."""
    for node in nodes(source.tree):
        if isinstance(node, ast.Call) and (ast.get_source_segment(source.code, node) or "").startswith(text):
            return SourceLocation(source, node)
    raise AssertionError(f"no call of {text}")


def make(source: SourceFile, edits: tuple[Edit, ...] | None) -> str | None:
    """`source.text` with the edits made."""
    if edits is None:
        return None
    starts = line_starts(source.text)

    def offset(row: int, column: int) -> int:
        return starts[row - 1] + column - 1

    spans = [(edit.span, edit.replacement) for edit in edits]
    result = changed(
        source.text,
        [Change(offset(s.row, s.column), offset(s.end_row, s.end_column), text) for s, text in spans],
    )
    SourceFile.parse(source.path, result.encode())
    return result


def check(before: str, after: str | None, at: str, how: Rewrite) -> None:
    source = parse(dedent(before))
    assert make(source, how(site_of(source, at))) == (None if after is None else dedent(after))


def relu(site: SourceLocation) -> tuple[Edit, ...] | None:
    return rewrite.replace_call(site, "kaiming_uniform_", {"nonlinearity": "relu"})
