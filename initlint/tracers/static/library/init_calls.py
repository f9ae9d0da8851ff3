"""Init calls: `torch.nn.init`, other libraries' and configured init functions, and in-place tensor methods."""

from __future__ import annotations

import ast
from typing import Any, cast

from initlint.facts.frameworks import SKIPPED_FUNCTION_NAMES, is_skipped
from initlint.facts.initializer_formulas import (
    COMPLEX,
    DEPRECATED,
    INITIALIZERS,
    METHOD_PARAMETERS,
    METHODS,
    RANDOM_METHODS,
    UNINITIALIZED,
    LibraryInitializer,
    TensorConstructor,
    calculate_gain,
)
from initlint.facts.library_initializers import init_effect
from initlint.facts.operators import RELATIVE_METHODS, is_in_place
from initlint.facts.signatures import size
from initlint.project.source import SourceLocation
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.tensors.contents import copy_into, write_in_place
from initlint.tracers.static.tensors.dataflow import apply_activation
from initlint.tracers.static.tensors.writes import (
    UNKNOWN_WRITE,
    GainValue,
    fresh_storage,
    record_init_call,
    record_write,
    set_requires_grad,
    turned_storage,
)
from initlint.tracers.static.values.containers import ListValue
from initlint.tracers.static.values.external_names import FLOAT, INT, ExternalName
from initlint.tracers.static.values.functions import Function
from initlint.tracers.static.values.module_tree import own_parameters
from initlint.tracers.static.values.objects import as_object
from initlint.tracers.static.values.pretrained import PretrainedWeight
from initlint.tracers.static.values.questions import (
    container_kind,
    contents,
    external_name,
    has_alternatives,
    has_known_length,
    literals,
    options,
    reaches,
    write_by_unknown,
)
from initlint.tracers.static.values.tensors import Tensor, as_tensor
from initlint.tracers.static.values.values import UNBOUND, CallArguments, Sizes, Unknown, Value


def call_init_function(interpreter: Interpreter, function: ExternalName, call: CallArguments) -> Value:
    """A call of `torch.nn.init.X`; returns its tensor, as torch does."""
    name = function.name.rpartition(".")[2]
    if name == "calculate_gain":
        return _gain(interpreter, function, call)
    canonical = DEPRECATED.get(function.name, function.name)
    initializer = INITIALIZERS.get(canonical)
    if initializer is None:
        if is_in_place(name) or name == "__dict__":
            interpreter.handlers.may_write(interpreter, call.values, call.site)
        return Unknown(f"{function.name} is not known")
    target = call.get(0, "tensor", Unknown("no tensor"))
    arguments = call.bound(initializer.signature, skip=1)
    arguments.pop("generator", None)
    record_init_call(interpreter, name, canonical, call.site, arguments, target)
    write(interpreter, target, canonical, arguments, call)
    return target


def write(
    interpreter: Interpreter, target: Value, initializer: str, arguments: dict[str, Value], call: CallArguments
) -> None:
    """Record the write to every tensor that `target` may be."""
    for option, condition in options(target):
        tensor = option.written() if isinstance(option, PretrainedWeight) else as_tensor(option)
        if tensor is not None:
            record_write(interpreter, tensor, initializer, literals(arguments), call.site, condition=condition)
        else:
            write_by_unknown(interpreter, option, call.site)


def _gain(interpreter: Interpreter, function: ExternalName, call: CallArguments) -> Value:
    arguments: dict[str, Value] = {}
    for at, name in enumerate(("nonlinearity", "param")):
        value = call.get(at, name)
        if value is not UNBOUND:
            arguments[name] = value
    nonlinearity = arguments.get("nonlinearity")
    record_init_call(interpreter, "calculate_gain", function.name, call.site, arguments, Unknown("no tensor"))
    if not isinstance(nonlinearity, str):
        return Unknown("a gain", FLOAT)
    parameter = arguments.get("param")
    try:
        gain = GainValue(calculate_gain(nonlinearity, parameter if isinstance(parameter, (int, float)) else None))
    except ValueError:
        return Unknown("a gain that torch does not know", FLOAT)
    gain.nonlinearity = nonlinearity
    return gain


