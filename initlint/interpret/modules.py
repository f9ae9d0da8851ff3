"""torch's modules: how they are built, what calling one does, and the methods that `nn.Module` has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from initlint.facts.activations import MODULES as ACTIVATION_MODULES
from initlint.facts.layers import MODULES, REQUIRED, Module
from initlint.facts.operators import EXTERNAL_MODULES
from initlint.graph import Place
from initlint.interpret.inits import bound
from initlint.interpret.machine import Call, Machine
from initlint.interpret.parameters import UNKNOWN_WRITE, blur, record
from initlint.interpret.sequences import bounded, iterate, sequence
from initlint.interpret.targets import adopt, delete_child, set_attribute
from initlint.interpret.tensors import node, passed, unknown_result
from initlint.interpret.tree import (
    children,
    conditional_children,
    literals,
    modules,
    own_parameters,
    parameters,
)
from initlint.interpret.values import (
    ABSENT,
    ClassValue,
    DictValue,
    External,
    Function,
    Instance,
    ListValue,
    Tensor,
    Union,
    Unknown,
    Value,
)


def build(machine: Machine, cls: External, call: Call) -> Instance:
    """`nn.Linear(3, 4)`: an instance of a class of torch."""
    made = Instance(cls, call.site, machine.state.condition, cls.name)
    machine.journal.instances.append(made)
    initialize(machine, made, cls.name, call)
    return made


def initialize(machine: Machine, instance: Instance, name: str, call: Call) -> None:
    """`super().__init__(...)` of the torch class `name`, without the receiver among the arguments."""
    machine.state.touch(instance)
    if name in ("torch.nn.Sequential", "torch.nn.ModuleList", "torch.nn.ParameterList"):
        _fill_ordered(machine, instance, name, call)
    elif name in ("torch.nn.ModuleDict", "torch.nn.ParameterDict"):
        content = call.get(0, "modules", None)
        if isinstance(content, DictValue):
            for key, value in content.items.items():
                set_attribute(machine, instance, str(key), value, call.site)
            instance.open = instance.open or content.open
        elif isinstance(content, ListValue):
            for pair in content.items:
                parts = sequence(pair)
                if parts is not None and len(parts) == 2:
                    set_attribute(machine, instance, str(parts[0]), parts[1], call.site)
        elif content is not None:
            instance.open = True
    elif name in MODULES:
        instance.arguments = bound(MODULES[name].signature, call)
        _reset_by_constructor(machine, instance, name, call)


def _reset_by_constructor(machine: Machine, instance: Instance, name: str, call: Call) -> None:
    """torch's layers call `self.reset_parameters()` at the end of their constructor, overridden or not."""
    cls = instance.user_class
    if cls is None or MODULES[name].role not in ("layer", "norm"):
        return
    method = "_reset_parameters" if MODULES[name].family == "attention" else "reset_parameters"
    function, _ = cls.find(method)
    if isinstance(function, Function):
        machine.call_function(function, Call([instance], {}, call.site), instance)


def _fill_ordered(machine: Machine, instance: Instance, name: str, call: Call) -> None:
    values = list(call.arguments)
    instance.open = call.open
    if name == "torch.nn.Sequential" and len(values) == 1 and isinstance(values[0], DictValue):
        for key, value in values[0].items.items():
            set_attribute(machine, instance, str(key), value, call.site)
        instance.open = values[0].open
        return
    if name != "torch.nn.Sequential":
        values = values or list(call.keywords.values())
        content = values[0] if values else ()
        instance.open = instance.open or not bounded(content)
        values = [item for item, _ in iterate(machine, content)]
    for at, value in enumerate(values):
        set_attribute(machine, instance, str(at), value, call.site)


# Calling ----------------------------------------------------------------------------------------------------------


def call_instance(machine: Machine, instance: Instance, call: Call) -> Value:
    """`module(x)`."""
    cls = instance.user_class
    if cls is not None:
        method = "forward" if instance.is_module else "__call__"
        function, _ = cls.find(method)
        if function is None and instance.is_module:
            function, _ = cls.find("__call__")
        if function is not None:
            return machine.call_function(
                function, Call([instance, *call.arguments], call.keywords, call.site, call.open), instance
            )
        if not instance.is_module or _may_inherit_forward(cls, instance):
            return unknown_result(machine, f"{cls.name} is not followed", call.values, call.site)
    return torch_forward(machine, instance, call)


