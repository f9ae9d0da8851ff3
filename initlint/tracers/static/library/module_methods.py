"""The methods of `nn.Module` and of torch's containers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from functools import partial
from typing import Any

from initlint.graph.dataflow import Condition
from initlint.project.source import Location
from initlint.tracers.static.library.forward_hooks import register_forward_hook, register_forward_pre_hook
from initlint.tracers.static.library.modules import call_module, initialize, torch_forward
from initlint.tracers.static.library.state_dicts import load_state_dict, state_dict
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.machine.module_summaries import call_on_each
from initlint.tracers.static.machine.path_conditions import new_token
from initlint.tracers.static.machine.special_methods import special_method
from initlint.tracers.static.tensors.composed_names import set_by_pattern
from initlint.tracers.static.tensors.copying import note_repetition
from initlint.tracers.static.tensors.dataflow import is_constant
from initlint.tracers.static.tensors.known_trees import has_bias, known_modules, layer_counts, type_counts
from initlint.tracers.static.tensors.lost_values import record_returned_tensor
from initlint.tracers.static.tensors.unknown_effects import discard_values
from initlint.tracers.static.tensors.writes import (
    UNKNOWN_WRITE,
    note_shared_write,
    record_tensor_registration,
    record_write,
)
from initlint.tracers.static.values.containers import ListValue
from initlint.tracers.static.values.external_names import ARRAY, ExternalName, composed_pattern
from initlint.tracers.static.values.functions import wrapped_function
from initlint.tracers.static.values.iteration import iterate
from initlint.tracers.static.values.loop_indices import LoopIndex
from initlint.tracers.static.values.module_tree import children, modules, own_parameters, parameters
from initlint.tracers.static.values.objects import Instance, as_object
from initlint.tracers.static.values.questions import (
    Union,
    bound_under,
    entries,
    has_known_length,
    known_items,
    set_attribute,
)
from initlint.tracers.static.values.values import UNBOUND, CallArguments, Unknown, Value

_ITEMS_PER_STEP = 2
"""How many modules or parameters are listed in the time of a step."""


def _named(interpreter: Interpreter, pairs: Any, named: bool, origin: Instance) -> ListValue:
    items: list[Value] = []
    for name, value, condition in pairs:
        items.append(bound_under(condition, (name, value) if named else value))
        interpreter.spend_steps(len(items) % _ITEMS_PER_STEP == 0)
    return ListValue(items, kind="iterator", origin=origin)


def _unnamed(name: str) -> Callable[[Interpreter, Instance, CallArguments], Value]:
    """`children()`, `modules()` or `parameters()`: torch takes the second parts of what `named_...()` gives."""

    def run(interpreter: Interpreter, instance: Instance, call: CallArguments) -> Value:
        own = special_method(interpreter, instance, f"named_{name}")
        if own is UNBOUND:
            return _LISTINGS[name](interpreter, instance, call, False)
        pairs = interpreter.call(own, CallArguments([], {}, call.site))
        items = [_second(pair) for pair, _ in iterate(interpreter, pairs)]
        return ListValue(items, open=not has_known_length(pairs), kind="iterator")

    return run


def _second(pair: Value) -> Value:
    parts = known_items(pair)
    return parts[1] if parts is not None and len(parts) == 2 else Unknown("a part of a pair", origins=(pair,))


def _named_by(name: str) -> Callable[[Interpreter, Instance, CallArguments], Value]:
    return lambda interpreter, instance, call: _LISTINGS[name](interpreter, instance, call, True)


def _modules(interpreter: Interpreter, instance: Instance, call: CallArguments, named: bool) -> Value:
    instance.walked = True
    prefix = call.keywords.get("prefix", "")
    submodules = modules(instance, prefix if isinstance(prefix, str) else "")
    if instance.symbolic:
        return Unknown("the modules of something unknown")
    return _named(interpreter, submodules, named, instance)


def _children(interpreter: Interpreter, instance: Instance, call: CallArguments, named: bool) -> Value:
    instance.walked = True
    if instance.symbolic:
        return Unknown("the children of something unknown")
    return _named(interpreter, _distinct(instance.conditional_children()), named, instance)


def _distinct(children: Iterable[tuple[str, Instance, Condition]]) -> Iterator[tuple[str, Instance, Condition]]:
    """The submodules without those that surely had another name before."""
    seen: set[int] = set()
    for name, module, condition in children:
        if id(module) not in seen:
            yield name, module, condition
        if not condition:
            seen.add(id(module))


def _parameters(interpreter: Interpreter, instance: Instance, call: CallArguments, named: bool) -> Value:
    instance.listings.add(call.site)
    recurse = call.keywords.get("recurse", call.get(1 if named else 0, "recurse", True))
    if instance.symbolic and instance.torch_name == "torch.nn.Module":
        return Unknown("the parameters of something unknown")
    return _named(interpreter, parameters(instance, recurse is not False), named, instance)


def _to_empty(interpreter: Interpreter, instance: Instance, call: CallArguments) -> Value:
    if not instance.symbolic:
        discard_values(interpreter, instance, call.site)
    return instance


_MAX_NESTED_APPLY = 2
"""How often `apply` of one module may run within itself: in torch it ends in a RecursionError, or takes n^2 calls."""


def apply(interpreter: Interpreter, instance: Instance, call: CallArguments) -> Value:
    """`module.apply(fn)`: children first, then the module itself."""
    instance.walked = True
    function = call.get(0, "fn", Unknown("no function"))
    if instance.symbolic:
        return instance
    if interpreter.applied_modules.count(id(instance)) >= _MAX_NESTED_APPLY:
        interpreter.note_not_followed("`apply` that calls itself")
        return instance
    order: list[tuple[Instance, Any]] = []
    seen: set[int] = set()

    def visit(module: Instance, condition: Any) -> None:
        # torch visits a shared module once per path; its writes are the same each time.
        if id(module) in seen:
            return
        seen.add(id(module))
        for _, child, under in module.conditional_children():
            visit(child, condition | under)
        order.append((module, condition))

    visit(instance, frozenset())
    interpreter.applied_modules.append(id(instance))
    # `apply` goes through `children()`, which a class may override.
    overrides = any(_overrides_children(module) for module, _ in order)
    try:
        with interpreter.doubtful() if overrides else nullcontext():
            _call_on_each(interpreter, instance, function, order, call)
    finally:
        interpreter.applied_modules.pop()
    return instance


def _overrides_children(module: Instance) -> bool:
    cls = module.user_class
    return cls is not None and any(cls.find(name)[1] is not None for name in ("children", "named_children"))


def _call_on_each(
    interpreter: Interpreter,
    instance: Instance,
    function: Value,
    order: list[tuple[Instance, Any]],
    call: CallArguments,
) -> None:
    steps = [(bound_under(condition, module), function) for module, condition in order]
    callback = wrapped_function(function)
    if callback is None or not interpreter.visits.tracks(callback.node, callback.scope):
        call_on_each(interpreter, steps, call.site, partial(record_returned_tensor, interpreter, function))
        return
    roots = known_modules([instance])
    with interpreter.visits.run(callback.node, callback.scope, call.site, interpreter.stack) as run:
        if roots is not None:
            run.layers, run.has_bias = layer_counts(roots), has_bias(roots)
            run.items = [module for module, _ in order]
            run.classes = type_counts(run.items)
        call_on_each(interpreter, steps, call.site, partial(record_returned_tensor, interpreter, function))
        run.complete = roots is not None


def _add_module(interpreter: Interpreter, instance: Instance, call: CallArguments) -> Value:
    name, module = call.get(0, "name"), call.get(1, "module", None)
    pattern = composed_pattern(name)
    if isinstance(name, str):
        interpreter.handlers.set_registered(interpreter, instance, name, module, call.site)
    elif pattern is not None and not pattern.startswith("*") and instance.torch_name == "torch.nn.Module":
        set_by_pattern(interpreter, instance, pattern, module, call.site)
        for changed in (instance, as_object(module)):
            if changed is not None:
                changed.registry_changed = changed.may_have_more = True
    else:
        interpreter.state.save_before_change(instance)
        interpreter.handlers.set_registered(interpreter, instance, f"<{len(instance.fields)}>", module, call.site)
        instance.open = True
    return None


def _append(interpreter: Interpreter, instance: Instance, call: CallArguments) -> Value:
    module = call.get(0, "module")
    note_repetition(interpreter, instance.fields.values(), module, call.site)
    set_attribute(interpreter, instance, str(len(instance.fields)), module, call.site)
    return instance


def _extend(interpreter: Interpreter, instance: Instance, call: CallArguments) -> Value:
    content = call.get(0, "modules", ())
    interpreter.state.save_before_change(instance)
    instance.open = instance.open or not has_known_length(content)
    for item, _ in iterate(interpreter, content):
        set_attribute(interpreter, instance, str(len(instance.fields)), item, call.site)
    return instance


def _insert(interpreter: Interpreter, instance: Instance, call: CallArguments) -> Value:
    index, module = call.get(0, "index"), call.get(1, "module")
    interpreter.state.save_before_change(instance)
    values = list(instance.fields.values())
    values.insert(index if isinstance(index, int) else len(values), module)
    instance.fields = {str(at): value for at, value in enumerate(values)}
    instance.adopt(str(index), module)
    return None


def _update(interpreter: Interpreter, instance: Instance, call: CallArguments) -> Value:
    for key, value in (entries(call.get(0, "modules", None)) or {}).items():
        set_attribute(interpreter, instance, str(key), value, call.site)
    return None


def _pop(interpreter: Interpreter, instance: Instance, call: CallArguments) -> Value:
    keys = list(instance.fields)
    index = call.get(0, "key", -1)
    if isinstance(index, str):
        child = instance.fields.get(index, Unknown("a missing child"))
    elif isinstance(index, int) and -len(keys) <= index < len(keys):
        child = instance.fields[keys[index]]
    else:
        return Unknown("a child at an unknown index")
    instance.delete_item(interpreter, index)
    return child


def get_item(interpreter: Interpreter, instance: Instance, index: Value, location: Location) -> Value:
    """`container[index]`."""
    values = list(instance.fields.values())
    if isinstance(index, str):
        return instance.fields.get(index, Unknown("a child that is not known"))
    if isinstance(index, slice):
        part = Instance(
            ExternalName(instance.torch_name or ""), location, interpreter.state.condition, instance.torch_name
        )
        part.open = instance.open
        keys = list(instance.fields)[index]
        for at, key in enumerate(keys):
            name = key if instance.torch_name == "torch.nn.Sequential" and not key.isdigit() else str(at)
            part.fields[name] = instance.fields[key]
            part.assigned[name] = instance.assigned.get(key, (None, location))
        return part
    if isinstance(index, int) and not isinstance(index, bool):
        if -len(values) <= index < len(values):
            return values[index]
        return values[-1] if instance.open and values else Unknown("a child that is not there")
    children = [child for child in map(as_object, values) if child is not None]
    if not values or len(children) < len(values):
        return Unknown("a child at an unknown index")
    if isinstance(index, LoopIndex) and len(values) > 1 and all(child.loops for child in children):
        return index.choose(values)
    if len(values) <= 8:
        return Union([(v, frozenset([(new_token(), True)])) for v in values])
    return Unknown("a child at an unknown index")


def _requires_grad(interpreter: Interpreter, instance: Instance, call: CallArguments) -> Value:
    requires_grad = call.get(0, "requires_grad", True)
    frozen = requires_grad is False
    instance.walked = True
    for _, tensor, condition in parameters(instance):
        if tensor.storage is not None and not condition:
            tensor.storage.frozen = frozen
        if tensor.storage is not None and (condition or not isinstance(requires_grad, bool)):
            tensor.storage.grad_unknown = True
    return instance


def reset_parameters(interpreter: Interpreter, instance: Instance, call: CallArguments) -> Value:
    """torch's own `reset_parameters`: the default init again."""
    instance.walked = True
    for name, tensor, condition in own_parameters(instance):
        storage = tensor.storage
        if storage is None or name not in instance.parameter_names():
            continue
        if interpreter.visits.active:
            interpreter.visits.record_write(interpreter.stack)
        note_shared_write(interpreter, storage, call.site)
        is_certain = interpreter.runs_whenever(storage.condition) and condition <= storage.condition
        if is_certain and not storage.is_split:
            storage.writes = []
        else:
            record_write(interpreter, tensor, UNKNOWN_WRITE, {}, call.site)
    return None


