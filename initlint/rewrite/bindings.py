"""What gives a name its value, and the scope that holds the name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import libcst as cst


@dataclass(frozen=True, slots=True)
class Binding:
    """What gives a name its value. An import has `dotted`, the full name it stands for, and its nodes.

    `value` is the right side of `name = value` where that is a dotted name. All None: anything else.
    """

    dotted: str | None = None
    statement: cst.Import | cst.ImportFrom | None = None
    alias: cst.ImportAlias | None = None
    value: cst.BaseExpression | None = None


OTHER = Binding()


@dataclass(slots=True, eq=False)
class Scope:
    """The names that a scope binds. A class hides its own from inner scopes. Complete once `Scopes.of` has returned."""

    parent: Scope | None
    is_class: bool = False
    is_comprehension: bool = False
    bindings: dict[str, list[Binding]] = field(default_factory=dict)

    def bind(self, name: str, binding: Binding) -> None:
        self.bindings.setdefault(name, []).append(binding)

    def visible(self) -> Iterator[Scope]:
        """This scope and those around it that names are looked up in, the innermost first."""
        yield self
        scope = self.parent
        while scope is not None:
            if not scope.is_class:
                yield scope
            scope = scope.parent

    def holder(self, name: str) -> Scope | None:
        """The scope that binds `name` as seen from here."""
        return next((scope for scope in self.visible() if name in scope.bindings), None)


def dotted_name(node: cst.BaseExpression) -> str | None:
    """`a.b.c` as it is written, None for any other expression."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        left = dotted_name(node.value)
        return None if left is None else f"{left}.{node.attr.value}"
    return None
