"""Places in the files of a project, told by what they stand in: without the trees, of which few can be kept."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from initlint.tracers.references.file_queries import teller
from initlint.tracers.references.syntax_index import SyntaxIndex, last_name


@dataclass(frozen=True, slots=True)
class CodeLocation:
    """A place in the file with the real path `path`.

    `top` is the name of the outermost function or class that it stands in; None is the file's top level. `cls` is the
    class in whose methods it stands.
    """

    path: Path
    top: str | None
    cls: ClassRef | None

    @classmethod
    def of(cls, text: SyntaxIndex, node: ast.AST) -> CodeLocation:
        scopes = text.scopes(node)
        around = next((ClassRef.of(scope) for scope in scopes if isinstance(scope, ast.ClassDef)), None)
        return cls(text.real, scopes[-1].name if scopes else None, around)


@dataclass(frozen=True, slots=True)
class ClassRef:
    """A class by its name, and by the last names of its bases."""

    name: str
    bases: frozenset[str]

    @classmethod
    def of(cls, node: ast.ClassDef) -> ClassRef:
        return cls(node.name, frozenset(map(last_name, node.bases)))

    def is_of(self, family: frozenset[str]) -> bool:
        """Whether it has one of these names, or derives from such a class."""
        return self.name in family or self.derives(family)

    def derives(self, family: frozenset[str]) -> bool:
        return not self.bases.isdisjoint(family)


@teller
def classes(text: SyntaxIndex) -> tuple[ClassRef, ...]:
    """Those that a file defines."""
    return tuple(map(ClassRef.of, text.classes.values()))
