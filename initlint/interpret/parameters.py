"""Writes to parameters: what is recorded of each, and what is recorded of the call that made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from initlint.facts.initializers import RELATIVE_METHODS
from initlint.flow import Condition
from initlint.graph import UNDETERMINED, InitCall, Place, Target, Write
from initlint.interpret.machine import Machine
from initlint.interpret.tree import literal, modules, own_parameters
from initlint.interpret.values import ABSENT, Instance, Storage, Tensor, Unknown, Value, options
from initlint.source import Site

UNKNOWN_WRITE = "unknown"
"""The initializer of a write that may have happened in code that is not followed."""


class Gain(float):
    """What `calculate_gain` returned; it remembers for which nonlinearity."""

    nonlinearity: str = ""


@dataclass(slots=True)
class Recorded:
    """One write, as it happened; becomes a `graph.Write` when the layer's path is known."""

    initializer: str
    arguments: Mapping[str, Any]
    place: Place
    via: tuple[Place, ...]
    condition: Condition
    method: bool
    whole: bool
    relative: bool
    helpers: tuple[str, ...]
    no_grad: bool

    def as_write(self, parameter: str, existing: Condition) -> Write:
        """`existing`: the conditions under which the parameter is there at all."""
        return Write(
            parameter=parameter,
            initializer=self.initializer,
            arguments=self.arguments,
            place=self.place,
            via=self.via,
            certain=self.condition <= existing and self.initializer != UNKNOWN_WRITE,
            method=self.method,
            whole=self.whole,
            relative=self.relative,
            helpers=self.helpers,
            no_grad=self.no_grad,
        )


@dataclass(slots=True)
class CallRecord:
    """What is known of an init call while the interpreter may still come by again."""

    name: str
    initializer: str
    place: Site
    arguments: dict[str, Any]
    guarded: bool
    method: bool
    gain: str | None
    targets: dict[Target, None] = field(default_factory=dict)

    def as_call(self) -> InitCall:
        return InitCall(
            name=self.name,
            initializer=self.initializer,
            place=self.place,
            arguments=self.arguments,
            targets=tuple(self.targets),
            guarded=self.guarded,
            method=self.method,
            gain=self.gain,
        )


def record(
    machine: Machine,
    tensor: Tensor,
    initializer: str,
    arguments: Mapping[str, Any],
    place: Place,
    method: bool = False,
    relative: bool = False,
    condition: Condition = frozenset(),
) -> None:
    """Note a write to the storage of `tensor`."""
    if tensor.storage is None:
        return
    tensor.storage.writes.append(
        Recorded(
            initializer=initializer,
            arguments=arguments,
            place=place,
            via=machine.places(),
            condition=machine.state.condition | condition,
            method=method,
            whole=tensor.whole,
            relative=relative,
            helpers=tuple(function.name for function, _ in machine.stack),
            no_grad=machine.no_grad > 0,
        )
    )


def note_call(
    machine: Machine,
    name: str,
    initializer: str,
    place: Site,
    arguments: Mapping[str, Value],
    target: Value,
    method: bool = False,
) -> None:
    """Note that an init function was called on `target`."""
    given = {key: literal(value) for key, value in arguments.items()}
    gain = arguments.get("gain")
    known = machine.journal.calls.get(place)
    if known is None:
        known = machine.journal.calls[place] = CallRecord(
            name=name,
            initializer=initializer,
            place=place,
            arguments=given,
            guarded=machine.guards > 0,
            method=method,
            gain=gain.nonlinearity if isinstance(gain, Gain) else None,
        )
    elif known.arguments != given:
        known.arguments = {
            key: given[key] if key in given and known.arguments.get(key) == given[key] else UNDETERMINED
            for key in {**known.arguments, **given}
        }
    for option, condition in options(target):
        if option is not ABSENT:
            known.targets[_target(machine, option, condition)] = None


def _target(machine: Machine, value: Value, condition: Condition) -> Target:
    if isinstance(value, Instance) and value.is_module:
        certain = machine.state.condition | condition <= value.condition
        return Target("module", layer=_type_of(value), certain=certain)
    if value is None:
        return Target("none", certain=not (machine.state.condition | condition))
    if not isinstance(value, Tensor) or value.storage is None:
        return Target("tensor" if isinstance(value, Tensor) else "unknown", certain=False)
    storage = value.storage
    owner = storage.owner
    leaf = value.leaf and storage.parameter and not storage.frozen and not machine.no_grad
    return Target(
        kind="parameter" if storage.parameter else "tensor",
        layer=_type_of(owner) if owner is not None else None,
        parameter=storage.name or None,
        shape=value.shape if value.whole else None,
        leaf=leaf,
        certain=(machine.state.condition | condition) <= storage.condition,
    )


def _type_of(instance: Instance) -> str | None:
    return None if instance.torch_name is None else instance.torch_name.rpartition(".")[2]


def blur(machine: Machine, values: Any, place: Place) -> None:
    """Code that is not followed was handed these values: it may have written to their parameters."""
    for value in values:
        for option, _ in options(value):
            if isinstance(option, Tensor):
                if option.storage is not None and option.storage.parameter:
                    record(machine, option, UNKNOWN_WRITE, {}, place)
            elif isinstance(option, Instance) and option.is_module:
                for _, module, _ in modules(option):
                    for _, tensor, _ in own_parameters(module):
                        record(machine, tensor, UNKNOWN_WRITE, {}, place)


