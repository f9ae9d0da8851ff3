"""Names that code takes from values: `getattr(models, name)`, `import_module(f"models.{name}")`, `globals()[name]`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from initlint.reach.text import FileText, dotted, last_name

_IMPORTS = frozenset({"import_module", "__import__"})
_OF_SCOPE = frozenset({"globals", "eval", "Fire"})
"""They reach whatever is defined or imported where they are called. `fire.Fire()` makes commands of it."""
_OF_OBJECT = frozenset({"getattr", "vars", "dir", "getmembers"})
LOOKUPS = {
    "getattr(": r"(?<![\w.])getattr\(\s*(?!self\b)[\w.\[\]]+,\s*(?![\"'])",
    "__dict__": r"\b__dict__\b",
    **{f"{name}(": rf"(?<![\w.]){name}\(" for name in ("vars", "dir", "globals", "eval")},
    **{f"{name}(": rf"\b{name}\(" for name in ("import_module", "__import__", "getmembers", "Fire")},
}
"""What stands in a file with lookups: a piece, and a pattern that holds it."""
METHOD_LOOKUP = r"\bgetattr\([^()\"']*\)\(\s*\)"
"""Text that calls a method whose name is not spelled out; its piece is `getattr(`."""
_WORD = re.compile(r"[A-Za-z_]\w*")


def lookups(text: FileText, home: Path) -> Iterator[ast.AST]:
    """Where `text` takes names from values that the file `home` may define."""
    near = {home.stem, home.parent.name, home.parent.parent.name}
    for node in text.parents:
        if isinstance(node, ast.Call):
            found = _reaches(text, node, home, near)
        else:
            found = isinstance(node, ast.Attribute) and node.attr == "__dict__" and _is_module(text, node.value, near)
        if found:
            yield node


def is_spelled(name: ast.expr) -> bool:
    """Whether a name that is looked up, or a piece of it, is a constant."""
    if isinstance(name, ast.BinOp):
        return is_spelled(name.left) or is_spelled(name.right)
    if isinstance(name, ast.JoinedStr):
        return any(isinstance(value, ast.Constant) for value in name.values)
    return isinstance(name, ast.Constant)


def _reaches(text: FileText, call: ast.Call, home: Path, near: set[str]) -> bool:
    function, arguments = last_name(call.func), call.args
    if function in _IMPORTS:
        return bool(arguments) and not isinstance(arguments[0], ast.Constant) and _may_import(arguments[0], near)
    if function in _OF_SCOPE:
        if isinstance(call.func, ast.Attribute) and function != "Fire":
            return False  # `model.eval()`
        parent = text.parents[call]
        asked = [parent.slice] if isinstance(parent, ast.Subscript) else arguments
        return not any(map(is_spelled, asked)) and (text.path.resolve() == home or _imports_from(text, near))
    if function not in _OF_OBJECT or not arguments:
        return False
    return not any(map(is_spelled, arguments[1:2])) and _is_module(text, arguments[0], near)


def _may_import(name: ast.expr, near: set[str]) -> bool:
    """Whether what is spelled out of a module's name is among those around the file."""
    spelled = (part.value for part in ast.walk(name) if isinstance(part, ast.Constant) and isinstance(part.value, str))
    words = {word for piece in spelled for word in _WORD.findall(piece)}
    return not words or bool(words & near)


def _imports_from(text: FileText, near: set[str]) -> bool:
    return any(near & set(name.split(".")) for name in text.imported.values())


def _is_module(text: FileText, node: ast.expr, near: set[str]) -> bool:
    """Whether it is the file or a package around it, by its name."""
    if isinstance(node, ast.Subscript):
        return dotted(node.value) == "sys.modules"
    name = dotted(node)
    first, _, rest = name.partition(".")
    return bool(name) and bool(near & set(f"{text.imported.get(first, first)}.{rest}".split(".")))


def method_lookups(text: FileText, owner: ast.ClassDef) -> Iterator[ast.Call]:
    """Where a file takes a method by a name that it does not spell out, which may be one of the class `owner`.

    Of another object than `self`, it must be called with nothing for nothing: `getattr(model, name)()`.
    """
    for node in text.parents:
        if not isinstance(node, ast.Call) or last_name(node.func) not in ("getattr", "dir", "getmembers"):
            continue
        if not node.args or any(map(is_spelled, node.args[1:2])):
            continue
        subject = dotted(node.args[0]).partition(".")[0]
        if subject == "self":
            cls = text.class_of(node)
            if cls is not None and (cls.name == owner.name or _are_related(cls, owner)):
                yield node
        elif subject not in text.imported and _is_called_for_nothing(text, node):
            yield node


def _are_related(one: ast.ClassDef, other: ast.ClassDef) -> bool:
    return one.name in map(last_name, other.bases) or other.name in map(last_name, one.bases)


def _is_called_for_nothing(text: FileText, function: ast.Call) -> bool:
    call = text.parents[function]
    if not isinstance(call, ast.Call) or call.func is not function or call.args or call.keywords:
        return False
    return isinstance(text.parents[call], (ast.Expr, ast.Lambda, ast.ListComp, ast.GeneratorExp))
