"""Functions outside the project that need code of their own instead of a row in facts."""

from __future__ import annotations

import ast
import math
import re
import sys
from collections.abc import Callable
from typing import Any

from initlint.facts.activations import NAMES as ACTIVATION_NAMES
from initlint.facts.parametrizations import REMOVALS, REPARAMETRIZATIONS, Reparametrization
from initlint.graph.hand_written_norms import function_of
from initlint.tracers.static.library import modules
from initlint.tracers.static.library.functional import FUNCTIONAL
from initlint.tracers.static.library.init_calls import make_parameter
from initlint.tracers.static.library.iterator_functions import ITERATOR_FUNCTIONS
from initlint.tracers.static.machine.grad_mode import RecordedGradMode
from initlint.tracers.static.machine.interpreter import Interpreter, Seeding
from initlint.tracers.static.tensors.copying import copy_shallowly, deep_copy, replace_record
from initlint.tracers.static.tensors.dataflow import operation
from initlint.tracers.static.tensors.parametrizations import reparametrize, restore
from initlint.tracers.static.tensors.unknown_effects import discard_values
from initlint.tracers.static.values.containers import DictValue, ListValue, TensorSequence
from initlint.tracers.static.values.external_names import FLOAT, external
from initlint.tracers.static.values.functions import GRAD_MODES, ContextManager, Partial
from initlint.tracers.static.values.objects import NAMED_TUPLE, Instance, as_module
from initlint.tracers.static.values.questions import entries, has_known_length, known_items, may_reach_parameters, truth
from initlint.tracers.static.values.tensors import as_tensor
from initlint.tracers.static.values.values import CallArguments, Raised, Sizes, Unknown, Value

Special = Callable[[Interpreter, CallArguments], Value]


def _partial(interpreter: Interpreter, call: CallArguments) -> Value:
    if not call.arguments:
        return Unknown("a partial of nothing")
    return Partial(call.arguments[0], call.arguments[1:], dict(call.keywords))


def _ordered_dict(interpreter: Interpreter, call: CallArguments) -> Value:
    result = DictValue(open=call.open)
    content = call.get(0, "iterable", None)
    named = entries(content)
    if named is not None:
        result.items.update(named)
        result.open = result.open or not has_known_length(content)
    elif content is not None:
        for pair in known_items(content) or ():
            parts = known_items(pair)
            if parts is not None and len(parts) == 2 and isinstance(parts[0], (str, int)):
                result.items[parts[0]] = parts[1]
            else:
                result.open = True
                if has_known_length(content) and _is_no_pair(pair):
                    interpreter.note_error()
        result.open = result.open or known_items(content) is None or (isinstance(content, ListValue) and content.open)
        result.origins = (content,) if result.open and may_reach_parameters(content) else ()
    result.items.update(call.keywords)
    return result


def _is_no_pair(item: Value) -> bool:
    """Whether `dict` surely raises for this item of its argument."""
    if isinstance(item, (str, tuple)):
        return len(item) != 2
    return item is None or isinstance(item, (int, float)) or as_module(item) is not None


def _named_tuple(interpreter: Interpreter, call: CallArguments) -> Value:
    """`collections.namedtuple`: a constructor that knows the field names."""
    written = call.get(1, "field_names", None)
    parts = written.replace(",", " ").split() if isinstance(written, str) else known_items(written) or []
    names = tuple(part for part in parts if isinstance(part, str))
    if call.open or not names or len(names) < len(parts):
        return Unknown("a named tuple")
    return Partial(external(_MAKE_RECORD), [names], {})


def _make_record(interpreter: Interpreter, call: CallArguments) -> Value:
    names: Any = call.arguments[0]
    values = {**dict(zip(names, call.arguments[1:], strict=False)), **call.keywords}
    record = Instance(external(NAMED_TUPLE), call.site, interpreter.state.condition)
    record.fields.update({name: values.get(name, Unknown("a field")) for name in names})
    return record


def _enumeration(interpreter: Interpreter, call: CallArguments) -> Value:
    """`Enum("Norm", "Batch Weight")`: an object whose members differ."""
    written = call.get(1, "names", None)
    parts = written.replace(",", " ").split() if isinstance(written, str) else known_items(written) or []
    names = [part for part in parts if isinstance(part, str)]
    if call.open or not names or len(names) < len(parts):
        return Unknown("an enumeration")
    members = Instance(external(_ENUM), call.site, interpreter.state.condition)
    members.fields.update({name: f"{_ENUM}.{name}" for name in names})
    return members


