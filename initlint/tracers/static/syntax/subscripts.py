"""`value[index]`."""

from __future__ import annotations

import ast
from typing import Any

from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.machine.path_conditions import Raised
from initlint.tracers.static.tensors.dataflow import part_of
from initlint.tracers.static.tensors.writes import copy_of
from initlint.tracers.static.values.calls import Call
from initlint.tracers.static.values.classes import ClassValue
from initlint.tracers.static.values.constants import is_key
from initlint.tracers.static.values.containers import DictValue, ListValue
from initlint.tracers.static.values.environment import Environment
from initlint.tracers.static.values.functions import Function
from initlint.tracers.static.values.join import join
from initlint.tracers.static.values.objects import Instance
from initlint.tracers.static.values.tensors import Tensor
from initlint.tracers.static.values.unions import without_unbound
from initlint.tracers.static.values.values import ExternalName, Unknown, Value


def subscript(interpreter: Interpreter, node: ast.Subscript, env: Environment) -> Value:
    """`value[index]`, for each alternative of the value."""
    value = without_unbound(interpreter.evaluate(node.value, env))
    return interpreter.state.map_union(value, lambda option: item(interpreter, option, node, env))


def index_of(interpreter: Interpreter, node: ast.Subscript, env: Environment) -> Value:
    """The index: a value, a slice, or a tuple of these."""
    if isinstance(node.slice, ast.Tuple):
        return tuple(_index(interpreter, element, env) for element in node.slice.elts)
    return _index(interpreter, node.slice, env)


def _index(interpreter: Interpreter, node: ast.expr, env: Environment) -> Value:
    if not isinstance(node, ast.Slice):
        return interpreter.evaluate(node, env)
    bounds = [None if part is None else interpreter.evaluate(part, env) for part in (node.lower, node.upper, node.step)]
    if all(bound is None or isinstance(bound, int) for bound in bounds):
        if bounds[2] == 0:
            raise Raised
        return slice(*bounds)
    return Unknown("a slice with unknown bounds")


def item(interpreter: Interpreter, value: Value, node: ast.Subscript, env: Environment) -> Value:
    """`value[index]`."""
    index = index_of(interpreter, node, env)
    if isinstance(value, Tensor):
        if index is None:
            return _with_new_axis(value)
        advanced = value.node is None and value.storage is not None and _is_advanced(index)
        return part_of(copy_of(interpreter, value, interpreter.location_of(node, env)) if advanced else value, index)
    if isinstance(value, (tuple, str, range)):
        return _item_of_constant(value, index)
    if isinstance(value, ListValue):
        return _item_of_list(interpreter, value, index)
    if isinstance(value, DictValue):
        return _item_of_dict(interpreter, value, index)
    if isinstance(value, Instance):
        if value.is_named_tuple:
            return _item_of_constant(tuple(value.fields.values()), index)
        method = interpreter.attribute(value, "__getitem__")
        if not isinstance(method, Unknown):
            return interpreter.call(method, Call([index], {}, interpreter.location_of(node, env)))
        return method
    if isinstance(value, (ExternalName, Function)):
        return value  # `Optional[int]`, `nn.Module[T]`
    if isinstance(value, Unknown):
        return value.member(("item", index) if is_key(index) else object())
    return (
        value
        if isinstance(value, ClassValue) and not isinstance(index, str)
        else Unknown("an item of something unknown")
    )


def _with_new_axis(value: Tensor) -> Tensor:
    """`tensor[None]`, which has all of the elements."""
    part = part_of(value, None)
    shape = None if value.shape is None else (1, *value.shape)
    return Tensor(
        part.node,
        part.storage,
        False,
        value.covers_storage,
        part.sources,
        shape,
        part.transposed,
        axes=part.axes,
        tracked=part.tracked,
    )


def _is_advanced(index: Value) -> bool:
    """Whether indexing with it copies: it contains a list, or a tensor of at least one dimension."""
    if isinstance(index, tuple):
        return any(_is_advanced(part) for part in index)
    return isinstance(index, ListValue) or (isinstance(index, Tensor) and bool(index.shape))


def _item_of_constant(value: Any, index: Value) -> Value:
    if isinstance(index, (int, slice)):
        try:
            item: Value = value[index]
        except (IndexError, ValueError):
            raise Raised from None
        return item
    if isinstance(value, tuple) and value:
        return _any_of(list(value))
    return Unknown("an item at an unknown index")


def _item_of_list(interpreter: Interpreter, value: ListValue, index: Value) -> Value:
    if isinstance(index, slice):
        return ListValue(value.items[index], value.open)
    if isinstance(index, int):
        if -len(value.items) <= index < len(value.items):
            return without_unbound(value.items[index])
        if value.open:
            return value.items[-1] if value.items else Unknown("an item of a list of unknown length")
        raise Raised
    return _any_of(value.items)


def _any_of(items: list[Value]) -> Value:
    if not items or len(items) > 16:
        return Unknown("an item at an unknown index")
    result = items[0]
    for at, other in enumerate(items[1:], 1):
        result = join(result, frozenset([(("item", at), False)]), other, frozenset([(("item", at), True)]))
    return result


def _item_of_dict(interpreter: Interpreter, value: DictValue, index: Value) -> Value:
    if is_key(index):
        if index in value.items:
            return without_unbound(value.items[index])
        if value.open:
            return Unknown("an item of a dictionary that is not known")
        raise Raised
    return Unknown("an item under an unknown key")
