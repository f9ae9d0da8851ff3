"""`state_dict()`, whose tensors share the memory of the parameters, and loading one."""

from __future__ import annotations

from collections.abc import Iterator

from initlint.facts.fans import MODULES
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.tensors.contents import copy_into
from initlint.tracers.static.tensors.loads import is_optional, record_load
from initlint.tracers.static.tensors.unknown_effects import mark_maybe_written
from initlint.tracers.static.tensors.writes import UNKNOWN_WRITE, record_write
from initlint.tracers.static.values.containers import DictValue, StateDict
from initlint.tracers.static.values.module_tree import modules, own_parameters
from initlint.tracers.static.values.objects import Instance
from initlint.tracers.static.values.tensors import Tensor, as_tensor, storage_of
from initlint.tracers.static.values.values import CallArguments, Unknown, Value

_STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


def state_dict(interpreter: Interpreter, instance: Instance, call: CallArguments) -> Value:
    """`module.state_dict()`: a dictionary of detached views of the parameters, and of buffers."""
    instance.listings.add(call.site)
    interpreter.log.emptied.clear()  # a checkpoint may be read into it
    if instance.symbolic or call.open:
        return Unknown("the state of something unknown")
    prefix = call.get(1, "prefix", "")
    keeps_graph = call.get(2, "keep_vars", False)
    result = StateDict(open=not isinstance(prefix, str) or not isinstance(keeps_graph, bool))
    for path, module, _ in modules(instance):
        start = f"{prefix if isinstance(prefix, str) else ''}{path}{'.' if path else ''}"
        for name, tensor, _ in own_parameters(module):
            result.items[start + name] = tensor if keeps_graph else _detached(tensor)
        for name in _buffers(module):
            result.items[start + name] = Unknown("a buffer")
        result.open = result.open or module.open or module.registry_changed
    destination = call.get(0, "destination", None)
    if isinstance(destination, DictValue):
        interpreter.state.save_before_change(destination)
        destination.items.update(result.items)
        return destination
    return result


def _detached(tensor: Tensor) -> Tensor:
    return Tensor(storage=tensor.storage, shape=tensor.shape, axes=tensor.axes)


def _buffers(module: Instance) -> Iterator[str]:
    spec = MODULES.get(module.torch_name or "")
    if spec is not None and dict(spec.signature).get("track_running_stats") is not None:
        tracks = module.arguments.get("track_running_stats", dict(spec.signature)["track_running_stats"])
        yield from _STATISTICS if tracks is not False else ()
    for name, value in module.fields.items():
        if isinstance(value, Unknown) and value.reason == "a buffer":
            yield name


def load_state_dict(interpreter: Interpreter, instance: Instance, call: CallArguments) -> Value:
    """`module.load_state_dict(state)`.

    A dictionary that `state_dict()` of the same module returned changes nothing but the entries that were replaced, one
    of tensors that the code makes sets these. Any other is from a checkpoint.
    """
    state = call.get(0, "state_dict")
    if isinstance(state, DictValue) and not state.open and (_is_made(state) or _is_its_own(instance, state)):
        for path, module, _ in modules(instance):
            for name, tensor, _ in own_parameters(module):
                _load_parameter(interpreter, tensor, state.items.get(f"{path}.{name}" if path else name, tensor), call)
    else:
        if interpreter.log.has_trained or is_optional(interpreter, instance):
            for _, module, _ in modules(instance):
                module.walked = True
        else:
            mark_maybe_written(interpreter, [instance], call.site)
        record_load(interpreter, instance, call.site)
    return Unknown("what load_state_dict returns")


def _is_made(state: DictValue) -> bool:
    """Whether all of its values are new tensors."""
    storages = list(map(storage_of, state.items.values()))
    return bool(storages) and all(storage is not None and not storage.origin.parameter for storage in storages)


def _is_its_own(instance: Instance, state: DictValue) -> bool:
    """Whether the state has the memory of at least one of the module's own parameters."""
    own = {id(tensor.storage) for _, module, _ in modules(instance) for _, tensor, _ in own_parameters(module)}
    return any(id(tensor.storage) in own for tensor in map(as_tensor, state.items.values()) if tensor is not None)


def _load_parameter(interpreter: Interpreter, tensor: Tensor, value: Value, call: CallArguments) -> None:
    source = storage_of(value)
    if source is not None:
        if source is not tensor.storage:
            copy_into(interpreter, tensor, value, call.site)
    else:
        record_write(interpreter, tensor, UNKNOWN_WRITE, {}, call.site)
