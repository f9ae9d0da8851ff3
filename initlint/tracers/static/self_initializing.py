"""Whether the constructor of a class draws weights: its own, or those of the parts that it builds."""

from __future__ import annotations

from initlint.tracers.references.leftovers import called_names, constructor_draws
from initlint.tracers.static.values.classes import ClassValue, ModuleRef
from initlint.tracers.static.values.environment import ModuleScope

_MAX_CLASSES = 100
"""A model of more classes than these is not followed to its end."""


def initializes_itself(scope: ModuleScope, name: str) -> bool | None:
    """Whether the class that the dotted `name` means in `scope` draws weights when it is built; None if no module."""
    cls = _class_of(scope, name)
    if cls is None or cls.known_torch_base() is None:
        return None
    left, seen = [cls], set[int]()
    while left and len(seen) < _MAX_CLASSES:
        part = left.pop()
        if id(part.node) in seen:
            continue
        seen.add(id(part.node))
        if constructor_draws(part.node):
            return True
        left += part.project_classes[1:]
        left += (inner for called in called_names(part.node) if (inner := _class_of(part.scope, called)) is not None)
    return False


def _class_of(scope: ModuleScope, name: str) -> ClassValue | None:
    """A class of the project; None for what is none, and for a longer path than `module.Class`."""
    first, _, rest = name.partition(".")
    value = scope.lookup(first)
    if rest and isinstance(value, ModuleRef) and "." not in rest:
        value = value.scope.lookup(rest)
    elif rest:
        return None
    return value if isinstance(value, ClassValue) else None
