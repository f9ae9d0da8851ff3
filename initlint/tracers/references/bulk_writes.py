"""Code that may fill parameters without naming them: it takes all parameters of a model, in loops and calls."""

from __future__ import annotations

import ast
import enum
import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass

from initlint.tracers.references.file_queries import teller
from initlint.tracers.references.init_functions import INITIALIZER, WRITER
from initlint.tracers.references.location import CodeLocation
from initlint.tracers.references.syntax_index import SyntaxIndex, dotted, last_name

GIVING = ("parameters", "named_parameters", "_parameters", "state_dict")
"""What holds all parameters of a module."""
_FILLING = (
    r"(?:(?<!f)init|reset|xavier|kaiming|glorot|uniform|normal(?!ize)|orthogonal|vector_to|broadcast|setattr"
    r"|(?<!grad)(?<!norm)[a-z]_\(|\.data\b)"
)
FILLS = {
    "parameters": rf"{_FILLING}[^\n]*parameters\b|parameters\b(?:[^\n]*\n){{0,12}}?[^\n]*{_FILLING}",
    "state_dict": rf"\.state_dict\(\)(?:[^\n]*\n){{0,12}}?[^\n]*{_FILLING}",
}
"""What stands where parameters may be filled: a piece, and a pattern that holds it."""
_PASSING = frozenset("list tuple iter zip enumerate filter reversed sorted chain dict OrderedDict items values".split())
"""They hand on what they are given."""
_NO_FILLS = frozenset("requires_grad_ detach_ zero_grad clip_grad_norm_ clip_grad_value_ load_state_dict".split())
_RELATIVE = frozenset("add_ sub_ mul_ div_ lerp_ clamp_ addcmul_ addcdiv_ neg_ pow_ sqrt_ abs_".split())
"""They change what is there: memory as it was stays that."""
_CALLBACK = re.compile(r"init\w*_(?:fn|func)|initializer")
_MODELS = ("model", "module", "net")


class WriteKind(enum.IntEnum):
    """What code may do with all parameters of a model. The more it may do, the higher."""

    NONE = 0
    COPY = 1
    """Fills them with other values, such as those of another model."""
    INIT = 2


@dataclass(frozen=True, slots=True)
class BulkWrite:
    """Code that takes all parameters of something and may fill them. `of_self`: those of `self`."""

    fill: WriteKind
    spot: CodeLocation
    of_self: bool


@teller
def fillings(text: SyntaxIndex) -> tuple[BulkWrite, ...]:
    """Where a file takes all parameters of something and may fill them."""
    return tuple(dict.fromkeys(_fillings(text)))


def _fillings(text: SyntaxIndex) -> Iterator[BulkWrite]:
    for name in GIVING:
        for node in text.mentions(name):
            if not isinstance(node, (ast.Attribute, ast.Constant)):
                continue  # a variable of that name
            found = _what_becomes(text, node, set())
            if found is not WriteKind.NONE:
                yield BulkWrite(found, CodeLocation.of(text, node), _is_of_self(node))


def _is_of_self(node: ast.Attribute | ast.Constant) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"


def _what_becomes(text: SyntaxIndex, node: ast.AST, seen: set[str]) -> WriteKind:
    """What is done with the parameters that `node` gives. `seen`: names that they were given before."""
    inner: ast.AST = node
    for above in text.above(node):
        if isinstance(above, ast.Attribute) and above.attr.endswith("_") and above.attr not in _NO_FILLS:
            return _by_name(above.attr)
        if isinstance(above, ast.Call) and inner is not above.func and last_name(above.func) not in _PASSING:
            return _handed_to(above, inner)
        if isinstance(above, ast.For) and inner is above.iter:
            return _in_body(above.body, above.target)
        if isinstance(above, ast.comprehension) and inner is above.iter:
            taken = text.parents[above]
            found = _in_body([part for part in ast.iter_child_nodes(taken) if part is not above], above.target)
            if found is not WriteKind.NONE:
                return found
        if isinstance(above, ast.Subscript) and isinstance(above.ctx, ast.Store):
            return WriteKind.COPY
        if isinstance(above, ast.stmt):
            return _renamed(text, above, seen)
        inner = above
    return WriteKind.NONE


