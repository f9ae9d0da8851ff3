"""Finds code that may write parameters without naming them: loops and calls over all parameters of a model."""

from __future__ import annotations

import ast
import enum
from collections.abc import Container, Iterable, Iterator

from initlint._records import dataclass
from initlint.facts.initializer_names import INITIALIZER_WORDS, is_initializer, is_initializer_argument, is_writer
from initlint.tracers.references.file_queries import file_query
from initlint.tracers.references.init_functions import is_init_module
from initlint.tracers.references.location import CodeLocation
from initlint.tracers.references.syntax_index import SyntaxIndex, dotted, last_name

PARAMETER_COLLECTIONS = ("parameters", "named_parameters", "_parameters", "state_dict")
"""Names of attributes and methods that return all parameters of a module."""
_FILLING = rf"(?:{INITIALIZER_WORDS}|vector_to|broadcast|setattr|(?<!grad)(?<!norm)[a-z]_\(|\.data\b)"
BULK_WRITE_PATTERNS = {
    # Only in lines that have the word, any other text is tried: the words of `_FILLING` are searched slowly.
    "parameters": r"(?m:^)(?=[^\n]*parameters\b)[^\n]*?"
    rf"(?:{_FILLING}[^\n]*parameters\b|parameters\b(?:[^\n]*\n){{0,12}}?[^\n]*{_FILLING})",
    "state_dict": rf"\.state_dict\(\)(?:[^\n]*\n){{0,12}}?[^\n]*{_FILLING}",
}
"""Patterns of code that may write parameters, by a text that each match contains."""
_PASS_THROUGH = frozenset(
    "list tuple iter zip enumerate filter reversed sorted chain dict OrderedDict items values".split()
)
"""Functions that return their arguments."""
_NON_WRITING = frozenset("requires_grad_ detach_ zero_grad clip_grad_norm_ clip_grad_value_ load_state_dict".split())
RELATIVE_METHODS = frozenset("add_ sub_ mul_ div_ lerp_ clamp_ addcmul_ addcdiv_ neg_ pow_ sqrt_ abs_".split())
"""Methods that change the old value, so uninitialized memory stays uninitialized."""
_MODELS = ("model", "module", "net")


class WriteKind(enum.IntEnum):
    """How code may write all parameters of a model, in increasing order."""

    NONE = 0
    COPY = 1
    """Copies other values into them, such as those of another model."""
    INIT = 2


@dataclass(frozen=True, slots=True)
class BulkWrite:
    """Code that may write all parameters of a module.

    `of_self`: the module is `self`. `of_child`: it is a child of another module, found by a loop over `children()`.
    """

    kind: WriteKind
    location: CodeLocation
    of_self: bool
    of_child: bool


@file_query
def bulk_writes(index: SyntaxIndex) -> tuple[BulkWrite, ...]:
    """The bulk writes of a file."""
    return tuple(dict.fromkeys(_find_bulk_writes(index)))


def _find_bulk_writes(index: SyntaxIndex) -> Iterator[BulkWrite]:
    for name in PARAMETER_COLLECTIONS:
        for node in index.mentions(name):
            if not isinstance(node, (ast.Attribute, ast.Constant)):
                continue  # a variable of that name
            kind = use_of_parameters(index, node, set())
            if kind is not WriteKind.NONE:
                of_child = isinstance(node, ast.Attribute) and _is_child(index, node.value)
                yield BulkWrite(kind, CodeLocation.of(index, node), _is_of_self(node), of_child)


def _is_child(index: SyntaxIndex, module: ast.expr) -> bool:
    """Whether an expression is the variable of a loop over `children()`."""
    if not isinstance(module, ast.Name):
        return False
    child: ast.AST = module
    for parent in index.above(module):
        loops: list[ast.For | ast.comprehension] = []
        if isinstance(parent, ast.For) and child is not parent.iter:
            loops = [parent]
        elif isinstance(parent, (ast.ListComp, ast.GeneratorExp, ast.SetComp)):
            loops = list(parent.generators)
        for loop in loops:
            if any(isinstance(node, ast.Name) and node.id == module.id for node in ast.walk(loop.target)):
                return isinstance(loop.iter, ast.Call) and last_name(loop.iter.func) in ("children", "named_children")
        child = parent
    return False


def _is_of_self(node: ast.Attribute | ast.Constant) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"


def use_of_parameters(index: SyntaxIndex, node: ast.AST, seen_names: set[str]) -> WriteKind:
    """How the parameters that `node` returns are written. `seen_names`: names they were assigned to before."""
    child: ast.AST = node
    for parent in index.above(node):
        if isinstance(parent, ast.Attribute) and parent.attr.endswith("_") and parent.attr not in _NON_WRITING:
            return _kind_by_name(parent.attr)
        if isinstance(parent, ast.Call) and child is not parent.func and last_name(parent.func) not in _PASS_THROUGH:
            return _use_by_call(parent, child)
        if isinstance(parent, ast.For) and child is parent.iter:
            return _use_in_body(parent.body, parent.target)
        if isinstance(parent, ast.comprehension) and child is parent.iter:
            comprehension = index.parents[parent]
            kind = _use_in_body(
                [part for part in ast.iter_child_nodes(comprehension) if part is not parent], parent.target
            )
            if kind is not WriteKind.NONE:
                return kind
        if isinstance(parent, ast.Subscript) and isinstance(parent.ctx, ast.Store):
            return WriteKind.COPY
        if isinstance(parent, ast.stmt):
            return _use_of_assigned_name(index, parent, seen_names)
        child = parent
    return WriteKind.NONE


