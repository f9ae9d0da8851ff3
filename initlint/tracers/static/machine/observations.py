"""Observes a call on a module: what it reads of the module, and what it does to it. See `module_summaries`.

The module is an `ObservedModule` while the call runs. Any use of its state that is not known here (its submodules, its
identity, a loop over it) gives up the observation, so that no read is missed, whatever code it is in. So does any
attribute of another module, except constants and settings of the callback's own receiver.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import field
from typing import Any, Protocol

from initlint._records import dataclass
from initlint.graph.dataflow import Condition
from initlint.graph.model import ApplyCall
from initlint.project.source import Location
from initlint.tracers.static.machine.grad_mode import GradMode
from initlint.tracers.static.machine.path_conditions import BranchState
from initlint.tracers.static.values.external_names import ExternalName
from initlint.tracers.static.values.functions import BoundMethod, Function, as_function
from initlint.tracers.static.values.objects import Instance
from initlint.tracers.static.values.questions import alternatives, contents, leads_to_modules
from initlint.tracers.static.values.tensors import Storage, Tensor
from initlint.tracers.static.values.values import UNBOUND, CallArguments, Unknown, Value

_DEPTH = 4
"""How deep objects that a call reads are searched for modules and tensors."""

Replay = Callable[[Value], None]


class StackMachine(Protocol):
    """What recording and replaying needs of the interpreter."""

    stack: list[tuple[Function, Any]]
    grad_mode: GradMode
    open_guards: int
    unknown_contexts: int
    apply_call: ApplyCall | None
    state: BranchState

    def spend_steps(self, count: int) -> None:
        """Count steps."""

    def attribute(self, value: Value, name: str) -> Value:
        """`value.name`."""

    def call(self, function: Any, call: CallArguments) -> Value:
        """Call a value."""


@dataclass(frozen=True, slots=True)
class Effect:
    """A write, or the record of an init call, with the calls around it and the modes that it ran in.

    `target`: the value that it is an effect on; `UNBOUND` for the module itself.
    """

    target: Value
    replay: Replay
    stack: tuple[tuple[Function, Location | None], ...]
    modes: tuple[bool | None, int, int]


@dataclass(slots=True)
class Summary:
    """`reads`: by kind of question and name, the signatures of the answers. `parameters`: those among them.

    `values`: the answers, which must outlive the identities in the signatures.
    """

    reads: dict[tuple[str, str], Hashable] = field(default_factory=dict)
    values: list[Value] = field(default_factory=list)
    parameters: dict[str, Tensor] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)


class Observation:
    """One observed call: what it reads of `module`, and what it does."""

    def __init__(self, machine: StackMachine, module: Instance, receiver: Value, signatures: Signatures) -> None:
        self._machine = machine
        self._module = module
        self._receiver = receiver
        self._signatures = signatures
        self._depth = len(machine.stack)
        self._condition: Condition = machine.state.condition
        self.is_reading = False
        self.summary: Summary | None = Summary()

    def __enter__(self) -> Observation:
        _OBSERVATIONS[id(self._module)] = self
        self._resume()
        return self

    def __exit__(self, *exception: object) -> None:
        self._pause()
        _OBSERVATIONS.pop(id(self._module), None)

    def _pause(self) -> None:
        object.__setattr__(self._module, "__class__", Instance)

    def _resume(self) -> None:
        object.__setattr__(self._module, "__class__", ObservedModule)

    def give_up(self) -> None:
        """The call does something that cannot be repeated for another module."""
        self._pause()
        self.summary = None
        self._machine.state.observation = None

    def read(self, instance: Instance, name: str) -> Value:
        """An attribute of a module."""
        cls = instance.user_class
        member = cls.find(name)[0] if cls is not None else None
        function = as_function(member)
        runs_code = function is not None and not function.wrappers.isdisjoint(("property", "cached_property"))
        if runs_code or not (instance is self._module or instance is self._receiver):
            self.give_up()
            return self._machine.attribute(instance, name)
        self._pause()
        self.is_reading = True
        before = _registry_state(instance)
        value = self._machine.attribute(instance, name)
        signature = self._signatures.of_attribute(self._machine, instance, name, value)
        self.is_reading = False
        summary = self.summary
        is_own = instance is self._module
        if summary is None or signature is None or before != _registry_state(instance):
            self.give_up()
        elif is_own:
            summary.reads.setdefault(("attribute", name), signature)
            summary.values.append(value)
            if isinstance(value, Tensor):
                summary.parameters[name] = value
            self._resume()
        elif isinstance(value, Tensor):
            self.give_up()
        else:
            self._resume()
        return value

    def has_field(self, name: str) -> bool:
        """Whether the module has a field of that name."""
        self._pause()
        is_field = self._module.has_field(name)
        if self.summary is not None:
            self.summary.reads.setdefault(("field", name), is_field)
            self._resume()
        return is_field

    def note_use(self, storage: Storage) -> None:
        """The contents of a storage are used: those of another module's parameters may differ in the next call."""
        if storage.parameter and storage.owner is not self._module:
            self.give_up()

    def record(self, target: Value, replay: Replay) -> None:
        """Record an effect on `target`: `replay` repeats it for the corresponding value of another module."""
        machine, summary = self._machine, self.summary
        if summary is None:
            return
        if target is None:
            self.give_up()  # which parameter is missing belongs to the call
        elif target is self._module:
            target = UNBOUND
        elif isinstance(target, Tensor):
            if not any(target.storage is parameter.storage for parameter in summary.parameters.values()):
                self.give_up()
        elif not (target is self._receiver or self._signatures.is_free_of_modules(target)):
            self.give_up()
        if machine.state.condition != self._condition:
            self.give_up()
        stack = tuple(machine.stack[self._depth :])
        summary.effects.append(Effect(target, replay, stack, modes(machine)))


