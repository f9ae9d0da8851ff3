"""Calls of functions and classes outside the project: torch's (by the tables in facts), Python's, and all others."""

from __future__ import annotations

import ast
import math
import re

from initlint.facts.activations import FUNCTIONS as ACTIVATION_FUNCTIONS
from initlint.facts.activations import PARAMETERS
from initlint.facts.fans import MODULES
from initlint.facts.initializer_formulas import CONSTRUCTORS
from initlint.facts.initializer_names import is_initializer_or_loader
from initlint.facts.operators import (
    COPYING_FUNCTIONS,
    EXTERNAL_MODULES,
    MODIFIER_FUNCTIONS,
    SINK_FUNCTIONS,
    TRANSPARENT_FUNCTIONS,
    WEIGHTED_FUNCTIONS,
    pooling,
)
from initlint.facts.pretrained import pretrained_layer_types
from initlint.graph.dataflow import FlowNode
from initlint.tracers.static.library import module_methods, modules
from initlint.tracers.static.library.builtins import call_builtin
from initlint.tracers.static.library.init_calls import (
    apply_activation,
    apply_library_initializer,
    bind_arguments,
    call_init_function,
    new_tensor,
)
from initlint.tracers.static.library.pretrained_models import INIT_WEIGHTS
from initlint.tracers.static.library.special_functions import SPECIAL
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.tensors.contents import cut
from initlint.tracers.static.tensors.dataflow import (
    are_data,
    arithmetic,
    data_of,
    multiply_by_weight,
    new_node,
    operation,
    pass_through,
    product,
    unknown_result,
)
from initlint.tracers.static.tensors.loads import pretrained_module
from initlint.tracers.static.tensors.unknown_effects import mark_maybe_changed, mark_maybe_written
from initlint.tracers.static.tensors.writes import copy_of
from initlint.tracers.static.values.axes import Equation, linear_roles
from initlint.tracers.static.values.constants import known_items, literal, literals
from initlint.tracers.static.values.containers import ListValue
from initlint.tracers.static.values.external_names import FLOAT, ExternalName
from initlint.tracers.static.values.objects import Instance
from initlint.tracers.static.values.tensors import Tensor
from initlint.tracers.static.values.unions import without_unbound
from initlint.tracers.static.values.values import Call, Unknown, Value


def call_external(interpreter: Interpreter, function: ExternalName, call: Call) -> Value:
    """Call a function or class outside the project."""
    name = function.name
    special = SPECIAL.get(name)
    if special is not None:
        return special(interpreter, call)
    if name.startswith("builtins."):
        return call_builtin(interpreter, name[9:], call)
    if name.startswith("torch."):
        return _call_torch(interpreter, function, call)
    initializer = interpreter.user_tables.library_initializer(name)
    if initializer is not None:
        return apply_library_initializer(interpreter, initializer, name.rpartition(".")[2], call)
    if name in interpreter.user_tables.activations:
        return _own_activation(interpreter, function, call)
    if name.startswith("math."):
        return _call_math(name[5:], call)
    if name in EXTERNAL_MODULES:
        return Instance(function, call.site, interpreter.state.condition, name)
    if name in TRANSPARENT_FUNCTIONS or name in MODIFIER_FUNCTIONS or name in SINK_FUNCTIONS:
        return _call_operator(interpreter, name, call)
    return _call_library(interpreter, name, call)


def _own_activation(interpreter: Interpreter, function: ExternalName, call: Call) -> Value:
    """An activation that the settings declare: a class is instantiated, a function is called."""
    if function.name.rpartition(".")[2][:1].isupper():
        return Instance(function, call.site, interpreter.state.condition, function.name)
    return apply_activation(interpreter, interpreter.user_tables.activations[function.name], call)


def _call_torch(interpreter: Interpreter, function: ExternalName, call: Call) -> Value:
    name = function.name
    if name.startswith("torch.nn.init."):
        return call_init_function(interpreter, function, call)
    if name in MODULES or name in EXTERNAL_MODULES:
        return modules.build(interpreter, function, call)
    if name == "torch.hub.load":
        return _call_library(interpreter, name, call)
    if name in CONSTRUCTORS:
        return new_tensor(interpreter, CONSTRUCTORS[name], call)
    base, _, method = name.rpartition(".")
    receiver = call.arguments[0] if call.arguments else None
    if base in MODULES and isinstance(receiver, Instance):
        return _unbound_method(interpreter, receiver, base, method, call)
    if name.startswith("torch.optim."):
        return Unknown("an optimizer")
    return _call_operator(interpreter, name, call)


