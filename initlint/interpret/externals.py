"""Calls of functions and classes outside the project: torch's by the tables, Python's own, and all others."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from initlint.facts.activations import FUNCTIONS as ACTIVATION_FUNCTIONS
from initlint.facts.activations import NAMES as ACTIVATION_NAMES
from initlint.facts.activations import PARAMETERS
from initlint.facts.initializers import CONSTRUCTORS, HELPERS
from initlint.facts.layers import MODULES
from initlint.facts.names import canonical
from initlint.flow import Node
from initlint.facts.operators import (
    CLOSING_FUNCTIONS,
    EXTERNAL_MODULES,
    NOTED_FUNCTIONS,
    TRANSPARENT_FUNCTIONS,
    WEIGHTED_FUNCTIONS,
)
from initlint.interpret import builtin_functions, modules
from initlint.interpret.inits import apply_helper, bound, init_function, make_parameter, new_tensor
from initlint.interpret.machine import Call, Machine
from initlint.interpret.parameters import blur, copy_of
from initlint.interpret.sequences import MAX_UNROLL, sequence
from initlint.interpret.tensors import arithmetic, node, operation, passed, product, unknown_result, weighted
from initlint.interpret.tree import literals, modules as named_modules
from initlint.interpret.values import (
    ABSENT,
    ContextManager,
    DictValue,
    External,
    Instance,
    ListValue,
    Partial,
    Tensor,
    Unknown,
    Value,
    options,
    present,
)

Special = Callable[[Machine, Call], Value]


@cache
def external(name: str) -> External:
    """The external thing of that dotted name, in its documented form."""
    return External(canonical(name))


def call_external(machine: Machine, function: External, call: Call) -> Value:
    name = function.name
    special = SPECIAL.get(name)
    if special is not None:
        return special(machine, call)
    if name.startswith("builtins."):
        return builtin_functions.call(machine, name[9:], call)
    if name.startswith("torch."):
        return _torch(machine, function, call)
    if name in HELPERS:
        return apply_helper(machine, HELPERS[name], name.rpartition(".")[2], call)
    if name.startswith("math."):
        return _math(name[5:], call)
    if name in EXTERNAL_MODULES:
        made = Instance(function, call.site, machine.state.condition, name)
        return made
    if name in TRANSPARENT_FUNCTIONS or name in NOTED_FUNCTIONS or name in CLOSING_FUNCTIONS:
        return _operator(machine, name, call)
    return _foreign(machine, name, call)


def _torch(machine: Machine, function: External, call: Call) -> Value:
    name = function.name
    if name.startswith("torch.nn.init."):
        return init_function(machine, function, call)
    if name in MODULES or name in EXTERNAL_MODULES:
        return modules.build(machine, function, call)
    if name in CONSTRUCTORS:
        return new_tensor(machine, CONSTRUCTORS[name], call)
    base, _, method = name.rpartition(".")
    if base in MODULES and call.arguments and isinstance(call.arguments[0], Instance):
        return _unbound_method(machine, base, method, call)
    if name.startswith("torch.optim."):
        return Unknown("an optimizer")
    return _operator(machine, name, call)


def _unbound_method(machine: Machine, base: str, method: str, call: Call) -> Value:
    """`nn.Linear.forward(self, x)`, `nn.Module.__init__(self)`."""
    instance = call.arguments[0]
    rest = Call(call.arguments[1:], call.keywords, call.site, call.open)
    if method == "__init__":
        modules.initialize(machine, instance, base, rest)
        return None
    if method in modules.METHODS:
        return modules.METHODS[method](machine, instance, rest)
    return unknown_result(machine, f"{base}.{method}", call.values, call.site)


def _operator(machine: Machine, name: str, call: Call) -> Value:
    """Functions on data."""
    values = list(call.values)
    first = call.get(0, "input", Unknown("no input"))
    if name in ACTIVATION_FUNCTIONS:
        op = ACTIVATION_FUNCTIONS[name]
        signature = (("input", None), *PARAMETERS.get(op, ()))
        arguments = literals(bound(signature, call, skip=1))
        result = operation(machine, "activation", op, [first], call.site, arguments=arguments)
        if (name.endswith("_") or arguments.get("inplace") is True) and isinstance(first, Tensor) and first.node is not None:
            machine.state.touch(first)
            first.node = result.node
        return result
    if name in WEIGHTED_FUNCTIONS:
        return _weighted(machine, name, call)
    if name in TRANSPARENT_FUNCTIONS:
        return passed(machine, first)
    if name in NOTED_FUNCTIONS:
        return _noted(machine, name, NOTED_FUNCTIONS[name], first, values, call)
    if name in CLOSING_FUNCTIONS:
        op = CLOSING_FUNCTIONS[name]
        return product(machine, _operands(values), call.site) if op == "matmul" else operation(
            machine, "end", op, values, call.site
        )
    return unknown_result(machine, f"{name} is not followed", values, call.site)


def _operands(values: list[Value]) -> list[Value]:
    found: list[Value] = []
    for value in values:
        found.extend(sequence(value) or () if isinstance(value, (tuple, ListValue)) else [value])
    return [value for value in found if not isinstance(value, str)]


def _noted(machine: Machine, name: str, op: str, first: Value, values: list[Value], call: Call) -> Value:
    if op in ("add", "mul") and len(values) >= 2 and name.startswith("torch."):
        kind = name.rpartition(".")[2]
        word = {"add": "add", "sub": "sub", "subtract": "sub", "mul": "mul", "multiply": "mul"}.get(kind, "div")
        if isinstance(present(values[0]), (Tensor, Unknown)) or isinstance(present(values[1]), Tensor):
            return arithmetic(machine, word, values[0], values[1], call.site)
    if op == "concat":
        return operation(machine, "noted", op, values[:1], call.site)
    made = operation(machine, "noted", op, [first], call.site)
    if call.keywords.get("return_indices") is True or (
        name in ("torch.max", "torch.min", "torch.median") and len(values) > 1 and not isinstance(values[1], Tensor)
    ):
        return made, Unknown("indices")
    return made


def _weighted(machine: Machine, name: str, call: Call) -> Value:
    _, names = WEIGHTED_FUNCTIONS[name]
    given = {key: call.get(at, key, None) for at, key in enumerate(names)}
    if "weight" not in given or given["weight"] is None:
        return unknown_result(machine, f"{name} without a weight", call.values, call.site)
    data = [value for key, value in given.items() if key.startswith("input")]
    weight = given["weight"]
    if machine.data([weight]):
        return node(machine, "end", "matmul", [*data, weight], call.site)
    return weighted(machine, weight, data, call.site)


def _math(name: str, call: Call) -> Value:
    found = getattr(math, name, None)
    if callable(found) and not call.open and not call.keywords and len(call.arguments) <= 3:
        if all(isinstance(argument, (int, float)) for argument in call.arguments) and name not in ("factorial", "comb", "perm"):
            try:
                return found(*call.arguments)
            except (ValueError, OverflowError, TypeError):
                return Unknown(f"math.{name} fails")
        if name == "prod" and call.arguments:
            items = sequence(call.arguments[0])
            if items is not None and all(isinstance(item, (int, float)) for item in items):
                return math.prod(items)
    return Unknown(f"math.{name}", External("builtins.float"))


_WRITERS = ("init", "load", "reset_param", "xavier", "kaiming", "glorot")


def _foreign(machine: Machine, name: str, call: Call) -> Value:
    """Something of another library. One that is named for it may write to what it is handed."""
    last = name.rpartition(".")[2]
    if any(word in last.lower() for word in _WRITERS):
        blur(machine, call.values, call.site)
    else:
        blur(machine, [value for value in call.values if isinstance(value, Tensor)], call.site)
    if last[:1].isupper():
        # An object that is made of data (`ModelOutput(logits=x)`) hands it on.
        inputs = machine.data(call.values)
        return Unknown(f"an object of {name}", node=Node("pass", "object", inputs, call.site) if inputs else None)
    return unknown_result(machine, f"{name} is not followed", call.values, call.site)


def call_unknown(machine: Machine, function: Value, call: Call) -> Value:
    """Something that is not known was called: it may write to what it is handed, and consumes its data."""
    reason = function.reason if isinstance(function, Unknown) else f"{type(function).__name__} is not callable"
    blur(machine, call.values, call.site)
    result = unknown_result(machine, reason, call.values, call.site)
    # A wrapper (`weight_norm(nn.Linear(3, 4))`) most likely hands back what it was given, changed.
    return result


# Functions with a meaning of their own ----------------------------------------------------------------------------


def _partial(machine: Machine, call: Call) -> Value:
    if not call.arguments:
        return Unknown("a partial of nothing")
    return Partial(call.arguments[0], call.arguments[1:], dict(call.keywords))


def _ordered_dict(machine: Machine, call: Call) -> Value:
    made = DictValue(open=call.open)
    content = call.get(0, "iterable", None)
    if isinstance(content, DictValue):
        made.items.update(content.items)
        made.open = made.open or content.open
    elif content is not None:
        for pair in sequence(content) or ():
            parts = sequence(pair)
            if parts is not None and len(parts) == 2 and isinstance(parts[0], (str, int)):
                made.items[parts[0]] = parts[1]
            else:
                made.open = True
        made.open = made.open or sequence(content) is None or (isinstance(content, ListValue) and content.open)
    made.items.update(call.keywords)
    return made


def _checkpoint(machine: Machine, call: Call) -> Value:
    own = ("use_reentrant", "preserve_rng_state", "determinism_check", "debug", "context_fn", "early_stop")
    keywords = {name: value for name, value in call.keywords.items() if name not in own}
    function = call.get(0, "function", Unknown("no function"))
    return machine.call(function, Call(call.arguments[1:], keywords, call.site, call.open))


def _checkpoint_sequential(machine: Machine, call: Call) -> Value:
    value = call.get(2, "input", Unknown("no input"))
    for function in sequence(call.get(0, "functions", ())) or ():
        value = machine.call(function, Call([value], {}, call.site))
    return value


def _first(machine: Machine, call: Call) -> Value:
    return call.arguments[0] if call.arguments else Unknown("no argument")


def _second(machine: Machine, call: Call) -> Value:
    return call.get(1, "val", Unknown("no argument"))


def _deepcopy(machine: Machine, call: Call) -> Value:
    return clone(machine, _first(machine, call), {})


def clone(machine: Machine, value: Value, seen: dict[int, Value]) -> Value:
    """A deep copy: its own modules and parameters, with what was written to them so far."""
    if id(value) in seen:
        return seen[id(value)]
    if isinstance(value, Tensor) and value.storage is not None:
        made = copy_of(machine, value, value.storage.place)
        assert made.storage is not None
        made.leaf, made.storage.parameter = value.leaf, value.storage.parameter
        made.storage.name, made.storage.frozen = value.storage.name, value.storage.frozen
        seen[id(value)] = made
        return made
    if isinstance(value, ListValue):
        return ListValue([clone(machine, item, seen) for item in value.items], value.open, value.kind)
    if isinstance(value, tuple):
        return tuple(clone(machine, item, seen) for item in value)
    if isinstance(value, DictValue):
        return DictValue({key: clone(machine, item, seen) for key, item in value.items.items()}, value.open)
    if not isinstance(value, Instance):
        return value
    copied = Instance(value.cls, value.place, machine.state.condition, value.torch_name, value.symbolic)
    seen[id(value)] = copied
    copied.arguments, copied.open, copied.parametrized = dict(value.arguments), value.open, value.parametrized
    copied.assigned = dict(value.assigned)
    if value.is_module:
        machine.journal.instances.append(copied)
    for name, field in value.fields.items():
        made_field = clone(machine, field, seen)
        copied.fields[name] = made_field
        if isinstance(made_field, Tensor) and made_field.storage is not None:
            made_field.storage.owner = copied
        if isinstance(made_field, Instance):
            made_field.parent = made_field.parent or copied.is_module
    return copied


def _replace(machine: Machine, call: Call) -> Value:
    """`dataclasses.replace(record, field=value)`."""
    record = present(call.get(0, "obj", Unknown("nothing")))
    if not isinstance(record, Instance) or record.is_module:
        return Unknown("a replaced record")
    made = Instance(record.cls, call.site, machine.state.condition, symbolic=record.symbolic)
    made.fields = {**record.fields, **call.keywords}
    return made


def _parametrize(machine: Machine, call: Call) -> Value:
    """`weight_norm(module)` and its like: the weight is computed anew from now on."""
    module = call.get(0, "module", Unknown("no module"))
    name = call.get(1, "name", "weight")
    for option, _ in options(module):
        if isinstance(option, Instance):
            for _, inner, _ in named_modules(option) if option.user_class is not None else [("", option, None)]:
                if isinstance(name, str) and name != "weight":
                    continue
                inner.parametrized = True
    return module


def _context(kind: str) -> Special:
    return lambda machine, call: ContextManager(kind)


def _grad_mode(machine: Machine, call: Call) -> Value:
    return ContextManager("no_grad" if call.get(0, "mode", True) is False else "grad")


def _constant(value: Any) -> Special:
    return lambda machine, call: value


def _linspace(machine: Machine, call: Call) -> Value:
    steps = call.get(2, "steps", None)
    unknown = Unknown("a step", External("builtins.float"))
    return ListValue([unknown] * steps) if isinstance(steps, int) and 0 <= steps < 1000 else ListValue([unknown], open=True)


def _sqrt(machine: Machine, call: Call) -> Value:
    value = _first(machine, call)
    if isinstance(value, (int, float)) and value >= 0:
        return math.sqrt(value)
    if isinstance(value, (Tensor,)):
        return operation(machine, "end", "sqrt", [value], call.site)
    return Unknown("a root", External("builtins.float"))


def _skip_init(machine: Machine, call: Call) -> Value:
    keywords = {name: value for name, value in call.keywords.items() if name != "device"}
    return machine.call(_first(machine, call), Call(call.arguments[1:], keywords, call.site, call.open))


def _pair(count: int) -> Special:
    def run(machine: Machine, call: Call) -> Value:
        value = _first(machine, call)
        return (value,) * count if isinstance(value, (int, float)) else value

    return run


def _chain(machine: Machine, call: Call) -> Value:
    items: list[Value] = []
    known = True
    for argument in call.arguments:
        inner = sequence(argument)
        known = known and inner is not None
        items.extend(inner or ())
    return ListValue(items, open=not known, kind="iterator")


def _regular(name: str) -> Special:
    """A function of `re` on known strings."""

    def run(machine: Machine, call: Call) -> Value:
        if call.open or call.keywords or not all(isinstance(a, (str, int)) for a in call.arguments):
            return Unknown(f"re.{name}")
        try:
            found = getattr(re, name)(*call.arguments)
        except (re.error, TypeError, ValueError):
            return Unknown(f"re.{name} fails")
        return ListValue(found) if isinstance(found, list) else found

    return run


def _repeat(machine: Machine, call: Call) -> Value:
    value, times = _first(machine, call), call.get(1, "times", None)
    known = isinstance(times, int) and 0 <= times <= MAX_UNROLL
    return ListValue([value] * (times if known else 2), open=not known, kind="iterator")


def _shallow_copy(machine: Machine, call: Call) -> Value:
    value = present(_first(machine, call))
    if isinstance(value, ListValue):
        return ListValue(value.items, value.open, value.kind)
    if isinstance(value, DictValue):
        return DictValue(value.items, value.open)
    return clone(machine, value, {})


def _activation_named(machine: Machine, call: Call) -> Value:
    name = _first(machine, call)
    op = ACTIVATION_NAMES.get(name.lower()) if isinstance(name, str) else None
    cls = _CLASS_OF.get(op or "")
    return Unknown("an activation by name") if cls is None else modules.build(machine, external(cls), Call([], {}, call.site))


_CLASS_OF = {"relu": "torch.nn.ReLU", "gelu": "torch.nn.GELU", "silu": "torch.nn.SiLU", "tanh": "torch.nn.Tanh"}

SPECIAL: dict[str, Special] = {
    "functools.partial": _partial,
    "collections.OrderedDict": _ordered_dict,
    "builtins.dict": _ordered_dict,
    "dataclasses.replace": _replace,
    "copy.deepcopy": _deepcopy,
    "copy.copy": _shallow_copy,
    "typing.cast": _second,
    **{f"re.{name}": _regular(name) for name in ("split", "sub", "findall", "escape")},
    "itertools.chain": _chain,
    "itertools.repeat": _repeat,
    "torch.nn.Parameter": lambda machine, call: make_parameter(machine, call),
    "torch.nn.Buffer": lambda machine, call: Unknown("a buffer"),
    "torch.no_grad": _context("no_grad"),
    "torch.inference_mode": _context("no_grad"),
    "torch.autograd.no_grad": _context("no_grad"),
    "torch.set_grad_enabled": _grad_mode,
    "contextlib.suppress": _context("suppress"),
    "torch.utils.checkpoint.checkpoint": _checkpoint,
    "torch.utils.checkpoint.checkpoint_sequential": _checkpoint_sequential,
    "torch.jit.script": _first,
    "torch.jit.ignore": _first,
    "torch.jit.unused": _first,
    "torch.compile": _first,
    "torch.jit.is_scripting": _constant(False),
    "torch.jit.is_tracing": _constant(False),
    "torch.compiler.is_compiling": _constant(False),
    "torch.onnx.is_in_onnx_export": _constant(False),
    "torch.nn.DataParallel": _first,
    "torch.nn.parallel.DistributedDataParallel": _first,
    "torch.nn.parallel.DataParallel": _first,
    "torch.nn.utils.weight_norm": _parametrize,
    "torch.nn.utils.spectral_norm": _parametrize,
    "torch.nn.utils.parametrizations.weight_norm": _parametrize,
    "torch.nn.utils.parametrizations.spectral_norm": _parametrize,
    "torch.nn.utils.parametrizations.orthogonal": _parametrize,
    "torch.nn.utils.parametrize.register_parametrization": _parametrize,
    "torch.nn.utils.skip_init": _skip_init,
    "torch.linspace": _linspace,
    "numpy.linspace": _linspace,
    "torch.sqrt": _sqrt,
    "numpy.sqrt": _sqrt,
    "torch.nn.modules.utils._single": _pair(1),
    "torch.nn.modules.utils._pair": _pair(2),
    "torch.nn.modules.utils._triple": _pair(3),
    "transformers.activations.get_activation": _activation_named,
}
