"""torch's modules: their construction, and what calling one does."""

from __future__ import annotations

from typing import cast

from initlint.facts.activations import MODULES as ACTIVATION_MODULES
from initlint.facts.fans import MODULES, REQUIRED, TorchModule
from initlint.facts.frameworks import has_kind
from initlint.facts.modules import whole_numbers
from initlint.facts.operators import EXTERNAL_MODULES, pooling
from initlint.graph.dataflow import FlowNode
from initlint.project.source import SourceLocation
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.tensors.dataflow import apply_activation, new_node, pass_through, unknown_result
from initlint.tracers.static.tensors.feature_maps import map_size_in_module, map_size_of
from initlint.tracers.static.values.amounts import is_float
from initlint.tracers.static.values.classes import ClassValue
from initlint.tracers.static.values.containers import ListValue
from initlint.tracers.static.values.external_names import ExternalName
from initlint.tracers.static.values.functions import method_of
from initlint.tracers.static.values.iteration import iterate
from initlint.tracers.static.values.objects import Instance
from initlint.tracers.static.values.questions import (
    Union,
    container_kind,
    entries,
    has_known_length,
    known_items,
    literals,
    set_attribute,
)
from initlint.tracers.static.values.tensors import Tensor, as_tensor
from initlint.tracers.static.values.values import UNBOUND, AbstractValue, CallArguments, Unknown, Value

_STEPS_PER_CALL = 3
"""How many steps take as long as a call of a module of torch."""


def build(interpreter: Interpreter, cls: ExternalName, call: CallArguments) -> Instance:
    """`nn.Linear(3, 4)`: an instance of a class of torch."""
    instance = Instance(cls, call.site, interpreter.state.condition, cls.name)
    instance.loops = interpreter.unknown_loops
    interpreter.state.record_side_effect()
    interpreter.log.instances.append(instance)
    if _is_rejected(cls.name, call):
        interpreter.note_error()
    initialize(interpreter, instance, cls.name, call)
    return instance


def _is_rejected(name: str, call: CallArguments) -> bool:
    """Whether the constructor of a layer or norm surely raises: for its arguments, or for a size that is a float."""
    module = MODULES.get(name)
    if module is None or module.role not in ("layer", "norm"):
        return False
    names = [parameter for parameter, _ in module.signature]
    given = call.bound(module.signature)
    if call.is_written_out:
        if len(call.arguments) > len(names) or not call.keywords.keys() <= set(names[len(call.arguments) :]):
            return True
        if any(default is REQUIRED and parameter not in given for parameter, default in module.signature):
            return True
    return any(is_float(given.get(name)) for name in whole_numbers(module))


def initialize(interpreter: Interpreter, instance: Instance, name: str, call: CallArguments) -> None:
    """`super().__init__(...)` of the torch class `name`, without the receiver among the arguments."""
    if instance.arguments:
        instance.materialize()  # where a constructor does not run again, what torch had made is kept
    interpreter.state.save_before_change(instance)
    instance.is_set_up = True
    if name in ("torch.nn.Sequential", "torch.nn.ModuleList", "torch.nn.ParameterList"):
        _fill_ordered(interpreter, instance, name, call)
    elif name in ("torch.nn.ModuleDict", "torch.nn.ParameterDict"):
        content = call.get(0, "modules", None)
        named = entries(content)
        if named is not None:
            for key, value in named.items():
                set_attribute(interpreter, instance, str(key), value, call.site)
            instance.open = instance.open or not has_known_length(content)
        elif isinstance(content, ListValue):
            for pair in content.items:
                parts = known_items(pair)
                if parts is not None and len(parts) == 2:
                    set_attribute(interpreter, instance, str(parts[0]), parts[1], call.site)
        elif content is not None:
            instance.open = True
    elif name in MODULES:
        # A constructor that runs again makes new parameters.
        replaced = [parameter for parameter in instance.parameter_names() if parameter in instance.fields]
        before = [instance.fields.pop(parameter) for parameter in replaced]
        instance.arguments = call.bound(MODULES[name].signature)
        after = [instance.get_parameter(parameter) for parameter in replaced]
        if instance.sharing or interpreter.doubt:
            # Which of the modules with these parameters get the new ones depends on how they share them, and that any
            # do on whether this runs.
            interpreter.handlers.may_write(interpreter, (*before, *after), call.site)
        _reset_by_constructor(interpreter, instance, name, call)


def _reset_by_constructor(interpreter: Interpreter, instance: Instance, name: str, call: CallArguments) -> None:
    """torch's layers call `self.reset_parameters()` at the end of their constructor, overridden or not."""
    cls = instance.user_class
    if cls is None or MODULES[name].role not in ("layer", "norm"):
        return
    method = "_reset_parameters" if MODULES[name].family == "attention" else "reset_parameters"
    function = method_of(cls, method)
    if function is not None:
        interpreter.call(function, CallArguments([instance], {}, call.site))