def _unbound_method(interpreter: Interpreter, instance: Instance, base: str, method: str, call: Call) -> Value:
    """`nn.Linear.forward(self, x)`, `nn.Module.__init__(self)`."""
    method_call = Call(call.arguments[1:], call.keywords, call.site, call.open)
    if method == "__init__":
        modules.initialize(interpreter, instance, base, method_call)
        return None
    if method in module_methods.METHODS:
        return module_methods.METHODS[method](interpreter, instance, method_call)
    return unknown_result(interpreter, f"{base}.{method}", call.values, call.site)


def _call_operator(interpreter: Interpreter, name: str, call: Call) -> Value:
    """Call a function on tensors."""
    values = list(call.values)
    first = call.get(0, "input", Unknown("no input"))
    if name in ACTIVATION_FUNCTIONS:
        op = ACTIVATION_FUNCTIONS[name]
        signature = (("input", None), *PARAMETERS.get(op, ()))
        arguments = literals(bind_arguments(signature, call, skip=1))
        result = operation(interpreter, "activation", op, [first], call.site, arguments=arguments)
        if (
            (name.endswith("_") or arguments.get("inplace") is True)
            and isinstance(first, Tensor)
            and first.node is not None
        ):
            interpreter.state.save_before_change(first)
            first.node = result.node
        return result
    if name in WEIGHTED_FUNCTIONS:
        return _weighted(interpreter, name, call)
    if name in ("torch.fmod", "torch.clamp", "torch.clip") and isinstance(first, Tensor):
        bounded = cut(interpreter, first, name.rpartition(".")[2], values[1:], call.site)
        if bounded is not None:
            return bounded
    if name in COPYING_FUNCTIONS and isinstance(first, Tensor) and first.node is None and first.storage is not None:
        return copy_of(interpreter, first, call.site)
    if name in TRANSPARENT_FUNCTIONS or (name == "torch.index_select" and not data_of([first])):
        return pass_through(interpreter, first, name.rpartition(".")[2], list(call.values)[1:])
    if name in MODIFIER_FUNCTIONS:
        return _modifier(interpreter, name, MODIFIER_FUNCTIONS[name], first, values, call)
    if name in SINK_FUNCTIONS:
        op = SINK_FUNCTIONS[name]
        if op == "matmul":
            return _product(interpreter, name, values, call)
        exact = op == "sdpa" and are_data(*call.arguments[:3])
        return operation(interpreter, "sink", op, values, call.site, exact=exact)
    return unknown_result(interpreter, f"{name} is not followed", values, call.site)


_ADDING = frozenset({"torch.addbmm", "torch.addmm", "torch.addmv", "torch.baddbmm"})
"""Products whose first argument is a bias."""


def _product(interpreter: Interpreter, name: str, values: list[Value], call: Call) -> Value:
    operands = _operands(values[1:] if name in _ADDING and len(values) > 2 else values)
    if name not in ("torch.einsum", "einops.einsum"):
        return product(interpreter, operands, call.site)
    texts = [value for value in values if isinstance(value, str)]
    return product(interpreter, operands, call.site, Equation(texts[0] if texts else "", name.startswith("einops")))


def _operands(values: list[Value]) -> list[Value]:
    operands: list[Value] = []
    for value in values:
        operands.extend(known_items(value) or () if isinstance(value, (tuple, ListValue)) else [value])
    return [value for value in operands if not isinstance(value, str)]


_ARITHMETIC = {
    **dict.fromkeys(("torch.add",), "add"),
    **dict.fromkeys(("torch.sub", "torch.subtract", "torch.rsub"), "sub"),
    **dict.fromkeys(("torch.mul", "torch.multiply"), "mul"),
    **dict.fromkeys(("torch.div", "torch.divide", "torch.true_divide"), "div"),
}
"""Functions that equal one of Python's operators."""


def _modifier(interpreter: Interpreter, name: str, op: str, first: Value, values: list[Value], call: Call) -> Value:
    word = _ARITHMETIC.get(name)
    if word is not None and len(values) >= 2 and _is_of_tensors(values):
        return arithmetic(interpreter, word, values[0], values[1], call.site)
    if op == "concat":
        return operation(interpreter, "modifier", op, values[:1], call.site)
    # `torch.addcmul(beta, alpha, x)` takes parameters before the data.
    window = _pooling(name, call) if op == "pool" else None
    result = operation(
        interpreter, "modifier", op, [first] if data_of([first]) else values, call.site, arguments=window
    )
    if call.keywords.get("return_indices") is True or (
        name in ("torch.max", "torch.min", "torch.median") and len(values) > 1 and not isinstance(values[1], Tensor)
    ):
        return result, Unknown("indices")
    return result


