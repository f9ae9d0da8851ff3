"""Whether a name that is spelled like a function may mean it, by the object that it is taken from."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from initlint.tracers.references.file_queries import teller
from initlint.tracers.references.project_index import ProjectIndex
from initlint.tracers.references.syntax_index import FunctionNode, SyntaxIndex, dotted, last_name

_CLASS = re.compile(r"_*[A-Z]")
_CLASS_WORD = re.compile(r"cls|class|type", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NameUse:
    """How a name is used that a function has.

    `is_alone`: it is taken from no object. `of_another`: from `self`, whose class has a method of that name. `named`:
    the class, defined or imported in the file, that it is taken from. `handed`: how many positional arguments it is
    called with, taken from something; None if it is not called, or that cannot be told. `of_object`: what it is taken
    from is certainly no class. `is_idle`: it stands as a statement, and is not called.
    """

    is_alone: bool
    of_another: bool
    named: str | None
    handed: int | None
    of_object: bool
    is_idle: bool

    @classmethod
    def of(cls, text: SyntaxIndex, node: ast.AST, name: str, owner: ast.ClassDef | None = None) -> NameUse:
        """`owner` is the class of the function `name`, if that stands in the same file."""
        value = node.value if isinstance(node, ast.Attribute) else None
        parent = text.parents[node]
        return cls(
            is_alone=isinstance(node, ast.Name) and (owner is None or text.scopes(node)[:1] != [owner]),
            of_another=value is not None and dotted(value) == "self" and _has_another(text.class_of(node), name, owner),
            named=_class_named(text, value),
            handed=None if value is None else _handed(parent, node),
            of_object=value is not None and _is_object(value),
            is_idle=isinstance(parent, ast.Expr) and isinstance(node, (ast.Name, ast.Attribute)),
        )

    def hands_too_much(self, function: FunctionNode) -> bool:
        """Whether it is called with more positional arguments than `function` takes: it means another.

        One more may be the object, where the receiver may be a class.
        """
        if self.handed is None or function.args.vararg is not None:
            return False
        taken = len(function.args.posonlyargs) + len(function.args.args)
        static = any(last_name(decorator) == "staticmethod" for decorator in function.decorator_list)
        return self.handed > taken - (not static and self.of_object)


@teller
def uses(text: SyntaxIndex, name: str) -> tuple[NameUse, ...]:
    """How a file uses a name that a function of another file has."""
    return tuple(dict.fromkeys(NameUse.of(text, node, name) for node in text.mentions(name)))


def _has_another(cls: ast.ClassDef | None, name: str, owner: ast.ClassDef | None) -> bool:
    if cls is None or cls is owner:
        return False
    return any(isinstance(node, FunctionNode) and node.name == name for node in cls.body)


def _handed(call: ast.AST, node: ast.AST) -> int | None:
    if not isinstance(call, ast.Call) or call.func is not node:
        return None
    return None if any(isinstance(argument, ast.Starred) for argument in call.args) else len(call.args)


def _is_object(receiver: ast.expr) -> bool:
    """Whether it is certainly no class: `self`, `super()`, `self.encoder`."""
    if isinstance(receiver, ast.Call):
        return dotted(receiver.func) == "super"
    name = last_name(receiver)
    return bool(name) and _CLASS.match(name) is None and _CLASS_WORD.search(name) is None


def _class_named(text: SyntaxIndex, value: ast.expr | None) -> str | None:
    if not isinstance(value, ast.Name):
        return None
    if value.id in text.classes:
        return value.id
    real = text.imported.get(value.id, "").rpartition(".")[2]
    return real if _CLASS.match(real) else None


def derived(file: Path, owner: str, around: ProjectIndex) -> frozenset[str] | None:
    """The classes of the project around `file` that derive from `owner`, and itself; None if that cannot be told."""
    found, new = {owner}, [owner]
    while new:
        name = new.pop()
        files = around.holding(file, name)
        if files is None:
            return None
        for path in files:
            deriving = around.told(path, _deriving, name)
            if deriving is None:
                return None
            fresh = deriving - found
            found |= fresh
            new += fresh
    return frozenset(found)


@teller
def _deriving(text: SyntaxIndex, name: str) -> frozenset[str]:
    """The classes of a file with the base class `name`, also under the name that an import gives it."""
    return frozenset(cls.name for cls in text.classes.values() if name in set(_base_names(text, cls)))


def _base_names(text: SyntaxIndex, cls: ast.ClassDef) -> Iterator[str]:
    for base in cls.bases:
        name = last_name(base.value if isinstance(base, ast.Subscript) else base)
        yield name
        yield text.imported.get(name, "").rpartition(".")[2]
