"""Calls that are commented out: the function is there, and switched off on purpose."""

from __future__ import annotations

import ast
import re
import tokenize
from collections.abc import Iterator, Sequence

from initlint.project.f_strings import tokens_of
from initlint.project.source import split_lines
from initlint.tracers.references.syntax_index import FunctionNode, ScopeNode, SyntaxIndex


def is_commented_out(function: FunctionNode, text: SyntaxIndex, code: str) -> bool:
    """Whether a comment is a call of the function, or `apply` with it, where its name means this function.

    That is in the class of a method; elsewhere a class may have a method of the same name.
    """
    lines = split_lines(code)
    scope = next(iter(text.scopes(function)), None)
    pattern = _commented_call(function.name, is_method=isinstance(scope, ast.ClassDef))
    rows = [row for row, line in enumerate(lines, 1) if pattern.fullmatch(line)]
    candidates = [row for row in rows if _is_visible(scope, row, text, lines)]
    return bool(candidates) and not _rows_of_comments(code).isdisjoint(candidates)


def _commented_call(name: str, is_method: bool) -> re.Pattern[str]:
    """A line that may be the comment. A method of `self` is no function of the file, even by the same name."""
    start = r"[\w.\[\]]*\b" if is_method else r"(?!self\b)[\w.\[\]]*\b"
    argument = r"[\w.]*\b" if is_method else r"(?!self\b)[\w.]*\b"
    call = rf"(?:{start}{name} *\(|[\w.\[\]]*\bapply\({argument}{name}\b)[^#]*\)"
    return re.compile(rf"[ \t]*#[# \t]*{call}[ \t]*")


def _is_visible(scope: ScopeNode | None, row: int, text: SyntaxIndex, lines: Sequence[str]) -> bool:
    """Whether code in that row could mean what `scope` defines."""
    if isinstance(scope, ast.ClassDef):
        around = [cls for cls in _classes(text) if _holds(cls, row, lines)]
        return bool(around) and around[-1] is scope
    return scope is None or _holds(scope, row, lines)


def _classes(text: SyntaxIndex) -> Iterator[ast.ClassDef]:
    """The classes of a file, the outer before the inner."""
    return (node for node in text.statements if isinstance(node, ast.ClassDef))


def _holds(scope: ScopeNode, row: int, lines: Sequence[str]) -> bool:
    """Whether a comment belongs to a class or function; below its last statement the indentation tells."""
    end = scope.end_lineno or scope.lineno
    if row <= end:
        return row >= scope.lineno
    between = lines[end:row]
    return all(not line.strip() or _is_deeper_comment(line, scope.col_offset) for line in between)


def _is_deeper_comment(line: str, column: int) -> bool:
    comment = line.lstrip()
    return comment.startswith("#") and len(line) - len(comment) > column


def _rows_of_comments(code: str) -> frozenset[int]:
    """The rows with a comment; all, where Python's tokenizer gives up."""
    try:
        return frozenset(token.start[0] for token in tokens_of(code) if token.type == tokenize.COMMENT)
    except (tokenize.TokenError, SyntaxError):
        return frozenset(range(1, len(split_lines(code)) + 1))