def _pooling(name: str, call: Call) -> dict[str, object]:
    arguments = {key: literal(call.get(1, key, None)) for key in ("kernel_size", "output_size", "dim")}
    return pooling(name.rpartition(".")[2], arguments)


def _is_of_tensors(values: list[Value]) -> bool:
    return isinstance(without_unbound(values[0]), (Tensor, Unknown)) or isinstance(without_unbound(values[1]), Tensor)


def _weighted(interpreter: Interpreter, name: str, call: Call) -> Value:
    type, names = WEIGHTED_FUNCTIONS[name]
    arguments = {key: call.get(at, key, None) for at, key in enumerate(names)}
    if "weight" not in arguments or arguments["weight"] is None:
        return unknown_result(interpreter, f"{name} without a weight", call.values, call.site)
    data = [value for key, value in arguments.items() if key.startswith("input")]
    weight = arguments["weight"]
    if data_of([weight]):
        return new_node(interpreter, "sink", "matmul", [*data, weight], call.site)
    used = None
    if isinstance(weight, Tensor) and MODULES[f"torch.nn.{type}"].family in ("linear", "conv"):
        used = linear_roles(weight.axes)
    return multiply_by_weight(interpreter, weight, data, call.site, used)


def _call_math(name: str, call: Call) -> Value:
    function = getattr(math, name, None)
    if callable(function) and not call.open and not call.keywords and len(call.arguments) <= 3:
        if all(isinstance(argument, (int, float)) for argument in call.arguments) and name not in (
            "factorial",
            "comb",
            "perm",
        ):
            try:
                result: Value = function(*call.arguments)
            except (ValueError, OverflowError, TypeError):
                return Unknown(f"math.{name} fails")
            return result
        if name == "prod" and call.arguments:
            items = known_items(call.arguments[0])
            numbers = [item for item in items or () if isinstance(item, (int, float))]
            if items is not None and len(numbers) == len(items):
                return math.prod(numbers)
    return Unknown(f"math.{name}", FLOAT)


def _call_library(interpreter: Interpreter, name: str, call: Call) -> Value:
    """A call into another library. An init function, and any that `_init_weights` calls, may write to its arguments."""
    layer_types = pretrained_layer_types(name, call.arguments, call.keywords)
    if layer_types:
        return pretrained_module(interpreter, name, layer_types, call.site)
    last = name.rpartition(".")[2]
    mark_maybe_changed(interpreter, call.values)
    is_in_init = any(function.name == INIT_WEIGHTS for function, _ in interpreter.stack)
    if is_in_init or is_initializer_or_loader(last):
        mark_maybe_written(interpreter, call.values, call.site)
    else:
        mark_maybe_written(interpreter, [value for value in call.values if isinstance(value, Tensor)], call.site)
    if last[:1].isupper():
        # An object built from data (`ModelOutput(logits=x)`) passes it on.
        inputs = data_of(call.values)
        return Unknown(
            f"an object of {name}", node=FlowNode("identity", "object", inputs, call.site) if inputs else None
        )
    return unknown_result(interpreter, f"{name} is not followed", call.values, call.site)


_USES = re.compile(
    r"_?(?:train|fit|test|eval|valid|infer|predict|score|summar|print|plot|draw|show|visuali[sz]e|watch|save|profile)"
)
"""Prefixes of functions that run after the init: they train, evaluate or display a model."""


def call_unknown(interpreter: Interpreter, function: Value, call: Call) -> Value:
    """A call of an unknown value: it may write to its arguments, and the data flow ends there.

    It is assumed not to write if its name says that it runs after the init: `train(net)`, `trainer.fit(net)`.
    """
    reason = function.reason if isinstance(function, Unknown) else f"{type(function).__name__} is not callable"
    if interpreter.visits.active:
        interpreter.visits.record_write(interpreter.stack)
    name = _name_of(call.site.node)
    # A function that also receives data computes with it.
    if is_initializer_or_loader(name) or not (_USES.match(name) or data_of(call.values)):
        mark_maybe_written(interpreter, call.values, call.site)
        mark_maybe_changed(interpreter, call.values)
    return unknown_result(interpreter, reason, call.values, call.site)


def _name_of(node: ast.AST) -> str:
    """The unqualified name of the called function, as written."""
    called = node.func if isinstance(node, ast.Call) else None
    if isinstance(called, ast.Attribute):
        return called.attr
    return called.id if isinstance(called, ast.Name) else ""
