"""Methods of values that the interpreter knows by name: tensors, modules, lists, dictionaries, strings."""

from __future__ import annotations

import math
from typing import Any

from initlint.facts.activations import METHODS as ACTIVATION_METHODS
from initlint.facts.activations import PARAMETERS
from initlint.facts.operators import CLOSING_METHODS, NOTED_METHODS, SHAPE_METHODS, TRANSPARENT_METHODS
from initlint.interpret import modules
from initlint.interpret.inits import bound, new_tensor, shape_of, tensor_method
from initlint.facts.initializers import CONSTRUCTORS
from initlint.interpret.machine import Call, Machine
from initlint.interpret.parameters import copy_of
from initlint.interpret.sequences import bounded, is_key, iterate, sequence
from initlint.interpret.state import Raised
from initlint.interpret.targets import delete_child, set_attribute
from initlint.interpret.tensors import arithmetic, node, operation, overwrite, passed, product, unknown_result
from initlint.interpret.tree import conditional_children, literals
from initlint.interpret.values import (
    ABSENT,
    CONSTANTS,
    Bound,
    ClassValue,
    DictValue,
    External,
    Function,
    Instance,
    ListValue,
    Method,
    Tensor,
    Unknown,
    Value,
    present,
)

_INT = External("builtins.int")


def call_method(machine: Machine, method: Method, call: Call) -> Value:
    receiver, name = method.receiver, method.name
    if isinstance(receiver, Tensor):
        return _tensor(machine, receiver, name, call)
    if isinstance(receiver, Instance):
        return _instance(machine, receiver, name, call)
    if isinstance(receiver, ListValue):
        return _list(machine, receiver, name, call)
    if isinstance(receiver, DictValue):
        return _dict(machine, receiver, name, call)
    if isinstance(receiver, (*CONSTANTS, tuple)):
        return _constant(receiver, name, call)
    return unknown_result(machine, f"a method {name}", call.values, call.site)


# Tensors ----------------------------------------------------------------------------------------------------------


def _tensor(machine: Machine, tensor: Tensor, name: str, call: Call) -> Value:
    filled = tensor_method(machine, tensor, name, call)
    if filled is not ABSENT:
        return filled
    if name in ("register_hook", "backward", "retain_grad", "share_memory_"):
        return None
    if name in ("item", "tolist", "numpy"):
        machine.data([tensor])
        return unknown_result(machine, f"tensor.{name}()", [tensor], call.site)
    if name == "requires_grad_":
        if tensor.storage is not None and not machine.state.condition - tensor.storage.condition:
            tensor.storage.frozen = call.get(0, "requires_grad", True) is False
        return tensor
    if name in ("clone", "contiguous") and tensor.node is None and tensor.storage is not None and name == "clone":
        return copy_of(machine, tensor, call.site)
    if name in SHAPE_METHODS:
        return _of_shape(machine, tensor, name, call)
    if name in ("matmul", "mm", "bmm", "mv"):
        return product(machine, [tensor, *call.arguments[:1]], call.site)
    values = [tensor, *call.arguments, *call.keywords.values()]
    if name in ACTIVATION_METHODS:
        op = ACTIVATION_METHODS[name]
        arguments = literals(bound(PARAMETERS.get(op, ()), call))
        result: Value = operation(machine, "activation", op, [tensor], call.site, arguments=arguments)
    elif name in TRANSPARENT_METHODS or name in ("expand", "repeat"):
        result = _view(tensor, name)
    elif name in NOTED_METHODS:
        result = _noted(machine, tensor, name, values, call)
    elif name in CLOSING_METHODS:
        result = operation(machine, "end", CLOSING_METHODS[name], values, call.site)
    else:
        return unknown_result(machine, f"tensor.{name}", values, call.site)
    if name.endswith("_") and isinstance(result, Tensor):
        overwrite(machine, tensor, result)
    return result


def _view(tensor: Tensor, name: str) -> Tensor:
    keeps = name in ("detach", "float", "cpu", "contiguous", "to", "data", "cuda")
    shape = tensor.shape[::-1] if name in ("t", "T") and tensor.shape is not None else tensor.shape if keeps else None
    return Tensor(tensor.node, tensor.storage, False, tensor.whole, tensor.sources, shape)