def _renamed(text: SyntaxIndex, statement: ast.stmt, seen: set[str]) -> WriteKind:
    """What becomes of them under the name that a statement gives them."""
    if isinstance(statement, ast.Assign):
        names = {last_name(target) for target in statement.targets}
    elif isinstance(statement, ast.AnnAssign):
        names = {last_name(statement.target)}
    elif isinstance(statement, ast.Return) or _is_yield(statement):
        names = {scope.name for scope in text.scopes(statement)[:1]}
    else:
        return WriteKind.NONE
    new = names - seen - {""}
    seen |= new
    uses = (use for name in new for use in text.mentions(name) if not isinstance(getattr(use, "ctx", None), ast.Store))
    return max((_what_becomes(text, use, seen) for use in uses), default=WriteKind.NONE)


def _is_yield(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, (ast.Yield, ast.YieldFrom))


def _handed_to(call: ast.Call, argument: ast.AST) -> WriteKind:
    name = last_name(call.func)
    if name == "map":
        words = {last_name(part) for part in ast.walk(call.args[0])} if call.args else set()
        return max(map(_by_name, words), default=WriteKind.NONE)
    if isinstance(argument, ast.keyword) and argument.arg == "key":
        return WriteKind.NONE
    return _by_name(name)


def _by_name(name: str) -> WriteKind:
    """What a function may do with the parameters that it is handed, by its name."""
    if name in _NO_FILLS or name in _RELATIVE or not name:
        return WriteKind.NONE
    if name != "copy_" and INITIALIZER.search(name):
        return WriteKind.INIT
    return WriteKind.COPY if WRITER.search(name) else WriteKind.NONE


def _in_body(body: Iterable[ast.AST], target: ast.expr) -> WriteKind:
    names = {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}
    return max((_of_part(part, names) for top in body for part in ast.walk(top)), default=WriteKind.NONE)


def _of_part(node: ast.AST, names: set[str]) -> WriteKind:
    """What a part of a loop's body does with what the loop gives the `names`."""
    if isinstance(node, ast.Call):
        return _of_call(node, names)
    if isinstance(node, ast.Assign) and any(_is_content(target, names) for target in node.targets):
        return WriteKind.COPY
    return WriteKind.NONE


def _of_call(call: ast.Call, names: set[str]) -> WriteKind:
    name = last_name(call.func)
    subject = call.func.value if isinstance(call.func, ast.Attribute) else None
    if subject is not None and "grad" in dotted(subject).split("."):
        return WriteKind.NONE
    handed = [part for part in (subject, *call.args, *(word.value for word in call.keywords)) if part is not None]
    if not any(isinstance(node, ast.Name) and node.id in names for part in handed for node in ast.walk(part)):
        return WriteKind.NONE
    return WriteKind.INIT if name in ("zero_", "fill_") else _by_name(name)


def _is_content(target: ast.expr, names: set[str]) -> bool:
    """Whether it is `p.data`, `p[...]` or `p.data[...]` of one of the names."""
    content = isinstance(target, ast.Subscript) or (isinstance(target, ast.Attribute) and target.attr == "data")
    root = target
    while isinstance(root, (ast.Subscript, ast.Attribute)):
        root = root.value
    return content and isinstance(root, ast.Name) and root.id in names


@dataclass(frozen=True, slots=True)
class ModelPassedOut:
    """A call that hands out a model to the imported functions `names`, which may fill it."""

    names: tuple[str, ...]
    spot: CodeLocation


@teller
def handed_out(text: SyntaxIndex) -> tuple[ModelPassedOut, ...]:
    """The calls of a file that hand out a model, or have `apply` do so."""
    calls = (node for node in text.parents if isinstance(node, ast.Call))
    found = ((tuple(_handed_to_imported(call, text.imported)), call) for call in calls)
    return tuple(dict.fromkeys(ModelPassedOut(names, CodeLocation.of(text, call)) for names, call in found if names))


def _handed_to_imported(call: ast.Call, imported: Container[str]) -> Iterator[str]:
    name = last_name(call.func)
    given = [word.value for word in call.keywords if word.arg and _CALLBACK.search(word.arg)]
    if name == "apply" and isinstance(call.func, ast.Attribute) and len(call.args) == 1:
        given += [call.args[0]] if not isinstance(call.args[0], ast.Lambda) else []
    parts = (part for value in given for part in ast.walk(value))
    functions: list[ast.expr] = [part for part in parts if isinstance(part, (ast.Name, ast.Attribute))]
    models = any(map(_may_be_model, call.args)) or any(word.arg in _MODELS for word in call.keywords)
    if models and INITIALIZER.search(name) and not name.startswith("__") and not name.endswith("_"):
        functions.append(call.func)
    yield from (last_name(part) for part in functions if dotted(part).partition(".")[0] in imported)


def _may_be_model(argument: ast.expr) -> bool:
    return isinstance(argument, (ast.Name, ast.Attribute, ast.Call))
