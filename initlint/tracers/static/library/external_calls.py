"""Calls of functions and classes outside the project: torch's (by the tables in facts), Python's, and all others."""

from __future__ import annotations

import ast
import math
import re

from initlint.facts.fans import MODULES
from initlint.facts.initializer_formulas import CONSTRUCTORS
from initlint.facts.initializer_names import is_initializer_or_loader
from initlint.facts.operators import EXTERNAL_MODULES, FUNCTIONS, METHODS, is_in_place, python_operator
from initlint.facts.pretrained import is_usual_build, pretrained_layer_types
from initlint.graph.dataflow import FlowNode
from initlint.tracers.static.library import module_methods, modules
from initlint.tracers.static.library.builtin_sequences import SEQUENCE_FUNCTIONS
from initlint.tracers.static.library.builtins import call_builtin, call_by_protocol
from initlint.tracers.static.library.init_calls import (
    apply_library_initializer,
    call_init_function,
    new_tensor,
)
from initlint.tracers.static.library.operators import call_operator
from initlint.tracers.static.library.pretrained_models import INIT_WEIGHTS
from initlint.tracers.static.library.special_functions import SPECIAL
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.tensors.dataflow import apply_activation, data_of, is_constant, unknown_result
from initlint.tracers.static.tensors.loads import pretrained_module
from initlint.tracers.static.tensors.plain_tensors import mark_method_result, mark_result, mark_tensor
from initlint.tracers.static.tensors.unknown_effects import (
    mark_maybe_changed,
    mark_maybe_written,
    may_call,
    may_run_iterators,
    may_write,
)
from initlint.tracers.static.values.external_names import ARRAY, FLOAT, ExternalName
from initlint.tracers.static.values.objects import Instance, as_object
from initlint.tracers.static.values.pretrained import note_unknown_use
from initlint.tracers.static.values.questions import (
    alternatives,
    container_kind,
    contents,
    hint_of,
    is_plain_tensor,
    known_items,
)
from initlint.tracers.static.values.tensors import as_tensor
from initlint.tracers.static.values.values import UNBOUND, CallArguments, Unknown, Value


def call_external(interpreter: Interpreter, function: ExternalName, call: CallArguments) -> Value:
    """Call a function or class outside the project."""
    name = function.name
    special = SPECIAL.get(name)
    if special is not None:
        result = special(interpreter, call)
        operator = FUNCTIONS.get(name) if name.startswith("torch.") else None
        if operator is not None:
            mark_result(result, operator, name.rpartition(".")[2], call.values)
        return result
    if name.startswith("builtins."):
        result = call_by_protocol(interpreter, name[9:], call)
        if result is not UNBOUND:
            return result
        on_sequence = SEQUENCE_FUNCTIONS.get(name[9:])
        return call_builtin(interpreter, name[9:], call) if on_sequence is None else on_sequence(interpreter, call)
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
    operator = FUNCTIONS.get(name)
    if operator is not None:
        return call_operator(interpreter, operator, name, call)
    if name.startswith("numpy.") and all(map(is_constant, call.values)):
        return Unknown(f"{name} is not followed", ARRAY)
    if name.startswith("operator.") and any(as_tensor(value) is not None for value in call.values):
        known = python_operator(name[9:])
        if known is not None:
            return call_operator(interpreter, known[0], name, call)
    return _call_library(interpreter, name, call)


def _own_activation(interpreter: Interpreter, function: ExternalName, call: CallArguments) -> Value:
    """An activation that the settings declare: a class is instantiated, a function is called."""
    if function.name.rpartition(".")[2][:1].isupper():
        return Instance(function, call.site, interpreter.state.condition, function.name)
    return apply_activation(interpreter, interpreter.user_tables.activations[function.name], call)


_IN_PLACE_FORMS = ("torch", "torch.nn.functional")
"""The modules in which a function `f_(tensor)` is the method `tensor.f_()`."""