def _may_inherit_forward(cls: ClassValue, instance: Instance) -> bool:
    """Whether `forward` may come from a base class that cannot be read."""
    if not cls.readable:
        return True
    known = MODULES.get(instance.torch_name or "")
    return (known is None or known.role == "container") and any(
        name not in MODULES and not name.startswith("builtins.") and name not in _MIXINS for name in cls.externals()
    )


_MIXINS = frozenset({"abc.ABC", "typing.Generic", "object", "typing.Protocol"})


def torch_forward(machine: Machine, instance: Instance, call: Call) -> Value:
    """What torch's own `forward` of the instance's torch class does."""
    name = instance.torch_name or ""
    if name == "torch.nn.Sequential":
        return _run_sequential(machine, instance, call)
    known = MODULES.get(name)
    inputs = [*call.arguments, *call.keywords.values()]
    if known is None:
        return _external_module(machine, name, inputs, call)
    values = inputs[:1]
    if known.role == "layer":
        return _run_layer(machine, instance, known, inputs, call)
    if known.role == "norm":
        return node(machine, "noted", known.between or "norm", values, call.site, layer=instance)
    if known.role == "activation" and name in ACTIVATION_MODULES:
        arguments = literals(instance.arguments)
        return node(machine, "activation", ACTIVATION_MODULES[name], values, call.site, arguments=arguments)
    if known.role == "pool":
        pooled = node(machine, "noted", "pool", values, call.site)
        return (pooled, pooled) if instance.arguments.get("return_indices") is True else pooled
    if known.role == "transparent":
        return passed(machine, values[0]) if values else Unknown("no input")
    if known.role == "loss":
        return node(machine, "end", "loss", inputs, call.site)
    if known.role == "opaque" and "Transformer" in known.type:
        return node(machine, "layer", known.type, inputs, call.site, layer=instance)
    return unknown_result(machine, f"{name} is not followed", inputs, call.site)


def _external_module(machine: Machine, name: str, inputs: list[Value], call: Call) -> Value:
    role = EXTERNAL_MODULES.get(name)
    if role == "transparent" and inputs:
        return passed(machine, inputs[0])
    if role is not None:
        return node(machine, "noted", role, inputs[:1], call.site)
    return unknown_result(machine, f"{name} is not followed", inputs, call.site)


def _run_layer(machine: Machine, instance: Instance, known: Module, inputs: list[Value], call: Call) -> Value:
    if known.family == "rnn":
        out = node(machine, "layer", known.type, inputs[:1], call.site, layer=instance)
        if known.type.endswith("Cell"):
            return (out, out) if known.type == "LSTMCell" else out
        return out, ((out, out) if known.type == "LSTM" else out)
    if known.family == "attention":
        out = node(machine, "layer", known.type, inputs[:3], call.site, layer=instance)
        return out, Unknown("attention weights")
    values = inputs[:2] if known.family == "bilinear" else inputs[:1]
    return node(machine, "layer", known.type, values, call.site, layer=instance)


def _run_sequential(machine: Machine, instance: Instance, call: Call) -> Value:
    value: Value = call.get(0, "input", Unknown("no input"))
    arguments = list(call.arguments)
    for child in list(instance.fields.values()):
        if isinstance(child, Union):
            value = _maybe_child(machine, child, value, call)
        elif not isinstance(child, (Instance, Unknown)):
            continue
        else:
            value = machine.call(child, Call(arguments or [value], {}, call.site))
        arguments = [value]
    return value


def _maybe_child(machine: Machine, child: Union, value: Value, call: Call) -> Value:
    """A child that may be absent or one of several."""
    options = [(v, c) for v, c in child.options if isinstance(v, (Instance, Unknown)) or v is ABSENT]
    if not options:
        return value
    alternatives = Union([(_Pass() if v is ABSENT else v, c) for v, c in options])
    return machine.each(
        alternatives,
        lambda option: value if isinstance(option, _Pass) else machine.call(option, Call([value], {}, call.site)),
    )


class _Pass:
    """Stands for a child that is not there: the value goes on as it is."""


# Methods ----------------------------------------------------------------------------------------------------------


def _named(pairs: Any, named: bool) -> ListValue:
    items: list[Value] = []
    for name, value, condition in pairs:
        item = (name, value) if named else value
        items.append(item if not condition else Union([(item, condition), (ABSENT, _opposite(condition))]))
    return ListValue(items, kind="iterator")


def _opposite(condition: Any) -> Any:
    return frozenset((key, not side) for key, side in condition)


