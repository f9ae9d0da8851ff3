"""What may hold an object of a class: the classes and functions that build one, and those that build these."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from initlint.reach.surroundings import Surroundings
from initlint.reach.text import FileText, FunctionNode, last_name

_MAX_NAMES = 60
"""The most classes and functions that may hold an object of a class, before nothing is said of it."""
_NO_BUILDERS = frozenset({"isinstance", "issubclass", "register"})
"""Functions that are handed a class and make no object of it."""
_PARAMETERS = frozenset({"parameters", "named_parameters", "_parameters"})
_LOOP = (
    r"\bfor [^\n]* in [^\n]*parameters\b(?:[^\n]*\n){1,12}?"
    r"[^\n]*(?:init|reset|xavier|kaiming|glorot|uniform|normal|orthogonal|[a-z]_\()"
)
"""A loop over parameters whose body may fill them: what is parsed to see."""


Told = TypeVar("Told")


class Untold(Exception):
    """The project is too large or holds a file that cannot be read: what is asked cannot be told."""


@dataclass(frozen=True, eq=False)
class Texts:
    """The files of the project around `file`. Every question raises `Untold` if it cannot be answered."""

    file: Path
    around: Surroundings

    def paths(self, name: str) -> tuple[Path, ...]:
        """The files that hold the word `name`."""
        return _told(self.around.holding(self.file, name))

    def read(self, path: Path) -> FileText:
        return _told(self.around.text(path))

    def mentions(self, name: str) -> Iterator[tuple[FileText, ast.AST]]:
        """Where `name` stands in the project."""
        for path in self.paths(name):
            text = self.read(path)
            yield from ((text, node) for node in text.mentions(name))

    def loops_over_parameters(self) -> Iterator[tuple[FileText, ast.For]]:
        """The loops of the project over the parameters of a model that may fill them."""
        for path in _told(self.around.matching(self.file, "parameters", _LOOP)):
            text = self.read(path)
            for node in text.parents:
                if isinstance(node, ast.For) and any(True for _ in looped(node)):
                    yield text, node


def _told(answer: Told | None) -> Told:
    if answer is None:
        raise Untold
    return answer


@dataclass(frozen=True, eq=False)
class Related:
    """The names of the classes and functions that may hold an object of the class `owner`, its own among them.

    `files` are those that mention any of them.
    """

    owner: str
    texts: Texts
    names: frozenset[str]
    files: frozenset[Path]
    _handed: dict[str, bool] = field(default_factory=dict)

    @classmethod
    def of(cls, owner: str, texts: Texts) -> Related:
        """Those for the class `owner`. Raises `Untold`, also if they are too many."""
        found, new = {owner}, {owner}
        while new:
            mentions = (mention for name in new for mention in texts.mentions(name))
            tops = {outermost(text, node) for text, node in mentions if _may_build(text, node)}
            new = {top for top in tops if top is not None} - found
            found |= new
            if len(found) > _MAX_NAMES:
                raise Untold
        return cls(owner, texts, frozenset(found), frozenset(path for name in found for path in texts.paths(name)))

    def has(self, cls: ast.ClassDef) -> bool:
        """Whether a class may be, or hold, one of these."""
        return cls.name in self.names or any(last_name(base) in self.names for base in cls.bases)

    def derives(self, bases: frozenset[str]) -> bool:
        """Whether any of these is a class with one of `bases`, by their last names."""
        classes = (node for path in self.files for node in self.texts.read(path).classes.values())
        return any(cls.name in self.names and any(last_name(b) in bases for b in cls.bases) for cls in classes)

    def meets(self, name: str) -> bool:
        """Whether the function `name` is mentioned where one of these may be at hand."""
        for path in self.texts.paths(name):
            if path not in self.files:
                continue
            text = self.texts.read(path)
            if any(self._is_at_hand(text, node) for node in text.mentions(name) if not isinstance(node, ast.alias)):
                return True
        return False

    def reaches(self, text: FileText, node: ast.AST) -> bool:
        """Whether the code around `node` may be handed one of these."""
        top = outermost(text, node)
        if top is None or top in self.names:
            return self._is_at_hand(text, node)
        if top not in self._handed:
            self._handed[top] = self.meets(top)
        return self._handed[top]

    def _is_at_hand(self, text: FileText, node: ast.AST) -> bool:
        top = outermost(text, node)
        return top in self.names or (top is None and any(True for name in self.names for _ in text.mentions(name)))


def looped(loop: ast.For) -> Iterator[ast.expr]:
    """What a loop takes the parameters of: `self` in `for p in self.parameters()`."""
    for node in ast.walk(loop.iter):
        if isinstance(node, ast.Attribute) and node.attr in _PARAMETERS:
            yield node.value


def outermost(text: FileText, node: ast.AST) -> str | None:
    """The name of the outermost function or class that a node stands in."""
    scopes = text.scopes(node)
    return scopes[-1].name if scopes else None


def _may_build(text: FileText, node: ast.AST) -> bool:
    """Whether a mention of a class may lead to an object of it: no type test, no annotation, no list of names."""
    if isinstance(node, ast.alias):
        return False
    inner = node
    for above in text.above(node):
        if isinstance(above, ast.Call) and inner is not above.func and last_name(above.func) in _NO_BUILDERS:
            return False
        if isinstance(above, ast.AnnAssign) and inner is above.annotation:
            return False
        if isinstance(above, ast.arg) or (isinstance(above, FunctionNode) and inner is above.returns):
            return False
        if isinstance(above, ast.ClassDef) and isinstance(node, ast.Constant) and isinstance(inner, ast.stmt):
            return not isinstance(inner, (ast.Assign, ast.AnnAssign))
        inner = above
    return True
