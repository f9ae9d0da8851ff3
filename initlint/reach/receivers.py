"""Whether a name that is spelled like a function may mean it, by the object that it is taken from."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from initlint.reach.surroundings import Surroundings
from initlint.reach.text import FileText, FunctionNode, dotted, last_name

_CLASS = re.compile(r"_*[A-Z]")
_CLASS_WORD = re.compile(r"cls|class|type", re.IGNORECASE)


def is_of_another_class(text: FileText, node: ast.AST, home: FileText, function: FunctionNode) -> bool:
    """Whether the name means something else: `f` alone is no method, and `self.f` is that of a class that has one."""
    owner = home.parents[function]
    if isinstance(node, ast.Name):
        return isinstance(owner, ast.ClassDef) and text.scopes(node)[:1] != [owner]
    if not isinstance(node, ast.Attribute) or dotted(node.value) != "self":
        return False
    cls = text.class_of(node)
    if cls is None or cls is owner:
        return False
    return any(isinstance(n, FunctionNode) and n.name == function.name for n in cls.body)


def hands_too_much(call: ast.AST, node: ast.AST, function: FunctionNode) -> bool:
    """Whether `call` calls what `node` names with more positional arguments than `function` takes: it means another.

    One more may be the object, where the receiver may be a class.
    """
    if not isinstance(call, ast.Call) or call.func is not node or not isinstance(node, ast.Attribute):
        return False
    if function.args.vararg is not None or any(isinstance(argument, ast.Starred) for argument in call.args):
        return False
    taken = len(function.args.posonlyargs) + len(function.args.args)
    static = any(last_name(decorator) == "staticmethod" for decorator in function.decorator_list)
    return len(call.args) > taken - (not static and _is_object(node.value))


def _is_object(receiver: ast.expr) -> bool:
    """Whether it is certainly no class: `self`, `super()`, `self.encoder`."""
    if isinstance(receiver, ast.Call):
        return dotted(receiver.func) == "super"
    name = last_name(receiver)
    return bool(name) and _CLASS.match(name) is None and _CLASS_WORD.search(name) is None


def named_class(text: FileText, node: ast.AST) -> str | None:
    """The name of the class, defined or imported in the file, that `node` is taken from; None if it is none."""
    if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
        return None
    name = node.value.id
    if name in text.classes:
        return name
    real = text.imported.get(name, "").rpartition(".")[2]
    return real if _CLASS.match(real) else None


def derived(file: Path, owner: str, around: Surroundings) -> frozenset[str] | None:
    """The classes of the project around `file` that derive from `owner`, and itself; None if that cannot be told."""
    found, new = {owner}, [owner]
    while new:
        name = new.pop()
        files = around.holding(file, name)
        if files is None:
            return None
        for text in map(around.text, files):
            if text is None:
                return None
            fresh = set(_deriving(text, name)) - found
            found |= fresh
            new += fresh
    return frozenset(found)


def _deriving(text: FileText, name: str) -> Iterator[str]:
    """The classes of a file with the base class `name`, also under the name that an import gives it."""
    for cls in text.classes.values():
        bases = (last_name(base.value if isinstance(base, ast.Subscript) else base) for base in cls.bases)
        if any(name in (base, text.imported.get(base, "").rpartition(".")[2]) for base in bases):
            yield cls.name