def _modules(machine: Machine, instance: Instance, call: Call, named: bool) -> Value:
    prefix = call.keywords.get("prefix", "")
    found = modules(instance, prefix if isinstance(prefix, str) else "")
    if instance.symbolic:
        return Unknown("the modules of something unknown")
    return _named(found, named)


def _children(machine: Machine, instance: Instance, call: Call, named: bool) -> Value:
    if instance.symbolic:
        return Unknown("the children of something unknown")
    return _named(conditional_children(instance), named)


def _parameters(machine: Machine, instance: Instance, call: Call, named: bool) -> Value:
    recurse = call.keywords.get("recurse", call.get(1 if named else 0, "recurse", True))
    if instance.symbolic and instance.torch_name == "torch.nn.Module":
        return Unknown("the parameters of something unknown")
    return _named(parameters(instance, recurse is not False), named)


def apply(machine: Machine, instance: Instance, call: Call) -> Value:
    """`module.apply(fn)`: children first, then the module itself."""
    function = call.get(0, "fn", Unknown("no function"))
    if instance.symbolic:
        return instance
    order: list[tuple[Instance, Any]] = []
    seen: set[int] = set()

    def visit(module: Instance, condition: Any) -> None:
        # torch applies to a shared module once for each way to it; the writes are the same.
        if id(module) in seen:
            return
        seen.add(id(module))
        for _, child, under in conditional_children(module):
            visit(child, condition | under)
        order.append((module, condition))

    visit(instance, frozenset())
    for module, condition in order:
        target = module if not condition else Union([(module, condition), (ABSENT, _opposite(condition))])
        machine.each(target, lambda option: machine.call(function, Call([option], {}, call.site)))
    return instance


def _add_module(machine: Machine, instance: Instance, call: Call) -> Value:
    name, module = call.get(0, "name"), call.get(1, "module", None)
    if isinstance(name, str):
        set_attribute(machine, instance, name, module, call.site)
    else:
        machine.state.touch(instance)
        set_attribute(machine, instance, f"<{len(instance.fields)}>", module, call.site)
        instance.open = True
    return None


def _append(machine: Machine, instance: Instance, call: Call) -> Value:
    set_attribute(machine, instance, str(len(instance.fields)), call.get(0, "module"), call.site)
    return instance


def _extend(machine: Machine, instance: Instance, call: Call) -> Value:
    content = call.get(0, "modules", ())
    machine.state.touch(instance)
    instance.open = instance.open or not bounded(content)
    for item, _ in iterate(machine, content):
        set_attribute(machine, instance, str(len(instance.fields)), item, call.site)
    return instance


def _insert(machine: Machine, instance: Instance, call: Call) -> Value:
    index, module = call.get(0, "index"), call.get(1, "module")
    machine.state.touch(instance)
    values = list(instance.fields.values())
    values.insert(index if isinstance(index, int) else len(values), module)
    instance.fields = {str(at): value for at, value in enumerate(values)}
    adopt(instance, str(index), module)
    return None


def _update(machine: Machine, instance: Instance, call: Call) -> Value:
    content = call.get(0, "modules", None)
    if isinstance(content, DictValue):
        for key, value in content.items.items():
            set_attribute(machine, instance, str(key), value, call.site)
    return None


def _pop(machine: Machine, instance: Instance, call: Call) -> Value:
    keys = list(instance.fields)
    index = call.get(0, "key", -1)
    if isinstance(index, str):
        found = instance.fields.get(index, Unknown("a missing child"))
    elif isinstance(index, int) and -len(keys) <= index < len(keys):
        found = instance.fields[keys[index]]
    else:
        return Unknown("a child at an unknown index")
    delete_child(machine, instance, index)
    return found


def get_item(machine: Machine, instance: Instance, index: Value, place: Place) -> Value:
    """`container[index]`."""
    values = [value for value in instance.fields.values()]
    if isinstance(index, str):
        return instance.fields.get(index, Unknown("a child that is not known"))
    if isinstance(index, slice):
        made = Instance(External(instance.torch_name or ""), place, machine.state.condition, instance.torch_name)
        made.open = instance.open
        keys = list(instance.fields)[index]
        for at, key in enumerate(keys):
            name = key if instance.torch_name == "torch.nn.Sequential" and not key.isdigit() else str(at)
            made.fields[name] = instance.fields[key]
            made.assigned[name] = instance.assigned.get(key, (None, place))
        return made
    if isinstance(index, int) and not isinstance(index, bool):
        if -len(values) <= index < len(values):
            return values[index]
        return values[-1] if instance.open and values else Unknown("a child that is not there")
    if values and len(values) <= 8 and all(isinstance(v, Instance) for v in values):
        return Union([(v, frozenset([(machine.fresh(), True)])) for v in values])
    return Unknown("a child at an unknown index")


