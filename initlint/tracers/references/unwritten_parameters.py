"""Decides whether an uninitialized parameter (`torch.empty`) is never written by any code of the project."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from initlint._lazy import lazy_pattern
from initlint._records import dataclass
from initlint.facts.frameworks import LOADER_NAMES
from initlint.facts.initializer_names import is_setup, is_writer
from initlint.graph.mistakes import ParameterFate
from initlint.tracers.references.base_classes import BaseClassInfo
from initlint.tracers.references.bulk_writes import (
    BULK_WRITE_PATTERNS,
    RELATIVE_METHODS,
    BulkWrite,
    WriteKind,
    bulk_writes,
    models_passed_out,
)
from initlint.tracers.references.file_queries import file_query
from initlint.tracers.references.init_functions import is_init_call
from initlint.tracers.references.instance_holders import InstanceHolders, NotDecidable, ProjectTexts, uses_of
from initlint.tracers.references.location import ClassRef, CodeLocation, is_test_path
from initlint.tracers.references.project_index import ProjectIndex
from initlint.tracers.references.syntax_index import SyntaxIndex, dotted, last_name

_LOADER = lazy_pattern(
    r"load_state_dict|from_pretrained|init_empty_weights|to_empty|load_\w*(?:checkpoint|weights|ckpt)"
)
_LOADERS = {piece: piece for piece in ("load_", "from_pretrained", "init_empty_weights", "to_empty")}
"""Patterns of code that loads a checkpoint, by a text that each match contains."""


def parameter_fate(
    file: Path,
    owner: str,
    attribute: str,
    bases: BaseClassInfo,
    project: ProjectIndex,
    is_dead: Callable[[str | None, str], bool] = lambda cls, function: False,
) -> ParameterFate | None:
    """The fate of `self.attribute` of the class `owner` in `file`; None if something may write to it.

    Writes in tests do not count, nor those in the functions of `file` that are dead, by their class and name.
    """
    if not attribute.isidentifier() or not bases.is_known:
        return None
    texts = ProjectTexts(file, project)
    try:
        home = texts.query(file.resolve(), _mentions, attribute)
        if _is_written_in_class((one for one in home if not _is_idle(one, file.resolve(), is_dead)), owner):
            return None  # cheap check: the search of the project gives the same answer at 100 times the cost
        holders = InstanceHolders.of(owner, texts)
        is_used = False
        for mention in _relevant_mentions(holders, attribute, bases.names | holders.names):
            if mention.may_write and not _is_idle(mention, file.resolve(), is_dead):
                return None
            is_used = True
        if _is_passed_out(holders):
            return None
        bulk_kind = _bulk_write_kind(holders)
        if bulk_kind is WriteKind.INIT:
            return None
        if not is_used:
            return "unused"
        may_be_loaded = bulk_kind is WriteKind.COPY or bases.loads or _may_be_loaded(holders)
        return "loaded" if may_be_loaded else "used"
    except NotDecidable:
        return None


def _is_idle(mention: _Mention, file: Path, is_dead: Callable[[str | None, str], bool]) -> bool:
    """Whether a write is one that only tests run, or nothing."""
    location = mention.location
    if is_test_path(location.path):
        return True
    cls = location.cls.name if location.cls is not None else None
    return bool(mention.function) and location.path == file and is_dead(cls, mention.function)


def _may_be_loaded(holders: InstanceHolders) -> bool:
    texts = holders.texts
    return holders.derives(LOADER_NAMES) or any(texts.query(path, _loads) for path in texts.files_matching(_LOADERS))


@file_query
def _loads(index: SyntaxIndex) -> bool:
    """Whether a file mentions a function that loads a checkpoint."""
    return any(isinstance(node, (ast.Name, ast.Attribute)) and _LOADER.match(last_name(node)) for node in index.parents)


def _bulk_write_kind(holders: InstanceHolders) -> WriteKind:
    """How bulk writes of the project may write the object's parameters."""
    highest = WriteKind.NONE
    for path in holders.texts.files_matching(BULK_WRITE_PATTERNS):
        for bulk_write in holders.texts.query(path, bulk_writes) if not is_test_path(path) else ():
            kind = bulk_write.kind
            if bulk_write.of_child and holders.is_never_child():
                continue
            if holders.is_named_at(bulk_write.location) or (
                kind is WriteKind.INIT and _may_write_instance(holders, bulk_write)
            ):
                return WriteKind.INIT  # where the object is named, a copy initializes it, too
            highest = max(highest, WriteKind.NONE if bulk_write.of_self or kind is WriteKind.INIT else kind)
    return highest


