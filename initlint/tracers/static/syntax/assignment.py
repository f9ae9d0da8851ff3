"""Assignment to and deletion of names, attributes and items, also by unpacking."""

from __future__ import annotations

import ast
from typing import Any

from initlint.facts.fans import MODULES
from initlint.project.source import Location, SourceLocation
from initlint.tracers.references.syntax_index import last_name
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.machine.special_methods import call_attribute_hook, call_special
from initlint.tracers.static.syntax.subscripts import index_of
from initlint.tracers.static.tensors.absent_parameters import record_use_of_none
from initlint.tracers.static.tensors.contents import write_data, write_item
from initlint.tracers.static.tensors.dataflow import part_of
from initlint.tracers.static.tensors.lost_values import record_lost_entry, record_replaced_method
from initlint.tracers.static.tensors.plain_tensors import mark_tensor
from initlint.tracers.static.tensors.writes import (
    record_leaf_write,
    record_tensor_assignment,
    replaces,
    set_requires_grad,
)
from initlint.tracers.static.values.classes import ClassValue
from initlint.tracers.static.values.containers import ListValue
from initlint.tracers.static.values.environment import Environment
from initlint.tracers.static.values.functions import as_function
from initlint.tracers.static.values.objects import Instance, as_module, is_registered
from initlint.tracers.static.values.questions import (
    delete_attribute,
    delete_item,
    has_known_length,
    is_plain_tensor,
    known_items,
    may_be_unbound,
    options,
    reaches,
    set_attribute,
    set_item,
    without_unbound,
)
from initlint.tracers.static.values.registries import RegistryValue
from initlint.tracers.static.values.tensors import Tensor, as_tensor
from initlint.tracers.static.values.values import CONSTANTS, UNBOUND, CallArguments, Unknown, Value


def bind_target(interpreter: Interpreter, target: Any, value: Value, env: Environment) -> None:
    """Assign `value` to a target node: a name, attribute, item, or a tuple of targets."""
    kind = target.__class__
    if kind is ast.Name:
        interpreter.assign(env.declared.get(target.id, env), target.id, value)
    elif kind is ast.Tuple or kind is ast.List:
        _unpack(interpreter, target, value, env)
    elif kind is ast.Attribute:
        holder = interpreter.evaluate(target.value, env)
        if holder is None:
            record_use_of_none(interpreter, target, target.value, env)
        set_attribute(interpreter, holder, target.attr, value, interpreter.location_of(target, env))
    elif kind is ast.Starred:
        bind_target(interpreter, target.value, value, env)
    elif kind is ast.Subscript:
        _set_item(interpreter, target, value, env)


def _unpack(interpreter: Interpreter, target: ast.Tuple | ast.List, value: Value, env: Environment) -> None:
    elements = target.elts
    value = without_unbound(value)
    is_open_list = isinstance(value, ListValue) and value.open
    items = known_items(value) if is_open_list or has_known_length(value) else None
    starred = next((at for at, e in enumerate(elements) if isinstance(e, ast.Starred)), None)
    if items is None or (starred is None and len(items) != len(elements)):
        for element in elements:
            bind_target(interpreter, element, _part(value), env)
        return
    if starred is None:
        for element, item in zip(elements, items, strict=True):
            bind_target(interpreter, element, item, env)
        return
    after = len(elements) - starred - 1
    if any(map(may_be_unbound, (*items[:starred], *items[len(items) - after :]))):
        for element in elements:
            bind_target(interpreter, element, _part(value), env)
        return
    for element, item in zip(elements[:starred], items, strict=False):
        bind_target(interpreter, element, item, env)
    middle = ListValue(items[starred : len(items) - after], is_open_list)
    bind_target(interpreter, elements[starred], middle, env)
    for element, item in zip(elements[starred + 1 :], items[len(items) - after :], strict=False):
        bind_target(interpreter, element, item, env)


def _part(value: Value) -> Value:
    """An item of an unpacked value whose items are unknown."""
    tensors = (as_tensor(option) for option, _ in options(value))
    tensor = next((tensor for tensor in tensors if tensor is not None), None)
    unknown = Unknown("an unpacked value", origins=tuple(reaches(value)))
    part = unknown if tensor is None else part_of(tensor, None)
    if is_plain_tensor(value):
        mark_tensor(part, [value])
    return part


def set_field(interpreter: Interpreter, instance: Instance, name: str, value: Value, location: Location | None) -> None:
    if instance.user_class is None or not _set_by_class(interpreter, instance, name, value, location):
        set_registered(interpreter, instance, name, value, location)


def set_registered(
    interpreter: Interpreter, instance: Instance, name: str, value: Value, location: Location | None
) -> None:
    """Set an attribute in the dictionaries of the object: `__setattr__` of its class does not run."""
    if name == "__dict__" and isinstance(value, RegistryValue):
        instance.share_attributes(value.module)
        return
    if name == "__dict__" and isinstance(location, SourceLocation):
        interpreter.handlers.may_write(interpreter, (instance, value), location)
        instance.registry_changed = instance.may_have_more = True
        return
    registers = is_registered(value)
    if instance.is_module and (registers or interpreter.state.condition):
        instance.materialize()  # torch's own are registered before, and kept on the other side of a condition
    interpreter.state.save_before_change(instance)
    if interpreter.visits.active and not isinstance(value, CONSTANTS):
        interpreter.visits.record_write(interpreter.stack)
    before, tensor = instance.fields.get(name), as_tensor(value)
    if registers and _precedes_set_up(interpreter, instance, value, location):
        interpreter.note_error()
    if location is not None and instance.is_module:
        record_tensor_assignment(interpreter, instance, name, value, location)
    if tensor is not None:
        replaced = as_tensor(before)
        if replaced is not None and not _is_new(tensor, replaced):
            return
    is_plain = not isinstance(before, type(value)) or name in instance.unregistered
    if registers and name in instance.fields and is_plain:
        # As in torch, a module that replaces a plain attribute is registered last.
        del instance.fields[name]
    by = _assigning_class(interpreter, instance)
    holders = (instance.sharing if registers else ()) or (instance,)
    for holder in holders:
        interpreter.state.save_before_change(holder)  # all before the first changes: some have one dictionary
    for holder in holders:
        holder.unregistered -= {name}
        holder.fields[name] = value
        holder.assigned[name] = (by, location)
    instance.adopt(name, value)


