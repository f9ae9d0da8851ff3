"""The scopes of a file and the names that each binds: one light pass, without libcst's metadata."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import libcst as cst

from initlint.rewrite.bindings import Scope
from initlint.rewrite.concrete import Concrete
from initlint.rewrite.scope_walk import ScopeWalk
from initlint.source import SourceFile


@dataclass(frozen=True, eq=False)
class Scopes:
    """All scopes of a file. `of_node`: by the id of each `Name`, `Attribute`, `Call` and `ImportAlias`."""

    all: tuple[Scope, ...]
    of_node: dict[int, Scope]
    uses: dict[str, list[cst.Name]]
    """The places where a name is read."""
    stars: tuple[str, ...]
    """The modules of `from m import *`, in order."""
    strings: tuple[cst.SimpleString, ...]
    attributes: tuple[cst.Attribute, ...]
    """In the order of the text, the outer before the inner."""
    imports: tuple[cst.ImportFrom, ...]
    called: frozenset[int]
    """The ids of what is called: `f` in `f(x)`."""
    keys: dict[int, str]
    """By the id of a value in a dictionary: its key, where that is a string."""
    lines: dict[int, cst.SimpleStatementLine]
    """The line of each call that is all there is on it, by the id of the call."""
    statements: frozenset[int]
    """The ids of the expressions that are statements: nobody takes their values."""

    @classmethod
    @functools.lru_cache(maxsize=4)
    def of(cls, source: SourceFile) -> Scopes:
        walk = ScopeWalk()
        walk.visit(Concrete.of(source).module, walk.module)
        return cls(
            all=tuple(walk.all),
            of_node=walk.of_node,
            uses=walk.uses,
            stars=tuple(walk.stars),
            strings=tuple(walk.strings),
            attributes=tuple(walk.attributes),
            imports=tuple(walk.imports),
            called=frozenset(walk.called),
            keys=walk.keys,
            lines=walk.lines,
            statements=frozenset(walk.statements),
        )
