"""Methods of tensors."""

from __future__ import annotations

import ast
import math
from typing import Literal

from initlint.facts.activations import METHODS as ACTIVATION_METHODS
from initlint.facts.activations import PARAMETERS
from initlint.facts.initializer_formulas import CONSTRUCTORS
from initlint.facts.operators import (
    COPYING_METHODS,
    IN_PLACE_METHODS,
    MODIFIER_METHODS,
    SAME_SHAPE_METHODS,
    SHAPE_METHODS,
    SINK_METHODS,
    SPLITTING_METHODS,
    TRACKED_VIEWS,
    TRANSPARENT_METHODS,
    TRANSPOSING_METHODS,
    pooling,
)
from initlint.tracers.static.library.init_calls import bind_arguments, call_writing_method, new_tensor
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.tensors.contents import cut
from initlint.tracers.static.tensors.dataflow import (
    arithmetic,
    operation,
    part_of,
    product,
    set_in_place,
    unknown_result,
)
from initlint.tracers.static.tensors.writes import copy_of, record_leaf_write, set_requires_grad
from initlint.tracers.static.values.axes import transposed_shape, view_axes
from initlint.tracers.static.values.constants import literal, literals
from initlint.tracers.static.values.external_names import INT, ExternalName
from initlint.tracers.static.values.tensors import Tensor
from initlint.tracers.static.values.values import UNBOUND, Call, Unknown, Value


def call_tensor_method(interpreter: Interpreter, tensor: Tensor, name: str, call: Call) -> Value:
    """`tensor.name(...)`."""
    if tensor.tracked and name in IN_PLACE_METHODS:
        record_leaf_write(interpreter, tensor, call.site)
    filled = call_writing_method(interpreter, tensor, name, call)
    if filled is not UNBOUND:
        return filled
    if name == "backward":
        interpreter.log.has_trained = True
    if name in ("register_hook", "backward", "retain_grad", "share_memory_"):
        return None
    if name in ("item", "tolist", "numpy"):
        return unknown_result(interpreter, f"tensor.{name}()", [tensor], call.site)
    if name == "requires_grad_":
        if tensor.storage is not None and not interpreter.state.condition - tensor.storage.condition:
            set_requires_grad(tensor.storage, call.get(0, "requires_grad", True))
        elif tensor.storage is not None:
            tensor.storage.grad_unknown = True
        return tensor
    if name in ("fmod", "clamp", "clip"):
        bounded = cut(interpreter, tensor, name, list(call.values), call.site)
        if bounded is not None:
            return bounded
    if tensor.node is None and tensor.storage is not None:
        if name in COPYING_METHODS or (tensor.transposed and name in ("contiguous", "reshape")):
            return copy_of(interpreter, tensor, call.site)
        if name in SPLITTING_METHODS:
            return part_of(tensor, None)
    if name in SHAPE_METHODS:
        return _of_shape(interpreter, tensor, name, call)
    if name in ("matmul", "mm", "bmm", "mv"):
        return product(interpreter, [tensor, *call.arguments[:1]], call.site)
    values = [tensor, *call.arguments, *call.keywords.values()]
    if name in ACTIVATION_METHODS:
        op = ACTIVATION_METHODS[name]
        arguments = literals(bind_arguments(PARAMETERS.get(op, ()), call))
        result: Value = operation(interpreter, "activation", op, [tensor], call.site, arguments=arguments)
    elif name in TRANSPARENT_METHODS:
        result = _view(tensor, name, call)
    elif name in MODIFIER_METHODS:
        result = _modifier(interpreter, tensor, name, values, call)
    elif name in SINK_METHODS:
        result = operation(interpreter, "sink", SINK_METHODS[name], values, call.site)
    else:
        return unknown_result(interpreter, f"tensor.{name}", values, call.site)
    if name.endswith("_") and isinstance(result, Tensor):
        set_in_place(interpreter, tensor, result)
    return result


