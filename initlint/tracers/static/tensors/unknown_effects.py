"""What code that is not interpreted may do to the modules and tensors that it receives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from initlint.project.source import Location, SourceLocation
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.machine.path_conditions import new_token
from initlint.tracers.static.tensors.dataflow import data_of
from initlint.tracers.static.tensors.writes import UNKNOWN_WRITE, record_write
from initlint.tracers.static.values.containers import LazyIterator, StateDict
from initlint.tracers.static.values.functions import wrapped_function
from initlint.tracers.static.values.module_tree import modules, own_parameters
from initlint.tracers.static.values.objects import Instance, as_module, as_object
from initlint.tracers.static.values.questions import (
    container_kind,
    contents,
    external_name,
    may_reach_parameters,
    options,
    reaches,
)
from initlint.tracers.static.values.registries import RegistryValue
from initlint.tracers.static.values.tensors import Tensor, as_tensor
from initlint.tracers.static.values.values import AbstractValue, CallArguments, Unknown, Value

_ARGUMENTS = 4
"""With how many arguments a function is called that code which is not interpreted receives."""
_ESCAPES = 2
"""How many calls of such functions may be nested."""
_DEPTH = 8
"""How deep containers and objects are searched for modules and tensors."""
_STEPS_PER_MODULE = 4
"""How many steps take as long as recording a write to each parameter of a layer, and showing it."""


def mark_maybe_written(interpreter: Interpreter, values: Any, location: Location) -> None:
    """Record a possible write to all parameters of `values`, which were passed to code that is not interpreted."""
    for value in values:
        for option, _ in options(value):
            written, root = as_tensor(option), as_module(option)
            if written is not None:
                if written.storage is not None and written.storage.parameter:
                    record_write(interpreter, written, UNKNOWN_WRITE, {}, location)
            elif isinstance(option, StateDict):
                mark_maybe_written(interpreter, option.items.values(), location)
            elif root is not None:
                root.walked = True
                interpreter.log.may_have_run = True
                interpreter.log.emptied.clear()
                for _, module, _ in modules(root):
                    interpreter.spend_steps(_STEPS_PER_MODULE)
                    for _, tensor, _ in own_parameters(module):
                        record_write(interpreter, tensor, UNKNOWN_WRITE, {}, location)


def may_write(
    interpreter: Interpreter, values: Iterable[Value], location: Location, cls: AbstractValue | None = None
) -> None:
    """Record a possible write to all parameters that `values` lead to. `cls`: those of modules of that class only."""
    for value in _reached(values):
        tensor, root = as_tensor(value), as_module(value)
        if tensor is not None:
            _may_write_tensor(interpreter, tensor, location)
        for _, module, _ in () if root is None else modules(root):
            interpreter.spend_steps(_STEPS_PER_MODULE)
            if cls is None or cls.has_instance(module) is not False:
                for _, parameter, _ in own_parameters(module):
                    _may_write_tensor(interpreter, parameter, location)


def _may_write_tensor(interpreter: Interpreter, tensor: Tensor, location: Location) -> None:
    storage = tensor.storage
    if storage is None or tensor.node is not None or id(storage) in interpreter.shared_writes:
        return
    # It may also get other memory: `p.data = values`. Then it no longer shares its own with another parameter.
    storage.is_split = storage.is_split or (storage.parameter and storage.is_of_several)
    last = storage.writes[-1] if storage.writes else None
    # A loop over unknown values may write to the same parameters many times.
    if storage.parameter and not (last is not None and last.write.location == location and not last.is_known):
        record_write(interpreter, tensor, UNKNOWN_WRITE, {}, location)


def _reached(values: Iterable[Value]) -> Iterator[Value]:
    """The modules and tensors among `values`, and in the containers and objects among them."""
    seen: set[int] = set()
    level = list(values)
    for _ in range(_DEPTH):
        inner: list[Value] = []
        for value in level:
            if not isinstance(value, (AbstractValue, tuple)) or id(value) in seen:
                continue
            seen.add(id(value))
            if as_tensor(value) is None and as_module(value) is None:
                inner.extend(reaches(value))
            else:
                yield value
        level = inner


def may_call(interpreter: Interpreter, given: Iterable[Value], location: SourceLocation) -> None:
    """Run the functions of the project among the values `given` to code that is not interpreted.

    That code may call them with the other values, so what they do is uncertain. Nothing is run where data flows, and
    functions are passed on so only once.
    """
    values = list(given)
    arguments = [value for value in values if may_reach_parameters(value)]
    if any(external_name(value).startswith("torch.nn.init.") for value in values):
        may_write(interpreter, arguments, location)
    functions = [value for value in arguments if wrapped_function(value) is not None]
    if not functions or interpreter.escapes >= _ESCAPES or data_of(arguments):
        return
    unknown = Unknown("an argument of a call that is not interpreted", origins=tuple(arguments))
    interpreter.escapes += 1
    try:
        for function in functions:
            call = CallArguments([unknown] * _ARGUMENTS, {}, location, open=True)
            token = (new_token(), True)
            side = interpreter.state.run_side(token, partial(interpreter.call, function, call))
            if side is not None:
                interpreter.state.join_states(side.changes, token, {}, (token[0], False))
    finally:
        interpreter.escapes -= 1


def may_run_iterators(interpreter: Interpreter, values: Iterable[Value]) -> None:
    """Code that is not interpreted may use the items of the iterators that it receives, or some of them."""
    with interpreter.doubtful():
        for iterator in _pending_iterators(values):
            iterator.has_known_length()


def _pending_iterators(values: Iterable[Value], depth: int = 2) -> Iterator[LazyIterator]:
    """The iterators among `values`, and in the containers among them, whose code has not run."""
    for value in values:
        if isinstance(value, LazyIterator) and value.is_pending:
            yield value
        elif depth:
            yield from _pending_iterators(reaches(value), depth - 1)


def mark_maybe_changed(interpreter: Interpreter, values: Iterable[Value]) -> None:
    """Code that is not interpreted may call or register these modules, also in lists, or register others in them."""
    for value in values:
        is_container = container_kind(value) not in ("", "tuple")
        module = value.module if isinstance(value, RegistryValue) else None
        for item in (module, *contents(value)) if is_container else (value,):
            instance = as_object(item)
            if instance is not None:
                instance.registry_changed = instance.may_have_more = True
                interpreter.log.may_have_run = True
                interpreter.log.emptied.clear()


def discard_values(interpreter: Interpreter, instance: Instance, site: SourceLocation) -> None:
    """`to_empty` and `skip_init`: the parameters get new memory, which is not initialized."""
    for _, module, _ in modules(instance):
        for _, tensor, _ in own_parameters(module):
            record_write(interpreter, tensor, UNKNOWN_WRITE, {}, site)
            storage = tensor.storage
            if storage is not None and interpreter.runs_whenever(storage.condition):
                interpreter.log.emptied[id(storage)] = (site, len(storage.writes))