def apply_library_initializer(
    interpreter: Interpreter, initializer: LibraryInitializer, name: str, call: CallArguments
) -> Value:
    """A call of another library's init function."""
    target = call.get(0, initializer.signature[0][0], Unknown("no tensor"))
    init = init_effect(initializer, call.bound(initializer.signature, skip=1))
    canonical, arguments = init.initializer, cast("dict[str, Value]", dict(init.arguments))
    if initializer.takes == "tensor":
        record_init_call(interpreter, name, canonical, call.site, arguments, target)
        write(interpreter, target, canonical, arguments, call)
        return target
    record_init_call(interpreter, name, name, call.site, {}, target, takes_module=True)
    instance = as_object(target)
    for parameter, tensor, _ in () if instance is None else own_parameters(instance):
        if parameter == "weight":
            write(interpreter, tensor, canonical, arguments, call)
        elif parameter == "bias":
            write(interpreter, tensor, "torch.nn.init.constant_", {"val": cast("Value", init.bias)}, call)
    return target


def call_writing_method(interpreter: Interpreter, tensor: Tensor, name: str, call: CallArguments) -> Value:
    """A method that writes to a tensor in place (`normal_`, `copy_`, `mul_`); `UNBOUND` for any other method."""
    if tensor.storage is None:
        return UNBOUND
    if name in METHODS:
        names = METHOD_PARAMETERS[name]
        arguments: dict[str, Any] = {}
        for at, (own, theirs) in enumerate(names):
            value = call.get(at, own)
            if value is not UNBOUND:
                arguments[theirs] = value
        record_init_call(interpreter, name, METHODS[name], call.site, arguments, tensor, method=True)
        record_write(interpreter, tensor, METHODS[name], literals(arguments), call.site, method=True)
        return tensor
    if name == "copy_":
        copy_into(interpreter, tensor, call.get(0, "other"), call.site)
        return tensor
    if name in RANDOM_METHODS:
        record_write(interpreter, tensor, f"torch.Tensor.{name}", {}, call.site, method=True)
        return tensor
    if name in RELATIVE_METHODS:
        write_in_place(interpreter, tensor, name.removesuffix("_"), call.get(0, "other"), call.site)
        return tensor
    return UNBOUND


def new_tensor(interpreter: Interpreter, constructor: TensorConstructor, call: CallArguments) -> Tensor:
    """`torch.zeros(3, 4)` and similar: a new tensor with its first write."""
    given = call.keywords.get("out")
    out = as_tensor(given)
    storage = out.storage if out is not None else None
    if given is not None and out is None:
        interpreter.handlers.may_write(interpreter, [given], call.site)
    if storage is None:
        storage = fresh_storage(interpreter, _size(constructor, call), call.site)
    tensor = Tensor(storage=storage, covers_storage=out is None or out.covers_storage)
    storage.requires_grad = call.keywords.get("requires_grad") is True
    storage.is_converted = constructor.size == "like" or call.open or not call.keywords.keys().isdisjoint(_KINDS)
    is_random = constructor.initializer in ("torch.nn.init.uniform_", "torch.nn.init.normal_")
    if is_random and external_name(call.keywords.get("dtype")) in COMPLEX:
        record_write(interpreter, tensor, UNKNOWN_WRITE, {}, call.site)
    elif constructor.initializer != UNINITIALIZED:
        arguments = cast("dict[str, Value]", dict(constructor.arguments))
        values = call.bound(constructor.signature)
        for own, theirs in constructor.values:
            arguments[theirs] = values.get(own, Unknown(f"argument {own}"))
        record_write(interpreter, tensor, constructor.initializer, literals(arguments), call.site, method=True)
    elif constructor.size == "legacy" and _is_content(call):
        # `torch.Tensor([...])` and `torch.FloatTensor(values)` copy; `torch.Tensor(3 * n)` allocates.
        is_copy = container_kind(call.arguments[0]) != "" and _has_size_object(call) is False
        record_write(
            interpreter, tensor, "torch.Tensor.copy_" if is_copy else UNKNOWN_WRITE, {}, call.site, method=True
        )
    else:
        storage.uninitialized = call.keywords.get("device") != "meta" and 0 not in (storage.shape or ())
    return tensor


def _is_content(call: CallArguments) -> bool:
    """Whether the only argument may be the values, or a tensor that has them."""
    if len(call.arguments) != 1:
        return False
    only = call.arguments[0]
    return isinstance(only, (Unknown, Tensor)) or (container_kind(only) != "" and not _has_size_object(call))


