"""Writes to parameters by assignment, copying and arithmetic, as opposed to calls of init functions."""

from __future__ import annotations

import ast
from dataclasses import replace

from initlint.facts.initializer_formulas import scaled as scaled_init
from initlint.graph.model import UNDETERMINED, Location
from initlint.project.source import SourceLocation
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.tensors.module_tree import as_literal
from initlint.tracers.static.tensors.writes import UNKNOWN_WRITE, WriteRecord, record_write
from initlint.tracers.static.values.tensors import COPY, DerivedStorage, Storage, Tensor
from initlint.tracers.static.values.values import FLOAT, INT, Unknown, Value


def fresh_storage(interpreter: Interpreter, shape: tuple[int | None, ...] | None, location: Location | None) -> Storage:
    """The memory of a new tensor."""
    return Storage(shape, location, interpreter.state.condition)


def copy_of(interpreter: Interpreter, tensor: Tensor, location: Location | None) -> Tensor:
    """A clone: a new storage with the writes so far."""
    storage = fresh_storage(interpreter, tensor.shape, location)
    if tensor.storage is not None:
        storage.writes = list(tensor.storage.writes)
        if tensor.storage.origin.parameter and location is not None:
            storage.derived = DerivedStorage(COPY, (tensor.storage.origin,), location)
    return Tensor(tensor.node, storage, sources=tensor.sources)


def replaces(value: Tensor, before: Tensor) -> bool:
    """Whether assigning `value` to the attribute of the parameter `before` replaces it by another parameter.

    `m.weight = nn.init.zeros_(m.weight)` does not.
    """
    return value.leaf and value.storage is not None and value.storage is not before.storage


def write_data(interpreter: Interpreter, target: Tensor, value: Value, location: Location | None) -> None:
    """`parameter.data = value`."""
    if location is None or target.storage is None:
        return
    if isinstance(value, Tensor) and value.storage is not None:
        if value.storage is not target.storage:
            _write_contents(interpreter, target, value.storage, location)
        return
    name = UNKNOWN_WRITE if isinstance(value, Unknown) else "torch.Tensor.copy_"
    record_write(interpreter, target, name, {}, location)


def _write_contents(interpreter: Interpreter, target: Tensor, source: Storage, location: Location) -> None:
    """Copy the elements of `source`: if one init call set all of them, repeat that call for `target`."""
    if len(source.writes) == 1 and source.writes[0].covers_storage and not source.writes[0].reads_old_value:
        origin = source.writes[0]
        record_write(interpreter, target, origin.initializer, origin.arguments, location, method=True)
        return
    record_write(interpreter, target, "torch.Tensor.copy_", {}, location, method=True)


def write_item(interpreter: Interpreter, target: Tensor, value: Value, location: Location) -> None:
    """`parameter[index] = value`: a write to part of the parameter."""
    part = Tensor(storage=target.storage, covers_storage=False)
    if isinstance(value, (int, float)):
        record_write(interpreter, part, "torch.nn.init.constant_", {"val": value}, location, method=True)
    else:
        record_write(interpreter, part, "torch.Tensor.copy_", {}, location, method=True)


def write_in_place(interpreter: Interpreter, target: Tensor, operation: str, value: Value, location: Location) -> None:
    """`parameter *= value`: the new value depends on the old one."""
    name = {"mult": "mul"}.get(operation, operation)
    is_number = isinstance(value, (int, float)) or (isinstance(value, Unknown) and value.hint in (INT, FLOAT))
    arguments = {"value": as_literal(value)} if is_number else {}
    record_write(interpreter, target, f"torch.Tensor.{name}_", arguments, location, method=True, reads_old_value=True)


def record_write_to_copy(result: Tensor, statement: ast.expr) -> None:
    """Record an ineffective write: a statement created a copy of a parameter, wrote to it and dropped it.

    That is so if the outermost call of the statement is the write, and the copy was created within it.
    """
    storage = result.storage
    if storage is None or storage.derived is None or storage.derived.cause != COPY or not storage.writes:
        return
    write, copied_at = storage.writes[-1], storage.derived.location
    if (
        not isinstance(write.location, SourceLocation)
        or write.location.node is not statement
        or not isinstance(copied_at, SourceLocation)
    ):
        return
    if any(node is copied_at.node for node in ast.walk(statement) if node is not statement):
        storage.derived.original.ineffective_writes.append((write, storage.derived))


def copy_into(interpreter: Interpreter, target: Tensor, location: Location) -> None:
    """`parameter.copy_(value)`."""
    record_write(interpreter, target, "torch.Tensor.copy_", {}, location, method=True)


def scaled(interpreter: Interpreter, tensor: Tensor, operation: str, other: Value, location: Location) -> Tensor:
    """A new tensor combined with a number: `torch.randn(3, 4) * 0.02` is normal with std 0.02."""
    result = copy_of(interpreter, tensor, location)
    storage = result.storage
    assert storage is not None
    if len(storage.writes) == 1:
        write = _scaled_write(storage.writes[0], operation, other)
        if write is not None:
            storage.writes = [write]
            return result
    if storage.writes:
        record_write(interpreter, result, f"torch.Tensor.{operation}_", {}, location, reads_old_value=True)
    return result


def _scaled_write(old: WriteRecord, operation: str, other: Value) -> WriteRecord | None:
    scaled_call = (
        None if old.reads_old_value else scaled_init(old.initializer, old.arguments, operation, other, UNDETERMINED)
    )
    if scaled_call is None:
        return None
    return replace(old, initializer=scaled_call[0], arguments=scaled_call[1], method=True)
