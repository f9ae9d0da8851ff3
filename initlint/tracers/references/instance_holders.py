"""What may hold an object of a class: the classes and functions that build one, and those that build these."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from initlint.tracers.references.dynamic_lookups import LOOKUPS, lookups
from initlint.tracers.references.file_queries import teller
from initlint.tracers.references.location import ClassRef, CodeLocation, classes
from initlint.tracers.references.project_index import ProjectIndex, Told
from initlint.tracers.references.syntax_index import FunctionNode, ScopeNode, SyntaxIndex, last_name

_MAX_NAMES = 60
"""The most classes and functions that may hold an object of a class, before nothing is said of it."""
_NO_BUILDERS = frozenset({"isinstance", "issubclass", "register"})
"""Functions that are handed a class and make no object of it."""


class NotDecidable(Exception):
    """The project is too large or holds a file that cannot be read: what is asked cannot be told."""


@dataclass(frozen=True, eq=False)
class ProjectTexts:
    """The files of the project around `file`. Every question raises `NotDecidable` if it cannot be answered."""

    file: Path
    around: ProjectIndex

    def paths(self, name: str) -> tuple[Path, ...]:
        """The files that hold the word `name`."""
        return _told(self.around.holding(self.file, name))

    def matching(self, patterns: Mapping[str, str]) -> list[Path]:
        """The files with a match of one of `patterns`, which are by a piece that each match has."""
        found = map(_told, self.around.matching_each(self.file, patterns))
        return sorted({path for paths in found for path in paths})

    def told(self, path: Path, tell: Callable[..., Told], *about: str) -> Told:
        """What `tell` says of a file; see `ProjectIndex.told`."""
        return _told(self.around.told(path, tell, *about))

    def definitions(self, name: str) -> int:
        """How many functions, methods and classes of that name the project defines."""
        pattern = rf"\b(?:def|class)\s+{re.escape(name)}\b"
        paths = _told(self.around.matching(self.file, name, pattern))
        return sum(self.told(path, _definitions, name) for path in paths)


def uses_of(text: SyntaxIndex, name: str) -> Iterator[ast.AST]:
    """Where `name` stands in a file, also under the name that an import gives it."""
    for node in text.mentions(name):
        yield node
        if isinstance(node, ast.alias) and node.asname not in (None, name):
            yield from text.mentions(node.asname or name)


def _told(answer: Told | None) -> Told:
    if answer is None:
        raise NotDecidable
    return answer


@teller
def _definitions(text: SyntaxIndex, name: str) -> int:
    return sum(node.name == name for node in text.parents if isinstance(node, ScopeNode))


@teller
def _holders(text: SyntaxIndex, name: str) -> frozenset[str]:
    """The names of what can build an object of the class `name`, or holds such."""
    return frozenset(
        holder for node in uses_of(text, name) if _may_build(text, node) for holder in _holding(text, node)
    )


@teller
def _spots(text: SyntaxIndex, name: str) -> tuple[CodeLocation, ...]:
    """Where `name` stands, but for imports."""
    return tuple({CodeLocation.of(text, use) for use in uses_of(text, name) if not isinstance(use, ast.alias)})


@teller
def _is_used(text: SyntaxIndex, name: str) -> bool:
    return any(isinstance(use, (ast.Name, ast.Attribute)) for use in uses_of(text, name))


@dataclass(frozen=True, eq=False)
class InstanceHolders:
    """The names of the classes and functions that may hold an object of the class `owner`, its own among them.

    `files` are those that mention any of them, or build objects of classes whose names they take from values: in the
    functions and classes `builders`, by file; None stands for the file's top level.
    """

    owner: str
    texts: ProjectTexts
    names: frozenset[str]
    files: frozenset[Path]
    builders: frozenset[tuple[Path, str | None]]
    _met: dict[str, bool] = field(default_factory=dict)
    _handed: dict[str, bool] = field(default_factory=dict)

    @classmethod
    def of(cls, owner: str, texts: ProjectTexts) -> InstanceHolders:
        """Those for the class `owner`. Raises `NotDecidable`, also if they are too many."""
        found, new = {owner}, {owner}
        while new:
            places = [(path, name) for name in new for path in texts.paths(name)]
            new = {holder for path, name in places for holder in texts.told(path, _holders, name)} - found
            found |= new
            if len(found) > _MAX_NAMES:
                raise NotDecidable
        home = texts.file.resolve()
        builders = frozenset(
            (lookup.spot.path, lookup.spot.top)
            for path in texts.matching(LOOKUPS)
            for lookup in texts.told(path, lookups)
            if lookup.may_reach(home)
        )
        files = {path for name in found for path in texts.paths(name)} | {path for path, _ in builders}
        return cls(owner, texts, frozenset(found), frozenset(files), builders)

    def has(self, cls: ClassRef) -> bool:
        """Whether a class may be, or hold, one of these."""
        return cls.is_of(self.names)

    def derives(self, bases: frozenset[str]) -> bool:
        """Whether any of these is a class with one of `bases`, by their last names."""
        found = (cls for path in self.files for cls in self.texts.told(path, classes))
        return any(cls.name in self.names and cls.derives(bases) for cls in found)

    def meets(self, spot: CodeLocation) -> bool:
        """Whether one of these is at hand around `spot`, or where the function or class around it is mentioned."""
        if self._is_held(spot) or spot.top is None:
            return self._is_held(spot)
        if spot.top not in self._met:
            self._met[spot.top] = any(map(self._is_held, self._uses(spot.top)))
        return self._met[spot.top]

    def _is_held(self, spot: CodeLocation) -> bool:
        return self.is_at_hand(spot) or (spot.path, spot.top) in self.builders

    def reaches(self, spot: CodeLocation) -> bool:
        """Whether the code around `spot` may be handed one of these, also by what is handed one."""
        return self.meets(spot) or (spot.top is not None and self._is_handed(spot.top))

    def _is_handed(self, top: str) -> bool:
        if top not in self._handed:
            self._handed[top] = False  # what mentions itself tells nothing
            self._handed[top] = any(map(self.reaches, self._uses(top)))
        return self._handed[top]

    def _uses(self, name: str) -> Iterator[CodeLocation]:
        """Where `name` stands in the `files`, but for imports."""
        for path in self.files.intersection(self.texts.paths(name)):
            yield from self.texts.told(path, _spots, name)

    def is_at_hand(self, spot: CodeLocation) -> bool:
        """Whether the code around `spot` names one of these, by what it stands in."""
        if spot.top is not None:
            return spot.top in self.names
        return any(self.texts.told(spot.path, _is_used, name) for name in self.names)


def _holding(text: SyntaxIndex, node: ast.AST) -> Iterator[str]:
    """The names of what a mention of a class makes able to build an object of it.

    Those are the outermost function or class around it or, where there is none, the table that it is put into.
    """
    top = CodeLocation.of(text, node).top
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


def _may_build(text: SyntaxIndex, node: ast.AST) -> bool:
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
