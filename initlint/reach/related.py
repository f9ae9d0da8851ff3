"""What may hold an object of a class: the classes and functions that build one, and those that build these."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from initlint.reach.lookups import LOOKUPS, lookups
from initlint.reach.surroundings import Surroundings
from initlint.reach.text import FileText, FunctionNode, ScopeNode, last_name

_MAX_NAMES = 60
"""The most classes and functions that may hold an object of a class, before nothing is said of it."""
_NO_BUILDERS = frozenset({"isinstance", "issubclass", "register"})
"""Functions that are handed a class and make no object of it."""
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
        """Where `name` stands in the project, also under the name that an import gives it."""
        for path in self.paths(name):
            text = self.read(path)
            yield from ((text, node) for node in uses_of(text, name))

    def matching(self, patterns: Mapping[str, str]) -> Iterator[FileText]:
        """The files with a match of one of `patterns`, which are by a piece that each match has."""
        paths = {
            path for piece, text in patterns.items() for path in _told(self.around.matching(self.file, piece, text))
        }
        return map(self.read, sorted(paths))

    def definitions(self, name: str) -> int:
        """How many functions, methods and classes of that name the project defines."""
        pattern = rf"\b(?:def|class)\s+{re.escape(name)}\b"
        texts = [self.read(path) for path in _told(self.around.matching(self.file, name, pattern))]
        return sum(node.name == name for text in texts for node in text.parents if isinstance(node, ScopeNode))


def uses_of(text: FileText, name: str) -> Iterator[ast.AST]:
    """Where `name` stands in a file, also under the name that an import gives it."""
    for node in text.mentions(name):
        yield node
        if isinstance(node, ast.alias) and node.asname not in (None, name):
            yield from text.mentions(node.asname or name)


def _told(answer: Told | None) -> Told:
    if answer is None:
        raise Untold
    return answer


@dataclass(frozen=True, eq=False)
class Related:
    """The names of the classes and functions that may hold an object of the class `owner`, its own among them.

    `files` are those that mention any of them, or build objects of classes whose names they take from values: in the
    functions and classes `builders`, by file; None stands for the file's top level.
    """

    owner: str
    texts: Texts
    names: frozenset[str]
    files: frozenset[Path]
    builders: frozenset[tuple[Path, str | None]]
    _met: dict[str, bool] = field(default_factory=dict)
    _handed: dict[str, bool] = field(default_factory=dict)

    @classmethod
    def of(cls, owner: str, texts: Texts) -> Related:
        """Those for the class `owner`. Raises `Untold`, also if they are too many."""
        found, new = {owner}, {owner}
        while new:
            mentions = (mention for name in new for mention in texts.mentions(name))
            new = {name for text, node in mentions if _may_build(text, node) for name in _holders(text, node)} - found
            found |= new
            if len(found) > _MAX_NAMES:
                raise Untold
        home = texts.file.resolve()
        looking = ((text, node) for text in texts.matching(LOOKUPS) for node in lookups(text, home))
        builders = frozenset((text.path.resolve(), outermost(text, node)) for text, node in looking)
        files = {path for name in found for path in texts.paths(name)} | {path for path, _ in builders}
        return cls(owner, texts, frozenset(found), frozenset(files), builders)

    def has(self, cls: ast.ClassDef) -> bool:
        """Whether a class may be, or hold, one of these."""
        return cls.name in self.names or any(last_name(base) in self.names for base in cls.bases)

    def derives(self, bases: frozenset[str]) -> bool:
        """Whether any of these is a class with one of `bases`, by their last names."""
        classes = (node for path in self.files for node in self.texts.read(path).classes.values())
        return any(cls.name in self.names and any(last_name(b) in bases for b in cls.bases) for cls in classes)

    def meets(self, text: FileText, node: ast.AST) -> bool:
        """Whether one of these is at hand around `node`, or where the function or class around it is mentioned."""
        top = outermost(text, node)
        if self._is_held(text, node) or top is None:
            return self._is_held(text, node)
        if top not in self._met:
            self._met[top] = any(self._is_held(other, use) for other, use in self._uses(top))
        return self._met[top]

    def _is_held(self, text: FileText, node: ast.AST) -> bool:
        return self.is_at_hand(text, node) or (text.path.resolve(), outermost(text, node)) in self.builders

    def reaches(self, text: FileText, node: ast.AST) -> bool:
        """Whether the code around `node` may be handed one of these, also by what is handed one."""
        top = outermost(text, node)
        return self.meets(text, node) or (top is not None and self._is_handed(top))

    def _is_handed(self, top: str) -> bool:
        if top not in self._handed:
            self._handed[top] = False  # what mentions itself tells nothing
            self._handed[top] = any(self.reaches(other, use) for other, use in self._uses(top))
        return self._handed[top]

    def _uses(self, name: str) -> Iterator[tuple[FileText, ast.AST]]:
        """Where `name` stands in the `files`, but for imports."""
        for path in self.files.intersection(self.texts.paths(name)):
            text = self.texts.read(path)
            yield from ((text, use) for use in uses_of(text, name) if not isinstance(use, ast.alias))

    def is_at_hand(self, text: FileText, node: ast.AST) -> bool:
        """Whether the code around `node` names one of these, by what it stands in."""
        top = outermost(text, node)
        if top is not None:
            return top in self.names
        uses = (use for name in self.names for use in uses_of(text, name))
        return any(isinstance(use, (ast.Name, ast.Attribute)) for use in uses)


def outermost(text: FileText, node: ast.AST) -> str | None:
    """The name of the outermost function or class that a node stands in."""
    scopes = text.scopes(node)
    return scopes[-1].name if scopes else None


def _holders(text: FileText, node: ast.AST) -> Iterator[str]:
    """The names of what a mention of a class makes able to build an object of it.

    Those are the outermost function or class around it or, where there is none, the table that it is put into.
    """
    top = outermost(text, node)
    if top is not None:
        yield top
    if top is not None or isinstance(node, ast.Constant):  # lists of names, such as `__all__`, build nothing
        return
    inner = node
    for above in text.above(node):
        if isinstance(above, ast.Call) and inner is above.func:
            return  # an object of it, which has no name elsewhere
        if isinstance(above, ast.Assign):
            yield from filter(None, map(_root, above.targets))
        inner = above


def _root(target: ast.expr) -> str:
    """`TABLE` for `TABLE` and `TABLE["net"]`."""
    return last_name(target.value if isinstance(target, ast.Subscript) else target)


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
