"""Names that code takes from values: `getattr(models, name)`, `import_module(f"models.{name}")`, `globals()[name]`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from initlint.tracers.references.file_queries import teller
from initlint.tracers.references.location import ClassRef, CodeLocation
from initlint.tracers.references.syntax_index import SyntaxIndex, dotted, last_name

_IMPORTS = frozenset({"import_module", "__import__"})
_OF_SCOPE = frozenset({"globals", "eval", "Fire"})
"""They reach whatever is defined or imported where they are called. `fire.Fire()` makes commands of it."""
_OF_OBJECT = frozenset({"getattr", "vars", "dir", "getmembers"})
LOOKUPS = {
    "getattr(": r"(?<![\w.])getattr\(\s*(?!self\s*,)[\w.\[\]]+,(?!\s*[\"'])",
    "__dict__": r"\b__dict__\b",
    "globals(": r"(?<![\w.])globals\((?!\)\[\s*[\"'])",
    **{f"{name}(": rf"(?<![\w.]){name}\(" for name in ("vars", "dir", "eval")},
    **{f"{name}(": rf"\b{name}\(" for name in ("import_module", "__import__", "getmembers", "Fire")},
}
"""What stands in a file with lookups: a piece, and a pattern that holds it."""
METHOD_LOOKUP = r"\bgetattr\([^()\"']*\)\(\s*\)"
"""Text that calls a method whose name is not spelled out; its piece is `getattr(`."""
_WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Lookup:
    """Where code takes names from values.

    `words` may name the module that it takes them from. `anywhere`: it may be any. `here`: it is also the file itself.
    """

    spot: CodeLocation
    words: frozenset[str]
    anywhere: bool
    here: bool

    def may_reach(self, home: Path) -> bool:
        """Whether they may be names that the file with the real path `home` defines."""
        near = {home.stem, home.parent.name, home.parent.parent.name}
        return self.anywhere or (self.here and self.spot.path == home) or not self.words.isdisjoint(near)


class _Names(NamedTuple):
    words: frozenset[str]
    anywhere: bool = False
    here: bool = False


@teller
def lookups(text: SyntaxIndex) -> tuple[Lookup, ...]:
    """The lookups of a file."""
    found = ((node, _looked_up(text, node)) for node in text.parents if isinstance(node, (ast.Call, ast.Attribute)))
    return tuple(
        dict.fromkeys(Lookup(CodeLocation.of(text, node), *names) for node, names in found if names is not None)
    )


def is_spelled(name: ast.expr) -> bool:
    """Whether a name that is looked up, or a piece of it, is a constant."""
    if isinstance(name, ast.BinOp):
        return is_spelled(name.left) or is_spelled(name.right)
    if isinstance(name, ast.JoinedStr):
        return any(isinstance(value, ast.Constant) for value in name.values)
    return isinstance(name, ast.Constant)


def _looked_up(text: SyntaxIndex, node: ast.Call | ast.Attribute) -> _Names | None:
    if isinstance(node, ast.Attribute):
        return _of_module(text, node.value) if node.attr == "__dict__" else None
    function, arguments = last_name(node.func), node.args
    if function in _IMPORTS:
        return _of_import(arguments[0]) if arguments and not isinstance(arguments[0], ast.Constant) else None
    if function in _OF_SCOPE:
        if isinstance(node.func, ast.Attribute) and function != "Fire":
            return None  # `model.eval()`
        parent = text.parents[node]
        asked = [parent.slice] if isinstance(parent, ast.Subscript) else arguments
        return None if any(map(is_spelled, asked)) else _Names(_imported(text), here=True)
    if function not in _OF_OBJECT or not arguments or any(map(is_spelled, arguments[1:2])):
        return None
    return _of_module(text, arguments[0])


def _of_import(name: ast.expr) -> _Names:
    """What is spelled out of a module's name may be among the names around a file."""
    spelled = (part.value for part in ast.walk(name) if isinstance(part, ast.Constant) and isinstance(part.value, str))
    words = frozenset(word for piece in spelled for word in _WORD.findall(piece))
    return _Names(words, anywhere=not words)


def _imported(text: SyntaxIndex) -> frozenset[str]:
    return frozenset(part for name in text.imported.values() for part in name.split("."))


def _of_module(text: SyntaxIndex, node: ast.expr) -> _Names | None:
    """It may be a file or a package around it, by its name."""
    if isinstance(node, ast.Subscript):
        return _Names(frozenset(), anywhere=True) if dotted(node.value) == "sys.modules" else None
    name = dotted(node)
    first, _, rest = name.partition(".")
    return _Names(frozenset(f"{text.imported.get(first, first)}.{rest}".split("."))) if name else None


@teller
def looks_up_methods(text: SyntaxIndex, name: str, *bases: str) -> bool:
    """Whether a file takes a method by a name that it does not spell out, which may be one of the class `name`.

    `bases` are the last names of that class's bases. Of another object than `self`, it must be called with nothing for
    nothing: `getattr(model, name)()`.
    """
    return any(_method_lookups(text, ClassRef(name, frozenset(bases))))


def _method_lookups(text: SyntaxIndex, owner: ClassRef) -> Iterator[ast.Call]:
    for node in text.parents:
        if not isinstance(node, ast.Call) or last_name(node.func) not in ("getattr", "dir", "getmembers"):
            continue
        if not node.args or any(map(is_spelled, node.args[1:2])):
            continue
        subject = dotted(node.args[0]).partition(".")[0]
        if subject == "self":
            cls = text.class_of(node)
            if cls is not None and _are_related(ClassRef.of(cls), owner):
                yield node
        elif subject not in text.imported and _is_called_for_nothing(text, node):
            yield node


def _are_related(one: ClassRef, other: ClassRef) -> bool:
    return one.is_of(frozenset({other.name})) or one.name in other.bases


def _is_called_for_nothing(text: SyntaxIndex, function: ast.Call) -> bool:
    call = text.parents[function]
    if not isinstance(call, ast.Call) or call.func is not function or call.args or call.keywords:
        return False
    return isinstance(text.parents[call], (ast.Expr, ast.Lambda, ast.ListComp, ast.GeneratorExp))
