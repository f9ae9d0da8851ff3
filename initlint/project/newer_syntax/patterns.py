"""The patterns of `match` statements."""

from __future__ import annotations

import ast
from collections.abc import Sequence

import libcst as cst

from initlint.project.newer_syntax.conversion import Conversion, Convert, identifier


def _value(c: Conversion, node: cst.MatchValue) -> ast.pattern:
    return c.locate(ast.MatchValue(value=c.expression(node.value)), c.start(node.value), c.end(node.value))


def _singleton(c: Conversion, node: cst.MatchSingleton) -> ast.pattern:
    value = {"None": None, "True": True, "False": False}[node.value.value]
    return c.locate(ast.MatchSingleton(value=value), c.start(node.value), c.end(node.value))


def _star(c: Conversion, node: cst.MatchStar) -> ast.pattern:
    start = c.start(node)
    end = c.end(node.name) if node.name is not None else c.find(b"_", start + 1) + 1
    return c.locate(ast.MatchStar(name=identifier(node.name.value) if node.name else None), start, end)


def _elements(c: Conversion, nodes: Sequence[cst.CSTNode]) -> list[ast.pattern]:
    return [c.pattern(node.value if isinstance(node, cst.MatchSequenceElement) else node) for node in nodes]


def _sequence(c: Conversion, node: cst.MatchSequence) -> ast.pattern:
    patterns = _elements(c, node.patterns)
    sequence = ast.MatchSequence(patterns=patterns)
    if isinstance(node, cst.MatchTuple) and node.lpar:
        return c.locate(sequence, c.start(node.lpar[-1]), c.end(node.rpar[0]))
    if isinstance(node, cst.MatchList) and node.lbracket and node.rbracket:
        return c.locate(sequence, c.start(node.lbracket), c.end(node.rbracket))
    first, last = _inner(node.patterns[0]), node.patterns[-1]
    if isinstance(last, cst.MatchStar):
        last_pattern = patterns[-1]
        end = c.offset(last_pattern.end_lineno, last_pattern.end_col_offset)
    else:
        end = c.outer_end(_inner(last))
    return c.locate(sequence, c.outer_start(first), c.end_of_list(last, end))


def _inner(node: cst.CSTNode) -> cst.CSTNode:
    return node.value if isinstance(node, cst.MatchSequenceElement) else node


def _mapping(c: Conversion, node: cst.MatchMapping) -> ast.pattern:
    return ast.MatchMapping(
        keys=[c.expression(element.key) for element in node.elements],
        patterns=[c.pattern(element.pattern) for element in node.elements],
        rest=identifier(node.rest.value) if node.rest else None,
    )


def _class(c: Conversion, node: cst.MatchClass) -> ast.pattern:
    return ast.MatchClass(
        cls=c.expression(node.cls),
        patterns=_elements(c, node.patterns),
        kwd_attrs=[identifier(keyword.key.value) for keyword in node.kwds],
        kwd_patterns=[c.pattern(keyword.pattern) for keyword in node.kwds],
    )


def _as(c: Conversion, node: cst.MatchAs) -> ast.pattern:
    name = identifier(node.name.value) if node.name else None
    return ast.MatchAs(pattern=c.pattern(node.pattern) if node.pattern else None, name=name)


def _or(c: Conversion, node: cst.MatchOr) -> ast.pattern:
    return ast.MatchOr(patterns=[c.pattern(element.pattern) for element in node.patterns])


PATTERNS: dict[type, Convert] = {
    cst.MatchValue: _value,
    cst.MatchSingleton: _singleton,
    cst.MatchStar: _star,
    cst.MatchList: _sequence,
    cst.MatchTuple: _sequence,
    cst.MatchMapping: _mapping,
    cst.MatchClass: _class,
    cst.MatchAs: _as,
    cst.MatchOr: _or,
}
