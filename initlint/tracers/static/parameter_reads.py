"""Whether code that lists the parameters of a model only reads them: for an optimizer, to count or to save them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TypeAlias

from initlint.project.source import SourceLocation
from initlint.tracers.references.syntax_index import last_name, parents_in

_Comprehension: TypeAlias = "ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp"
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.Module)

_READERS = frozenset(
    "sum len any all max min print isinstance hasattr str repr int float type clip_grad_norm_ clip_grad_value_ "
    "parameters_to_vector save dump numel size requires_grad_ append add".split()
)
"""Functions and methods that do not change the parameters that they get, and whose results are none."""
_PASSING = frozenset(
    "list tuple set dict enumerate filter zip chain sorted reversed iter next items values keys copy deepcopy".split()
)
"""Those whose results hold the parameters that they get, or copies of these."""


def only_reads(listing: SourceLocation) -> bool:
    """Whether the values of `model.parameters()`, or of a similar call, are certainly not changed."""
    parents = _parents(listing.source.tree)
    node: ast.AST = listing.node
    while (parent := parents.get(node)) is not None:
        if isinstance(parent, ast.stmt):
            return _statement_reads(parent, node, parents)
        if isinstance(parent, ast.Call) and node is not parent.func:
            name = last_name(parent.func)
            if _is_reader(name):
                return True
            if name not in _PASSING:
                return False
        elif not _hands_on(parent):
            return False
        node = parent
    return False


def _hands_on(expression: ast.AST) -> bool:
    """Whether the parameters that are part of an expression are part of its value, unchanged."""
    if isinstance(expression, ast.Attribute):
        return expression.attr in _PASSING
    if isinstance(expression, _COMPREHENSIONS):
        return not _writes(_results(expression))
    return not isinstance(expression, (ast.Lambda, ast.Yield, ast.YieldFrom))


def _is_reader(name: str) -> bool:
    """Whether a function does not change what it gets. A class, such as an optimizer, only keeps it."""
    return name in _READERS or name[:1].isupper()


@lru_cache(maxsize=8)
def _parents(tree: ast.Module) -> Mapping[ast.AST, ast.AST]:
    return parents_in(tree)


def _results(comprehension: _Comprehension) -> list[ast.AST]:
    tests = [test for generator in comprehension.generators for test in generator.ifs]
    if isinstance(comprehension, ast.DictComp):
        return [comprehension.key, comprehension.value, *tests]
    return [comprehension.elt, *tests]


def _statement_reads(statement: ast.stmt, node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> bool:
    """Whether the statement, which gets the listing as its part `node`, leaves the parameters as they are."""
    if isinstance(statement, (ast.For, ast.AsyncFor)):
        return not _writes(statement.body)
    if isinstance(statement, (ast.Expr, ast.Assert, ast.If, ast.While)):
        return True
    if not isinstance(statement, (ast.Assign, ast.AnnAssign)):
        return False
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    names = {last_name(target) for target in targets}
    scope: ast.AST = statement
    while not isinstance(scope, _SCOPES if all(isinstance(target, ast.Name) for target in targets) else ast.Module):
        scope = parents[scope]
    return "" not in names and not _gets_away(scope, names) and not _writes(_uses(scope, names))


def _gets_away(scope: ast.AST, names: set[str]) -> bool:
    """Whether a value with one of the names gets another name, or is returned: what is done to it then is not known."""
    return any(
        isinstance(node, (ast.Assign, ast.AnnAssign, ast.Return, ast.Yield, ast.YieldFrom))
        and isinstance(node.value, (ast.Name, ast.Attribute))
        and last_name(node.value) in names
        for node in ast.walk(scope)
    )


def _uses(scope: ast.AST, names: set[str]) -> Iterator[ast.AST]:
    """The calls, the loops and the comprehensions in the scope that get the values with these names."""
    for node in ast.walk(scope):
        if isinstance(node, (ast.For, ast.AsyncFor)) and _mentions(node.iter, names):
            yield from node.body
        elif isinstance(node, _COMPREHENSIONS) and any(_mentions(g.iter, names) for g in node.generators):
            yield from _results(node)
        elif isinstance(node, ast.Call) and any(_mentions(argument, names) for argument in _arguments(node)):
            yield node


def _arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def _mentions(node: ast.AST, names: set[str]) -> bool:
    return any(isinstance(part, (ast.Name, ast.Attribute)) and last_name(part) in names for part in ast.walk(node))


def _writes(nodes: Iterable[ast.AST]) -> bool:
    """Whether the code may change tensors: by a method in place, an assignment, or a function that gets one."""
    return any(_is_write(part) for node in nodes for part in ast.walk(node))


def _is_write(node: ast.AST) -> bool:
    if isinstance(node, (ast.Assign, ast.AugAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        in_place = isinstance(node, ast.AugAssign)
        return any(_is_memory(target) or (in_place and isinstance(target, ast.Subscript)) for target in targets)
    if not isinstance(node, ast.Call):
        return False
    name = last_name(node.func)
    if _is_reader(name) or name in _PASSING:
        return False
    gets_tensor = any(isinstance(argument, (ast.Name, ast.Attribute, ast.Starred)) for argument in _arguments(node))
    if gets_tensor or not isinstance(node.func, ast.Attribute):
        return True
    return name.endswith("_") and not name.startswith("__") and not _mentions(node.func.value, {"grad"})


def _is_memory(target: ast.expr) -> bool:
    """Whether an assignment to it changes a tensor: `p.data`, `p.data[0]`, `state[key]`."""
    return isinstance(target, ast.Subscript) or (isinstance(target, ast.Attribute) and target.attr == "data")