def _precedes_set_up(interpreter: Interpreter, instance: Instance, value: Value, location: Location | None) -> bool:
    """Whether torch raises, because the constructor of `nn.Module` did not run before: `super().__init__()` is missing.

    `object.__setattr__` does not raise, and `exec` may run a constructor that is not seen.
    """
    cls = instance.user_class
    if instance.is_set_up or instance.may_have_more or instance not in interpreter.building or cls is None:
        return False
    if not cls.sets_known_attributes or not all(name in MODULES or name in _PLAIN for name in cls.externals()):
        return False
    module, tensor = as_module(value), as_tensor(value)
    if module is not None and module.user_class is not None and module.user_class.known_torch_base() is None:
        return False
    if tensor is not None and (tensor.storage is None or not tensor.storage.parameter):
        return False
    node = location.node if isinstance(location, SourceLocation) else None
    is_call = isinstance(node, ast.Call) and last_name(node.func) in _REGISTERING
    return isinstance(node, ast.Attribute) or is_call


_PLAIN = frozenset({"torch.nn.Module", "builtins.object", "typing.Generic", "abc.ABC"})
"""Base classes that have no constructor of their own, and `nn.Module`."""
_REGISTERING = frozenset({"setattr", "add_module", "register_module", "register_parameter"})


def _set_by_class(
    interpreter: Interpreter, instance: Instance, name: str, value: Value, location: Location | None
) -> bool:
    """Whether the class sets it: by `__setattr__`, a property or another descriptor, which then has run."""
    cls = instance.user_class
    assert cls is not None
    site = location if isinstance(location, SourceLocation) else SourceLocation(cls.scope.source, cls.node)
    if call_attribute_hook(interpreter, instance, "__setattr__", [name, value], site) is not UNBOUND:
        return True
    member = cls.find(name)[0]
    if member is None:
        return False
    if call_special(interpreter, member, "__set__", [instance, value], site) is not UNBOUND:
        return True
    function = as_function(member)
    if function is None or "property" not in function.wrappers:
        return False
    if function.setter is not None:
        interpreter.call(function.setter, CallArguments([instance, value], {}, site))
    return True


def _is_new(value: Tensor, before: Tensor) -> bool:
    return before.storage is None or value is before or replaces(value, before)


def _assigning_class(interpreter: Interpreter, instance: Instance) -> ClassValue | None:
    """The class whose method is assigning to the instance; the instance's class if other code does."""
    for function, _ in reversed(interpreter.stack):
        if function.owner is not None and instance.user_class is not None and function.owner in instance.user_class.mro:
            return function.owner
        if function.owner is not None:
            break
    return instance.user_class


def _set_item(interpreter: Interpreter, target: ast.Subscript, value: Value, env: Environment) -> None:
    holder = without_unbound(interpreter.evaluate(target.value, env))
    if holder is None:
        record_use_of_none(interpreter, target, target.value, env)
    record_lost_entry(interpreter, holder, target, env)
    index = index_of(interpreter, target, env)
    location = interpreter.location_of(target, env)

    interpreter.state.map_union(holder, lambda option: set_item(interpreter, option, index, value, location))


def delete(interpreter: Interpreter, target: ast.expr, env: Environment) -> None:
    """`del target`."""
    if isinstance(target, ast.Name):
        interpreter.state.save_before_change(env)
        env.values.pop(target.id, None)
    elif isinstance(target, ast.Attribute):
        delete_attribute(interpreter, interpreter.evaluate(target.value, env), target.attr)
    elif isinstance(target, ast.Subscript):
        holder = interpreter.evaluate(target.value, env)
        if isinstance(target.slice, (ast.Slice, ast.Tuple)):
            return
        index = interpreter.evaluate(target.slice, env)
        if index is not None:
            delete_item(interpreter, holder, index)
    elif isinstance(target, (ast.Tuple, ast.List)):
        for element in target.elts:
            delete(interpreter, element, env)


def set_tensor_attribute(
    interpreter: Interpreter, tensor: Tensor, name: str, value: Value, location: Location | None
) -> None:
    """`tensor.requires_grad = value`, `tensor.data = value`."""
    interpreter.state.record_side_effect()
    if tensor.storage is not None and name == "requires_grad":
        set_requires_grad(tensor.storage, value)
    elif name == "data":
        if tensor.storage is not None and tensor.storage.parameter and not tensor.leaf:
            return  # `w.data.data = value` replaces the memory of a temporary tensor
        write_data(interpreter, tensor, value, location)
    elif isinstance(location, SourceLocation):
        record_replaced_method(interpreter, tensor, name, location)


def set_tensor_item(
    interpreter: Interpreter, tensor: Tensor, index: Value, value: Value, location: SourceLocation
) -> None:
    """`tensor[index] = value`."""
    if tensor.tracked:
        record_leaf_write(interpreter, tensor, location)
    write_item(interpreter, tensor, index, value, location)
