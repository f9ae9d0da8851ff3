"""Writes to parameters: by init functions, assignment, copying and arithmetic, and the init calls behind them.

Every write goes through `record_write`, which appends a `WriteRecord` to the storage of the tensor.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any

from initlint._records import dataclass
from initlint.graph.dataflow import Condition
from initlint.graph.mistakes import MisuseKind, ParameterMisuse
from initlint.graph.model import InitCall, Target, TargetKind, Write
from initlint.graph.words import UNDETERMINED
from initlint.project.source import Location, SourceLocation
from initlint.tracers.static.machine.absent_values import absent_argument
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.tensors.written_views import (
    has_unknown_axes,
    is_reshaped,
    transposed_axes,
    without_fans,
)
from initlint.tracers.static.values.objects import REGISTRY, Instance, as_module
from initlint.tracers.static.values.questions import is_plain_tensor, literal, options
from initlint.tracers.static.values.tensors import COPY, DerivedStorage, Storage, Tensor, as_tensor
from initlint.tracers.static.values.values import UNBOUND, Value

UNKNOWN_WRITE = "unknown"
"""The initializer of a possible write in code that is not interpreted."""


class GainValue(float):
    """The result of `calculate_gain`, with the nonlinearity that it is for."""

    nonlinearity: str = ""


@dataclass(frozen=True, slots=True)
class WriteRecord:
    """A write, and the path condition that it happened under.

    The parameter's name in `write` is empty: the writes of a storage are shown under the names that modules give it.
    """

    write: Write
    condition: Condition

    @property
    def is_known(self) -> bool:
        """Whether it is more than a possible write in code that is not interpreted."""
        return self.write.initializer != UNKNOWN_WRITE

    def as_write(self, parameter: str, existing: Condition) -> Write:
        """The write to `parameter`, which exists under the condition `existing`."""
        certain = self.condition <= existing and self.is_known
        return replace(self.write, parameter=parameter, certain=certain)


@dataclass(slots=True)
class InitCallRecord:
    """An init call at one location, merged over all times that it ran."""

    name: str
    initializer: str
    location: SourceLocation
    arguments: dict[str, Any]
    guarded: bool
    method: bool
    takes_module: bool
    gain: str | None
    via: tuple[Location, ...]
    targets: dict[Target, None] = field(default_factory=dict)

    def as_call(self) -> InitCall:
        """The frozen form, for graphs."""
        return InitCall(
            name=self.name,
            initializer=self.initializer,
            location=self.location,
            arguments=self.arguments,
            targets=tuple(self.targets),
            guarded=self.guarded,
            method=self.method,
            takes_module=self.takes_module,
            gain=self.gain,
            via=self.via,
        )


def record_write(
    interpreter: Interpreter,
    tensor: Tensor,
    initializer: str,
    arguments: Mapping[str, Any],
    location: Location,
    method: bool = False,
    reads_old_value: bool = False,
    condition: Condition = frozenset(),
) -> None:
    """Record a write to the storage of `tensor`; one to the output of a parametrization is ineffective."""
    storage = tensor.storage
    if storage is None:
        return
    if storage.is_split:
        initializer, arguments = UNKNOWN_WRITE, {}
    elif has_unknown_axes(tensor):
        # The fans that the initializer computes are unknown as well.
        arguments = without_fans(initializer, arguments)
    state = interpreter.state
    state.record_side_effect(is_write=True)
    owner = storage.owner
    note_shared_write(interpreter, storage, location)
    if owner is not None and owner.origins:
        interpreter.handlers.may_write(interpreter, owner.origins, location, owner.cls)
    if state.observation is not None:
        how = (initializer, arguments, location, method, reads_old_value, condition)
        state.observation.record(tensor, lambda other: record_write(interpreter, other, *how))
    if interpreter.visits.active:
        interpreter.visits.record_write(interpreter.stack)
    write = Write(
        parameter="",
        initializer=initializer,
        arguments=arguments,
        location=location,
        via=interpreter.call_sites(),
        method=method,
        covers_tensor=tensor.covers_storage,
        rows=tensor.rows,
        shape_read=storage.shape_read,
        axes=tensor.axes if not tensor.covers_storage else transposed_axes(tensor),
        shape=() if has_unknown_axes(tensor) else tensor.shape if is_reshaped(tensor) else None,
        reads_old_value=reads_old_value,
        helpers=tuple(function.name for function, _ in interpreter.stack),
        no_grad=interpreter.grad_mode.enabled is False,
        visit=interpreter.apply_call,
    )
    under = interpreter.state.condition | condition | interpreter.doubt
    derived = storage.derived
    if derived is None or derived.cause == COPY:
        storage.writes.append(WriteRecord(write, under))
    elif derived.certain:
        derived.original.ineffective_writes.append((WriteRecord(write, under), derived))
    else:
        derived.original.writes.append(WriteRecord(replace(write, initializer=UNKNOWN_WRITE), under))


def note_shared_write(interpreter: Interpreter, storage: Storage, location: Location) -> None:
    """Record a possible write to the parameters that the memory of `storage` is, or may be, shared with."""
    if storage.origins and id(storage) not in interpreter.shared_writes:
        interpreter.spend_steps(len(storage.origins))
        interpreter.shared_writes.add(id(storage))
        try:
            interpreter.handlers.may_write(interpreter, storage.origins, location)
        finally:
            interpreter.shared_writes.discard(id(storage))


def record_init_call(
    interpreter: Interpreter,
    name: str,
    initializer: str,
    location: SourceLocation,
    arguments: Mapping[str, Value],
    target: Value,
    method: bool = False,
    takes_module: bool = False,
) -> None:
    """Record the call of an init function on `target`."""
    state = interpreter.state
    state.record_side_effect(is_write=True)
    if state.observation is not None:
        how = (name, initializer, location, arguments)
        state.observation.record(target, lambda other: record_init_call(interpreter, *how, other, method, takes_module))
    if interpreter.visits.active:
        interpreter.visits.record_write(interpreter.stack)
    literals = {key: literal(value) for key, value in arguments.items()}
    given = arguments.get("gain", arguments.get("a"))
    gain = given.nonlinearity if isinstance(given, GainValue) else None
    init_call = interpreter.log.calls.get(location)
    if init_call is None:
        init_call = interpreter.log.calls[location] = InitCallRecord(
            name=name,
            initializer=initializer,
            location=location,
            arguments=literals,
            guarded=interpreter.open_guards > 0,
            method=method,
            takes_module=takes_module,
            gain=gain,
            via=interpreter.call_sites(),
        )
    else:
        if init_call.arguments != literals:
            init_call.arguments = {
                key: literals[key]
                if key in literals and init_call.arguments.get(key) == literals[key]
                else UNDETERMINED
                for key in {**init_call.arguments, **literals}
            }
        if init_call.gain != gain:
            init_call.gain = None  # equal numbers, of which only some are computed by `calculate_gain`
    for option, condition in options(target):
        if option is not UNBOUND:
            init_call.targets[_target(interpreter, option, condition, location.node)] = None


def _agreed(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that are equal in both; the others are undetermined."""
    return {
        key: second[key] if key in second and first.get(key) == second[key] else UNDETERMINED
        for key in {**first, **second}
    }


