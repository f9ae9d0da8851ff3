"""Classes whose models all get a checkpoint right where they are built: their init never matters."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from initlint._records import dataclass
from initlint.facts.frameworks import TRAINING_METHODS
from initlint.facts.initializer_names import is_fill, is_initializer
from initlint.project.source import SourceFile
from initlint.tracers.references.dynamic_lookups import LOOKUPS, lookups
from initlint.tracers.references.file_queries import file_query
from initlint.tracers.references.instance_holders import NotDecidable, ProjectTexts, may_construct
from initlint.tracers.references.location import is_test_path
from initlint.tracers.references.project_index import ProjectIndex
from initlint.tracers.references.syntax_index import FunctionNode, SyntaxIndex, dotted, last_name, uses_of

_MAX_NAMES = 20
"""With more builders than this, the question is not decidable."""
_LOAD = "load_state_dict"
_TRAINS = re.compile(rf"\b(?:{'|'.join(sorted(TRAINING_METHODS))}|train\w*)\(")
_KEEPS = frozenset(
    "to cuda cpu half float double bfloat16 eval requires_grad_ parameters named_parameters modules children compile"
    " print len".split()
)
"""Functions and methods that train nothing, beside classes, which only construct something: optimizers and wrappers."""


@dataclass(frozen=True, slots=True)
class MadeObject:
    """What becomes of an object where it is made. `passed_to`: the function or class that has it then, if any."""

    loaded: bool = False
    passed_to: str | None = None


def is_always_loaded(source: SourceFile, name: str, project: ProjectIndex) -> bool:
    """Whether the project builds the class `name` of a file, and each time loads a checkpoint right after that."""
    texts = ProjectTexts(Path(source.path), project)
    try:
        # Most projects load nothing. The other searches would tie each finding to all files that name its class.
        others = {*texts.files_matching({_LOAD: rf"\b{_LOAD}\("})} - {texts.file.resolve()}
        return (bool(others) or _LOAD in source.code) and _is_always_loaded(texts, name)
    except NotDecidable:
        return False


def _is_always_loaded(texts: ProjectTexts, cls: str) -> bool:
    left, seen, loads = [cls], set[str](), False
    while left:
        name = left.pop()
        if name in seen:
            continue
        seen.add(name)
        if len(seen) > _MAX_NAMES or texts.definitions(name) != 1:
            return False
        made = [
            construction
            for path in texts.files_with_word(name)
            if not is_test_path(path)
            for construction in texts.query(path, made_objects, name)
        ]
        if not made or any(not each.loaded and each.passed_to is None for each in made):
            return False
        loads = loads or any(each.loaded for each in made)
        left += [each.passed_to for each in made if each.passed_to is not None]
    home = texts.file.resolve()
    found = (lookup for path in texts.files_matching(LOOKUPS) for lookup in texts.query(path, lookups))
    return loads and not any(lookup.may_reach(home) for lookup in found)


@file_query
def made_objects(index: SyntaxIndex, name: str) -> tuple[MadeObject, ...]:
    """What becomes of the objects that a file gets from the class or function `name`."""
    uses = (node for node in uses_of(index, name) if may_construct(index, node))
    return tuple(dict.fromkeys(_made_at(index, node) for node in uses if not _is_only_name(index, node)))


def _is_only_name(index: SyntaxIndex, node: ast.AST) -> bool:
    """Whether it is a text at module level, as in `__all__`, or something of torch with the same name."""
    if isinstance(node, ast.Constant):
        return not index.scopes(node)
    first = dotted(node).partition(".")[0]
    return index.imported.get(first, "").partition(".")[0] == "torch"


def _made_at(index: SyntaxIndex, use: ast.AST) -> MadeObject:
    made: ast.AST = use
    parent = index.parents[use]
    if not isinstance(parent, ast.Call) or parent.func is not use:
        return MadeObject(passed_to=_class_around(index, use))
    while isinstance(parent, (ast.Attribute, ast.Call)) and not isinstance(made, ast.stmt):
        made, parent = parent, index.parents[parent]
    if isinstance(parent, ast.Return):
        return MadeObject(passed_to=_function_around(index, use))
    if not isinstance(parent, ast.Assign) or len(parent.targets) != 1:
        return MadeObject(passed_to=_class_around(index, use))
    model = ast.unparse(parent.targets[0])
    later = list(_after(index, parent))
    if _loads(later, model):
        return MadeObject(loaded=not any(_may_initialize(statement, model) for statement in later))
    is_returned = any(isinstance(each, ast.Return) and _is_text(each.value, model) for each in later)
    return MadeObject(passed_to=_function_around(index, use) if is_returned else _class_around(index, use))


def _class_around(index: SyntaxIndex, node: ast.AST) -> str | None:
    cls = index.class_of(node)
    return cls.name if cls is not None else None


def _function_around(index: SyntaxIndex, node: ast.AST) -> str | None:
    scopes = index.scopes(node)
    return scopes[0].name if scopes and isinstance(scopes[0], FunctionNode) else None


def _after(index: SyntaxIndex, statement: ast.stmt) -> Iterator[ast.stmt]:
    """The statements after one in its block."""
    outer = index.parents[statement]
    for block in ("body", "orelse", "finalbody"):
        statements = getattr(outer, block, [])
        if isinstance(statements, list) and statement in statements:
            yield from statements[statements.index(statement) + 1 :]


def _loads(statements: Sequence[ast.stmt], model: str) -> bool:
    """Whether the statements certainly load a checkpoint into the variable `model`, and do not train it before."""
    for statement in statements:
        if isinstance(statement, ast.With):
            if _loads(statement.body, model):
                return True
        elif isinstance(statement, ast.If):
            if _loads(statement.body, model) and _loads(statement.orelse, model):
                return True
        elif isinstance(statement, (ast.Expr, ast.Assign)) and _is_load(statement.value, model):
            return True
        if isinstance(statement, ast.Return) or _may_train(statement, model):
            return False
    return False


def _may_train(statement: ast.stmt, model: str) -> bool:
    """Whether a statement may change the weights of the variable `model`, or save what they are now."""
    if _TRAINS.search(ast.unparse(statement)):
        return True
    calls = (node for node in ast.walk(statement) if isinstance(node, ast.Call) and _names(node, model))
    return any(last_name(call.func) not in _KEEPS and not last_name(call.func)[:1].isupper() for call in calls)


def _names(node: ast.AST, model: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(model)}(?!\w)", ast.unparse(node)) is not None


def _may_initialize(statement: ast.stmt, model: str) -> bool:
    """Whether a statement may draw weights of the variable `model`."""
    calls = (node for node in ast.walk(statement) if isinstance(node, ast.Call))
    return any(
        (is_initializer(last_name(call.func)) or is_fill(last_name(call.func)) or last_name(call.func) == "apply")
        and _names(call, model)
        for call in calls
    )


def _is_load(call: ast.expr, model: str) -> bool:
    """Whether it is `model.load_state_dict(checkpoint)`: all of it, and no copy of another model."""
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return False
    loaded = ast.unparse(call.func.value)
    if last_name(call.func) != _LOAD or loaded not in (model, f"{model}.module"):
        return False
    given = " ".join(map(ast.unparse, (*call.args, *(keyword.value for keyword in call.keywords))))
    return bool(call.args) and ".state_dict()" not in given and not given.endswith("False")


def _is_text(value: ast.expr | None, text: str) -> bool:
    return value is not None and ast.unparse(value) == text
