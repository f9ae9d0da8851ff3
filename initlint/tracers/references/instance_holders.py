"""Finds what may hold an object of a class: classes and functions that construct it, and those that use these."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from pathlib import Path

from initlint._records import dataclass
from initlint.tracers.references.dynamic_lookups import LOOKUPS, lookups
from initlint.tracers.references.file_queries import file_query
from initlint.tracers.references.location import ClassRef, CodeLocation, classes
from initlint.tracers.references.project_index import Answer, ProjectIndex
from initlint.tracers.references.syntax_index import FunctionNode, ScopeNode, SyntaxIndex, last_name, uses_of

_MAX_NAMES = 60
"""With more holders than this, the question is not decidable."""
_NO_BUILDERS = frozenset({"isinstance", "issubclass", "register"})
"""Functions that take a class and do not instantiate it."""


class NotDecidable(Exception):
    """The query cannot be answered: the project is too large, or a file cannot be parsed."""


@dataclass(frozen=True, eq=False)
class ProjectTexts:
    """Queries over the files of the project that contains `file`. Each raises `NotDecidable` if it has no answer."""

    file: Path
    project: ProjectIndex

    def files_with_word(self, name: str) -> tuple[Path, ...]:
        """The files that contain the word `name`."""
        return decided(self.project.files_with_word(self.file, name))

    def files_matching(self, patterns: Mapping[str, str]) -> list[Path]:
        """The files with a match of one of `patterns`, by a text that each match contains."""
        answers = map(decided, self.project.files_matching_each(self.file, patterns))
        return sorted({path for paths in answers for path in paths})

    def query(self, path: Path, query: Callable[..., Answer], *arguments: str) -> Answer:
        """The answer of a file query; see `ProjectIndex`."""
        return decided(self.project.query(path, query, *arguments))

    def definitions(self, name: str) -> int:
        """The number of functions, methods and classes of that name in the project."""
        pattern = rf"\b(?:def|class)\s+{re.escape(name)}\b"
        paths = decided(self.project.files_matching(self.file, name, pattern))
        return sum(self.query(path, _definitions, name) for path in paths)


def decided(answer: Answer | None) -> Answer:
    if answer is None:
        raise NotDecidable
    return answer


@file_query
def _definitions(index: SyntaxIndex, name: str) -> int:
    return sum(node.name == name for node in index.parents if isinstance(node, ScopeNode))


@file_query
def _holders(index: SyntaxIndex, name: str) -> frozenset[str]:
    """The names of what may construct or hold an object of the class `name`."""
    return frozenset(
        holder for node in uses_of(index, name) if may_construct(index, node) for holder in _holders_at(index, node)
    )


@file_query
def _use_locations(index: SyntaxIndex, name: str) -> tuple[CodeLocation, ...]:
    """The locations of `name`, without imports."""
    uses = (use for use in uses_of(index, name) if not isinstance(use, ast.alias))
    return tuple(dict.fromkeys(CodeLocation.of(index, use) for use in uses))


@file_query
def _is_used(index: SyntaxIndex, name: str) -> bool:
    return any(isinstance(use, (ast.Name, ast.Attribute)) for use in uses_of(index, name))


@file_query
def _stays_root(index: SyntaxIndex, name: str) -> tuple[bool, ...]:
    """For each use of the class `name`: whether it constructs an object that is only called, or passed to functions."""
    return tuple(_is_of_root(index, use) for use in uses_of(index, name) if may_construct(index, use))


def _is_of_root(index: SyntaxIndex, use: ast.AST) -> bool:
    call = index.parents[use]
    if not isinstance(call, ast.Call) or call.func is not use:
        return False
    statement = index.parents[call]
    if not isinstance(statement, ast.Assign):
        return _is_read(index, call)
    target = statement.targets[0]
    is_name = isinstance(target, ast.Name) and len(statement.targets) == 1
    return is_name and all(_is_read(index, read) for read in index.mentions(last_name(target)))


def _is_read(index: SyntaxIndex, node: ast.AST) -> bool:
    """Whether a model is only called, or passed to a function whose name is none of a class or of a container."""
    if isinstance(getattr(node, "ctx", None), ast.Store) or isinstance(node, ast.arg):
        return True
    parent = index.parents[node]
    if isinstance(parent, (ast.Attribute, ast.Expr)):
        return True
    if not isinstance(parent, ast.Call):
        return False
    return parent.func is node or (last_name(parent.func).islower() and last_name(parent.func) not in _ADDING)


_ADDING = frozenset({"append", "insert", "extend", "add_module", "register_module", "setattr", "compile"})


@dataclass(frozen=True, eq=False)
class InstanceHolders:
    """The names of the classes and functions that may hold an object of the class `owner`, including itself.

    `builders`: functions and classes with dynamic lookups that may construct the object, by file; None is the module
    level. `files`: the files that mention a holder or contain a builder.
    """

    owner: str
    texts: ProjectTexts
    names: frozenset[str]
    files: frozenset[Path]
    builders: frozenset[tuple[Path, str | None]]
    _near_by_name: dict[str, bool] = field(default_factory=dict)
    _passed_by_name: dict[str, bool] = field(default_factory=dict)

    @classmethod
    def of(cls, owner: str, texts: ProjectTexts) -> InstanceHolders:
        """The holders of objects of the class `owner`. Raises `NotDecidable`, also if there are too many."""
        holder_names, new_names = {owner}, {owner}
        while new_names:
            files_and_names = [(path, name) for name in new_names for path in texts.files_with_word(name)]
            new_names = {
                holder for path, name in files_and_names for holder in texts.query(path, _holders, name)
            } - holder_names
            holder_names |= new_names
            if len(holder_names) > _MAX_NAMES:
                raise NotDecidable
        home = texts.file.resolve()
        builders = frozenset(
            (lookup.location.path, lookup.location.top_level_name)
            for path in texts.files_matching(LOOKUPS)
            for lookup in texts.query(path, lookups)
            if lookup.may_reach(home)
        )
        files = {path for name in holder_names for path in texts.files_with_word(name)} | {path for path, _ in builders}
        return cls(owner, texts, frozenset(holder_names), frozenset(files), builders)

    def includes(self, cls: ClassRef) -> bool:
        """Whether a class is a holder, or derives from one."""
        return cls.is_or_derives(self.names)

    def derives(self, bases: frozenset[str]) -> bool:
        """Whether a holder is a class with one of these bases, by their last names."""
        class_refs = (cls for path in self.files for cls in self.texts.query(path, classes))
        return any(cls.name in self.names and cls.derives(bases) for cls in class_refs)

    def is_never_child(self) -> bool:
        """Whether no object of the class is a child of another module: it is built at module level, or in functions
        that neither return it nor give it to a class or container."""
        others = self.names - {self.owner}
        if any(cls.name in others for path in self.files for cls in self.texts.query(path, classes)):
            return False
        uses = [stays for path in self.files for stays in self.texts.query(path, _stays_root, self.owner)]
        return not self.builders and bool(uses) and all(uses)

    def is_near(self, location: CodeLocation) -> bool:
        """Whether a holder is named at `location`, or where its enclosing function or class is mentioned."""
        if self._is_held_at(location) or location.top_level_name is None:
            return self._is_held_at(location)
        if location.top_level_name not in self._near_by_name:
            self._near_by_name[location.top_level_name] = any(
                map(self._is_held_at, self._uses(location.top_level_name))
            )
        return self._near_by_name[location.top_level_name]

    def _is_held_at(self, location: CodeLocation) -> bool:
        return self.is_named_at(location) or (location.path, location.top_level_name) in self.builders

    def may_be_passed_to(self, location: CodeLocation) -> bool:
        """Whether the code at `location` may receive a holder as an argument, also through other functions."""
        return self.is_near(location) or (
            location.top_level_name is not None and self._is_passed_to(location.top_level_name)
        )

    def _is_passed_to(self, top_level_name: str) -> bool:
        if top_level_name not in self._passed_by_name:
            self._passed_by_name[top_level_name] = False  # a recursive mention does not count
            self._passed_by_name[top_level_name] = any(map(self.may_be_passed_to, self._uses(top_level_name)))
        return self._passed_by_name[top_level_name]

    def _uses(self, name: str) -> Iterator[CodeLocation]:
        """The locations of `name` in `files`, without imports, in a fixed order: where names mention each other in a
        circle, the answer depends on the first."""
        for path in sorted(self.files.intersection(self.texts.files_with_word(name))):
            yield from self.texts.query(path, _use_locations, name)

    def is_named_at(self, location: CodeLocation) -> bool:
        """Whether the code at `location` is part of a holder, or names one at module level."""
        if location.top_level_name is not None:
            return location.top_level_name in self.names
        return any(self.texts.query(location.path, _is_used, name) for name in self.names)


def _holders_at(index: SyntaxIndex, node: ast.AST) -> Iterator[str]:
    """The names of what can construct an object of a class because it mentions the class at `node`.

    That is the outermost function or class around the mention, or at module level the variable that it is assigned to.
    """
    top_level_name = CodeLocation.of(index, node).top_level_name
    if top_level_name is not None:
        yield top_level_name
    if top_level_name is not None or isinstance(
        node, ast.Constant
    ):  # lists of names, such as `__all__`, construct nothing
        return
    child = node
    for parent in index.above(node):
        if isinstance(parent, ast.Call) and child is parent.func:
            return  # an object of the class, without a name to follow
        if isinstance(parent, ast.Assign):
            yield from filter(None, map(_root, parent.targets))
        child = parent


def _root(target: ast.expr) -> str:
    """`TABLE` for `TABLE` and `TABLE["net"]`."""
    return last_name(target.value if isinstance(target, ast.Subscript) else target)


def may_construct(index: SyntaxIndex, node: ast.AST) -> bool:
    """Whether a mention of a class may instantiate it: it is no type test, annotation or list of names."""
    if isinstance(node, ast.alias):
        return False
    child = node
    for parent in index.above(node):
        if isinstance(parent, ast.Call) and child is not parent.func and last_name(parent.func) in _NO_BUILDERS:
            return False
        if isinstance(parent, ast.AnnAssign) and child is parent.annotation:
            return False
        if isinstance(parent, ast.arg) or (isinstance(parent, FunctionNode) and child is parent.returns):
            return False
        if isinstance(parent, ast.ClassDef) and isinstance(node, ast.Constant) and isinstance(child, ast.stmt):
            return not isinstance(child, (ast.Assign, ast.AnnAssign))
        child = parent
    return True