def _view(tensor: Tensor, name: str, call: Call) -> Tensor:
    shape = tensor.shape if name in SAME_SHAPE_METHODS else transposed_shape(tensor.shape) if name == "t" else None
    transposed = tensor.transposed != (name in TRANSPOSING_METHODS)
    return Tensor(
        tensor.node,
        tensor.storage,
        False,
        tensor.covers_storage,
        tensor.sources,
        shape,
        transposed,
        axes=view_axes(tensor.axes, name, call.values),
        tracked=tensor.tracked and name in TRACKED_VIEWS,
        conversion=_conversion(name, call) if tensor.leaf else "",
        factors=tensor.factors,
        in_products=tensor.in_products,
    )


def _conversion(name: str, call: Call) -> Literal["", "device", "copy"]:
    """What `parameter.name(...)` returns: the Parameter itself for the device and type that it surely has."""
    if name in ("half", "double", "bfloat16"):
        return "copy"
    if name in ("cuda", "xpu"):
        return "device"
    if name != "to":
        return ""
    node = call.site.node
    written = [*node.args, *(keyword.value for keyword in node.keywords)] if isinstance(node, ast.Call) else []
    changes = [_change(value) for value in call.values if isinstance(value, ExternalName)]
    if "copy" in changes:
        return "copy"
    # An argument of the constructor may be another device than its default.
    is_device = any(not isinstance(value, (ExternalName, bool)) for value in call.values)
    return "device" if is_device and not all(_is_default(argument) for argument in written) else ""


def _change(argument: ExternalName) -> Literal["", "copy"]:
    return "copy" if argument.name in _TYPES else ""


def _is_default(argument: ast.expr) -> bool:
    """Whether it is written as the device or type that a new Parameter has: `'cpu'`, `torch.device('cpu')`."""
    if isinstance(argument, ast.Call):
        return len(argument.args) == 1 and _is_default(argument.args[0])
    if isinstance(argument, ast.Constant):
        return not isinstance(argument.value, str) or argument.value.startswith("cpu")
    return isinstance(argument, ast.Attribute) and argument.attr in ("float32", "float")


_TYPES = frozenset(f"torch.{name}" for name in "float16 half bfloat16 float64 double".split())


def _modifier(interpreter: Interpreter, tensor: Tensor, name: str, values: list[Value], call: Call) -> Value:
    op = MODIFIER_METHODS[name]
    if op in ("add", "mul") and len(values) >= 2:
        word = {"add": "add", "sub": "sub", "subtract": "sub", "mul": "mul", "multiply": "mul"}
        return arithmetic(interpreter, word.get(name.rstrip("_"), "div"), tensor, values[1], call.site)
    if name in ("max", "min", "median") and len(values) > 1:
        pooled = operation(interpreter, "modifier", op, [tensor], call.site)
        return pooled if isinstance(values[1], Tensor) else (pooled, Unknown("indices"))
    window = pooling(name, {"dim": literal(values[1]) if len(values) > 1 else None}) if op == "pool" else None
    return operation(interpreter, "modifier", op, [tensor], call.site, arguments=window)


def _of_shape(interpreter: Interpreter, tensor: Tensor, name: str, call: Call) -> Value:
    if name.startswith("new_"):
        constructor = CONSTRUCTORS.get(f"torch.{name.removeprefix('new_')}")
        return new_tensor(interpreter, constructor, call) if constructor is not None else Unknown(f"tensor.{name}()")
    if tensor.node is None and tensor.shape is not None:
        if name in ("dim", "ndimension"):
            return len(tensor.shape)
        sizes = tuple(Unknown("a size", INT) if size is None else size for size in tensor.shape)
        if name == "size":
            at = call.get(0, "dim", None)
            if at is None:
                return sizes
            return sizes[at] if isinstance(at, int) and -len(sizes) <= at < len(sizes) else Unknown("a size", INT)
        counted = [size for size in tensor.shape if size is not None]
        if name in ("numel", "nelement") and len(counted) == len(tensor.shape):
            return math.prod(counted)
    if name in ("dim", "ndimension", "numel", "nelement") or (name == "size" and call.arguments):
        return Unknown(f"tensor.{name}()", INT)
    return Unknown(f"tensor.{name}()")