def fresh_storage(machine: Machine, shape: tuple[int | None, ...] | None, place: Place | None) -> Storage:
    """The memory of a new tensor."""
    return Storage(shape, place, machine.state.condition)


def copy_of(machine: Machine, tensor: Tensor, place: Place | None) -> Tensor:
    """A clone: its own storage, with what was written so far."""
    storage = fresh_storage(machine, tensor.shape, place)
    if tensor.storage is not None:
        storage.writes = list(tensor.storage.writes)
    return Tensor(tensor.node, storage, sources=tensor.sources)


def replaces(value: Tensor, before: Tensor) -> bool:
    """Whether assigning `value` over the parameter `before` puts another parameter in its place.

    `m.weight = nn.init.zeros_(m.weight)` does not.
    """
    return value.leaf and value.storage is not None and value.storage is not before.storage


def write_data(machine: Machine, target: Tensor, value: Value, place: Place | None) -> None:
    """`parameter.data = value`."""
    if place is None or target.storage is None:
        return
    if isinstance(value, Tensor) and value.storage is not None:
        if value.storage is not target.storage:
            _write_contents(machine, target, value.storage, place)
        return
    name = UNKNOWN_WRITE if isinstance(value, Unknown) else "torch.Tensor.copy_"
    record(machine, target, name, {}, place)


def _write_contents(machine: Machine, target: Tensor, source: Storage, place: Place) -> None:
    """What is known of one tensor's elements is now known of the other's."""
    if len(source.writes) == 1 and source.writes[0].whole and not source.writes[0].relative:
        origin = source.writes[0]
        record(machine, target, origin.initializer, origin.arguments, place, method=True)
        return
    record(machine, target, "torch.Tensor.copy_", {}, place, method=True)


def write_item(machine: Machine, target: Tensor, value: Value, place: Place) -> None:
    """`parameter[index] = value`: a write to a part."""
    part = Tensor(storage=target.storage, whole=False)
    if isinstance(value, (int, float)):
        record(machine, part, "torch.nn.init.constant_", {"val": value}, place, method=True)
    else:
        record(machine, part, "torch.Tensor.copy_", {}, place, method=True)


def write_in_place(machine: Machine, target: Tensor, operation: str, value: Value, place: Place) -> None:
    """`parameter *= value`: keeps part of what was there."""
    name = {"multiply": "mul", "add": "add", "subtract": "sub", "divide": "div"}.get(operation, operation)
    arguments = {"value": literal(value)} if isinstance(value, (int, float)) else {}
    record(machine, target, f"torch.Tensor.{name}_", arguments, place, method=True, relative=True)


def copy_into(machine: Machine, target: Tensor, place: Place) -> None:
    """`parameter.copy_(value)`."""
    record(machine, target, "torch.Tensor.copy_", {}, place, method=True)


def scaled(machine: Machine, tensor: Tensor, operation: str, other: Value, place: Place) -> Tensor:
    """A new tensor (`torch.randn(3, 4)`) combined with a number: `torch.randn(3, 4) * 0.02` is normal with std 0.02."""
    result = copy_of(machine, tensor, place)
    storage = result.storage
    assert storage is not None
    if len(storage.writes) == 1:
        made = _scaled_write(storage.writes[0], operation, other)
        if made is not None:
            storage.writes = [made]
            return result
    if storage.writes:
        record(machine, result, f"torch.Tensor.{operation}_", {}, place, relative=True)
    return result


_SCALED = {"normal_": ("mean", "std"), "uniform_": ("a", "b"), "constant_": ("val",), "zeros_": (), "ones_": ()}
_DEFAULTS = {"mean": 0.0, "std": 1.0, "a": 0.0, "b": 1.0}


def _scaled_write(write: Recorded, operation: str, other: Value) -> Recorded | None:
    kind = write.initializer.rpartition(".")[2]
    if kind not in _SCALED or write.relative or operation not in ("mul", "div", "add", "sub"):
        return None
    number = other if isinstance(other, (int, float)) and not isinstance(other, bool) else None
    initializer, arguments = write.initializer, dict(write.arguments)
    if kind == "ones_" and (number is None or operation in ("add", "sub", "div", "mul")):
        initializer, arguments, kind = "torch.nn.init.constant_", {"val": 1.0}, "constant_"
    if kind == "zeros_":
        if operation in ("mul", "div"):
            return write
        initializer, arguments, kind = "torch.nn.init.constant_", {"val": 0.0}, "constant_"
    moved = ("mean", "a", "b", "val") if operation in ("add", "sub") else _SCALED[kind]
    for name in _SCALED[kind]:
        if name in moved:
            arguments[name] = _combined(arguments.get(name, _DEFAULTS.get(name)), operation, number)
    return Recorded(
        initializer=initializer,
        arguments=arguments,
        place=write.place,
        via=write.via,
        condition=write.condition,
        method=True,
        whole=write.whole,
        relative=False,
        helpers=write.helpers,
        no_grad=write.no_grad,
    )


def _combined(value: Any, operation: str, number: float | None) -> Any:
    if number is None or not isinstance(value, (int, float)):
        return UNDETERMINED
    if operation == "mul":
        return value * number
    if operation == "div":
        return value / number if number else UNDETERMINED
    return value + number if operation == "add" else value - number


def is_relative(method: str) -> bool:
    """Whether the tensor method keeps part of the old value."""
    return method in RELATIVE_METHODS