def _requires_grad(machine: Machine, instance: Instance, call: Call) -> Value:
    frozen = call.get(0, "requires_grad", True) is False
    for _, tensor, condition in parameters(instance):
        if tensor.storage is not None and not condition:
            tensor.storage.frozen = frozen
    return instance


def reset_parameters(machine: Machine, instance: Instance, call: Call) -> Value:
    """torch's own `reset_parameters`: the default init again."""
    for _, tensor, _ in own_parameters(instance):
        storage = tensor.storage
        if storage is None:
            continue
        if machine.state.condition <= storage.condition:
            storage.writes = []
        else:
            record(machine, tensor, UNKNOWN_WRITE, {}, call.site)
    return None


def _load(machine: Machine, instance: Instance, call: Call) -> Value:
    blur(machine, [instance], call.site)
    return Unknown("what load_state_dict returns")


def _register_parameter(machine: Machine, instance: Instance, call: Call) -> Value:
    name = call.get(0, "name")
    if isinstance(name, str):
        set_attribute(machine, instance, name, call.get(1, "param", None), call.site)
    return None


def _register_buffer(machine: Machine, instance: Instance, call: Call) -> Value:
    name, tensor = call.get(0, "name"), call.get(1, "tensor", None)
    if isinstance(name, str):
        machine.state.touch(instance)
        instance.fields[name] = Unknown("a buffer") if tensor is not None else None
    return None


def _get_submodule(machine: Machine, instance: Instance, call: Call) -> Value:
    path = call.get(0, "target")
    found: Value = instance
    for part in path.split(".") if isinstance(path, str) else ("?",):
        found = found.fields.get(part, Unknown("a submodule")) if isinstance(found, Instance) else Unknown("a submodule")
    return found


def _items(machine: Machine, instance: Instance, call: Call) -> Value:
    return ListValue([(name, child) for name, child in children(instance)], instance.open)


def _itself(machine: Machine, instance: Instance, call: Call) -> Value:
    return instance


def _nothing(machine: Machine, instance: Instance, call: Call) -> Value:
    return None


METHODS: dict[str, Callable[[Machine, Instance, Call], Value]] = {
    "modules": lambda m, i, c: _modules(m, i, c, False),
    "named_modules": lambda m, i, c: _modules(m, i, c, True),
    "children": lambda m, i, c: _children(m, i, c, False),
    "named_children": lambda m, i, c: _children(m, i, c, True),
    "parameters": lambda m, i, c: _parameters(m, i, c, False),
    "named_parameters": lambda m, i, c: _parameters(m, i, c, True),
    "apply": apply,
    "add_module": _add_module,
    "register_module": _add_module,
    "append": _append,
    "extend": _extend,
    "insert": _insert,
    "update": _update,
    "pop": _pop,
    "values": lambda m, i, c: ListValue([child for _, child in children(i)], i.open),
    "keys": lambda m, i, c: ListValue([name for name, _ in children(i)], i.open),
    "items": _items,
    "requires_grad_": _requires_grad,
    "reset_parameters": reset_parameters,
    "_reset_parameters": reset_parameters,
    "load_state_dict": _load,
    "register_parameter": _register_parameter,
    "register_buffer": _register_buffer,
    "get_submodule": _get_submodule,
    "get_parameter": _get_submodule,
    "forward": torch_forward,
    "__call__": call_instance,
    "zero_grad": _nothing,
    "__init__": lambda m, i, c: initialize(m, i, i.torch_name or "torch.nn.Module", c),
    **{
        name: _itself
        for name in (
            "train eval to cuda cpu half float double bfloat16 type xpu ipu share_memory to_empty compile type"
        ).split()
    },
}
"""The methods of `nn.Module` and of torch's containers."""




def default_argument(instance: Instance, name: str) -> Value:
    """The attribute that a torch module keeps of a constructor argument that was left to its default; or `ABSENT`."""
    known = MODULES.get(instance.torch_name or "")
    if known is None or instance.symbolic:
        return ABSENT
    for parameter, default in known.signature:
        if parameter == name and default is not REQUIRED:
            return default
    return ABSENT
