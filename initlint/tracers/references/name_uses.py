"""How a file uses a name, from which follows whether the name may refer to a given function."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from initlint._records import dataclass
from initlint.tracers.references.file_queries import file_query
from initlint.tracers.references.project_index import ProjectIndex
from initlint.tracers.references.syntax_index import FunctionNode, SyntaxIndex, dotted, last_name

_CLASS = re.compile(r"_*[A-Z]")
_CLASS_WORD = re.compile(r"cls|class|type", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NameUse:
    """One use of a function's name.

    `is_bare_name`: it is no attribute. `is_other_method`: it is an attribute of `self`, whose class defines a method
    of that name. `class_name`: the class, defined or imported in the file, of which it is an attribute.
    `positional_count`: the number of positional arguments of a call of the attribute; None if unknown or not called.
    `receiver_is_object`: it is an attribute of something that is certainly no class. `is_bare_statement`: it is a
    statement by itself, without a call. `is_unused_import`: it is imported, and the file does nothing with it.
    """

    is_bare_name: bool
    is_other_method: bool
    class_name: str | None
    positional_count: int | None
    receiver_is_object: bool
    is_bare_statement: bool
    is_unused_import: bool

    @classmethod
    def of(cls, index: SyntaxIndex, node: ast.AST, name: str, owner: ast.ClassDef | None = None) -> NameUse:
        """`owner`: the class that defines the function `name`, if it is in the same file."""
        value = node.value if isinstance(node, ast.Attribute) else None
        parent = index.parents[node]
        return cls(
            is_bare_name=isinstance(node, ast.Name) and (owner is None or index.scopes(node)[:1] != [owner]),
            is_other_method=value is not None
            and dotted(value) == "self"
            and _defines_other_method(index.class_of(node), name, owner),
            class_name=_receiver_class(index, value),
            positional_count=None if value is None else _count_positional(parent, node),
            receiver_is_object=value is not None and _is_object(value),
            is_bare_statement=isinstance(parent, ast.Expr) and isinstance(node, (ast.Name, ast.Attribute)),
            is_unused_import=isinstance(node, ast.alias) and _is_unused_import(index, node),
        )

    def has_too_many_arguments(self, function: FunctionNode, is_method: bool) -> bool:
        """Whether it is called with more positional arguments than `function` takes, so it refers to another one.

        A method gets its object as well, which is one of the arguments only if the receiver may be a class.
        """
        if self.positional_count is None or function.args.vararg is not None:
            return False
        parameter_count = len(function.args.posonlyargs) + len(function.args.args)
        is_static = any(last_name(decorator) == "staticmethod" for decorator in function.decorator_list)
        gets_object = is_method and not is_static and self.receiver_is_object
        return self.positional_count > parameter_count - gets_object


@file_query
def name_uses(index: SyntaxIndex, name: str) -> tuple[NameUse, ...]:
    """How a file uses the name of a function in another file."""
    return tuple(dict.fromkeys(NameUse.of(index, node, name) for node in index.mentions(name)))


def _is_unused_import(index: SyntaxIndex, alias: ast.alias) -> bool:
    """Whether an imported name is not mentioned again. A package imports names for those who import the package."""
    if index.path.name == "__init__.py":
        return False
    bound = alias.asname or alias.name.partition(".")[0]
    return all(isinstance(node, ast.alias) for node in index.mentions(bound))


def _defines_other_method(cls: ast.ClassDef | None, name: str, owner: ast.ClassDef | None) -> bool:
    if cls is None or cls is owner:
        return False
    return any(isinstance(node, FunctionNode) and node.name == name for node in cls.body)


def _count_positional(call: ast.AST, node: ast.AST) -> int | None:
    if not isinstance(call, ast.Call) or call.func is not node:
        return None
    return None if any(isinstance(argument, ast.Starred) for argument in call.args) else len(call.args)


def _is_object(receiver: ast.expr) -> bool:
    """Whether the receiver is certainly no class: `self`, `super()`, `self.encoder`."""
    if isinstance(receiver, ast.Call):
        return dotted(receiver.func) == "super"
    name = last_name(receiver)
    return bool(name) and _CLASS.match(name) is None and _CLASS_WORD.search(name) is None


def _receiver_class(index: SyntaxIndex, value: ast.expr | None) -> str | None:
    if not isinstance(value, ast.Name):
        return None
    if value.id in index.classes:
        return value.id
    imported_name = index.imported.get(value.id, "").rpartition(".")[2]
    return imported_name if _CLASS.match(imported_name) else None


def subclasses(file: Path, owner: str, project: ProjectIndex) -> frozenset[str] | None:
    """`owner` and the classes of the project that derive from it; None if this cannot be decided."""
    class_names, pending = {owner}, [owner]
    while pending:
        name = pending.pop()
        files = project.files_with_word(file, name)
        if files is None:
            return None
        for path in files:
            direct = project.query(path, _direct_subclasses, name)
            if direct is None:
                return None
            new_names = direct - class_names
            class_names |= new_names
            pending += new_names
    return frozenset(class_names)


@file_query
def _direct_subclasses(index: SyntaxIndex, name: str) -> frozenset[str]:
    """The classes of a file with the base class `name`, also under an import alias."""
    return frozenset(cls.name for cls in index.classes.values() if name in set(_base_names(index, cls)))


def _base_names(index: SyntaxIndex, cls: ast.ClassDef) -> Iterator[str]:
    for base in cls.bases:
        name = last_name(base.value if isinstance(base, ast.Subscript) else base)
        yield name
        yield index.imported.get(name, "").rpartition(".")[2]
