"""What a block of code does between two writes to a parameter: whether it uses the values of the first one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence, Set

from initlint._records import dataclass
from initlint.facts.frameworks import TRAINING_METHODS
from initlint.graph.model import Write
from initlint.project.source import SourceLocation

_STRUCTURE = re.compile(
    r"_?(?:init|reset|register|add|set|make|build|create)(?:ial\w*)?(?:_\w*)?|\w+_init(?:_\w*)?|init\w*|apply|train|eval|to|"
    r"cuda|cpu|half|float|zero_grad|requires_grad_|(?:named_)?(?:modules|children)|__init__|type|print|len|id|"
    r"isinstance|issubclass|hasattr|getattr|setattr|super|Sequential|Module(?:List|Dict)"
)
"""Names of functions and methods that read no weights of a module that they are given."""


@dataclass(frozen=True, slots=True)
class StatementsBetween:
    """Two statements of one block, and those between them."""

    tree: ast.Module
    first: ast.stmt
    inner: Sequence[ast.stmt]
    last: ast.stmt

    def use_one_of(self, modules: Set[str]) -> bool:
        """Whether a statement between them may read the weights of one of the modules, given as they are written."""
        return any(_uses_one_of(statement, modules, self.tree) for statement in self.inner)


def differing_calls(first: Write, second: Write) -> tuple[SourceLocation, SourceLocation] | None:
    """The outermost calls, of those that lead to the two writes, that are not the same."""
    pairs = zip((*first.via, first.location), (*second.via, second.location), strict=False)
    one, other = next(((one, other) for one, other in pairs if one != other), (None, None))
    if not isinstance(one, SourceLocation) or not isinstance(other, SourceLocation) or one.source is not other.source:
        return None
    return one, other


def statements_between(one: SourceLocation, other: SourceLocation) -> StatementsBetween | None:
    """The statements of the innermost block around two places of a file; None if they do not come in that order."""
    tree = one.source.tree
    block, statements = _common_block(tree, one.node, other.node)
    if statements is None:
        return None
    first, last = statements
    return StatementsBetween(tree, first, block[block.index(first) + 1 : block.index(last)], last)


def _uses_one_of(statement: ast.stmt, modules: Set[str], tree: ast.Module) -> bool:
    """Whether a statement may read the weights of one of these modules without naming the layer.

    It calls the module or a method of it, gives it to a function, trains it, or calls a function that does so.
    """
    for node in ast.walk(statement):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        called = getattr(function, "attr", getattr(function, "id", ""))
        if called in TRAINING_METHODS and isinstance(function, ast.Attribute):
            return True
        if _STRUCTURE.fullmatch(called):
            continue
        receiver = function.value if isinstance(function, ast.Attribute) else None
        given = [function, receiver, *node.args, *(keyword.value for keyword in node.keywords)]
        if any(part is not None and without_data(part) in modules for part in given):
            return True
        if isinstance(function, ast.Name) and _mentions_global(tree, function.id, modules):
            return True
    return False


def _mentions_global(tree: ast.Module, function: str, names: Set[str]) -> bool:
    """Whether a function of the module uses a global name that is one of `names`."""
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef) and statement.name == function:
            own = {parameter.arg for parameter in ast.walk(statement.args) if isinstance(parameter, ast.arg)}
            return any(isinstance(n, ast.Name) and n.id in names and n.id not in own for n in ast.walk(statement))
    return False


def without_data(node: ast.AST) -> str:
    """A node as written, with `w` for `w.data`."""
    return re.sub(r"\.data\b", "", ast.unparse(node))


def _common_block(
    tree: ast.Module, one: ast.AST, other: ast.AST
) -> tuple[list[ast.stmt], tuple[ast.stmt, ast.stmt] | None]:
    """The innermost block that contains both, and its statements that contain them, if they come in that order."""
    block: list[ast.stmt] = tree.body
    while True:
        first = next((statement for statement in block if contains(statement, one)), None)
        second = next((statement for statement in block if contains(statement, other)), None)
        if first is None or second is None:
            return block, None
        if first is not second:
            return block, ((first, second) if block.index(first) < block.index(second) else None)
        inner = [part for part in blocks(first) if any(contains(statement, one) for statement in part)]
        if not inner:
            return block, None
        block = inner[0]


def blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    """The blocks of a compound statement."""
    for field in ("body", "orelse", "finalbody"):
        yield getattr(statement, field, [])


def contains(statement: ast.stmt, node: ast.AST) -> bool:
    """Whether `node`, a node of the same tree, is within `statement`, by their positions."""
    start, end = _bounds(statement)
    first, last = _bounds(node)
    return start <= first and last <= end


def _bounds(node: ast.AST) -> tuple[tuple[int, int], tuple[int, int]]:
    """Where a node starts and ends: (0, 0) for one without a position."""
    row, column = getattr(node, "lineno", 0), getattr(node, "col_offset", 0)
    return (row, column), (getattr(node, "end_lineno", 0), getattr(node, "end_col_offset", 0))