def _may_write_instance(holders: InstanceHolders, bulk_write: BulkWrite) -> bool:
    location = bulk_write.location
    if location.cls is not None and bulk_write.of_self:
        return holders.includes(location.cls) or holders.is_near(location)
    return holders.may_be_passed_to(location)


def _is_passed_out(holders: InstanceHolders) -> bool:
    """Whether code that may hold the object passes it to a function of another library that may initialize it."""
    calls = (call for path in holders.files for call in holders.texts.query(path, models_passed_out))
    return any(holders.is_near(call.location) and not all(map(holders.texts.definitions, call.names)) for call in calls)


@dataclass(frozen=True, slots=True)
class _Mention:
    """A mention of an attribute of that name on any object, except its definition.

    `function`: the name of the function around it. `tests`: the names in each type test that guards the mention.
    """

    location: CodeLocation
    function: str
    of_self: bool
    may_write: bool
    tests: tuple[frozenset[str], ...]


@file_query
def _mentions(index: SyntaxIndex, attribute: str) -> tuple[_Mention, ...]:
    return tuple(
        dict.fromkeys(
            _Mention(
                CodeLocation.of(index, node),
                next((scope.name for scope in index.scopes(node) if not isinstance(scope, ast.ClassDef)), ""),
                _is_of_self(node),
                _may_write(index, node),
                tuple(_class_tests(index, node)),
            )
            for node in uses_of(index, attribute)
            if not isinstance(node, (ast.Name, ast.keyword, ast.alias)) and not _is_definition(index, node)
        )
    )


def _is_of_self(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and _subject(node) == "self"


def _is_written_in_class(mentions: Iterable[_Mention], owner: str) -> bool:
    """Whether the class `owner` may write to its own attribute."""
    writing_classes = (mention.location.cls for mention in mentions if mention.of_self and mention.may_write)
    return any(cls is not None and cls.name == owner for cls in writing_classes)


def _relevant_mentions(holders: InstanceHolders, attribute: str, family: frozenset[str]) -> Iterator[_Mention]:
    """The mentions that may refer to an object of the family, files that mention a holder first."""
    for path in sorted(holders.texts.files_with_word(attribute), key=lambda path: path not in holders.files):
        mentions = holders.texts.query(path, _mentions, attribute)
        yield from (mention for mention in mentions if _is_relevant(holders, mention, family))


def _is_relevant(holders: InstanceHolders, mention: _Mention, family: frozenset[str]) -> bool:
    """Whether the object of `x.attribute` may belong to the family."""
    location = mention.location
    if mention.of_self:
        return location.cls is None or (
            location.cls.is_or_derives(family) and not _is_namesake(holders, location, location.cls, family)
        )
    is_excluded = any(not any(_may_name(word, family) for word in words) for words in mention.tests)
    return not is_excluded and holders.may_be_passed_to(location)


def _is_namesake(holders: InstanceHolders, location: CodeLocation, cls: ClassRef, family: frozenset[str]) -> bool:
    """Whether it is another class with the owner's name, as in a second version of the file."""
    return cls.name == holders.owner and location.path != holders.texts.file.resolve() and not cls.derives(family)


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


def _may_name(word: str, family: frozenset[str]) -> bool:
    return word == "Module" or any(word and word in name for name in family)


def _is_definition(index: SyntaxIndex, node: ast.AST) -> bool:
    """Whether it is `self.attribute = nn.Parameter(torch.empty(...))`, `= None`, or an annotation."""
    parent = index.parents[node]
    if isinstance(parent, ast.AnnAssign) and parent.target is node:
        return parent.value is None or _is_uninitialized(parent.value)
    if isinstance(parent, ast.Assign) and any(target is node for target in parent.targets):
        return _is_uninitialized(parent.value)
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
    return bool(calls) and last_name(calls[0].func) == "Parameter" and not any(map(is_init_call, calls))


def _may_write(index: SyntaxIndex, node: ast.AST) -> bool:
    """Whether a mention may be part of a write. Otherwise the value is only read."""
    if isinstance(node, ast.Constant) or isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del)):
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
    function = next((scope for scope in index.scopes(node) if not isinstance(scope, ast.ClassDef)), None)
    if function is None:
        return isinstance(statement, ast.Assign) and not is_computed
    if isinstance(statement, ast.Return) and not is_computed and function.name != "forward":
        return any(_may_write(index, use) for use in index.mentions(function.name))
    return is_setup(function.name)