def _use_of_assigned_name(index: SyntaxIndex, statement: ast.stmt, seen_names: set[str]) -> WriteKind:
    """How they are written through the names that a statement assigns them to."""
    if isinstance(statement, ast.Assign):
        names = {last_name(target) for target in statement.targets}
    elif isinstance(statement, ast.AnnAssign):
        names = {last_name(statement.target)}
    elif isinstance(statement, ast.Return) or _is_yield(statement):
        names = {scope.name for scope in index.scopes(statement)[:1]}
    else:
        return WriteKind.NONE
    new_names = names - seen_names - {""}
    seen_names |= new_names
    uses = (
        use
        for name in new_names
        for use in index.mentions(name)
        if not isinstance(getattr(use, "ctx", None), ast.Store)
    )
    return max((use_of_parameters(index, use, seen_names) for use in uses), default=WriteKind.NONE)


def _is_yield(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, (ast.Yield, ast.YieldFrom))


def _use_by_call(call: ast.Call, argument: ast.AST) -> WriteKind:
    name = last_name(call.func)
    if name == "map":
        names = {last_name(part) for part in ast.walk(call.args[0])} if call.args else set()
        return max(map(_kind_by_name, names), default=WriteKind.NONE)
    if isinstance(argument, ast.keyword) and argument.arg == "key":
        return WriteKind.NONE
    return _kind_by_name(name)


def _kind_by_name(name: str) -> WriteKind:
    """How a function may write the parameters it receives, judged by its name."""
    if name in _NON_WRITING or name in RELATIVE_METHODS or not name:
        return WriteKind.NONE
    if name != "copy_" and is_initializer(name):
        return WriteKind.INIT
    return WriteKind.COPY if is_writer(name) else WriteKind.NONE


def _use_in_body(body: Iterable[ast.AST], target: ast.expr) -> WriteKind:
    names = {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}
    return max((_use_by_node(part, names) for top in body for part in ast.walk(top)), default=WriteKind.NONE)


def _use_by_node(node: ast.AST, names: set[str]) -> WriteKind:
    """How a node in a loop's body writes the loop variables `names`."""
    if isinstance(node, ast.Call):
        return _use_by_call_in_body(node, names)
    if isinstance(node, ast.Assign) and any(_is_tensor_data(target, names) for target in node.targets):
        return WriteKind.COPY
    return WriteKind.NONE


def _use_by_call_in_body(call: ast.Call, names: set[str]) -> WriteKind:
    name = last_name(call.func)
    subject = call.func.value if isinstance(call.func, ast.Attribute) else None
    if subject is not None and "grad" in dotted(subject).split("."):
        return WriteKind.NONE
    arguments_and_subject = [
        expression
        for expression in (subject, *call.args, *(word.value for word in call.keywords))
        if expression is not None
    ]
    if not any(
        isinstance(node, ast.Name) and node.id in names
        for expression in arguments_and_subject
        for node in ast.walk(expression)
    ):
        return WriteKind.NONE
    return WriteKind.INIT if name in ("zero_", "fill_") else _kind_by_name(name)


def _is_tensor_data(target: ast.expr, names: set[str]) -> bool:
    """Whether it is `p.data`, `p[...]` or `p.data[...]` of one of the names."""
    is_data = isinstance(target, ast.Subscript) or (isinstance(target, ast.Attribute) and target.attr == "data")
    root = target
    while isinstance(root, (ast.Subscript, ast.Attribute)):
        root = root.value
    return is_data and isinstance(root, ast.Name) and root.id in names


@dataclass(frozen=True, slots=True)
class ModelPassedOut:
    """A call that passes a model to the imported functions `names`, which may initialize it."""

    names: tuple[str, ...]
    location: CodeLocation


@file_query
def models_passed_out(index: SyntaxIndex) -> tuple[ModelPassedOut, ...]:
    """The calls of a file that pass a model to imported functions, directly or through `apply`."""
    calls = (node for node in index.parents if isinstance(node, ast.Call))
    names_and_calls = ((tuple(_imported_initializers(call, index.imported)), call) for call in calls)
    return tuple(
        dict.fromkeys(ModelPassedOut(names, CodeLocation.of(index, call)) for names, call in names_and_calls if names)
    )


def _imported_initializers(call: ast.Call, imported: Container[str]) -> Iterator[str]:
    name = last_name(call.func)
    callbacks = [word.value for word in call.keywords if word.arg and is_initializer_argument(word.arg)]
    if name == "apply" and isinstance(call.func, ast.Attribute) and len(call.args) == 1:
        callbacks += [call.args[0]] if not isinstance(call.args[0], ast.Lambda) else []
    nodes = (node for value in callbacks for node in ast.walk(value))
    functions: list[ast.expr] = [node for node in nodes if isinstance(node, (ast.Name, ast.Attribute))]
    takes_model = any(map(_may_be_model, call.args)) or any(word.arg in _MODELS for word in call.keywords)
    takes_tensor = name.endswith("_") or (isinstance(call.func, ast.Attribute) and is_init_module(call.func.value))
    if takes_model and is_initializer(name) and not name.startswith("__") and not takes_tensor:
        functions.append(call.func)
    yield from (last_name(node) for node in functions if dotted(node).partition(".")[0] in imported)


def _may_be_model(argument: ast.expr) -> bool:
    return isinstance(argument, (ast.Name, ast.Attribute, ast.Call))