def _target(interpreter: Interpreter, value: Value, condition: Condition, call: ast.AST) -> Target:
    module, tensor = as_module(value), as_tensor(value)
    if module is not None:
        certain = interpreter.state.condition | condition <= module.condition
        return Target("module", layer=module.shown_type, certain=certain)
    if value is None:
        under = interpreter.state.condition | condition
        absent = absent_argument(interpreter, call)
        if absent is None:
            return Target("none", certain=not under)
        return Target("none", absent[0].shown_type, absent[1], certain=under <= absent[0].condition)
    if tensor is None or tensor.storage is None:
        return Target("unknown" if tensor is None else "tensor", certain=False)
    storage = tensor.storage
    owner = storage.owner
    leaf = tensor.tracked and _requires_grad(interpreter, storage)
    kind: TargetKind = "parameter" if storage.parameter else "tensor"
    if owner is not None and _is_uninitialized_lazy(interpreter, owner, storage):
        kind = "lazy"
    under = interpreter.state.condition | condition
    # A layer that is made under an option is not lazy for certain: without the option it is another layer.
    certain = not (under | storage.condition) if kind == "lazy" else under <= storage.condition
    is_reshaped = tensor.shape is not None and len(tensor.shape) != len(storage.shape or ())
    return Target(
        kind=kind,
        layer=owner.shown_type if owner is not None else None,
        parameter=(storage.name or None) if not is_reshaped else None,
        shape=tensor.shape if tensor.covers_storage else None,
        leaf=leaf,
        certain=certain,
    )