def _call_torch(interpreter: Interpreter, function: ExternalName, call: CallArguments) -> Value:
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
    instance = as_object(receiver) if base in MODULES else None
    if instance is not None:
        return _unbound_method(interpreter, instance, base, method, call)
    if name.startswith("torch.optim."):
        return Unknown("an optimizer")
    is_method = base == "torch.Tensor" or (base in _IN_PLACE_FORMS and method.endswith("_"))
    tensor = as_tensor(receiver) if is_method else None
    if tensor is not None:
        method_call = CallArguments(call.arguments[1:], call.keywords, call.site, call.open)
        return tensor.call_method(interpreter, method, method_call)
    operator = FUNCTIONS.get(name)
    if operator is None:
        may_run_iterators(interpreter, call.values)
        may_call(interpreter, call.values, call.site)
        if _writes_to_arguments(name) or "out" in call.keywords:
            may_write(interpreter, call.values, call.site)
        return unknown_result(interpreter, f"{name} is not followed", call.values, call.site)
    result = call_operator(interpreter, operator, name, call)
    mark_result(result, operator, method, call.values)
    if operator.name in _CONVERTERS and is_constant(call.get(0, "data", None)):
        mark_tensor(result, call.values)
    if "out" in call.keywords:
        may_write(interpreter, [call.keywords["out"]], call.site)
    return result


_CONVERTERS = frozenset({"as_tensor", "asarray"})
"""Functions that make a tensor of anything that is none."""


def _writes_to_arguments(name: str) -> bool:
    """Whether it is a function of torch that may write to its arguments, such as `torch._foreach_zero_`."""
    last = name.rpartition(".")[2]
    return is_in_place(last) or last.startswith("_foreach") or last == "vector_to_parameters"


def _unbound_method(interpreter: Interpreter, instance: Instance, base: str, method: str, call: CallArguments) -> Value:
    """`nn.Linear.forward(self, x)`, `nn.Module.__init__(self)`."""
    method_call = CallArguments(call.arguments[1:], call.keywords, call.site, call.open)
    if method in ("__getattr__", "__setattr__"):
        return instance.call_method(interpreter, method, method_call)
    if method == "__init__":
        modules.initialize(interpreter, instance, base, method_call)
        return None
    if method in module_methods.METHODS:
        return module_methods.METHODS[method](interpreter, instance, method_call)
    return unknown_result(interpreter, f"{base}.{method}", call.values, call.site)


def _call_math(name: str, call: CallArguments) -> Value:
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


def _call_library(interpreter: Interpreter, name: str, call: CallArguments) -> Value:
    """A call into another library. An init function, and any that `_init_weights` calls, may write to its arguments."""
    layer_types = pretrained_layer_types(name, call.arguments, call.keywords)
    if layer_types:
        model = pretrained_module(interpreter, name, layer_types, call.site)
        model.is_changed = call.open or not is_usual_build(call.keywords)
        return model
    last = name.rpartition(".")[2]
    _note_training(interpreter, last)
    if name in _EXHAUSTING and call.arguments:
        known_items(call.arguments[0])
    may_run_iterators(interpreter, call.values)
    _note_uses(last, call)
    may_call(interpreter, call.values, call.site)
    mark_maybe_changed(interpreter, call.values)
    is_in_init = any(function.name == INIT_WEIGHTS for function, _ in interpreter.stack)
    if is_in_init or is_initializer_or_loader(last):
        mark_maybe_written(interpreter, call.values, call.site)
    else:
        mark_maybe_written(interpreter, filter(as_tensor, call.values), call.site)
        if last in _WRITING_FUNCTIONS or "out" in call.keywords:
            may_write(interpreter, call.values, call.site)
    if last[:1].isupper():
        # An object built from data (`ModelOutput(logits=x)`) passes it on.
        inputs = data_of(call.values)
        return Unknown(
            f"an object of {name}", node=FlowNode("identity", "object", inputs, call.site) if inputs else None
        )
    return unknown_result(interpreter, f"{name} is not followed", call.values, call.site)