def _register_parameter(interpreter: Interpreter, instance: Instance, call: CallArguments) -> Value:
    name = call.get(0, "name")
    value = call.get(1, "param", None)
    if isinstance(name, str):
        record_tensor_registration(interpreter, instance, value, call.site)
        interpreter.handlers.set_registered(interpreter, instance, name, value, call.site)
    return None


def _register_buffer(interpreter: Interpreter, instance: Instance, call: CallArguments) -> Value:
    name, tensor = call.get(0, "name"), call.get(1, "tensor", None)
    if isinstance(name, str):
        interpreter.state.save_before_change(instance)
        hint = ARRAY if is_constant(tensor) else None
        instance.fields[name] = Unknown("a buffer", hint) if tensor is not None else None
    return None


def _get_submodule(interpreter: Interpreter, instance: Instance, call: CallArguments) -> Value:
    path = call.get(0, "target")
    submodule: Value = instance
    for part in path.split(".") if isinstance(path, str) else ("?",):
        is_known = as_object(submodule) is not None
        submodule = interpreter.attribute(submodule, part) if is_known else Unknown("a submodule")
    return submodule


def _items(interpreter: Interpreter, instance: Instance, call: CallArguments) -> Value:
    return ListValue([(name, child) for name, child in children(instance)], instance.open)


