"""Writes to parameters: what is recorded of each, and what is recorded of the call that made it."""

from __future__ import annotations

import ast
from dataclasses import replace

from initlint.facts.initializer_formulas import scaled as scaled_init
from initlint.graph.model import UNDETERMINED, Location
from initlint.project.source import SourceLocation
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.tensors.module_tree import as_literal
from initlint.tracers.static.tensors.writes import UNKNOWN_WRITE, WriteRecord, record
from initlint.tracers.static.values.tensors import COPY, DerivedStorage, Storage, Tensor
from initlint.tracers.static.values.values import FLOAT, INT, Unknown, Value


def fresh_storage(interpreter: Interpreter, shape: tuple[int | None, ...] | None, place: Location | None) -> Storage:
    """The memory of a new tensor."""
    return Storage(shape, place, interpreter.state.condition)


def copy_of(interpreter: Interpreter, tensor: Tensor, place: Location | None) -> Tensor:
    """A clone: its own storage, with what was written so far."""
    storage = fresh_storage(interpreter, tensor.shape, place)
    if tensor.storage is not None:
        storage.writes = list(tensor.storage.writes)
        if tensor.storage.origin.parameter and place is not None:
            storage.derived = DerivedStorage(COPY, (tensor.storage.origin,), place)
    return Tensor(tensor.node, storage, sources=tensor.sources)


def replaces(value: Tensor, before: Tensor) -> bool:
    """Whether assigning `value` over the parameter `before` puts another parameter in its place.

    `m.weight = nn.init.zeros_(m.weight)` does not.
    """
    return value.leaf and value.storage is not None and value.storage is not before.storage


def write_data(interpreter: Interpreter, target: Tensor, value: Value, place: Location | None) -> None:
    """`parameter.data = value`."""
    if place is None or target.storage is None:
        return
    if isinstance(value, Tensor) and value.storage is not None:
        if value.storage is not target.storage:
            _write_contents(interpreter, target, value.storage, place)
        return
    name = UNKNOWN_WRITE if isinstance(value, Unknown) else "torch.Tensor.copy_"
    record(interpreter, target, name, {}, place)


def _write_contents(interpreter: Interpreter, target: Tensor, source: Storage, place: Location) -> None:
    """What is known of one tensor's elements is now known of the other's."""
    if len(source.writes) == 1 and source.writes[0].whole and not source.writes[0].relative:
        origin = source.writes[0]
        record(interpreter, target, origin.initializer, origin.arguments, place, method=True)
        return
    record(interpreter, target, "torch.Tensor.copy_", {}, place, method=True)


def write_item(interpreter: Interpreter, target: Tensor, value: Value, place: Location) -> None:
    """`parameter[index] = value`: a write to a part."""
    part = Tensor(storage=target.storage, whole=False)
    if isinstance(value, (int, float)):
        record(interpreter, part, "torch.nn.init.constant_", {"val": value}, place, method=True)
    else:
        record(interpreter, part, "torch.Tensor.copy_", {}, place, method=True)


def write_in_place(interpreter: Interpreter, target: Tensor, operation: str, value: Value, place: Location) -> None:
    """`parameter *= value`: keeps part of what was there."""
    name = {"mult": "mul"}.get(operation, operation)
    is_number = isinstance(value, (int, float)) or (isinstance(value, Unknown) and value.hint in (INT, FLOAT))
    arguments = {"value": as_literal(value)} if is_number else {}
    record(interpreter, target, f"torch.Tensor.{name}_", arguments, place, method=True, relative=True)


def note_dropped(result: Tensor, statement: ast.expr) -> None:
    """A statement wrote to a copy of a parameter that it made itself, and nobody has the copy.

    That is so if its outermost call is the write, and the copy was made inside of it.
    """
    storage = result.storage
    if storage is None or storage.derived is None or storage.derived.cause != COPY or not storage.writes:
        return
    write, copied_at = storage.writes[-1], storage.derived.place
    if (
        not isinstance(write.place, SourceLocation)
        or write.place.node is not statement
        or not isinstance(copied_at, SourceLocation)
    ):
        return
    if any(node is copied_at.node for node in ast.walk(statement) if node is not statement):
        storage.derived.original.lost.append((write, storage.derived))


def copy_into(interpreter: Interpreter, target: Tensor, place: Location) -> None:
    """`parameter.copy_(value)`."""
    record(interpreter, target, "torch.Tensor.copy_", {}, place, method=True)


def scaled(interpreter: Interpreter, tensor: Tensor, operation: str, other: Value, place: Location) -> Tensor:
    """A new tensor (`torch.randn(3, 4)`) combined with a number: `torch.randn(3, 4) * 0.02` is normal with std 0.02."""
    result = copy_of(interpreter, tensor, place)
    storage = result.storage
    assert storage is not None
    if len(storage.writes) == 1:
        write = _scaled_write(storage.writes[0], operation, other)
        if write is not None:
            storage.writes = [write]
            return result
    if storage.writes:
        record(interpreter, result, f"torch.Tensor.{operation}_", {}, place, relative=True)
    return result


def _scaled_write(write: WriteRecord, operation: str, other: Value) -> WriteRecord | None:
    init = None if write.relative else scaled_init(write.initializer, write.arguments, operation, other, UNDETERMINED)
    if init is None:
        return None
    return replace(write, initializer=init[0], arguments=init[1], method=True)