def _has_size_object(call: CallArguments) -> bool | None:
    """Whether the only argument is a `torch.Size`; None for a tuple that may have been one."""
    if isinstance(call.arguments[0], (Sizes, ListValue)):
        return isinstance(call.arguments[0], Sizes)
    node = call.site.node if isinstance(call.site, SourceLocation) else None
    written = node.args[0] if isinstance(node, ast.Call) and len(node.args) == 1 else None
    return False if isinstance(written, (ast.Tuple, ast.List)) else None


_KINDS = ("device", "dtype")


def _size(constructor: TensorConstructor, call: CallArguments) -> tuple[int | None, ...] | None:
    if call.open:
        return None
    if constructor.size == "like":
        other = as_tensor(call.get(0, "input"))
        return None if other is None else other.shape
    if constructor.size == "eye":
        rows = call.get(0, "n")
        return (size(rows), size(call.get(1, "m", rows)))
    if constructor.size == "size":
        position = [name for name, _ in constructor.signature].index("size") if constructor.signature else 0
        return shape_of([call.get(position, "size")])
    if constructor.size == "legacy" and _is_content(call):
        return _shape_of_content(call)
    return shape_of(call.arguments if call.arguments else [call.get(0, "size")])


def _shape_of_content(call: CallArguments) -> tuple[int | None, ...] | None:
    """The shape of the values that a legacy constructor copies."""
    only = call.arguments[0]
    if isinstance(only, Tensor):
        return only.shape
    if container_kind(only) != "" and _has_size_object(call) is False:
        return _shape_of_values(only)
    return (None,) if isinstance(only, Unknown) and only.hint == INT else None


def _shape_of_values(value: Value) -> tuple[int | None, ...] | None:
    """The shape of a number, or of nested lists of numbers. Those of one list have all the same length."""
    if isinstance(value, (bool, int, float)) or (isinstance(value, Unknown) and value.hint in (INT, FLOAT)):
        return ()
    if container_kind(value) not in ("list", "tuple") or not has_known_length(value):
        return None
    items = list(contents(value))
    inner = _shape_of_values(items[0]) if items else ()
    return None if inner is None else (len(items), *inner)


def shape_of(values: list[Value]) -> tuple[int | None, ...] | None:
    """The shape given by sizes: numbers, or one sequence of numbers. The -1 of a view is unknown."""
    if len(values) == 1:
        only = values[0]
        if container_kind(only) not in ("", "dict"):
            return tuple(size(item) for item in contents(only)) if has_known_length(only) else None
        if isinstance(only, Unknown):
            return (None,) if only.hint == INT else None
        if only is UNBOUND or has_alternatives(only):
            return None
    return tuple(size(value) for value in values)


def make_parameter(interpreter: Interpreter, call: CallArguments) -> Value:
    """`nn.Parameter(tensor)`: a leaf with the same storage."""
    value = call.get(0, "data", None)
    tensor = as_tensor(value)
    storage = tensor.storage if tensor is not None and tensor.covers_storage else None
    requires_grad = call.get(1, "requires_grad", True)
    if storage is None or storage.derived is not None:
        storage = fresh_storage(interpreter, None if tensor is None else tensor.shape, call.site)
        if value is not None:
            record_write(interpreter, Tensor(storage=storage), "torch.Tensor.copy_", {}, call.site)
    elif tensor is not None and tensor.transposed and not storage.parameter:
        storage = turned_storage(interpreter, tensor, call.site)
    if tensor is None:
        storage.origins, storage.is_converted = tuple(reaches(value)), True
    storage.is_of_several = storage.is_of_several or storage.parameter
    storage.parameter = True
    storage.location = storage.location or call.site
    set_requires_grad(storage, requires_grad)
    return Tensor(storage=storage, leaf=True)


def call_configured_function(interpreter: Interpreter, function: Function, call: CallArguments) -> Value:
    """The result of a project function that the settings or tables declare; `UNBOUND` for any other function."""
    name = function.qualified
    op = interpreter.user_tables.activations.get(name)
    if op is not None:
        return apply_activation(interpreter, op, call)
    if function.name in SKIPPED_FUNCTION_NAMES and is_skipped(name):
        return Unknown(f"{function.name} is not followed")
    initializer = interpreter.user_tables.library_initializer(name)
    return UNBOUND if initializer is None else apply_library_initializer(interpreter, initializer, function.name, call)