def _noted(machine: Machine, tensor: Tensor, name: str, values: list[Value], call: Call) -> Value:
    op = NOTED_METHODS[name]
    if op in ("add", "mul") and len(values) >= 2:
        word = {"add": "add", "sub": "sub", "subtract": "sub", "mul": "mul", "multiply": "mul"}
        return arithmetic(machine, word.get(name.rstrip("_"), "div"), tensor, values[1], call.site)
    if name in ("max", "min", "median") and len(values) > 1:
        pooled = operation(machine, "noted", op, [tensor], call.site)
        return pooled if isinstance(values[1], Tensor) else (pooled, Unknown("indices"))
    return operation(machine, "noted", op, [tensor], call.site)


def _of_shape(machine: Machine, tensor: Tensor, name: str, call: Call) -> Value:
    if name.startswith("new_"):
        known = CONSTRUCTORS.get(f"torch.{name.removeprefix('new_')}")
        return new_tensor(machine, known, call) if known is not None else Unknown(f"tensor.{name}()")
    if tensor.node is None and tensor.shape is not None:
        if name in ("dim", "ndimension"):
            return len(tensor.shape)
        sizes = tuple(Unknown("a size", _INT) if size is None else size for size in tensor.shape)
        if name == "size":
            at = call.get(0, "dim", None)
            if at is None:
                return sizes
            return sizes[at] if isinstance(at, int) and -len(sizes) <= at < len(sizes) else Unknown("a size", _INT)
        counted = [size for size in tensor.shape if size is not None]
        if name in ("numel", "nelement") and len(counted) == len(tensor.shape):
            return math.prod(counted)
    if name in ("dim", "ndimension", "numel", "nelement") or (name == "size" and call.arguments):
        return Unknown(f"tensor.{name}()", _INT)
    return Unknown(f"tensor.{name}()")


# Modules and objects ----------------------------------------------------------------------------------------------


def _instance(machine: Machine, instance: Instance, name: str, call: Call) -> Value:
    if name in ("post_init", "init_weights"):
        return _post_init(machine, instance, call)
    if name == "__setattr__":
        key = call.get(0, "name")
        if isinstance(key, str):
            set_attribute(machine, instance, key, call.get(1, "value"), call.site)
        return None
    if name == "__getitem__":
        return modules.get_item(machine, instance, call.get(0, "index"), call.site)
    if name == "__len__":
        return Unknown("a length", _INT) if instance.open else len(instance.fields)
    if name == "__iter__":
        return ListValue([item for item, _ in iterate(machine, instance)], instance.open)
    if name == "__contains__":
        key = call.get(0, "key")
        return key in instance.fields if isinstance(key, str) and not instance.open else Unknown("a test")
    return modules.METHODS[name](machine, instance, call)


def _post_init(machine: Machine, instance: Instance, call: Call) -> Value:
    """transformers' `post_init`: `_init_weights` of the innermost pretrained model, on every module."""

    def visit(module: Instance, init: Value) -> None:
        for _, child, _ in conditional_children(module):
            own = child.user_class.find("_init_weights")[0] if child.user_class is not None else None
            visit(child, Bound(own, child) if isinstance(own, Function) else init)
        machine.call(init, Call([module], {}, call.site))

    init = machine.attribute(instance, "_init_weights")
    if isinstance(init, Bound) and not instance.parent:
        visit(instance, init)
    return None


# Python's own -----------------------------------------------------------------------------------------------------


def _list(machine: Machine, value: ListValue, name: str, call: Call) -> Value:
    items = value.items
    first = call.get(0, "item", None)
    if name in ("append", "add", "appendleft"):
        machine.state.touch(value)
        value.items.append(first) if name != "appendleft" else value.items.insert(0, first)
        return None
    if name in ("extend", "update"):
        machine.state.touch(value)
        value.items.extend(item for item, _ in iterate(machine, first))
        value.open = value.open or not bounded(first)
        return None
    if name == "insert":
        machine.state.touch(value)
        value.items.insert(first if isinstance(first, int) else len(items), call.get(1, "object", None))
        return None
    if name in ("pop", "popleft"):
        machine.state.touch(value)
        at = 0 if name == "popleft" else first if isinstance(first, int) else -1
        if items and -len(items) <= at < len(items):
            return present(value.items.pop(at))
        return Unknown("an item of a list of unknown length")
    if name in ("reverse", "clear", "sort"):
        machine.state.touch(value)
        if name == "clear":
            value.items = []
        elif name == "reverse":
            value.items = items[::-1]
        return None
    if name in ("copy", "__iter__"):
        return ListValue(items, value.open)
    if name == "index":
        found = [at for at, item in enumerate(items) if item is first or (isinstance(item, CONSTANTS) and item == first)]
        return found[0] if found else Unknown("an index", _INT)
    if name == "remove":
        machine.state.touch(value)
        value.items = [item for item in items if item is not first]
        return None
    if name in ("tolist", "detach", "cpu", "numpy", "to"):
        return value
    if name == "split":
        return _split(value, first)
    if name == "__len__":
        return Unknown("a length", _INT) if value.open else len(items)
    return Unknown(f"list.{name}")


