"""Finds dynamic lookups: `getattr(models, name)`, `import_module(f"models.{name}")`, `globals()[name]`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from initlint._records import dataclass
from initlint.tracers.references.file_queries import file_query
from initlint.tracers.references.location import ClassRef, CodeLocation
from initlint.tracers.references.syntax_index import SyntaxIndex, dotted, last_name

_IMPORTS = frozenset({"import_module", "__import__"})
_SCOPE_FUNCTIONS = frozenset({"globals", "eval", "Fire"})
"""They reach every name that the calling file defines or imports. `fire.Fire()` turns these into commands."""
_OBJECT_FUNCTIONS = frozenset({"getattr", "vars", "dir", "getmembers"})
LOOKUPS = {
    "getattr(": r"getattr\((?<![\w.]getattr\()\s*(?!self\s*,)[\w.\[\]]+,(?!\s*[\"'])",
    "__dict__": r"\b__dict__\b",
    "globals(": r"globals\((?<![\w.]globals\()(?!\)\[\s*[\"'])",
    **{f"{name}(": rf"{name}\((?<![\w.]{name}\()" for name in ("vars", "dir", "eval")},
    **{f"{name}(": rf"\b{name}\(" for name in ("import_module", "__import__", "getmembers", "Fire")},
}
"""Patterns of dynamic lookups, by a text that each match contains. Those that begin with plain text are fast."""
METHOD_LOOKUP = r"\bgetattr\([^()\"']*\)\(\s*\)"
"""Pattern of a call to a method that is looked up by a variable name. Each match contains `getattr(`."""
_WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Lookup:
    """A dynamic lookup of names.

    `module_words`: words that may be part of the module's name. `anywhere`: it may be any module. `here`: also the
    file itself.
    """

    location: CodeLocation
    module_words: frozenset[str]
    anywhere: bool
    here: bool

    def may_reach(self, home: Path) -> bool:
        """Whether it may look up names that the file with the real path `home` defines."""
        nearby_names = {home.stem, home.parent.name, home.parent.parent.name}
        return (
            self.anywhere
            or (self.here and self.location.path == home)
            or not self.module_words.isdisjoint(nearby_names)
        )


class LookupScope(NamedTuple):
    module_words: frozenset[str]
    anywhere: bool = False
    here: bool = False


@file_query
def lookups(index: SyntaxIndex) -> tuple[Lookup, ...]:
    """The dynamic lookups of a file."""
    nodes_and_scopes = (
        (node, _lookup_scope(index, node)) for node in index.parents if isinstance(node, (ast.Call, ast.Attribute))
    )
    return tuple(
        dict.fromkeys(
            Lookup(CodeLocation.of(index, node), *scope) for node, scope in nodes_and_scopes if scope is not None
        )
    )


def is_partly_literal(name: ast.expr) -> bool:
    """Whether the name to look up is a constant, or contains one."""
    if isinstance(name, ast.BinOp):
        return is_partly_literal(name.left) or is_partly_literal(name.right)
    if isinstance(name, ast.JoinedStr):
        return any(isinstance(value, ast.Constant) for value in name.values)
    return isinstance(name, ast.Constant)


def _lookup_scope(index: SyntaxIndex, node: ast.Call | ast.Attribute) -> LookupScope | None:
    if isinstance(node, ast.Attribute):
        return _module_scope(index, node.value) if node.attr == "__dict__" else None
    function, arguments = last_name(node.func), node.args
    if function in _IMPORTS:
        if isinstance(index.parents[node], ast.Expr):
            return None  # only imported, as by a check of what is installed
        return _import_scope(arguments[0]) if arguments and not isinstance(arguments[0], ast.Constant) else None
    if function in _SCOPE_FUNCTIONS:
        if isinstance(node.func, ast.Attribute) and function != "Fire":
            return None  # `model.eval()`
        parent = index.parents[node]
        names = [parent.slice] if isinstance(parent, ast.Subscript) else arguments
        return None if any(map(is_partly_literal, names)) else LookupScope(_imported_words(index), here=True)
    if function not in _OBJECT_FUNCTIONS or not arguments or any(map(is_partly_literal, arguments[1:2])):
        return None
    return _module_scope(index, arguments[0])


def _import_scope(name: ast.expr) -> LookupScope:
    """The constant parts of a module's name are compared with the names of files and folders."""
    literals = (node.value for node in ast.walk(name) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    module_words = frozenset(word for literal in literals for word in _WORD.findall(literal))
    return LookupScope(module_words, anywhere=not module_words)


def _imported_words(index: SyntaxIndex) -> frozenset[str]:
    return frozenset(part for name in index.imported.values() for part in name.split("."))


def _module_scope(index: SyntaxIndex, node: ast.expr) -> LookupScope | None:
    """The object may be a module, whose name is compared with those of files and folders."""
    if isinstance(node, ast.Subscript):
        return LookupScope(frozenset(), anywhere=True) if dotted(node.value) == "sys.modules" else None
    name = dotted(node)
    first, _, remainder = name.partition(".")
    return LookupScope(frozenset(f"{index.imported.get(first, first)}.{remainder}".split("."))) if name else None


@file_query
def looks_up_methods(index: SyntaxIndex, name: str, *bases: str) -> bool:
    """Whether a file looks up methods by variable names, possibly of the class `name` with the bases `bases`.

    On objects other than `self`, only calls without arguments whose result is unused count: `getattr(model, name)()`.
    """
    return any(_method_lookups(index, ClassRef(name, frozenset(bases))))


def _method_lookups(index: SyntaxIndex, owner: ClassRef) -> Iterator[ast.Call]:
    for node in index.parents:
        if not isinstance(node, ast.Call) or last_name(node.func) not in ("getattr", "dir", "getmembers"):
            continue
        if not node.args or any(map(is_partly_literal, node.args[1:2])):
            continue
        subject = dotted(node.args[0]).partition(".")[0]
        if subject == "self":
            cls = index.class_of(node)
            if cls is not None and _are_related(ClassRef.of(cls), owner):
                yield node
        elif subject not in index.imported and _is_called_without_arguments(index, node):
            yield node


def _are_related(one: ClassRef, other: ClassRef) -> bool:
    return one.is_or_derives(frozenset({other.name})) or one.name in other.bases


def _is_called_without_arguments(index: SyntaxIndex, function: ast.Call) -> bool:
    call = index.parents[function]
    if not isinstance(call, ast.Call) or call.func is not function or call.args or call.keywords:
        return False
    return isinstance(index.parents[call], (ast.Expr, ast.Lambda, ast.ListComp, ast.GeneratorExp))
