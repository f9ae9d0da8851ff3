"""`value[index]`."""

from __future__ import annotations

import ast

from initlint.project.source import SourceLocation
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.machine.special_methods import call_special
from initlint.tracers.static.tensors.dataflow import part_of
from initlint.tracers.static.tensors.plain_tensors import mark_tensor
from initlint.tracers.static.tensors.writes import copy_of
from initlint.tracers.static.values.containers import ListValue
from initlint.tracers.static.values.environment import Environment
from initlint.tracers.static.values.questions import get_item, without_unbound
from initlint.tracers.static.values.tensors import Tensor
from initlint.tracers.static.values.values import UNBOUND, Raised, Unknown, Value


def subscript(interpreter: Interpreter, node: ast.Subscript, env: Environment) -> Value:
    """`value[index]`, for each alternative of the value."""
    value = without_unbound(interpreter.evaluate(node.value, env))
    location = interpreter.location_of(node, env)
    return interpreter.state.map_union(
        value, lambda option: get_item(interpreter, option, index_of(interpreter, node, env), location)
    )


def index_of(interpreter: Interpreter, node: ast.Subscript, env: Environment) -> Value:
    """The index: a value, a slice, or a tuple of these."""
    if isinstance(node.slice, ast.Tuple):
        return tuple(_index(interpreter, element, env) for element in node.slice.elts)
    return _index(interpreter, node.slice, env)


def _index(interpreter: Interpreter, node: ast.expr, env: Environment) -> Value:
    if not isinstance(node, ast.Slice):
        index = interpreter.evaluate(node, env)
        number = call_special(interpreter, index, "__index__", [], interpreter.location_of(node, env))
        return index if number is UNBOUND else number
    bounds = [None if part is None else interpreter.evaluate(part, env) for part in (node.lower, node.upper, node.step)]
    if all(bound is None or isinstance(bound, int) for bound in bounds):
        if bounds[2] == 0:
            raise Raised
        return slice(*bounds)
    return Unknown("a slice with unknown bounds")


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


def tensor_item(interpreter: Interpreter, tensor: Tensor, index: Value, location: SourceLocation) -> Value:
    """`tensor[index]`."""
    if index is None:
        return _with_new_axis(tensor)
    advanced = tensor.node is None and tensor.storage is not None and _is_advanced(index)
    part = part_of(copy_of(interpreter, tensor, location) if advanced else tensor, index)
    if tensor.storage is not None or tensor.is_plain_tensor():
        mark_tensor(part, [tensor])
    return part