def _checkpoint(interpreter: Interpreter, call: CallArguments) -> Value:
    own = ("use_reentrant", "preserve_rng_state", "determinism_check", "debug", "context_fn", "early_stop")
    keywords = {name: value for name, value in call.keywords.items() if name not in own}
    function = call.get(0, "function", Unknown("no function"))
    return interpreter.call(function, CallArguments(call.arguments[1:], keywords, call.site, call.open))


def _checkpoint_sequential(interpreter: Interpreter, call: CallArguments) -> Value:
    value = call.get(2, "input", Unknown("no input"))
    for function in known_items(call.get(0, "functions", ())) or ():
        value = interpreter.call(function, CallArguments([value], {}, call.site))
    return value


def _first(interpreter: Interpreter, call: CallArguments) -> Value:
    return call.arguments[0] if call.arguments else Unknown("no argument")


def _second(interpreter: Interpreter, call: CallArguments) -> Value:
    return call.get(1, "val", Unknown("no argument"))


def _reparametrize(reparametrization: Reparametrization) -> Special:
    return lambda interpreter, call: reparametrize(interpreter, reparametrization, call)


def _context(kind: str) -> Special:
    return lambda interpreter, call: ContextManager(kind)


def _inference_mode(interpreter: Interpreter, call: CallArguments) -> Value:
    return ContextManager(_grad_kind(call.get(0, "mode", True), opposite=True))


def _set_grad_enabled(interpreter: Interpreter, call: CallArguments) -> Value:
    """It sets the mode at once; as a context manager it also sets it back."""
    kind = _grad_kind(call.get(0, "mode", None))
    grad_mode, previous = interpreter.grad_mode, interpreter.grad_mode.enabled
    enabled = GRAD_MODES[kind]
    if enabled is not previous:
        interpreter.state.record_side_effect()
        interpreter.state.save_before_change(grad_mode)
        grad_mode.enabled = None if interpreter.doubt or interpreter.escapes else enabled
    return ContextManager(kind, previous)


def _grad_kind(mode: Value, opposite: bool = False) -> str:
    enabled = mode.enabled if isinstance(mode, RecordedGradMode) else truth(mode)
    wanted = enabled if enabled is None else enabled is not opposite
    return next(kind for kind, effect in GRAD_MODES.items() if effect is wanted)


def _is_grad_enabled(interpreter: Interpreter, call: CallArguments) -> Value:
    return RecordedGradMode(interpreter.grad_mode.enabled)


def _assert(interpreter: Interpreter, call: CallArguments) -> Value:
    """`torch._assert(False, ...)`, which raises."""
    node = call.site.node
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant) and not node.args[0].value:
        raise Raised
    return None


def _constant(value: Any) -> Special:
    return lambda interpreter, call: value


def _linspace(kind: type[ListValue]) -> Special:
    def run(interpreter: Interpreter, call: CallArguments) -> Value:
        steps = call.get(2, "steps", None)
        unknown = Unknown("a step", FLOAT)
        return kind([unknown] * steps) if isinstance(steps, int) and 0 <= steps < 1000 else kind([unknown], open=True)

    return run


def _sqrt(interpreter: Interpreter, call: CallArguments) -> Value:
    value = _first(interpreter, call)
    if isinstance(value, (int, float)) and 0 <= value <= sys.float_info.max:
        return math.sqrt(value)
    if as_tensor(value) is not None:
        result = operation(interpreter, "sink", "sqrt", [value], call.site)
        root = as_tensor(result)
        if root is not None and root.node is not None:
            root.node.function = function_of("sqrt", {})
        return result
    return Unknown("a root", FLOAT)


def _skip_init(interpreter: Interpreter, call: CallArguments) -> Value:
    keywords = {name: value for name, value in call.keywords.items() if name != "device"}
    layer = interpreter.call(
        _first(interpreter, call), CallArguments(call.arguments[1:], keywords, call.site, call.open)
    )
    module = as_module(layer)
    if module is not None:
        discard_values(interpreter, module, call.site)
    return layer


def _pair(count: int) -> Special:
    def run(interpreter: Interpreter, call: CallArguments) -> Value:
        value = _first(interpreter, call)
        return (value,) * count if isinstance(value, (int, float)) else value

    return run