def _conv_forward(interpreter: Interpreter, instance: Instance, call: CallArguments) -> Value:
    """`conv._conv_forward(x, weight, bias)`, by which subclasses of convolutions use another weight."""
    name = (instance.torch_name or "").rpartition(".")[2].lower()
    if name not in ("conv1d", "conv2d", "conv3d"):
        return interpreter.handlers.unknown_result(interpreter, "_conv_forward", call.values, call.site)
    return interpreter.call(ExternalName(f"torch.nn.functional.{name}"), call)


def _itself(interpreter: Interpreter, instance: Instance, call: CallArguments) -> Value:
    return instance


def _nothing(interpreter: Interpreter, instance: Instance, call: CallArguments) -> Value:
    return None


_LISTINGS = {"modules": _modules, "children": _children, "parameters": _parameters}
METHODS: dict[str, Callable[[Interpreter, Instance, CallArguments], Value]] = {
    **{name: _unnamed(name) for name in _LISTINGS},
    **{f"named_{name}": _named_by(name) for name in _LISTINGS},
    "apply": apply,
    "add_module": _add_module,
    "register_module": _add_module,
    "append": _append,
    "extend": _extend,
    "insert": _insert,
    "update": _update,
    "pop": _pop,
    "values": lambda m, i, c: ListValue([child for _, child in children(i)], i.open),
    "keys": lambda m, i, c: ListValue([name for name, _ in children(i)], i.open),
    "items": _items,
    "requires_grad_": _requires_grad,
    "reset_parameters": reset_parameters,
    "_reset_parameters": reset_parameters,
    "load_state_dict": load_state_dict,
    "state_dict": state_dict,
    "to_empty": _to_empty,
    "register_forward_hook": register_forward_hook,
    "register_forward_pre_hook": register_forward_pre_hook,
    "register_parameter": _register_parameter,
    "register_buffer": _register_buffer,
    "get_submodule": _get_submodule,
    "get_parameter": _get_submodule,
    "forward": torch_forward,
    "_conv_forward": _conv_forward,
    "__call__": call_module,
    "zero_grad": _nothing,
    "__init__": lambda m, i, c: initialize(m, i, i.torch_name or "torch.nn.Module", c),
    **dict.fromkeys(
        "train eval to cuda cpu half float double bfloat16 type xpu ipu share_memory compile".split(),
        _itself,
    ),
}
"""The methods of `nn.Module` and of torch's containers."""
