"""Parameters made of memory as it was (`torch.empty`) that no code of the project may write to."""

from __future__ import annotations

import ast
import builtins
import enum
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from initlint.facts.frameworks import LOADER_NAMES
from initlint.tracers.references.base_classes import BaseClassInfo
from initlint.tracers.references.bulk_writes import FILLS, BulkWrite, WriteKind, fillings, handed_out
from initlint.tracers.references.file_queries import teller
from initlint.tracers.references.init_functions import WRITER, is_init_call
from initlint.tracers.references.instance_holders import InstanceHolders, NotDecidable, ProjectTexts, uses_of
from initlint.tracers.references.location import ClassRef, CodeLocation
from initlint.tracers.references.project_index import ProjectIndex
from initlint.tracers.references.syntax_index import SyntaxIndex, dotted, last_name

_SETTING_UP = re.compile(r"init|reset|load|setup|set_|build|convert|copy|tie|fuse|prepare|create", re.IGNORECASE)
"""Functions in which a parameter may be written to under another name."""
_LOADER = re.compile(r"load_state_dict|from_pretrained|init_empty_weights|to_empty|load_\w*(?:checkpoint|weights|ckpt)")
_LOADERS = {piece: piece for piece in ("load_", "from_pretrained", "init_empty_weights", "to_empty")}
"""Text of what fills a model from a checkpoint, by a piece of it."""


class ParameterFate(enum.Enum):
    """What becomes of a parameter that nothing initialises."""

    USED = "used"
    LOADED = "loaded"
    """A base class or code that builds the model may load a checkpoint."""
    UNUSED = "unused"


def fate(file: Path, owner: str, attribute: str, bases: BaseClassInfo, around: ProjectIndex) -> ParameterFate | None:
    """What becomes of `self.attribute` of the class `owner` in `file`; None if something may write to it."""
    if not attribute.isidentifier() or not bases.is_known:
        return None
    texts = ProjectTexts(file, around)
    try:
        if _is_filled_at_home(texts.told(file.resolve(), _mentions, attribute), owner):
            return None  # as the search of the project would say, for a hundred times as much
        related = InstanceHolders.of(owner, texts)
        is_used = False
        for mention in _concerning(related, attribute, bases.names | related.names):
            if mention.may_write:
                return None
            is_used = True
        if _is_handed_out(related):
            return None
        filled = _filled(related)
        if filled is WriteKind.INIT:
            return None
        if not is_used:
            return ParameterFate.UNUSED
        loaded = filled is WriteKind.COPY or bases.loads or _may_be_loaded(related)
        return ParameterFate.LOADED if loaded else ParameterFate.USED
    except NotDecidable:
        return None


def _may_be_loaded(related: InstanceHolders) -> bool:
    texts = related.texts
    return related.derives(LOADER_NAMES) or any(texts.told(path, _loads) for path in texts.matching(_LOADERS))


@teller
def _loads(text: SyntaxIndex) -> bool:
    """Whether a file names what loads a checkpoint."""
    return any(isinstance(node, (ast.Name, ast.Attribute)) and _LOADER.match(last_name(node)) for node in text.parents)


def _filled(related: InstanceHolders) -> WriteKind:
    """What code that takes all parameters of a model may do with the object's."""
    found = WriteKind.NONE
    for path in related.texts.matching(FILLS):
        for filling in related.texts.told(path, fillings):
            fill = filling.fill
            if related.is_at_hand(filling.spot) or (fill is WriteKind.INIT and _may_concern(related, filling)):
                return WriteKind.INIT  # where the object is at hand, also by a copy
            found = max(found, WriteKind.NONE if filling.of_self or fill is WriteKind.INIT else fill)
    return found


def _may_concern(related: InstanceHolders, filling: BulkWrite) -> bool:
    spot = filling.spot
    if spot.cls is not None and filling.of_self:
        return related.has(spot.cls) or related.meets(spot)
    return related.reaches(spot)


def _is_handed_out(related: InstanceHolders) -> bool:
    """Whether code that may hold the object hands it to a function of another library that may fill it."""
    calls = (call for path in related.files for call in related.texts.told(path, handed_out))
    return any(related.meets(call.spot) and not all(map(related.texts.definitions, call.names)) for call in calls)


@dataclass(frozen=True, slots=True)
class _Mention:
    """Where an attribute of that name stands, other than where it is defined, on whatever object.

    `tests`: the words of each test of a type that lets its object through.
    """

    spot: CodeLocation
    of_self: bool
    may_write: bool
    tests: tuple[frozenset[str], ...]


@teller
def _mentions(text: SyntaxIndex, attribute: str) -> tuple[_Mention, ...]:
    return tuple(
        dict.fromkeys(
            _Mention(
                CodeLocation.of(text, node), _is_of_self(node), _may_write(text, node), tuple(_type_tests(text, node))
            )
            for node in uses_of(text, attribute)
            if not isinstance(node, (ast.Name, ast.keyword, ast.alias)) and not _defines(text, node)
        )
    )