_EXHAUSTING = frozenset({"collections.deque", "collections.Counter"})
"""Classes that are built of all items of an iterable."""
_WRITING_FUNCTIONS = frozenset("copyto put place putmask fill_diagonal setitem".split())
"""Functions of NumPy and of `operator` that write to an argument."""
_WRITING_METHODS = frozenset("fill assign itemset put _apply __setitem__ __setattr__".split())
"""Methods that write to their object, besides those whose names end in an underscore."""
_TRAINS = re.compile(r"_?(?:pre)?train|_?fit(?:_|$)")
"""Prefixes of functions that train a model: a checkpoint that is loaded after them is no init."""
_USES = re.compile(
    r"_?(?:train|fit|test|eval|valid|infer|predict|score|summar|print|plot|draw|show|visuali[sz]e|watch|save|profile)"
)
"""Prefixes of functions that run after the init: they train, evaluate or display a model."""


def _note_training(interpreter: Interpreter, name: str) -> None:
    if _TRAINS.match(name):
        interpreter.log.has_trained = True


def _note_uses(name: str, call: CallArguments) -> None:
    """Note that a function which is not interpreted gets what it is called with."""
    only_runs = bool(_USES.match(name) or data_of(call.values)) and not is_initializer_or_loader(name)
    for value in call.values:
        for item in contents(value) if container_kind(value) else alternatives(value) or (value,):
            note_unknown_use(item, only_runs)


def call_unknown(interpreter: Interpreter, function: Value, call: CallArguments) -> Value:
    """A call of an unknown value: it may write to its arguments, and the data flow ends there.

    It is assumed not to write if its name says that it runs after the init: `train(net)`, `trainer.fit(net)`.
    """
    result = _call_unknown(interpreter, function, call)
    if isinstance(function, Unknown) and is_plain_tensor(function.receiver):
        mark_method_result(result, function.receiver, function.name)
    return result


def _call_unknown(interpreter: Interpreter, function: Value, call: CallArguments) -> Value:
    reason = function.reason if isinstance(function, Unknown) else f"{type(function).__name__} is not callable"
    if interpreter.visits.active:
        interpreter.visits.record_write(interpreter.stack)
    may_run_iterators(interpreter, call.values)
    name = function.name if isinstance(function, Unknown) and function.name else _name_of(call.site.node)
    _note_training(interpreter, name)
    _note_uses(name, call)
    # A function that also receives data computes with it.
    if is_initializer_or_loader(name) or not (_USES.match(name) or data_of(call.values)):
        mark_maybe_written(interpreter, call.values, call.site)
        mark_maybe_changed(interpreter, call.values)
        may_call(interpreter, (function, *call.values), call.site)
    # `getattr(w, method)(0)` has no name. A method that receives a Parameter may register it.
    registers = any(tensor is not None and tensor.leaf for tensor in map(as_tensor, call.values))
    may_be_writer = not name or registers or name in _WRITING_METHODS or is_in_place(name)
    if may_be_writer or is_initializer_or_loader(name):
        receiver = function.receiver if isinstance(function, Unknown) else None
        may_write(interpreter, (function, receiver, *call.values), call.site)
    if hint_of(function) is ARRAY:
        # A method of a constant array. `array.to(x)` takes the type of `x` only.
        operator = METHODS.get(name)
        if not data_of(call.values) or (operator is not None and operator.kind == "identity"):
            return Unknown(reason, ARRAY)
    return unknown_result(interpreter, reason, call.values, call.site)


def call_dispatched(interpreter: Interpreter, call: CallArguments) -> Value:
    """A call of a function of `singledispatch`: one of the functions registered with it runs, and may write."""
    result = call_unknown(interpreter, Unknown("functools.singledispatch"), call)
    may_write(interpreter, call.values, call.site)
    return result


_CALLING = frozenset("map filter reduce starmap sorted sort min max call methodcaller".split())
"""Functions that call the function which they receive, whose own name then is not written at the call."""


def _name_of(node: ast.AST) -> str:
    """The unqualified name of the called function, as written."""
    called = node.func if isinstance(node, ast.Call) else None
    name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
    return "" if name in _CALLING else name
