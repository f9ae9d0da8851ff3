"""Locations in the code of a project, by enclosing function and class, without a reference to the syntax tree."""

from __future__ import annotations

import ast
from pathlib import Path

from initlint._records import dataclass
from initlint.tracers.references.file_queries import file_query
from initlint.tracers.references.syntax_index import SyntaxIndex, last_name


@dataclass(frozen=True, slots=True)
class CodeLocation:
    """A location in the file with the real path `path`.

    `top_level_name`: the name of the outermost enclosing function or class; None at module level. `cls`: the class
    whose method contains the location.
    """

    path: Path
    top_level_name: str | None
    cls: ClassRef | None

    @classmethod
    def of(cls, index: SyntaxIndex, node: ast.AST) -> CodeLocation:
        scopes = index.scopes(node)
        enclosing_class = next((ClassRef.of(scope) for scope in scopes if isinstance(scope, ast.ClassDef)), None)
        return cls(index.real, scopes[-1].name if scopes else None, enclosing_class)


@dataclass(frozen=True, slots=True)
class ClassRef:
    """A class by its name and the last names of its bases."""

    name: str
    bases: frozenset[str]

    @classmethod
    def of(cls, node: ast.ClassDef) -> ClassRef:
        return cls(node.name, frozenset(map(last_name, node.bases)))

    def is_or_derives(self, class_names: frozenset[str]) -> bool:
        """Whether it has one of these names, or directly derives from such a class."""
        return self.name in class_names or self.derives(class_names)

    def derives(self, class_names: frozenset[str]) -> bool:
        return not self.bases.isdisjoint(class_names)


def is_test_path(path: Path) -> bool:
    """Whether the name of a file or its folder says that it belongs to tests."""
    stem = path.stem
    is_named = stem.startswith("test_") or stem.endswith("_test") or stem == "conftest"
    return is_named or path.parent.name in ("test", "tests")


@file_query
def classes(index: SyntaxIndex) -> tuple[ClassRef, ...]:
    """The classes that a file defines."""
    return tuple(map(ClassRef.of, index.classes.values()))
