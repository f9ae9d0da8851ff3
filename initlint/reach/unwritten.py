"""Parameters made of memory as it was (`torch.empty`) that no code of the project may write to."""

from __future__ import annotations

import ast
import enum
import re
from collections.abc import Iterator
from pathlib import Path

from initlint.facts.frameworks import LOADERS
from initlint.reach.bases import Bases
from initlint.reach.init_functions import is_init_call
from initlint.reach.related import Related, Texts, Untold, looped
from initlint.reach.surroundings import Surroundings
from initlint.reach.text import FileText, dotted, last_name

_INIT = r"init|reset|xavier|kaiming|glorot|uniform|normal(?!ize)|orthogonal"
_INITIALIZER = re.compile(_INIT, re.IGNORECASE)
_WRITER = re.compile(
    _INIT + r"|load|copy|set|fill|assign|register|zero|ones|constant|eye|dirac|tie|share|convert|pretrained|_$",
    re.IGNORECASE,
)
"""Functions that may write to what they are handed."""
_SETTING_UP = re.compile(r"init|reset|load|setup|set_|build|convert|copy|tie|fuse|prepare|create", re.IGNORECASE)
"""Functions in which a parameter may be written to under another name."""
_LOADERS = ("load_state_dict", "from_pretrained", "load_checkpoint", "_load_checkpoint", "load_weights")


class Fate(enum.Enum):
    """What becomes of a parameter that nothing initialises."""

    USED = "used"
    LOADED = "loaded"
    """A base class or code that builds the model may load a checkpoint."""
    UNUSED = "unused"


def fate(file: Path, owner: str, attribute: str, bases: Bases, around: Surroundings) -> Fate | None:
    """What becomes of `self.attribute` of the class `owner` in `file`; None if something may write to it."""
    if not attribute.isidentifier():
        return None
    texts = Texts(file, around)
    try:
        related = Related.of(owner, texts)
        family = bases.names | related.names
        found = [
            (text, node)
            for text, node in texts.mentions(attribute)
            if _concerns(related, text, node, family) and not _defines(text, node)
        ]
        if any(_may_write(text, node) for text, node in found) or _in_loops(related):
            return None
        if not found:
            return Fate.UNUSED
        return Fate.LOADED if bases.loads or _may_be_loaded(related) else Fate.USED
    except Untold:
        return None


def _may_be_loaded(related: Related) -> bool:
    return related.derives(LOADERS) or any(map(related.meets, _LOADERS))


def _concerns(related: Related, text: FileText, node: ast.AST, family: frozenset[str]) -> bool:
    """Whether `x.attribute` may be that of an object of the family."""
    if isinstance(node, (ast.Name, ast.keyword, ast.alias)):
        return False
    if isinstance(node, ast.Attribute) and _subject(node) == "self":
        cls = text.class_of(node)
        return cls is None or (_is_of_family(cls, family) and not _is_namesake(related, text, cls, family))
    return related.reaches(text, node) and not _is_told_apart(text, node, family)


def _is_of_family(cls: ast.ClassDef, family: frozenset[str]) -> bool:
    return cls.name in family or _derives(cls, family)


def _derives(cls: ast.ClassDef, family: frozenset[str]) -> bool:
    return any(last_name(base) in family for base in cls.bases)


def _is_namesake(related: Related, text: FileText, cls: ast.ClassDef, family: frozenset[str]) -> bool:
    """Whether it is another class of the owner's name, as in a second version of the file."""
    return cls.name == related.owner and text.path != related.texts.file.resolve() and not _derives(cls, family)


def _subject(node: ast.Attribute) -> str:
    """`m` for `m.fc.weight`; empty for the attribute of an expression."""
    return dotted(node.value).partition(".")[0]


def _is_told_apart(text: FileText, node: ast.AST, family: frozenset[str]) -> bool:
    """Whether `m.weight` stands under a test that lets only other classes through: `isinstance(m, nn.Linear)`."""
    if not isinstance(node, ast.Attribute) or not _subject(node):
        return False
    inner: ast.AST = node
    for above in text.above(node):
        if isinstance(above, ast.If) and any(inner is statement for statement in above.body):
            words = {word for part in ast.walk(above.test) for word in _words(part)}
            if _TYPE_TESTS & words and _subject(node) in words and not any(_may_name(word, family) for word in words):
                return True
        inner = above
    return False


_TYPE_TESTS = frozenset({"isinstance", "type", "__class__"})


def _words(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, (ast.Name, ast.Attribute)):
        yield last_name(node)


def _may_name(word: str, family: frozenset[str]) -> bool:
    return word == "Module" or any(word and word in name for name in family)


def _defines(text: FileText, node: ast.AST) -> bool:
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


def _may_write(text: FileText, node: ast.AST) -> bool:
    """Whether a mention may be part of a write; else the value is only read."""
    if isinstance(node, ast.Constant) or isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del)):
        return True
    inner, computed = node, False
    for above in text.above(node):
        if isinstance(above, ast.Attribute) and (above.attr == "data" or above.attr.endswith("_")):
            return True
        if isinstance(above, (ast.Subscript, ast.Attribute)) and isinstance(above.ctx, (ast.Store, ast.Del)):
            return True
        if isinstance(above, ast.Call) and inner is not above.func:
            if _WRITER.search(last_name(above.func)):
                return True
            computed = True
        if isinstance(above, (ast.For, ast.comprehension)) and not computed:
            return True
        if isinstance(above, ast.stmt):
            return _may_rename(text, node, above, computed)
        computed = computed or isinstance(above, ast.BinOp)
        inner = above
    return True


def _may_rename(text: FileText, node: ast.AST, statement: ast.stmt, computed: bool) -> bool:
    """Whether a read in a statement may give the parameter another name, under which it is written to.

    Code that sets models up is not trusted to hand a parameter to functions that only read it.
    """
    function = next((scope for scope in text.scopes(node) if not isinstance(scope, ast.ClassDef)), None)
    if function is None:
        return isinstance(statement, ast.Assign) and not computed
    return _SETTING_UP.search(function.name) is not None


def _in_loops(related: Related) -> bool:
    """Whether a loop over the parameters of what may hold the object writes to them."""
    return any(
        _initialises(loop) and _loops_over(related, text, loop) for text, loop in related.texts.loops_over_parameters()
    )


def _initialises(loop: ast.For) -> bool:
    calls = (node for statement in loop.body for node in ast.walk(statement) if isinstance(node, ast.Call))
    return any(is_init_call(call) or _INITIALIZER.search(last_name(call.func)) for call in calls)


def _loops_over(related: Related, text: FileText, loop: ast.For) -> bool:
    cls = text.class_of(loop)
    if cls is not None and any(isinstance(model, ast.Name) and model.id == "self" for model in looped(loop)):
        return related.has(cls)
    return related.reaches(text, loop)
