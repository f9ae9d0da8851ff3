"""Submodules whose names are composed of a number that is not known."""

from __future__ import annotations

from initlint.project.source import Location
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.values.objects import Instance, as_module, as_object
from initlint.tracers.static.values.questions import set_attribute
from initlint.tracers.static.values.values import Value


def set_by_pattern(interpreter: Interpreter, holder: Instance, pattern: str, value: Value, location: Location) -> None:
    """`setattr(self, f"lin{i}", layer)` for an unknown `i`: the first layer represents those that are built alike."""
    module = as_module(value)
    if module is None or pattern.startswith("*"):
        return
    existing = holder.fields.get(pattern)
    first = as_object(existing)
    if existing is None:
        set_attribute(interpreter, holder, pattern, module, location)
    elif first is not None and first.location == module.location:
        module.parent = True