def _regular(name: str) -> Special:
    """A function of `re` on known strings."""

    def run(interpreter: Interpreter, call: CallArguments) -> Value:
        arguments = call.arguments
        if call.open or call.keywords or not all(isinstance(a, (str, int)) for a in arguments):
            return Unknown(f"re.{name}")
        if name != "escape" and not _is_quick(arguments):
            return Unknown(f"re.{name} may take long")
        try:
            result = getattr(re, name)(*arguments)
        except (re.error, TypeError, ValueError):
            return Unknown(f"re.{name} fails")
        return ListValue(result) if isinstance(result, list) else result

    return run


def _is_quick(arguments: list[Value]) -> bool:
    """Whether matching is surely fast: few repetitions, none of a group, and a short text."""
    texts = [argument for argument in arguments if isinstance(argument, str)]
    if not texts or sum(map(len, texts)) > 400:
        return False
    return len(re.findall(r"[*+{]", texts[0])) <= 3 and not re.search(r"\)[*+{]", texts[0])


def _activation_named(interpreter: Interpreter, call: CallArguments) -> Value:
    name = _first(interpreter, call)
    op = ACTIVATION_NAMES.get(name.lower()) if isinstance(name, str) else None
    cls = _CLASS_OF.get(op or "")
    return (
        Unknown("an activation by name")
        if cls is None
        else modules.build(interpreter, external(cls), CallArguments([], {}, call.site))
    )


def _seed(interpreter: Interpreter, call: CallArguments) -> Value:
    """`torch.manual_seed(0)`; recorded if a module's constructor calls it before it builds any layer."""
    seed, built = call.get(0, "seed", None), interpreter.log.instances
    cls = interpreter.stack[-1][0].owner if interpreter.stack else None
    if isinstance(seed, int) and cls is not None and built and interpreter.stack[-1][0].name == "__init__":
        module = built[-1]
        is_own = module.user_class is not None and cls in module.user_class.mro
        if is_own and interpreter.runs_whenever(module.condition):
            interpreter.log.seedings.append(Seeding(module, seed, call.site))
    return Unknown("a generator")


def _sizes(interpreter: Interpreter, call: CallArguments) -> Value:
    """`torch.Size([1, 2])`, which equals a tuple."""
    items = known_items(call.get(0, "sizes", ()))
    return Unknown("a size") if items is None else Sizes(items)


_CLASS_OF = {"relu": "torch.nn.ReLU", "gelu": "torch.nn.GELU", "silu": "torch.nn.SiLU", "tanh": "torch.nn.Tanh"}
_ENUM = "enum.Enum"
_MAKE_RECORD = f"{NAMED_TUPLE}.__new__"
_GRAD_MODE_FUNCTIONS: dict[str, Special] = {
    "no_grad": _context("no_grad"),
    "enable_grad": _context("grad"),
    "inference_mode": _inference_mode,
    "set_grad_enabled": _set_grad_enabled,
}
SPECIAL: dict[str, Special] = {
    **FUNCTIONAL,
    **ITERATOR_FUNCTIONS,
    "functools.partial": _partial,
    "torch._assert": _assert,
    "functools.update_wrapper": _first,
    "collections.OrderedDict": _ordered_dict,
    "builtins.dict": _ordered_dict,
    NAMED_TUPLE: _named_tuple,
    _ENUM: _enumeration,
    _MAKE_RECORD: _make_record,
    "dataclasses.replace": replace_record,
    "copy.deepcopy": deep_copy,
    "copy.copy": copy_shallowly,
    "typing.cast": _second,
    **{f"re.{name}": _regular(name) for name in ("split", "sub", "findall", "escape")},
    "torch.nn.Parameter": make_parameter,
    "torch.nn.Buffer": lambda interpreter, call: Unknown("a buffer"),
    "torch.manual_seed": _seed,
    "torch.Size": _sizes,
    **{
        f"{module}.{name}": special
        for module in ("torch", "torch.autograd", "torch.autograd.grad_mode")
        for name, special in _GRAD_MODE_FUNCTIONS.items()
    },
    "torch._C._set_grad_enabled": _set_grad_enabled,
    "torch.is_grad_enabled": _is_grad_enabled,
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
    "torch.nn.utils.skip_init": _skip_init,
    **{name: _reparametrize(known) for name, known in REPARAMETRIZATIONS.items()},
    **dict.fromkeys(REMOVALS, restore),
    "torch.linspace": _linspace(TensorSequence),
    "numpy.linspace": _linspace(ListValue),
    "torch.sqrt": _sqrt,
    "numpy.sqrt": _sqrt,
    "torch.nn.modules.utils._single": _pair(1),
    "torch.nn.modules.utils._pair": _pair(2),
    "torch.nn.modules.utils._triple": _pair(3),
    "transformers.activations.get_activation": _activation_named,
}
