"""Which parameter a value of None is: one that its layer was built without, such as the bias with `bias=False`."""

from __future__ import annotations

import ast
from typing import Protocol

from initlint.project.source import SourceLocation
from initlint.tracers.references.syntax_index import last_name
from initlint.tracers.static.values.functions import Function
from initlint.tracers.static.values.objects import Instance


class Frames(Protocol):
    """What this needs of the interpreter."""

    last_absent: tuple[Instance, str] | None
    stack: list[tuple[Function, SourceLocation | None]]


def absent_parameter(machine: Frames, node: ast.expr) -> tuple[Instance, str] | None:
    """The layer and the name of the parameter whose value None `node` has."""
    if isinstance(node, ast.Name):
        assigned = _only_assignment(machine, node.id)
        return None if assigned is None else absent_parameter(machine, assigned)
    last = machine.last_absent
    if isinstance(node, ast.Attribute):
        return last if last is not None and last[1] == node.attr else None
    if isinstance(node, ast.Call) and last_name(node.func) == "getattr" and len(node.args) == 2:
        return last if last is not None and ast.unparse(node.args[1]) == repr(last[1]) else None
    return None


def absent_argument(machine: Frames, call: ast.AST) -> tuple[Instance, str] | None:
    """The layer and the name of the parameter that is the first argument of an init call, and None."""
    if not isinstance(call, ast.Call):
        return None
    tensors = [*call.args[:1], *(keyword.value for keyword in call.keywords if keyword.arg == "tensor")]
    return absent_parameter(machine, tensors[0]) if tensors else None


def _only_assignment(machine: Frames, name: str) -> ast.expr | None:
    """The value of the only assignment to a name in the running function."""
    if not machine.stack:
        return None
    values = [
        statement.value
        for statement in ast.walk(machine.stack[-1][0].node)
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name) and target.id == name
    ]
    return values[0] if len(values) == 1 else None