class ObservedModule(Instance):
    """A module during an observed call. Every use of its state gives up the observation, except by `read`."""

    __slots__ = ()

    def __getattribute__(self, name: str) -> Any:
        if name in _STATE:
            _OBSERVATIONS[id(self)].give_up()
        return object.__getattribute__(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        _OBSERVATIONS[id(self)].give_up()
        object.__setattr__(self, name, value)

    def has_field(self, name: str) -> bool:
        return _OBSERVATIONS[id(self)].has_field(name)

    def note_comparison(self) -> None:
        _OBSERVATIONS[id(self)].give_up()


_OBSERVATIONS: dict[int, Observation] = {}
"""By the identity of the observed module."""
_FIXED = ("cls", "condition", "open", "origins", "parametrized", "symbolic", "torch_name")
_STATE = frozenset(Instance.__slots__) - frozenset(_FIXED)


def modes(machine: StackMachine) -> tuple[bool | None, int, int]:
    return machine.grad_mode.enabled, machine.open_guards, machine.unknown_contexts


class Signatures:
    """What code can find out about an attribute of a module.

    Two modules have the same signature for an attribute only if no code can tell their values apart.
    """

    def __init__(self) -> None:
        self._free: dict[int, tuple[Value, bool]] = {}
        """By the identity of an object that was read: the object, and whether it is free of modules."""

    def of_attribute(self, machine: StackMachine, module: Instance, name: str, value: Value) -> Hashable | None:
        """The signature of `module.name`, which is `value`; None if it has none."""
        if type(value) is Unknown and machine.attribute(module, name) is not value:
            return None if value.node is not None else ("new", value.reason, value.hint)
        return self._of(value, module)

    def _of(self, value: Value, module: Instance) -> Hashable | None:
        if isinstance(value, tuple):
            items = tuple(self._of(item, module) for item in value)
            return None if None in items else ("tuple", items)
        if type(value) in _CONSTANT_TYPES:
            return type(value), value
        if isinstance(value, Tensor):
            return _parameter_signature(value, module)
        if isinstance(value, ExternalName):
            return value
        if isinstance(value, BoundMethod):
            return ("method", id(value.function)) if value.receiver is module else None
        return ("object", id(value)) if self.is_free_of_modules(value) else None

    def is_free_of_modules(self, value: Value) -> bool:
        """Whether an object surely leads to no module and no tensor."""
        if id(value) not in self._free:
            self._free[id(value)] = value, _is_free_of_modules(value, _DEPTH)
        return self._free[id(value)][1]


_CONSTANT_TYPES = frozenset({type(None), bool, int, float, complex, str, bytes})


def _is_free_of_modules(value: Value, depth: int) -> bool:
    if leads_to_modules(value):
        return False
    inner = [*alternatives(value), *contents(value)]
    return not inner or (depth > 0 and all(_is_free_of_modules(item, depth - 1) for item in inner))


def _registry_state(instance: Instance) -> Hashable:
    return instance.walked, len(instance.listings), instance.registry_changed


def _parameter_signature(tensor: Tensor, module: Instance) -> Hashable | None:
    storage = tensor.storage
    if storage is None or not tensor.leaf or tensor.node is not None or storage.owner is not module:
        return None
    if storage.derived is not None or storage.loads or storage.ineffective_writes or storage.products:
        return None
    state = tuple(_copy(getattr(storage, name)) for name in _STORAGE_STATE)
    return state, tensor.covers_storage, tensor.transposed, tensor.shape, tuple(map(_write_signature, storage.writes))


_STORAGE_STATE = sorted(
    set(Storage.__slots__) - {"derived", "ineffective_writes", "loads", "location", "owner", "writes"}
)


def _copy(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else frozenset(value) if isinstance(value, set) else value


def _write_signature(record: Any) -> Hashable:
    write = record.write
    return (
        write.initializer,
        repr(write.arguments),
        write.method,
        write.covers_tensor,
        write.axes,
        write.reads_old_value,
        record.condition,
    )
