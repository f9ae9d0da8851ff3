"""The module tree: children, submodules and parameters, in PyTorch's order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from initlint.facts.fans import BASES, CHILDREN, MODULES, shapes
from initlint.facts.frameworks import has_kind
from initlint.graph.dataflow import ALWAYS, Condition
from initlint.graph.model import UNDETERMINED
from initlint.tracers.static.values.containers import ListValue
from initlint.tracers.static.values.objects import ClassValue, Instance, PretrainedModule
from initlint.tracers.static.values.tensors import Storage, Tensor
from initlint.tracers.static.values.values import UNBOUND, ExternalName, Union, Unknown, Value, options

REGISTRY = "parametrizations"
"""The attribute under which a module stores its parametrizations."""


def class_of(instance: Instance) -> Value:
    """`type(instance)`: `register_parametrization` gives a module a class of its own."""
    registry = instance.fields.get(REGISTRY)
    if registry is None or not isinstance(options(registry)[0][0], Instance):
        return instance.cls
    if isinstance(registry, Union):
        return Unknown("the class of a module that may be parametrized")
    return ExternalName(f"torch.nn.utils.parametrize.Parametrized{instance.class_name}")


def torch_base(cls: ClassValue) -> str | None:
    """The torch base class of a class of the project: `torch.nn.Conv2d`, `torch.nn.Module`; None if there is none."""
    fallback = None
    for base in cls.mro[1:]:
        if not isinstance(base, ExternalName):
            continue
        if base.name in MODULES and MODULES[base.name].role != "container":
            return base.name
        if base.name in MODULES:
            fallback = fallback if fallback not in (None, "torch.nn.Module") else base.name
        elif base.name in BASES or has_kind([base.name], "module"):
            fallback = fallback or "torch.nn.Module"
    if fallback is None and cls.mro[1:] and "forward" in cls.fields and not _is_no_module(cls):
        return "torch.nn.Module"
    return fallback


def _is_no_module(cls: ClassValue) -> bool:
    """Whether a class with a `forward` is surely not a module: `torch.autograd.Function`, a record, or no base."""
    names = cls.externals()
    if not cls.readable:
        return False
    return (
        not names
        or has_kind(names, "function", "record", "named tuple")
        or any(name.startswith("builtins.") for name in names)
    )


def as_literal(value: Value) -> Any:
    """The value as it is stored in graphs: a constant, a tuple of constants, or `UNDETERMINED`."""
    if isinstance(value, (tuple, ListValue)):
        items = value if isinstance(value, tuple) else value.items
        return tuple(as_literal(item) for item in items)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return UNDETERMINED


def as_literals(arguments: Mapping[str, Value]) -> dict[str, Any]:
    """The arguments of a constructor or init function as they are stored in graphs."""
    return {name: as_literal(value) for name, value in arguments.items()}


def parameter_names(instance: Instance) -> Mapping[str, Any]:
    """The parameters that torch gives a layer of this type, with their shapes."""
    cached = instance.parameters
    if cached is None or cached[0] is not instance.arguments:
        cached = instance.parameters = instance.arguments, _parameters(instance)
    return cached[1]


def _parameters(instance: Instance) -> Mapping[str, Any]:
    name = instance.torch_name
    if name is None or name not in MODULES or MODULES[name].role not in ("layer", "norm"):
        return _NONE
    return shapes(MODULES[name].type, as_literals(instance.arguments), UNDETERMINED)


_NONE: Mapping[str, Any] = {}


def get_parameter(instance: Instance, name: str) -> Value:
    """The parameter `name` of a torch layer, created on first use; None with `bias=False`, `UNBOUND` if unknown."""
    shapes_by_name = parameter_names(instance)
    if name not in shapes_by_name:
        if name in ("bias", "weight") and shapes_by_name is not _NONE:
            return None
        return UNBOUND
    storage = Storage(shapes_by_name[name], instance.location, instance.condition)
    storage.parameter, storage.owner, storage.name = True, instance, name
    tensor = Tensor(storage=storage, leaf=True)
    instance.fields[name] = tensor
    return tensor


def get_child(instance: Instance, name: str) -> Value:
    """A submodule that torch creates (`MultiheadAttention.out_proj`), built on first use; `UNBOUND` if none."""
    if instance.torch_name is None:
        return UNBOUND
    class_names = CHILDREN.get(instance.torch_name.rpartition(".")[2], {})
    if name not in class_names:
        return UNBOUND
    module = Instance(ExternalName(class_names[name]), instance.location, instance.condition, class_names[name])
    width = instance.arguments.get("embed_dim")
    if width is not None:
        module.arguments = {"in_features": width, "out_features": width}
    module.parent = True
    instance.fields[name] = module
    instance.assigned[name] = (instance.user_class, instance.location)
    return module


def materialize(instance: Instance) -> None:
    """Create all parameters and submodules that torch creates for this layer."""
    for name in parameter_names(instance):
        if name not in instance.fields:
            get_parameter(instance, name)
    if instance.torch_name is not None:
        for name in CHILDREN.get(instance.torch_name.rpartition(".")[2], {}):
            if name not in instance.fields:
                get_child(instance, name)


def children(instance: Instance) -> Iterator[tuple[str, Instance]]:
    """The direct submodules by name, whatever their conditions."""
    for name, module, _ in conditional_children(instance):
        yield name, module


def conditional_children(instance: Instance) -> Iterator[tuple[str, Instance, Condition]]:
    """The direct submodules by name, with the conditions under which they exist."""
    materialize(instance)
    for name, value in list(instance.fields.items()):
        if isinstance(value, Instance):
            if value.is_module:
                yield name, value, ALWAYS
        elif isinstance(value, Union):
            for option, condition in value.options:
                if isinstance(option, Instance) and option.is_module:
                    yield name, option, condition
                elif isinstance(option, PretrainedModule):
                    yield name, option.content, condition
        elif isinstance(value, PretrainedModule):
            yield name, value.content, ALWAYS


def modules(instance: Instance, prefix: str = "") -> Iterator[tuple[str, Instance, Condition]]:
    """`named_modules()`: the module itself, then its submodules depth first, each once."""
    seen: set[int] = set()
    stack: list[tuple[str, Instance, Condition]] = [(prefix, instance, ALWAYS)]
    while stack:
        path, module, condition = stack.pop()
        if id(module) in seen:
            continue
        seen.add(id(module))
        yield path, module, condition
        below = [
            (f"{path}.{name}" if path else name, inner, condition | under)
            for name, inner, under in conditional_children(module)
        ]
        stack.extend(reversed(below))


def own_parameters(instance: Instance) -> Iterator[tuple[str, Tensor, Condition]]:
    """The parameters registered on the module itself."""
    materialize(instance)
    for name, value in list(instance.fields.items()):
        for option, condition in options(value):
            if isinstance(option, Tensor) and option.storage is not None and option.storage.parameter and option.leaf:
                yield name, option, condition


def parameters(instance: Instance, recurse: bool = True) -> Iterator[tuple[str, Tensor, Condition]]:
    """`named_parameters()`: each parameter once, under its first path."""
    seen: set[int] = set()
    for path, module, condition in modules(instance) if recurse else [("", instance, ALWAYS)]:
        for name, tensor, under in own_parameters(module):
            assert tensor.storage is not None
            if id(tensor.storage) not in seen:
                seen.add(id(tensor.storage))
                yield (f"{path}.{name}" if path else name), tensor, condition | under


def is_instance_of(value: Instance, cls: Value) -> bool | None:
    """`isinstance(value, cls)`; None if unknown."""
    if isinstance(cls, ClassValue):
        if not isinstance(value.cls, ClassValue):
            return False
        if any(c is cls or (isinstance(c, ClassValue) and c.node is cls.node) for c in value.cls.mro):
            return True
        return None if value.symbolic else False
    if not isinstance(cls, ExternalName):
        return None
    if value.torch_name is not None and (value.torch_name == cls.name or cls.name in BASES.get(value.torch_name, ())):
        return True
    if isinstance(value.cls, ClassValue):
        names = value.cls.externals()
        if cls.name in names or any(cls.name in BASES.get(name, ()) for name in names):
            return True
        last = cls.name.rpartition(".")[2]
        if any(name.rpartition(".")[2] == last for name in names):
            return True
        if not value.cls.readable:
            return None
    if value.symbolic and value.torch_name == "torch.nn.Module":
        return None
    return False
