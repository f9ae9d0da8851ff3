"""Finds a call in a snippet, rewrites it and compares the text, for the tests of `initlint.rewrite`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from textwrap import dedent

from initlint import rewrite
from initlint.diagnostics import Edit, FixRequest
from initlint.project.reading import parse_source
from initlint.project.source import SourceFile, SourceLocation
from initlint.rewrite.edits import Change, changed, line_starts
from initlint.rewrite.requests import ReplaceCall

Rewrite = Callable[[SourceLocation], "tuple[Edit, ...] | None"]


def compute(site: SourceLocation, kind: type[FixRequest], *fields: object) -> tuple[Edit, ...] | None:
    """The edits for a request of this `kind` at `site`."""
    return rewrite.compute_edits(site.source, kind(site.span, *fields))


def parse(code: str, path: str = "net.py") -> SourceFile:
    return parse_source(path, code.encode())


def walk(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        yield from walk(child)


def location_of(source: SourceFile, text: str) -> SourceLocation:
    """The first call whose source starts with `text`."""
    for node in walk(source.tree):
        if isinstance(node, ast.Call) and (ast.get_source_segment(source.code, node) or "").startswith(text):
            return SourceLocation(source, node)
    raise AssertionError(f"no call of {text}")


def apply_edits(source: SourceFile, edits: tuple[Edit, ...] | None) -> str | None:
    """`source.text` with the edits applied."""
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
    parse_source(source.path, result.encode())
    return result


def check(before: str, after: str | None, at: str, how: Rewrite) -> None:
    source = parse(dedent(before))
    assert apply_edits(source, how(location_of(source, at))) == (None if after is None else dedent(after))


def relu(site: SourceLocation) -> tuple[Edit, ...] | None:
    return compute(site, ReplaceCall, "kaiming_uniform_", {"nonlinearity": "relu"})
