"""Runs the callback of `apply` once for each kind of module, and replays its effect on the other modules of the kind.

A summary holds what a call read of its module and what it did to it. It is used for another module if

- the class and the other fixed properties of the module are the same (`_kind`), and every attribute that the call
  looked up has an equal value: the same constant, class or object, or a parameter in the same state (`Signatures`);
- all that the call did was to write to parameters of the module, under no further condition (`Observation.record`);
- nothing else has changed since: a call that changes anything but parameters and its own module ends all summaries.

A summary belongs to one `apply`. Whatever else the callback reads, such as its settings, globals and closures, is
therefore the same. Replaying a write repeats it with the parameter of the other module and the same inner call stack.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any

from initlint.graph.model import ApplyCall
from initlint.project.source import SourceLocation
from initlint.tracers.static.machine.observations import Effect, Observation, Signatures, StackMachine, Summary, modes
from initlint.tracers.static.values.external_names import ExternalName
from initlint.tracers.static.values.functions import BoundMethod, Function, Partial
from initlint.tracers.static.values.objects import Instance
from initlint.tracers.static.values.tensors import Storage, Tensor
from initlint.tracers.static.values.values import UNBOUND, CallArguments, Value

_MAX_SUMMARIES = 12
"""Summaries of one kind of module, which differ in the attributes that were read."""
_STEPS_PER_CALL, _STEPS_PER_EFFECT = 4, 4
"""How many steps take as long as finding the summary of a call, and as repeating one of its effects."""


class ModuleSummaries:
    """The summaries of one `apply`."""

    def __init__(self, machine: StackMachine) -> None:
        self._machine = machine
        self._summaries: dict[Hashable, list[Summary]] = {}
        self._signatures = Signatures()
        self._irregular: set[Hashable] = set()
        """The kinds of modules for which a call cannot be summarized."""
        self._functions: list[Value] = []
        """Keeps the functions alive whose identities are in the keys."""

    def run_or_replay(
        self, module: Value, function: Value, site: SourceLocation, on_result: Callable[[Value], None]
    ) -> None:
        """Call `function` on a module, and `on_result` on its result; or repeat what it did to a module like it."""

        def call(option: Value) -> Value:
            return self._machine.call(function, CallArguments([option], {}, site))

        if not isinstance(module, Instance) or not isinstance(function, (Function, BoundMethod, Partial)):
            self._end()
            on_result(self._machine.state.map_union(module, call))
            return
        key = (_function_key(function), _kind(module))
        if not any(self._replay(summary, module) for summary in self._summaries.get(key, ())):
            self._functions.append(function)
            receiver = function.receiver if isinstance(function, BoundMethod) else None
            on_result(self._observe(key, module, receiver, call))

    def _observe(self, key: Hashable, module: Instance, receiver: Value, call: Callable[[Value], Value]) -> Value:
        state = self._machine.state
        around, summary = state.observation, None
        is_irregular = key in self._irregular or module is receiver or around is not None
        try:
            with state.track_effects() as effects:
                if is_irregular:
                    state.observation = None
                    result = call(module)
                else:
                    observation = Observation(self._machine, module, receiver, self._signatures)
                    with observation:
                        state.observation = observation
                        result = call(module)
                    summary = observation.summary
        finally:
            state.observation = around
        if effects.besides_writes or not effects.changed - effects.created <= {id(module)}:
            self._end()
        elif summary is None or id(module) in effects.changed:
            self._irregular.add(key)
        else:
            summaries = self._summaries.setdefault(key, [])
            if len(summaries) < _MAX_SUMMARIES:
                summaries.append(summary)
        return result

    def _end(self) -> None:
        """Something that the callback may read has changed."""
        self._summaries.clear()
        self._signatures = Signatures()

    def _replay(self, summary: Summary, module: Instance) -> bool:
        """Repeat the effects on another module, if all that was read is the same there."""
        parameters: dict[str, Tensor] = {}
        for (question, name), expected in summary.reads.items():
            if question == "field":
                if module.has_field(name) != expected:
                    return False
                continue
            value = self._machine.attribute(module, name)
            if self._signatures.of_attribute(self._machine, module, name, value) != expected:
                return False
            if isinstance(value, Tensor):
                parameters[name] = value
        storages = {id(old.storage): parameters[name].storage for name, old in summary.parameters.items()}
        for name, old in summary.parameters.items():
            storage = parameters[name].storage
            if storage is not None and old.storage is not None:
                storage.shape_read |= old.storage.shape_read
        for effect in summary.effects:
            self._machine.spend_steps(_STEPS_PER_EFFECT)
            self._apply(effect, module if effect.target is UNBOUND else _corresponding(effect.target, storages))
        return True

    def _apply(self, effect: Effect, target: Value) -> None:
        machine = self._machine
        depth, before = len(machine.stack), modes(machine)
        machine.stack.extend(effect.stack)
        machine.grad_mode.enabled, machine.open_guards, machine.unknown_contexts = effect.modes
        try:
            effect.replay(target)
        finally:
            del machine.stack[depth:]
            machine.grad_mode.enabled, machine.open_guards, machine.unknown_contexts = before


def call_on_each(
    machine: StackMachine,
    modules: Iterable[tuple[Value, Value]],
    site: SourceLocation,
    on_result: Callable[[Value], None] = lambda value: None,
) -> None:
    """Call each function on its module, for pairs of module and function, as `apply` does."""
    before = machine.apply_call
    try:
        summaries = ModuleSummaries(machine)
        for number, (module, function) in enumerate(modules):
            # Nested `apply` calls evaluate nothing, and may multiply without end.
            machine.spend_steps(_STEPS_PER_CALL)
            machine.apply_call = ApplyCall(site, number)
            summaries.run_or_replay(module, function, site, on_result)
    finally:
        machine.apply_call = before


def _function_key(function: Value) -> Hashable:
    return (id(function.function), id(function.receiver)) if isinstance(function, BoundMethod) else id(function)


def _kind(module: Instance) -> Hashable:
    """What every call may read of a module without being recorded."""
    cls = module.cls if isinstance(module.cls, ExternalName) else id(module.cls)
    return cls, module.torch_name, module.open, module.symbolic, module.parametrized, module.condition


def _corresponding(target: Value, storages: dict[int, Storage | None]) -> Value:
    """The target of an effect, with the parameters of another module in place of those of the first."""
    if not isinstance(target, Tensor):
        return target

    def other(value: Any) -> Any:
        if isinstance(value, Storage):
            return storages.get(id(value), value)
        return frozenset(map(other, value)) if isinstance(value, frozenset) else value

    result = Tensor.__new__(Tensor)
    for name in Tensor.__slots__:
        setattr(result, name, other(getattr(target, name)))
    return result
