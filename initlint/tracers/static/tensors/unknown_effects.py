"""What code that is not interpreted may do to the modules and tensors that it receives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from initlint.project.source import Location, SourceLocation
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.tensors.writes import UNKNOWN_WRITE, record_write
from initlint.tracers.static.values.containers import StateDict
from initlint.tracers.static.values.module_tree import modules, own_parameters
from initlint.tracers.static.values.objects import Instance, as_module, as_object
from initlint.tracers.static.values.questions import (
    container_kind,
    contents,
    options,
)
from initlint.tracers.static.values.tensors import as_tensor
from initlint.tracers.static.values.values import Value

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


def mark_maybe_changed(interpreter: Interpreter, values: Iterable[Value]) -> None:
    """Code that is not interpreted may call or register these modules, also in lists, or register others in them."""
    for value in values:
        is_container = container_kind(value) not in ("", "tuple")
        for item in contents(value) if is_container else (value,):
            instance = as_object(item)
            if instance is not None:
                instance.registry_changed = True
                interpreter.log.may_have_run = True
                interpreter.log.emptied.clear()


def discard_values(interpreter: Interpreter, instance: Instance, site: SourceLocation) -> None:
    """`to_empty` and `skip_init`: the parameters get new memory, which is not initialized."""
    for _, module, _ in modules(instance):
        for _, tensor, _ in own_parameters(module):
            record_write(interpreter, tensor, UNKNOWN_WRITE, {}, site)
            storage = tensor.storage
            if storage is not None and interpreter.state.condition <= storage.condition:
                interpreter.log.emptied[id(storage)] = (site, len(storage.writes))