def _fill_ordered(interpreter: Interpreter, instance: Instance, name: str, call: CallArguments) -> None:
    values = list(call.arguments)
    instance.open = call.open
    named = entries(values[0]) if name == "torch.nn.Sequential" and len(values) == 1 else None
    if named is not None:
        for key, value in named.items():
            set_attribute(interpreter, instance, str(key), value, call.site)
        instance.open = not has_known_length(values[0])
        return
    if name == "torch.nn.Sequential":
        # `Sequential([...])` raises: whatever was meant, the children are not known.
        instance.open = instance.open or any(container_kind(value) not in ("", "iterator") for value in values)
        if any(isinstance(value, (ListValue, tuple)) for value in values):
            interpreter.note_error()
    else:
        values = values or list(call.keywords.values())
        content = values[0] if values else ()
        instance.open = instance.open or not has_known_length(content)
        values = [item for item, _ in iterate(interpreter, content)]
    for at, value in enumerate(values):
        set_attribute(interpreter, instance, str(at), value, call.site)


def call_instance(interpreter: Interpreter, instance: Instance, call: CallArguments) -> Value:
    """`module(x)`, by `__call__` of the project if its class overrides that."""
    cls = instance.user_class
    if instance.is_module and cls is not None and cls.find("forward")[1] is not None:
        member, owner = cls.find("__call__")
        if owner is not None:
            arguments = CallArguments([instance, *call.arguments], call.keywords, call.site, call.open)
            return interpreter.call(member, arguments)
    return call_module(interpreter, instance, call)


def call_module(interpreter: Interpreter, instance: Instance, call: CallArguments) -> Value:
    """`nn.Module.__call__(module, x)`: `forward`, then the forward hooks."""
    result = _call_forward(interpreter, instance, call)
    for hook in interpreter.log.forward_hooks.get(id(instance), ()):
        arguments = CallArguments([instance, tuple(call.arguments), result], {}, call.site)
        changed = interpreter.call(hook, arguments)
        result = result if changed is None else changed
    return result


def _call_forward(interpreter: Interpreter, instance: Instance, call: CallArguments) -> Value:
    interpreter.log.may_have_run = instance.run = True
    cls = instance.user_class
    op = interpreter.user_tables.activations.get(instance.cls.name if cls is None else cls.qualified)
    if op is not None:
        return apply_activation(interpreter, op, call)
    if cls is not None:
        method = "forward" if instance.is_module else "__call__"
        function, _ = cls.find(method)
        if function is None and instance.is_module:
            function, _ = cls.find("__call__")
        if function is not None:
            arguments, keywords = call.arguments, call.keywords
            if instance.is_module and not _is_in_forward(interpreter):
                arguments = [_as_input(argument, call.site) for argument in arguments]
                keywords = {name: _as_input(argument, call.site) for name, argument in keywords.items()}
            return interpreter.call(function, CallArguments([instance, *arguments], keywords, call.site, call.open))
        if not instance.is_module or _may_inherit_forward(cls, instance):
            return unknown_result(interpreter, f"{cls.name} is not followed", call.values, call.site)
    return torch_forward(interpreter, instance, call)


def _is_in_forward(interpreter: Interpreter) -> bool:
    """Whether a module calls another one, so that the tensors it makes are not the data of the outermost model."""
    return any(function.name in ("forward", "__call__") for function, _ in interpreter.stack)


def _as_input(value: Value, location: SourceLocation) -> Value:
    """A tensor that a script makes or loads, as in `net(torch.randn(4, 16))`, as data; other values unchanged."""
    tensor = as_tensor(value)
    if tensor is not None:
        storage = tensor.storage
        is_data = tensor.node is None and storage is not None and not storage.origin.parameter and not tensor.sources
    else:
        is_data = isinstance(value, Unknown) and value.node is None and value.hint is None
    return Tensor(FlowNode("input", "input", (), location)) if is_data else value


def _may_inherit_forward(cls: ClassValue, instance: Instance) -> bool:
    """Whether `forward` may be inherited from a class whose source is not available."""
    if not cls.readable:
        return True
    spec = MODULES.get(instance.torch_name or "")
    return (spec is None or spec.role == "container") and any(
        name not in MODULES and not name.startswith("builtins.") and not has_kind([name], "mixin")
        for name in cls.externals()
    )


