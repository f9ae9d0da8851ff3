"""Methods of values that the interpreter knows by name: tensors, modules, lists, dictionaries, strings."""

from __future__ import annotations

from collections.abc import Iterator

from initlint.interpret import module_methods
from initlint.interpret.calls import Call
from initlint.interpret.container_methods import call_constant_method, call_dict_method, call_list_method
from initlint.interpret.containers import DictValue, ListValue
from initlint.interpret.machine import Machine
from initlint.interpret.objects import Instance
from initlint.interpret.sequences import iterate
from initlint.interpret.storage import Tensor
from initlint.interpret.targets import set_attribute
from initlint.interpret.tensor_methods import call_tensor_method
from initlint.interpret.tensors import unknown_result
from initlint.interpret.tree import conditional_children
from initlint.interpret.values import (
    CONSTANTS,
    INT,
    Bound,
    Function,
    Method,
    Unknown,
    Value,
)


def call_method(machine: Machine, method: Method, call: Call) -> Value:
    """A call of a method that the interpreter knows by name."""
    receiver, name = method.receiver, method.name
    if isinstance(receiver, Tensor):
        return call_tensor_method(machine, receiver, name, call)
    if isinstance(receiver, Instance):
        return _instance(machine, receiver, name, call)
    if isinstance(receiver, ListValue):
        return call_list_method(machine, receiver, name, call)
    if isinstance(receiver, DictValue):
        return call_dict_method(machine, receiver, name, call)
    if isinstance(receiver, (*CONSTANTS, tuple)):
        return call_constant_method(receiver, name, call)
    return unknown_result(machine, f"a method {name}", call.values, call.site)


def _instance(machine: Machine, instance: Instance, name: str, call: Call) -> Value:
    if name in ("post_init", "init_weights"):
        return _post_init(machine, instance, call)
    if name == "__setattr__":
        key = call.get(0, "name")
        if isinstance(key, str):
            set_attribute(machine, instance, key, call.get(1, "value"), call.site)
        return None
    if name == "__getitem__":
        return module_methods.get_item(machine, instance, call.get(0, "index"), call.site)
    if name == "__len__":
        return Unknown("a length", INT) if instance.open else len(instance.fields)
    if name == "__iter__":
        return ListValue([item for item, _ in iterate(machine, instance)], instance.open)
    if name == "__contains__":
        key = call.get(0, "key")
        return key in instance.fields if isinstance(key, str) and not instance.open else Unknown("a test")
    return module_methods.METHODS[name](machine, instance, call)


def _post_init(machine: Machine, instance: Instance, call: Call) -> Value:
    """transformers' `post_init`: `_init_weights` of the innermost pretrained model, on every module."""

    def visited(module: Instance, init: Value) -> Iterator[tuple[Instance, Value]]:
        for _, child, _ in conditional_children(module):
            own = child.user_class.find("_init_weights")[0] if child.user_class is not None else None
            yield from visited(child, Bound(own, child) if isinstance(own, Function) else init)
        yield module, init

    init = machine.attribute(instance, "_init_weights")
    if isinstance(init, Bound) and not instance.parent:
        machine.call_on_each(visited(instance, init), call.site)
    return None