def _split(value: ListValue, sizes: Value) -> Value:
    """`torch.linspace(0, rate, sum(depths)).split(depths)`, the usual way to share out drop rates."""
    lengths = sequence(sizes)
    if lengths is None or not all(isinstance(length, int) for length in lengths):
        return Unknown("a split")
    parts, at = [], 0
    for length in lengths:
        parts.append(ListValue(value.items[at : at + length]))
        at += length
    return ListValue(parts)


def _dict(machine: Machine, value: DictValue, name: str, call: Call) -> Value:
    key = call.get(0, "key", None)
    if name in ("get", "pop", "setdefault"):
        fallback = call.get(1, "default", None)
        if is_key(key) and key in value.items:
            found = present(value.items[key])
            if name == "pop":
                machine.state.touch(value)
                del value.items[key]
            return found
        if not is_key(key) or value.open:
            return Unknown("an item of a dictionary")
        if name == "setdefault":
            machine.state.touch(value)
            value.items[key] = fallback
        elif name == "pop" and len(call.arguments) < 2 and "default" not in call.keywords:
            raise Raised
        return fallback
    if name == "update":
        machine.state.touch(value)
        if isinstance(key, DictValue):
            value.items.update(key.items)
            value.open = value.open or key.open
        elif call.arguments:
            value.open = True
        value.items.update(call.keywords)
        value.open = value.open or call.open
        return None
    if name == "keys":
        return ListValue(value.items, value.open)
    if name == "values":
        return ListValue(value.items.values(), value.open)
    if name == "items":
        return ListValue(list(value.items.items()), value.open)
    if name == "copy":
        return DictValue(value.items, value.open)
    if name == "__len__":
        return Unknown("a length", _INT) if value.open else len(value.items)
    return Unknown(f"dict.{name}")


_PURE = frozenset(
    (
        "lower upper strip lstrip rstrip startswith endswith find rfind replace split rsplit partition rpartition join "
        "format title capitalize isdigit count index isupper islower isalpha removeprefix removesuffix zfill splitlines "
        "is_integer bit_length as_integer_ratio"
    ).split()
)


def _constant(value: Any, name: str, call: Call) -> Value:
    if name in ("item", "tolist", "float", "clone") and isinstance(value, (int, float)):
        return value
    if name == "__len__" and isinstance(value, (str, tuple, range)):
        return len(value)
    if name not in _PURE or call.open:
        return Unknown(f"{type(value).__name__}.{name}")
    arguments = [_plain(argument) for argument in call.arguments]
    keywords = {key: _plain(argument) for key, argument in call.keywords.items()}
    if ABSENT in arguments or ABSENT in keywords.values():
        return Unknown("a composed string", External("builtins.str") if isinstance(value, str) else None)
    try:
        found = getattr(value, name)(*arguments, **keywords)
    except (TypeError, ValueError, AttributeError, LookupError):
        return Unknown(f"{name} fails")
    return ListValue(found) if isinstance(found, list) else found


def _plain(value: Value) -> Any:
    """The value as Python has it, if it is a constant; else `ABSENT`."""
    if isinstance(value, ListValue) and not value.open:
        items = [_plain(item) for item in value.items]
        return ABSENT if ABSENT in items else items
    if isinstance(value, tuple):
        items = [_plain(item) for item in value]
        return ABSENT if ABSENT in items else tuple(items)
    return value if isinstance(value, CONSTANTS) else ABSENT
