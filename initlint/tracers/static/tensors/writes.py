"""Records of the writes to parameters and of the init calls that made them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from initlint.graph.dataflow import Condition
from initlint.graph.model import UNDETERMINED, ApplyCall, InitCall, Location, Target, Write
from initlint.project.source import SourceLocation
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.tensors.module_tree import as_literal, modules, own_parameters
from initlint.tracers.static.values.objects import Instance
from initlint.tracers.static.values.tensors import COPY, Tensor
from initlint.tracers.static.values.values import UNBOUND, Value, options

UNKNOWN_WRITE = "unknown"
"""The initializer of a possible write in code that is not interpreted."""


class GainValue(float):
    """The result of `calculate_gain`, with the nonlinearity that it is for."""

    nonlinearity: str = ""


@dataclass(slots=True)
class WriteRecord:
    """One write, as it happened; becomes a `graph.Write` when the layer's path is known."""

    initializer: str
    arguments: Mapping[str, Any]
    location: Location
    via: tuple[Location, ...]
    condition: Condition
    method: bool
    covers_storage: bool
    reads_old_value: bool
    helpers: tuple[str, ...]
    no_grad: bool
    visit: ApplyCall | None

    def as_write(self, parameter: str, existing: Condition) -> Write:
        """`existing`: the conditions under which the parameter is there at all."""
        return Write(
            parameter=parameter,
            initializer=self.initializer,
            arguments=self.arguments,
            location=self.location,
            via=self.via,
            certain=self.condition <= existing and self.initializer != UNKNOWN_WRITE,
            method=self.method,
            covers_tensor=self.covers_storage,
            reads_old_value=self.reads_old_value,
            helpers=self.helpers,
            no_grad=self.no_grad,
            visit=self.visit,
        )


@dataclass(slots=True)
class InitCallRecord:
    """An init call at one location, merged over all times that it ran."""

    name: str
    initializer: str
    location: SourceLocation
    arguments: dict[str, Any]
    guarded: bool
    method: bool
    gain: str | None
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
            gain=self.gain,
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
    interpreter.state.record_side_effect()
    write = WriteRecord(
        initializer=initializer,
        arguments=arguments,
        location=location,
        via=interpreter.call_sites(),
        condition=interpreter.state.condition | condition,
        method=method,
        covers_storage=tensor.covers_storage,
        reads_old_value=reads_old_value,
        helpers=tuple(function.name for function, _ in interpreter.stack),
        no_grad=interpreter.no_grad > 0,
        visit=interpreter.apply_call,
    )
    derived = storage.derived
    if derived is None or derived.cause == COPY:
        storage.writes.append(write)
    elif derived.certain:
        derived.original.ineffective_writes.append((write, derived))
    else:
        derived.original.writes.append(replace(write, initializer=UNKNOWN_WRITE))


def record_init_call(
    interpreter: Interpreter,
    name: str,
    initializer: str,
    location: SourceLocation,
    arguments: Mapping[str, Value],
    target: Value,
    method: bool = False,
) -> None:
    """Record the call of an init function on `target`."""
    interpreter.state.record_side_effect()
    literals = {key: as_literal(value) for key, value in arguments.items()}
    gain = arguments.get("gain", arguments.get("a"))
    init_call = interpreter.log.calls.get(location)
    if init_call is None:
        init_call = interpreter.log.calls[location] = InitCallRecord(
            name=name,
            initializer=initializer,
            location=location,
            arguments=literals,
            guarded=interpreter.open_guards > 0,
            method=method,
            gain=gain.nonlinearity if isinstance(gain, GainValue) else None,
        )
    elif init_call.arguments != literals:
        init_call.arguments = {
            key: literals[key] if key in literals and init_call.arguments.get(key) == literals[key] else UNDETERMINED
            for key in {**init_call.arguments, **literals}
        }
    for option, condition in options(target):
        if option is not UNBOUND:
            init_call.targets[_target(interpreter, option, condition)] = None


def _target(interpreter: Interpreter, value: Value, condition: Condition) -> Target:
    if isinstance(value, Instance) and value.is_module:
        certain = interpreter.state.condition | condition <= value.condition
        return Target("module", layer=_type_of(value), certain=certain)
    if value is None:
        return Target("none", certain=not (interpreter.state.condition | condition))
    if not isinstance(value, Tensor) or value.storage is None:
        return Target("tensor" if isinstance(value, Tensor) else "unknown", certain=False)
    storage = value.storage
    owner = storage.owner
    leaf = value.leaf and storage.parameter and not storage.frozen and not interpreter.no_grad
    return Target(
        kind="parameter" if storage.parameter else "tensor",
        layer=_type_of(owner) if owner is not None else None,
        parameter=storage.name or None,
        shape=value.shape if value.covers_storage else None,
        leaf=leaf,
        certain=(interpreter.state.condition | condition) <= storage.condition,
    )


def _type_of(instance: Instance) -> str | None:
    if instance.torch_name == "torch.nn.Module" and instance.user_class is not None:
        return instance.user_class.name
    return None if instance.torch_name is None else instance.torch_name.rpartition(".")[2]


def mark_maybe_written(interpreter: Interpreter, values: Any, location: Location) -> None:
    """Record a possible write to all parameters of `values`, which were passed to code that is not interpreted."""
    for value in values:
        for option, _ in options(value):
            if isinstance(option, Tensor):
                if option.storage is not None and option.storage.parameter:
                    record_write(interpreter, option, UNKNOWN_WRITE, {}, location)
            elif isinstance(option, Instance) and option.is_module:
                for _, module, _ in modules(option):
                    for _, tensor, _ in own_parameters(module):
                        record_write(interpreter, tensor, UNKNOWN_WRITE, {}, location)