def _is_of_self(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and _subject(node) == "self"


def _is_filled_at_home(mentions: Iterable[_Mention], owner: str) -> bool:
    """Whether the class itself may write to its attribute."""
    own = (mention.spot.cls for mention in mentions if mention.of_self and mention.may_write)
    return any(cls is not None and cls.name == owner for cls in own)


def _concerning(related: InstanceHolders, attribute: str, family: frozenset[str]) -> Iterator[_Mention]:
    """The mentions that may be of an object of the family, first in the files where one is at hand."""
    for path in sorted(related.texts.paths(attribute), key=lambda path: path not in related.files):
        mentions = related.texts.told(path, _mentions, attribute)
        yield from (mention for mention in mentions if _concerns(related, mention, family))


def _concerns(related: InstanceHolders, mention: _Mention, family: frozenset[str]) -> bool:
    """Whether `x.attribute` may be that of an object of the family."""
    spot = mention.spot
    if mention.of_self:
        return spot.cls is None or (spot.cls.is_of(family) and not _is_namesake(related, spot, spot.cls, family))
    told_apart = any(not any(_may_name(word, family) for word in words) for words in mention.tests)
    return not told_apart and related.reaches(spot)


def _is_namesake(related: InstanceHolders, spot: CodeLocation, cls: ClassRef, family: frozenset[str]) -> bool:
    """Whether it is another class of the owner's name, as in a second version of the file."""
    return cls.name == related.owner and spot.path != related.texts.file.resolve() and not cls.derives(family)


def _subject(node: ast.Attribute) -> str:
    """`m` for `m.fc.weight`; empty for the attribute of an expression."""
    return dotted(node.value).partition(".")[0]


def _type_tests(text: SyntaxIndex, node: ast.AST) -> Iterator[frozenset[str]]:
    """The tests under which `m.weight` stands and that let only some classes through: `isinstance(m, nn.Linear)`."""
    if not isinstance(node, ast.Attribute) or not _subject(node):
        return
    inner: ast.AST = node
    for above in text.above(node):
        if isinstance(above, ast.If) and any(inner is statement for statement in above.body):
            words = frozenset(word for part in ast.walk(above.test) for word in _words(part))
            if _TYPE_TESTS & words and _subject(node) in words:
                yield words
        inner = above


_TYPE_TESTS = frozenset({"isinstance", "type", "__class__"})


def _words(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, (ast.Name, ast.Attribute)):
        yield last_name(node)


def _may_name(word: str, family: frozenset[str]) -> bool:
    return word == "Module" or any(word and word in name for name in family)


def _defines(text: SyntaxIndex, node: ast.AST) -> bool:
    """Whether it is `self.attribute = nn.Parameter(torch.empty(...))`, `= None`, or an annotation."""
    parent = text.parents[node]
    if isinstance(parent, ast.AnnAssign) and parent.target is node:
        return parent.value is None or _is_unfilled(parent.value)
    if isinstance(parent, ast.Assign) and any(target is node for target in parent.targets):
        return _is_unfilled(parent.value)
    if isinstance(parent, ast.Call) and last_name(parent.func) == "register_parameter" and len(parent.args) == 2:
        return parent.args[0] is node and _is_unfilled(parent.args[1])
    assigned = (
        name for above in text.above(node) if isinstance(above, ast.Assign) for name in map(dotted, above.targets)
    )
    return "__constants__" in assigned


def _is_unfilled(value: ast.expr) -> bool:
    """None, or a parameter around a tensor that nothing filled."""
    if isinstance(value, ast.Constant):
        return value.value is None
    if isinstance(value, ast.IfExp):
        return _is_unfilled(value.body) and _is_unfilled(value.orelse)
    calls = [call for call in ast.walk(value) if isinstance(call, ast.Call)]
    return bool(calls) and last_name(calls[0].func) == "Parameter" and not any(map(is_init_call, calls))


def _may_write(text: SyntaxIndex, node: ast.AST) -> bool:
    """Whether a mention may be part of a write; else the value is only read."""
    if isinstance(node, ast.Constant) or isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del)):
        return True
    inner, computed = node, False
    for above in text.above(node):
        if isinstance(above, ast.Attribute) and (above.attr == "data" or above.attr.endswith("_")):
            return True
        if isinstance(above, (ast.Subscript, ast.Attribute)) and isinstance(above.ctx, (ast.Store, ast.Del)):
            return True
        if isinstance(above, ast.keyword) and above.arg == "out":
            return True
        if isinstance(above, ast.Call) and inner is not above.func:
            if WRITER.search(last_name(above.func)) or _is_unknown_function(text, above.func):
                return True
            computed = True
        if isinstance(above, (ast.For, ast.comprehension)) and not computed:
            return True
        if isinstance(above, ast.stmt):
            return _may_rename(text, node, above, computed)
        computed = computed or isinstance(above, ast.BinOp)
        inner = above
    return True


def _is_unknown_function(text: SyntaxIndex, function: ast.expr) -> bool:
    """Whether a function is a value of the code around it (`init_fn(w)`), or a kernel (`fill[grid](w)`)."""
    if not isinstance(function, ast.Name):
        return isinstance(function, ast.Subscript)
    name = function.id
    defined = name in text.classes or any(own.name == name for own in text.functions)
    return not (defined or name in text.imported or hasattr(builtins, name))


def _may_rename(text: SyntaxIndex, node: ast.AST, statement: ast.stmt, computed: bool) -> bool:
    """Whether a read in a statement may give the parameter another name, under which it is written to.

    Code that sets models up is not trusted to hand a parameter to functions that only read it.
    """
    function = next((scope for scope in text.scopes(node) if not isinstance(scope, ast.ClassDef)), None)
    if function is None:
        return isinstance(statement, ast.Assign) and not computed
    if isinstance(statement, ast.Return) and not computed and function.name != "forward":
        return any(_may_write(text, use) for use in text.mentions(function.name))
    return _SETTING_UP.search(function.name) is not None
