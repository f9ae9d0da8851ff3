"""Writes of contents: assignment to `.data` and to items, `copy_`, and arithmetic with numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from initlint.facts.initializer_formulas import INITIALIZERS, constant_value
from initlint.facts.initializer_formulas import scaled as scaled_init
from initlint.graph.model import Write
from initlint.graph.words import UNDETERMINED
from initlint.project.source import Location
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.tensors.writes import (
    UNKNOWN_WRITE,
    WriteRecord,
    copy_of,
    fresh_storage,
    note_use,
    record_write,
)
from initlint.tracers.static.values.axes import selects_all, transposed_shape
from initlint.tracers.static.values.external_names import FLOAT, INT
from initlint.tracers.static.values.questions import hint_of, literal
from initlint.tracers.static.values.tensors import Storage, Tensor, as_tensor, storage_of
from initlint.tracers.static.values.values import Unknown, Value


def write_data(interpreter: Interpreter, target: Tensor, value: Value, location: Location | None) -> None:
    """`parameter.data = value`."""
    if location is None or target.storage is None:
        return
    source = storage_of(value)
    # Another tensor with the same memory, such as `nn.Parameter(p.data)`, leaves that and does not change `p`.
    is_apart = target.storage.parameter and target.storage.is_of_several
    target.storage.is_split = target.storage.is_split or is_apart
    if source is not None and source is not target.storage and source.parameter:
        # They share the memory from now on: later writes to one change the other, too.
        record_write(interpreter, target, UNKNOWN_WRITE, {}, location)
        for one, other in ((target.storage, source), (source, target.storage)):
            if all(storage_of(known) is not other for known in one.origins):
                one.origins = (*one.origins, Tensor(storage=other))
        return
    if source is not None and not is_apart:
        if source is not target.storage:
            tensor = as_tensor(value)
            is_turned = tensor is not None and tensor.transposed
            _write_contents(interpreter, turned(target) if is_turned else target, source, location)
        return
    name = UNKNOWN_WRITE if is_apart or isinstance(value, Unknown) else "torch.Tensor.copy_"
    record_write(interpreter, target, name, {}, location)


def turned(tensor: Tensor) -> Tensor:
    """The transposed view of all of a tensor."""
    axes = None if tensor.axes is None else tensor.axes[::-1]
    shape = transposed_shape(tensor.shape)
    return Tensor(
        None, tensor.storage, False, tensor.covers_storage, shape=shape, transposed=not tensor.transposed, axes=axes
    )


def _write_contents(interpreter: Interpreter, target: Tensor, source: Storage, location: Location) -> None:
    """Copy the elements of `source`: if one init call set all of them, repeat that call for `target`."""
    note_use(interpreter, source)
    origin = source.writes[0].write if len(source.writes) == 1 else None
    if origin is not None and origin.covers_tensor and not origin.reads_old_value:
        if origin.axes is not None:
            target = turned(target)
        record_write(interpreter, target, origin.initializer, origin.arguments, location, method=True)
        return
    record_write(interpreter, target, "torch.Tensor.copy_", {}, location, method=True)


def write_item(interpreter: Interpreter, target: Tensor, index: Value, value: Value, location: Location) -> None:
    """`parameter[index] = value`: a write to part of the parameter, or to all of it by `[:]` and `[...]`."""
    part = Tensor(storage=target.storage, covers_storage=target.covers_storage and selects_all(index))
    if isinstance(value, (int, float)):
        record_write(interpreter, part, "torch.nn.init.constant_", {"val": value}, location, method=True)
    else:
        copy_into(interpreter, part, value, location)


def write_in_place(interpreter: Interpreter, target: Tensor, operation: str, value: Value, location: Location) -> None:
    """`parameter *= value`: the new value depends on the old one, unless that is multiplied by 0."""
    name = f"torch.Tensor.{_OPERATIONS.get(operation, operation)}_"
    is_number = isinstance(value, (int, float)) or hint_of(value) in (INT, FLOAT)
    arguments = {"value": literal(value)} if is_number else {}
    reads_old_value = constant_value(name, arguments, UNDETERMINED) is None
    record_write(interpreter, target, name, arguments, location, method=True, reads_old_value=reads_old_value)


_OPERATIONS = {"mult": "mul", "multiply": "mul", "divide": "div", "true_divide": "div", "subtract": "sub"}
"""Other names of the operations of `write_in_place`."""


def copy_into(interpreter: Interpreter, target: Tensor, value: Value, location: Location) -> None:
    """`parameter.copy_(value)`."""
    tensor = as_tensor(value)
    source = tensor.storage if tensor is not None and tensor.node is None and tensor.covers_storage else None
    if source is not None:
        note_use(interpreter, source)
    if source is not None and len(source.writes) == 1 and source.derived is None and not source.parameter:
        write = source.writes[0].write
        is_constant = constant_value(write.initializer, write.arguments, UNDETERMINED) is not None
        if is_constant or (write.initializer in _DRAWS and _same_shape(tensor, target)):
            is_turned = tensor is not None and tensor.transposed
            _write_contents(interpreter, turned(target) if is_turned else target, source, location)
            return
    record_write(interpreter, target, "torch.Tensor.copy_", {}, location, method=True)


_DRAWS = frozenset(
    name
    for name, initializer in INITIALIZERS.items()
    if initializer.kind in ("normal", "uniform", "trunc_normal", "xavier", "kaiming", "orthogonal")
)


def _same_shape(source: Tensor | None, target: Tensor) -> bool:
    """Whether no axis of the source is repeated to fill the target."""
    one, other = None if source is None else source.shape, target.shape
    if one is None or other is None or len(one) != len(other):
        return False
    return all(size == target_size or None in (size, target_size) for size, target_size in zip(one, other, strict=True))


def scaled(interpreter: Interpreter, tensor: Tensor, operation: str, other: Value, location: Location) -> Tensor:
    """A new tensor combined with a number: `torch.randn(3, 4) * 0.02` is normal with std 0.02."""
    result = copy_of(interpreter, tensor, location)
    storage = result.storage
    assert storage is not None
    if len(storage.writes) == 1:
        record = storage.writes[0]
        write = _scaled_write(record.write, operation, other)
        if write is not None:
            storage.writes = [WriteRecord(write, record.condition)]
            return result
    if storage.writes:
        record_write(interpreter, result, f"torch.Tensor.{operation}_", {}, location, reads_old_value=True)
    return result


def is_zero(value: Value) -> bool:
    """Whether it is the number 0."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value == 0