def _is_uninitialized_lazy(interpreter: Interpreter, owner: Instance, storage: Storage) -> bool:
    """Whether it is a parameter of a lazy layer (`LazyLinear`) that surely has not been called yet."""
    if owner.torch_name is None or not owner.torch_name.startswith("torch.nn.Lazy"):
        return False
    return not (owner.symbolic or owner.registry_changed or interpreter.log.may_have_run or storage.loads)


def _requires_grad(interpreter: Interpreter, storage: Storage) -> bool:
    """Whether autograd surely forbids to change this parameter in place."""
    if not storage.parameter or storage.frozen or storage.grad_unknown or storage.derived is not None:
        return False
    if not interpreter.grad_mode.enabled or interpreter.unknown_contexts:
        return False
    return not any(function.scope.disables_gradients for function, _ in interpreter.stack)


def set_requires_grad(storage: Storage, value: Value) -> None:
    """`parameter.requires_grad = value`."""
    storage.frozen = value is False
    storage.requires_grad = value is True
    storage.grad_unknown = not isinstance(value, bool)


def record_leaf_write(interpreter: Interpreter, tensor: Tensor, location: SourceLocation) -> None:
    """Record an in-place operation on a parameter, or on a view of one, if it surely raises."""
    storage = tensor.storage
    if storage is None or not _requires_grad(interpreter, storage):
        return
    if interpreter.open_guards == 0 and interpreter.runs_whenever(storage.condition):
        _record_misuse(interpreter, "leaf", location)


def record_tensor_assignment(
    interpreter: Interpreter, instance: Instance, name: str, value: Value, location: Location
) -> None:
    """Record `module.name = tensor` if `name` is surely a registered parameter and the value no Parameter."""
    if interpreter.open_guards or not isinstance(location, SourceLocation) or not is_plain_tensor(value):
        return
    if instance.registry_changed or instance.parametrized or instance.torch_name in _CONVERTING:
        return
    cls = instance.user_class
    if cls is not None and (not cls.readable or cls.find("__setattr__")[1] is not None):
        return
    before = instance.fields.get(name)
    if before is None and name not in instance.fields and REGISTRY not in instance.fields:
        before = instance.get_parameter(name)
    replaced = as_tensor(before)
    if replaced is not None and replaced.leaf and replaced.storage is not None:
        storage = replaced.storage
        if storage.parameter and storage.derived is None:
            _record_misuse(interpreter, "tensor", location)


_CONVERTING = frozenset({"torch.nn.ParameterDict", "torch.nn.ParameterList"})
"""Containers that make a Parameter of each tensor that is assigned to an item."""


def record_tensor_registration(
    interpreter: Interpreter, instance: Instance, value: Value, location: SourceLocation
) -> None:
    """Record `register_parameter(name, tensor)` if the value is surely no Parameter."""
    if interpreter.open_guards == 0 and is_plain_tensor(value):
        _record_misuse(interpreter, "tensor", location)


