"""Calls that are commented out: the function is there, and switched off on purpose."""

from __future__ import annotations

import ast
import re
import tokenize
from collections.abc import Iterable, Iterator, Sequence

from initlint.project.f_strings import tokens_of
from initlint.project.source import split_lines
from initlint.tracers.references.file_queries import file_query
from initlint.tracers.references.project_index import ProjectIndex
from initlint.tracers.references.syntax_index import FunctionNode, ScopeNode, SyntaxIndex


def is_commented_out(function: FunctionNode, text: SyntaxIndex, code: str, project: ProjectIndex) -> bool:
    """Whether a comment of the project is a call of the function, or `apply` with it, where its name means this one."""
    return _is_commented_out_near(function, text, code) or _is_commented_out_by_users(function, text, code, project)


def _is_commented_out_near(function: FunctionNode, text: SyntaxIndex, code: str) -> bool:
    """Whether the comment is in the class or the function around it, or in the file of a function at its top level."""
    lines = split_lines(code)
    scope = next(iter(text.scopes(function)), None)
    pattern = _commented_call(function.name, is_method=isinstance(scope, ast.ClassDef))
    rows = [row for row, line in enumerate(lines, 1) if pattern.fullmatch(line)]
    return _has_comment_in(code, (row for row in rows if _is_visible(scope, row, text, lines)))


def _is_commented_out_by_users(function: FunctionNode, text: SyntaxIndex, code: str, project: ProjectIndex) -> bool:
    """Whether the comment is where others use it: a call of an object's method, or a function of another file.

    Another class or file may define the same name: then the comment must be near code that names this class, or must
    not be near an import of the other function.
    """
    scopes = text.scopes(function)
    owner = scopes[0] if scopes else None
    if len(scopes) > 1 or isinstance(owner, FunctionNode):
        return False
    name, cls = function.name, owner.name if isinstance(owner, ast.ClassDef) else ""
    pattern = _commented_use(name) if cls else _commented_call(name, is_method=False).pattern
    is_only_one = sum(other.name == name for other in text.functions) == 1
    if cls and is_only_one:
        found = re.compile(pattern)
        if _has_comment_in(code, (row for row, line in enumerate(split_lines(code), 1) if found.fullmatch(line))):
            return True
    users = project.files_matching(text.path, name, rf"(?m)^{pattern}\r?$") or ()
    others = [path for path in users if path != text.path.resolve()]
    if not others:
        return False
    definitions = project.files_matching(text.path, name, rf"\bdef[ \t]+{name}\b") or ()
    owner_to_name = "" if is_only_one and len(definitions) == 1 else cls
    # A package may import the function from its file, so that others import it from the package.
    modules = ".".join(text.path.resolve().with_suffix("").parts[-3:])
    return any(project.query(path, _may_mean, name, modules, owner_to_name) for path in others)


@file_query
def _may_mean(index: SyntaxIndex, name: str, modules: str, owner: str) -> bool:
    """Whether a comment of the file that calls `name` may mean that of another file.

    `modules`: the names of that file and of the folders around it. `owner`: the class that the file must name; empty if
    any file will do.
    """
    if any(function.name == name for function in index.functions):
        return False
    origin = index.imported.get(name)
    if origin is not None and not {*origin.strip(".").split(".")[-2:-1]} <= {*modules.split(".")}:
        return False
    pattern = re.compile(rf"(?m)^[ \t]*#[^\n]*\b{name}\b")
    strings = (node.value for node in ast.walk(index.tree) if isinstance(node, ast.Constant))
    if any(isinstance(string, str) and pattern.search(string) for string in strings):
        return False
    return not owner or any(True for _ in index.mentions(owner))


def _commented_use(name: str) -> str:
    """A pattern for a line that is a call of a method of another object than `self`, in a comment."""
    receiver = rf"(?!self\.{name}\b)[\w.\[\]]+\."
    return rf"[ \t]*#[# \t]*(?:{receiver}{name} *\(|[\w.\[\]]*\bapply\({receiver}{name}\b)[^#\n]*\)[ \t]*"


def _has_comment_in(code: str, rows: Iterable[int]) -> bool:
    candidates = frozenset(rows)
    return bool(candidates) and not _rows_of_comments(code).isdisjoint(candidates)


def _commented_call(name: str, is_method: bool) -> re.Pattern[str]:
    """A line that may be the comment. A method of `self` is no function of the file, even by the same name."""
    start = r"[\w.\[\]]*\b" if is_method else r"(?!self\b)[\w.\[\]]*\b"
    argument = r"[\w.]*\b" if is_method else r"(?!self\b)[\w.]*\b"
    call = rf"(?:{start}{name} *\(|[\w.\[\]]*\bapply\({argument}{name}\b)[^#\n]*\)"
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