def zeros(interpreter: Interpreter, shape: tuple[int | None, ...] | None, location: Location) -> Tensor:
    """A new tensor of zeros: the result of a multiplication by 0."""
    tensor = Tensor(storage=fresh_storage(interpreter, shape, location))
    record_write(interpreter, tensor, "torch.nn.init.zeros_", {}, location, method=True)
    return tensor


def _scaled_write(write: Write, operation: str, other: Value) -> Write | None:
    """The init call that is equivalent to `write` and the operation after it; None if there is none."""
    if write.reads_old_value:
        return None
    scaled_call = scaled_init(write.initializer, write.arguments, operation, other, UNDETERMINED)
    if scaled_call is None:
        return None
    return replace(write, initializer=scaled_call[0], arguments=scaled_call[1], method=True)


_LEAST_CUT = 1.5
"""Beyond, a cut leaves most of a normal distribution as it is."""


def cut(
    interpreter: Interpreter, tensor: Tensor, name: str, arguments: Sequence[Value], location: Location
) -> Tensor | None:
    """`torch.clamp(torch.randn(3, 4), -2, 2)` or `fmod(..., 2)`, about a truncated normal; None for other tensors."""
    storage = tensor.storage
    if tensor.node is not None or storage is None or storage.origin.parameter or len(storage.writes) != 1:
        return None
    bounds = [bound for bound in arguments if isinstance(bound, (int, float)) and not isinstance(bound, bool)]
    if name == "fmod" and len(bounds) == 1:
        bounds = [-abs(bounds[0]), abs(bounds[0])]
    record = storage.writes[0]
    is_normal = record.write.initializer == "torch.nn.init.normal_" and not record.write.arguments
    if len(bounds) != 2 or not is_normal or not bounds[0] <= -_LEAST_CUT < _LEAST_CUT <= bounds[1]:
        return None
    result = copy_of(interpreter, tensor, location)
    assert result.storage is not None
    drawn = replace(
        record.write, initializer="torch.nn.init.trunc_normal_", arguments={"a": bounds[0], "b": bounds[1]}, method=True
    )
    result.storage.writes = [WriteRecord(drawn, record.condition)]
    return result