def _record_misuse(interpreter: Interpreter, kind: MisuseKind, location: SourceLocation) -> None:
    interpreter.state.record_side_effect(is_write=True)
    if location not in interpreter.log.misuses:
        interpreter.log.misuses[location] = ParameterMisuse(kind, ast.unparse(location.node), location)


def fresh_storage(interpreter: Interpreter, shape: tuple[int | None, ...] | None, location: Location | None) -> Storage:
    """The memory of a new tensor."""
    return Storage(shape, location, interpreter.state.condition)


def turned_storage(interpreter: Interpreter, tensor: Tensor, location: Location) -> Storage:
    """The memory of a new parameter that is made of a transposed matrix: its writes, with the axes in its own order."""
    source = tensor.storage
    assert source is not None
    storage = fresh_storage(interpreter, tensor.shape, location)
    is_matrix = len(source.shape or ()) == 2
    for record in source.writes:
        axes = (1, 0) if record.write.axes is None else None
        arguments = (
            record.write.arguments if is_matrix else without_fans(record.write.initializer, record.write.arguments)
        )
        write = replace(
            record.write, axes=axes if is_matrix and record.write.covers_tensor else None, arguments=arguments
        )
        storage.writes.append(WriteRecord(write, record.condition))
    storage.uninitialized, storage.is_converted = source.uninitialized, source.is_converted
    source.origins = (*source.origins, Tensor(storage=storage))
    storage.origins = (Tensor(storage=source),)
    return storage


def copy_of(interpreter: Interpreter, tensor: Tensor, location: Location | None) -> Tensor:
    """A clone: a new storage with the writes so far."""
    storage = fresh_storage(interpreter, tensor.shape, location)
    if tensor.storage is not None:
        note_use(interpreter, tensor.storage)
        storage.writes, storage.is_converted = list(tensor.storage.writes), tensor.storage.is_converted
        if tensor.storage.origin.parameter and location is not None:
            storage.derived = DerivedStorage(COPY, (tensor.storage.origin,), location)
        else:
            storage.uninitialized = tensor.storage.uninitialized
    return Tensor(tensor.node, storage, sources=tensor.sources)


def note_use(interpreter: Interpreter, storage: Storage) -> None:
    """The writes to a storage are read; see `machine.observations`."""
    if interpreter.state.observation is not None:
        interpreter.state.observation.note_use(storage)


def replaces(value: Tensor, before: Tensor) -> bool:
    """Whether assigning `value` to the attribute of the parameter `before` replaces it by another parameter.

    `m.weight = nn.init.zeros_(m.weight)` does not.
    """
    return value.leaf and value.storage is not None and value.storage is not before.storage


def record_write_to_copy(result: Tensor, statement: ast.expr) -> None:
    """Record an ineffective write: a statement created a copy of a parameter, wrote to it and dropped it.

    That is so if the outermost call of the statement is the write, and the copy was created within it.
    """
    written = write_to_copy(result, statement)
    if written is None:
        return
    record, derived, copied_at = written
    if any(node is copied_at for node in ast.walk(statement) if node is not statement):
        derived.original.ineffective_writes.append((record, derived))


def write_to_copy(result: Tensor, statement: ast.expr) -> tuple[WriteRecord, DerivedStorage, ast.AST] | None:
    """The write, the derivation of the copy and the expression that made it, if `statement` writes to a copy."""
    storage = result.storage
    if storage is None or storage.derived is None or storage.derived.cause != COPY or not storage.writes:
        return None
    record, copied_at = storage.writes[-1], storage.derived.location
    written_at = record.write.location
    if not isinstance(written_at, SourceLocation) or written_at.node is not statement:
        return None
    return (record, storage.derived, copied_at.node) if isinstance(copied_at, SourceLocation) else None