def torch_forward(interpreter: Interpreter, instance: Instance, call: CallArguments) -> Value:
    """What torch's own `forward` of the instance's torch class does."""
    interpreter.spend_steps(_STEPS_PER_CALL)
    name = instance.torch_name or ""
    if name == "torch.nn.Sequential":
        return _run_sequential(interpreter, instance, call)
    spec = MODULES.get(name)
    inputs = [*call.arguments, *call.keywords.values()]
    if spec is None:
        return _external_module(interpreter, name, inputs, call)
    values = inputs[:1]
    if spec.role == "layer":
        return _run_layer(interpreter, instance, spec, inputs, call)
    if spec.role == "norm":
        return new_node(interpreter, "modifier", spec.between or "norm", values, call.site, layer=instance, exact=True)
    if spec.role == "activation" and name in ACTIVATION_MODULES:
        arguments = literals(instance.arguments)
        return new_node(interpreter, "activation", ACTIVATION_MODULES[name], values, call.site, arguments=arguments)
    if spec.role == "pool":
        window = pooling(spec.type, literals(instance.arguments), map_size_of(values))
        pooled = new_node(interpreter, "modifier", "pool", values, call.site, arguments=window)
        return (pooled, pooled) if instance.arguments.get("return_indices") is True else pooled
    if spec.role == "transparent":
        if not values:
            return Unknown("no input")
        passed = pass_through(interpreter, values[0])
        if isinstance(passed, Tensor):
            passed.map_size = map_size_in_module(spec.type, instance.arguments, values[0])
        return passed
    if spec.role == "loss":
        return new_node(interpreter, "sink", "loss", inputs, call.site)
    if spec.role == "opaque" and "Transformer" in spec.type:
        return new_node(interpreter, "layer", spec.type, inputs, call.site, layer=instance)
    return unknown_result(interpreter, f"{name} is not followed", inputs, call.site)


def _external_module(interpreter: Interpreter, name: str, inputs: list[Value], call: CallArguments) -> Value:
    role = EXTERNAL_MODULES.get(name)
    if role == "transparent" and inputs:
        return pass_through(interpreter, inputs[0])
    if role is not None:
        return new_node(interpreter, "modifier", role, inputs[:1], call.site)
    return unknown_result(interpreter, f"{name} is not followed", inputs, call.site)


def _run_layer(
    interpreter: Interpreter, instance: Instance, spec: TorchModule, inputs: list[Value], call: CallArguments
) -> Value:
    if spec.family == "rnn":
        out = new_node(interpreter, "layer", spec.type, inputs[:1], call.site, layer=instance)
        if spec.type.endswith("Cell"):
            return (out, out) if spec.type == "LSTMCell" else out
        return out, ((out, out) if spec.type == "LSTM" else out)
    if spec.family == "attention":
        out = new_node(interpreter, "layer", spec.type, inputs[:3], call.site, layer=instance)
        return out, Unknown("attention weights")
    values = inputs[:2] if spec.family == "bilinear" else inputs[:1]
    return new_node(interpreter, "layer", spec.type, values, call.site, layer=instance, exact=len(values) == 1)


def _run_sequential(interpreter: Interpreter, instance: Instance, call: CallArguments) -> Value:
    value: Value = call.get(0, "input", Unknown("no input"))
    arguments = list(call.arguments)
    with interpreter.loop(instance.open):
        for number, child in enumerate(list(instance.fields.values())):
            interpreter.repetitions += instance.open and number == 1
            if isinstance(child, Union):
                value = _maybe_child(interpreter, child, value, call)
            elif not isinstance(child, (Instance, Unknown)):
                continue
            else:
                value = interpreter.call(child, CallArguments(arguments or [value], {}, call.site))
            arguments = [value]
    return value


def _maybe_child(interpreter: Interpreter, child: Union, value: Value, call: CallArguments) -> Value:
    """A child that may be absent or one of several."""
    options = [(v, c) for v, c in child.options if isinstance(v, (Instance, Unknown)) or v is UNBOUND]
    if not options:
        return value
    alternatives = Union([(_Pass() if v is UNBOUND else v, c) for v, c in options])
    return interpreter.state.map_union(
        alternatives,
        lambda option: (
            value if isinstance(option, _Pass) else interpreter.call(option, CallArguments([value], {}, call.site))
        ),
    )


class _Pass(AbstractValue):
    """Represents an absent child of a Sequential: the value passes unchanged."""


def default_argument(instance: Instance, name: str) -> Value:
    """The attribute of a torch module for a constructor argument with its default value; `UNBOUND` if there is none."""
    spec = MODULES.get(instance.torch_name or "")
    if spec is None or instance.symbolic:
        return UNBOUND
    for parameter, default in spec.signature:
        if parameter == name and default is not REQUIRED:
            return cast("Value", default)
    return UNBOUND
