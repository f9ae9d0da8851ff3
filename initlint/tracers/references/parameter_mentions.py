"""The mentions of an attribute that is a parameter, and which of them may be part of a write to it."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterator
from pathlib import Path

from initlint._records import dataclass
from initlint.facts.initializer_names import is_setup, is_writer
from initlint.tracers.references.bulk_writes import RELATIVE_METHODS, WriteKind, use_of_parameters
from initlint.tracers.references.file_queries import file_query
from initlint.tracers.references.init_functions import is_init_call
from initlint.tracers.references.location import CodeLocation
from initlint.tracers.references.syntax_index import FunctionNode, SyntaxIndex, dotted, last_name, uses_of


@dataclass(frozen=True, slots=True)
class Mention:
    """A mention of an attribute of that name on any object, except its definition.

    `function`: the name of the function around it. `tests`: the names in each type test that guards the mention.
    `assigned`: the first and last row of the statement that assigns the attribute or an item of it; None if none does.
    """

    location: CodeLocation
    function: str
    of_self: bool
    may_write: bool
    tests: tuple[frozenset[str], ...]
    assigned: tuple[int, int] | None

    def makes_one_of(self, sites: frozenset[tuple[Path, int]]) -> bool:
        """Whether it is the assignment of a parameter with one of these sites."""
        if self.assigned is None:
            return False
        first, last = self.assigned
        return any(path == self.location.path and first <= row <= last for path, row in sites)


@file_query
def mentions_in_file(index: SyntaxIndex, attribute: str) -> tuple[Mention, ...]:
    return _mentions_of(index, attribute, _may_write)


@file_query
def container_mentions(index: SyntaxIndex, attribute: str) -> tuple[Mention, ...]:
    return _mentions_of(index, attribute, _may_write_items)


def _mentions_of(
    index: SyntaxIndex, attribute: str, may_write: Callable[[SyntaxIndex, ast.AST], bool]
) -> tuple[Mention, ...]:
    return tuple(
        dict.fromkeys(
            Mention(
                CodeLocation.of(index, node),
                _function_around(index, node),
                _is_of_self(node),
                may_write(index, node),
                tuple(_class_tests(index, node)),
                _assigned_rows(index, node),
            )
            for node in uses_of(index, attribute)
            if not isinstance(node, (ast.Name, ast.keyword, ast.alias)) and not _is_definition(index, node)
        )
    )


def _assigned_rows(index: SyntaxIndex, node: ast.AST) -> tuple[int, int] | None:
    """The rows of the statement that assigns the attribute, adds an item to it or sets one; None for any other."""
    parent = index.parents[node]
    is_target = isinstance(getattr(node, "ctx", None), ast.Store)
    is_item = isinstance(parent, ast.Subscript) and parent.value is node and isinstance(parent.ctx, ast.Store)
    is_named = isinstance(parent, ast.Call) and last_name(parent.func) in _SETTERS and node in parent.args
    if not (is_target or is_item or is_named or _is_addition(index, node)):
        return None
    statement = next(above for above in index.above(node) if isinstance(above, ast.stmt))
    is_simple = isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr))
    if any(isinstance(part, (ast.IfExp, ast.BoolOp)) for part in ast.walk(statement)):
        return None  # only one of its values is the uninitialized one
    return (statement.lineno, statement.end_lineno or statement.lineno) if is_simple else None


_SETTERS = frozenset({"setattr", "register_parameter", "__setattr__"})
_ADDING = frozenset("append extend insert update setdefault".split())


def _is_addition(index: SyntaxIndex, node: ast.AST) -> bool:
    """Whether it is `node.append(...)` or a similar method that adds items."""
    method = index.parents[node]
    if not isinstance(method, ast.Attribute) or method.attr not in _ADDING:
        return False
    call = index.parents[method]
    return isinstance(call, ast.Call) and call.func is method


def _may_write_items(index: SyntaxIndex, node: ast.AST) -> bool:
    """Whether a mention of a container may be part of a write to the parameters in it."""
    if _is_addition(index, node):
        method = index.parents[node]
        return isinstance(method, ast.Attribute) and method.attr in ("update", "setdefault")
    if use_of_parameters(index, node, set()) is not WriteKind.NONE:
        return True
    loops = [above for above in index.above(node) if isinstance(above, (ast.For, ast.comprehension))]
    loops = [loop for loop in loops if node in ast.walk(loop.iter)]
    if loops:
        function = _function_around(index, node)
        is_computed = function == "forward" or not any(_hands_items_on(index, loop) for loop in loops)
        return not function or is_setup(function) or not is_computed
    return _may_write(index, node)


def _hands_items_on(index: SyntaxIndex, loop: ast.For | ast.comprehension) -> bool:
    """Whether code in a loop gives an item to a function that is neither of torch nor a built-in one."""
    names = {part.id for part in ast.walk(loop.target) if isinstance(part, ast.Name)}
    body = loop.body if isinstance(loop, ast.For) else [index.parents[loop]]
    calls = (part for statement in body for part in ast.walk(statement) if isinstance(part, ast.Call))
    return any(
        any(isinstance(given, ast.Name) and given.id in names for given in (*call.args, *_keyword_values(call)))
        and not _is_of_torch_or_built_in(index, call.func)
        for call in calls
    )


def _keyword_values(call: ast.Call) -> Iterator[ast.expr]:
    return (keyword.value for keyword in call.keywords)


def _is_of_torch_or_built_in(index: SyntaxIndex, function: ast.expr) -> bool:
    first = dotted(function).partition(".")[0]
    return index.imported.get(first, "").partition(".")[0] == "torch" or hasattr(builtins, first)


def _function_around(index: SyntaxIndex, node: ast.AST) -> str:
    return next((scope.name for scope in index.scopes(node) if not isinstance(scope, ast.ClassDef)), "")


def _is_of_self(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and _subject(node) == "self"


def _subject(node: ast.Attribute) -> str:
    """The root name: `m` for `m.fc.weight`; empty for an attribute of another expression."""
    return dotted(node.value).partition(".")[0]


def _class_tests(index: SyntaxIndex, node: ast.AST) -> Iterator[frozenset[str]]:
    """The names in each type test of `m` that guards `m.weight`: `isinstance(m, nn.Linear)`."""
    if not isinstance(node, ast.Attribute) or not _subject(node):
        return
    child: ast.AST = node
    for parent in index.above(node):
        if isinstance(parent, ast.If) and any(child is statement for statement in parent.body):
            words = frozenset(word for part in ast.walk(parent.test) for word in _names_in(part))
            if _TYPE_TESTS & words and _subject(node) in words:
                yield words
        child = parent


_TYPE_TESTS = frozenset({"isinstance", "type", "__class__"})


def _names_in(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, (ast.Name, ast.Attribute)):
        yield last_name(node)


def _is_definition(index: SyntaxIndex, node: ast.AST) -> bool:
    """Whether it is `self.attribute = nn.Parameter(torch.empty(...))`, `= None`, or an annotation."""
    parent = index.parents[node]
    if isinstance(parent, ast.AnnAssign) and parent.target is node:
        return parent.value is None or _is_uninitialized(parent.value)
    if isinstance(parent, ast.Assign) and any(target is node for target in parent.targets):
        return _is_uninitialized(parent.value)
    if isinstance(parent, ast.Subscript) and parent.value is node:
        assignment = index.parents[parent]
        is_target = isinstance(assignment, ast.Assign) and any(target is parent for target in assignment.targets)
        return is_target and isinstance(assignment, ast.Assign) and _is_uninitialized(assignment.value)
    if isinstance(parent, ast.Call) and last_name(parent.func) == "register_parameter" and len(parent.args) == 2:
        return parent.args[0] is node and _is_uninitialized(parent.args[1])
    assigned_names = (
        name
        for ancestor in index.above(node)
        if isinstance(ancestor, ast.Assign)
        for name in map(dotted, ancestor.targets)
    )
    return "__constants__" in assigned_names


def _is_uninitialized(value: ast.expr) -> bool:
    """Whether the value is None, or a parameter around an uninitialized tensor."""
    if isinstance(value, ast.Constant):
        return value.value is None
    if isinstance(value, ast.IfExp):
        return _is_uninitialized(value.body) and _is_uninitialized(value.orelse)
    calls = [call for call in ast.walk(value) if isinstance(call, ast.Call)]
    return bool(calls) and last_name(calls[0].func) in _PARAMETERS and not any(map(is_init_call, calls))


_PARAMETERS = frozenset({"Parameter", "ParameterList", "ParameterDict"})


def _may_write(index: SyntaxIndex, node: ast.AST) -> bool:
    """Whether a mention may be part of a write. Otherwise the value is only read."""
    if isinstance(node, ast.Constant):
        return not _selects_parameters(index, node)
    if isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del)):
        return True
    if _is_relative(index, node):
        return False
    child, is_computed = node, False
    for parent in index.above(node):
        if isinstance(parent, ast.Attribute) and (parent.attr == "data" or parent.attr.endswith("_")):
            return True
        if isinstance(parent, (ast.Subscript, ast.Attribute)) and isinstance(parent.ctx, (ast.Store, ast.Del)):
            return True
        if isinstance(parent, ast.keyword) and parent.arg == "out":
            return True
        if isinstance(parent, ast.Call) and child is not parent.func:
            if is_writer(last_name(parent.func)) or _is_unknown_function(index, parent.func):
                return True
            is_computed = True
        if isinstance(parent, (ast.For, ast.comprehension)) and not is_computed:
            return True
        if isinstance(parent, ast.stmt):
            return _may_rename(index, node, parent, is_computed)
        is_computed = is_computed or isinstance(parent, ast.BinOp)
        child = parent
    return True


def _is_relative(index: SyntaxIndex, node: ast.AST) -> bool:
    """Whether it is `node.mul_(...)` or `node.data.mul_(...)` as a statement: uninitialized memory stays that."""
    method = index.parents[node]
    if isinstance(method, ast.Attribute) and method.attr == "data":
        method = index.parents[method]
    if not isinstance(method, ast.Attribute) or method.attr not in RELATIVE_METHODS:
        return False
    call = index.parents[method]
    return isinstance(call, ast.Call) and call.func is method and isinstance(index.parents[call], ast.Expr)


def _is_unknown_function(index: SyntaxIndex, function: ast.expr) -> bool:
    """Whether the function is a local variable (`init_fn(w)`), or a kernel (`fill[grid](w)`)."""
    if not isinstance(function, ast.Name):
        return isinstance(function, ast.Subscript)
    name = function.id
    defined = name in index.classes or any(own.name == name for own in index.functions)
    return not (defined or name in index.imported or hasattr(builtins, name))


def _may_rename(index: SyntaxIndex, node: ast.AST, statement: ast.stmt, is_computed: bool) -> bool:
    """Whether a statement that reads the parameter may give it another name, through which it is written.

    In functions that set up models, any call with the parameter may write to it.
    """
    function = _function_around(index, node)
    if not function:
        return isinstance(statement, ast.Assign) and not is_computed
    if isinstance(statement, ast.Return) and not is_computed and function != "forward":
        return any(_may_write(index, use) for use in index.mentions(function))
    return is_setup(function)


_COLLECTING = frozenset({"append", "add"})
_OF_STRINGS = frozenset({"startswith", "endswith", "find", "split", "replace", "any"})
_READING = (
    _COLLECTING
    | _OF_STRINGS
    | frozenset("print info debug format str len numel size dim requires_grad_ sum mean norm".split())
)
"""Functions and methods that surely write to no parameter that they are called with or on."""


def _selects_parameters(index: SyntaxIndex, name: ast.Constant) -> bool:
    """Whether a string only tests the names of parameters, and what is chosen by it is surely not written.

    What code does with the parameters that a comprehension chooses is found by `bulk_writes`.
    """
    child: ast.AST = name
    for parent in index.above(name):
        if isinstance(parent, ast.comprehension) and child in parent.ifs and _lists_parameters(parent.iter):
            return True
        if isinstance(parent, ast.Call) and last_name(parent.func) == "filter" and isinstance(child, ast.Lambda):
            return _lists_parameters(parent.args[-1])
        if isinstance(parent, ast.If):
            loop = _loop_around(index, parent)
            return child is parent.test and loop is not None and _only_collects(index, loop)
        if isinstance(parent, FunctionNode):
            return "no_weight_decay" in parent.name
        if isinstance(parent, ast.stmt) and not isinstance(parent, ast.Return):
            return False
        child = parent
    return False


def _loop_around(index: SyntaxIndex, branch: ast.If) -> ast.For | None:
    """The loop over `named_parameters()` around a branch."""
    for parent in index.above(branch):
        if isinstance(parent, ast.For):
            return parent if _lists_parameters(parent.iter) else None
        if isinstance(parent, FunctionNode):
            return None
    return None


def _lists_parameters(iterated: ast.expr) -> bool:
    return any(isinstance(node, ast.Attribute) and node.attr == "named_parameters" for node in ast.walk(iterated))


def _only_collects(index: SyntaxIndex, loop: ast.For) -> bool:
    """Whether a loop over parameters only reads them, sets `requires_grad`, or collects them in unwritten lists."""
    names = {node.id for node in ast.walk(loop.target) if isinstance(node, ast.Name)}
    nodes = (node for statement in loop.body for node in ast.walk(statement))
    return all(_is_harmless(index, node) for node in nodes if _names_one_of(node, names))


def _is_harmless(index: SyntaxIndex, node: ast.AST) -> bool:
    """Whether a node in which the parameter is mentioned surely does not write to it."""
    if isinstance(node, ast.Assign):
        return all(isinstance(target, ast.Attribute) and target.attr == "requires_grad" for target in node.targets)
    if isinstance(node, ast.Call):
        name = last_name(node.func)
        return name in _READING and (name not in _COLLECTING or _stays_unwritten(index, node))
    return not isinstance(node, (ast.AugAssign, ast.AnnAssign, ast.Return, ast.Yield, ast.With))


def _names_one_of(node: ast.AST, names: set[str]) -> bool:
    return any(isinstance(part, ast.Name) and part.id in names for part in ast.walk(node))


def _stays_unwritten(index: SyntaxIndex, call: ast.Call) -> bool:
    """Whether the list that a call appends to is a variable whose items nothing writes."""
    collection = call.func.value if isinstance(call.func, ast.Attribute) else None
    if not isinstance(collection, ast.Name):
        return False
    uses = (use for use in index.mentions(collection.id) if not isinstance(getattr(use, "ctx", None), ast.Store))
    return all(use_of_parameters(index, use, {collection.id}) is WriteKind.NONE for use in uses)
