"""Attributes of all kinds of values, and the dispatch of native methods."""

from __future__ import annotations

from initlint.facts.frameworks import POST_INIT_NAMES, has_kind
from initlint.facts.operators import METADATA_ATTRIBUTES, TRACKED_VIEWS, TRANSPOSING_METHODS, VIEW_ATTRIBUTES
from initlint.tracers.static.library import module_methods
from initlint.tracers.static.library.container_methods import call_constant_method, call_dict_method, call_list_method
from initlint.tracers.static.library.instantiate import fill_record
from initlint.tracers.static.library.module_methods import METHODS
from initlint.tracers.static.library.modules import default_argument
from initlint.tracers.static.library.pretrained_models import (
    INIT_WEIGHTS,
    is_pretrained_model,
    run_base_init_weights,
    run_post_init,
)
from initlint.tracers.static.library.tensor_methods import call_tensor_method
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.syntax.assignment import set_attribute
from initlint.tracers.static.syntax.iteration import iterate
from initlint.tracers.static.tensors.dataflow import unknown_result
from initlint.tracers.static.values.axes import transposed_shape, view_axes
from initlint.tracers.static.values.calls import Call
from initlint.tracers.static.values.classes import ClassValue, ModuleRef
from initlint.tracers.static.values.containers import DictValue, ListValue
from initlint.tracers.static.values.functions import BoundMethod, Function, Partial
from initlint.tracers.static.values.objects import Instance, PretrainedModule, SuperProxy
from initlint.tracers.static.values.tensors import Tensor
from initlint.tracers.static.values.unions import Union, without_unbound
from initlint.tracers.static.values.values import (
    BOOL,
    CONSTANTS,
    INT,
    UNBOUND,
    ExternalName,
    NativeMethod,
    Unknown,
    Value,
    external,
)

_TRAINING = Unknown("whether the module is training", BOOL)


def attribute(interpreter: Interpreter, value: Value, name: str) -> Value:
    """The attribute `name` of any value; `Unknown` if it is not known to exist."""
    value = without_unbound(value)
    if isinstance(value, Instance):
        return instance_attribute(interpreter, value, name)
    if isinstance(value, ExternalName):
        if name in ("__name__", "__qualname__"):
            return value.name.rpartition(".")[2]
        return external(f"{value.name}.{name}")
    if isinstance(value, Tensor):
        return _tensor_attribute(value, name)
    if isinstance(value, Union):
        return interpreter.state.map_union(value, lambda option: attribute(interpreter, option, name))
    if isinstance(value, Unknown):
        if name in _TRAINING_METHODS:
            interpreter.log.has_trained = True
        return _unknown_attribute(value, name)
    if isinstance(value, ModuleRef):
        member = value.scope.lookup(name)
        return Unknown(f"{value.scope.name} has no {name}") if member is UNBOUND else without_unbound(member)
    if isinstance(value, ClassValue):
        return _class_attribute(interpreter, value, name)
    if isinstance(value, SuperProxy):
        return _super_attribute(interpreter, value, name)
    if isinstance(value, Partial) and name in ("func", "args", "keywords"):
        return value.function if name == "func" else Unknown(f"partial.{name}")
    if isinstance(value, (Function, BoundMethod)):
        function = value.function if isinstance(value, BoundMethod) else value
        if name in ("__name__", "__qualname__") and isinstance(function, Function):
            return function.name
        return Unknown(f"an attribute {name} of a function")
    return NativeMethod(value, name)


_TRAINING_METHODS = frozenset({"backward", "fit"})
"""Of a loss, a trainer or an accelerator."""


def instance_attribute(interpreter: Interpreter, instance: Instance, name: str) -> Value:
    """An attribute of an object: a field, or an attribute of its class, or of that class's torch base."""
    if name in instance.fields:
        member = without_unbound(instance.fields[name])
        if member is not UNBOUND:
            if member is None:
                is_parameter = name in ("weight", "bias") and instance.is_module
                interpreter.last_absent = (instance, name) if is_parameter else None
            return member
    if name == "__class__":
        return instance.current_class()
    if name == "layers":  # of one of torch's transformers, whose layers are not followed
        instance.walked = True
    if name in ("__dict__", "_parameters", "_modules", "_buffers"):
        instance.registry_changed = True
    if name == "__dict__":
        return Unknown("__dict__")
    if instance.is_module and name == "training":
        return _TRAINING
    cls = instance.user_class
    if cls is not None:
        if _framework_hook(cls, name):
            return NativeMethod(instance, name)
        member, owner = cls.find(name)
        if owner is not None:
            return _bound(interpreter, without_unbound(member), instance)
    if instance.is_module:
        created = instance.get_parameter(name)
        if created is UNBOUND:
            created = instance.get_child(name)
        if created is not UNBOUND:
            if created is None:
                interpreter.last_absent = (instance, name)
            return created
        if name in instance.arguments:
            return instance.arguments[name]
        if name == "_modules":
            return NativeMethod(instance, "_modules")
        if name in METHODS:
            return NativeMethod(instance, name)
        default = default_argument(instance, name)
        if default is not UNBOUND:
            return default
    if name in ("__getitem__", "__len__", "__iter__", "__contains__") and instance.is_module:
        return NativeMethod(instance, name)
    return Unknown(f"{instance.class_name} has no known attribute {name}")


def _framework_hook(cls: ClassValue, name: str) -> bool:
    """Whether it is `post_init` of transformers, which applies `_init_weights`: its source takes a whole loader."""
    if name not in ("post_init", "init_weights") or cls.name in POST_INIT_NAMES:
        return False
    bases = {base.name.rpartition(".")[2] for base in cls.mro[1:] if isinstance(base, (ClassValue, ExternalName))}
    if bases.isdisjoint(POST_INIT_NAMES):
        return False
    _, owner = cls.find(name)
    return owner is None or (isinstance(owner, ClassValue) and owner.name in POST_INIT_NAMES)


def _bound(interpreter: Interpreter, member: Value, instance: Instance) -> Value:
    if not isinstance(member, Function):
        return member
    if member.wrappers & {"property", "cached_property"}:
        site = interpreter.location_of(member.node, member.scope.environment)
        return interpreter.call(member, Call([instance], {}, site))
    if "staticmethod" in member.wrappers:
        return member
    if "classmethod" in member.wrappers:
        return BoundMethod(member, instance.cls)
    return BoundMethod(member, instance)


def _class_attribute(interpreter: Interpreter, cls: ClassValue, name: str) -> Value:
    if name in ("__name__", "__qualname__"):
        return cls.name
    member, owner = cls.find(name)
    if owner is None:
        bases = [base for base in cls.mro[1:] if isinstance(base, ExternalName)]
        if bases and name.startswith("__"):
            return external(f"{bases[0].name}.{name}")
        return Unknown(f"{cls.name} has no known attribute {name}")
    member = without_unbound(member)
    if isinstance(member, Function) and "classmethod" in member.wrappers:
        return BoundMethod(member, cls)
    return member


def _super_attribute(interpreter: Interpreter, value: SuperProxy, name: str) -> Value:
    receiver = value.receiver
    cls = receiver.user_class if isinstance(receiver, Instance) else receiver
    if not isinstance(cls, ClassValue):
        return Unknown("super() of something unknown")
    member, owner = cls.find(name, after=value.cls)
    if owner is not None:
        member = without_unbound(member)
        if isinstance(receiver, Instance):
            return _bound(interpreter, member, receiver)
        return BoundMethod(member, receiver) if isinstance(member, Function) else member
    if isinstance(receiver, Instance):
        if receiver.is_module and name in METHODS:
            return NativeMethod(receiver, name)
        if name == "__init__":
            return (
                NativeMethod(receiver, name)
                if has_kind(cls.externals(), "record")
                else ExternalName("builtins.object.__init__")
            )
        if name == "__setattr__" or (name == INIT_WEIGHTS and is_pretrained_model(receiver)):
            return NativeMethod(receiver, name)
    return Unknown(f"super().{name} is not followed")


def _tensor_attribute(tensor: Tensor, name: str) -> Value:
    if name in VIEW_ATTRIBUTES:
        covers_storage = tensor.covers_storage
        is_transposing = name in TRANSPOSING_METHODS
        shape = transposed_shape(tensor.shape) if is_transposing else tensor.shape
        transposed = tensor.transposed != is_transposing
        return Tensor(
            tensor.node,
            tensor.storage,
            False,
            covers_storage,
            tensor.sources,
            shape,
            transposed,
            axes=view_axes(tensor.axes, name),
            tracked=tensor.tracked and name in TRACKED_VIEWS,
            factors=tensor.factors,
            in_products=tensor.in_products,
        )
    if name == "shape":
        if tensor.shape is None or tensor.node is not None:
            return Unknown("a shape")
        return tuple(Unknown("a size", INT) if size is None else size for size in tensor.shape)
    if name == "ndim" and tensor.node is None:
        return Unknown("a rank", INT) if tensor.shape is None else len(tensor.shape)
    if name == "requires_grad":
        return (
            True
            if tensor.storage is not None and tensor.storage.parameter and not tensor.storage.frozen
            else Unknown(name)
        )
    if name in ("grad", "grad_fn"):
        return None if tensor.leaf else Unknown(name)
    if name in METADATA_ATTRIBUTES:
        return Unknown(f"a tensor's {name}")
    return NativeMethod(tensor, name)


def _unknown_attribute(value: Unknown, name: str) -> Value:
    if isinstance(value, PretrainedModule) and name in ("apply", "modules", "named_modules"):
        return NativeMethod(value.content, name)
    hint = value.hint
    if isinstance(hint, ClassValue):
        member, owner = hint.find(name)
        if (
            isinstance(member, Function)
            and "property" not in member.wrappers
            and not member.wrappers & {"staticmethod"}
        ):
            return value.member(name)
        if owner is not None and not isinstance(member, (Function, Unknown)) and name.isupper():
            return without_unbound(member)
    return value.member(name)


def call_method(interpreter: Interpreter, method: NativeMethod, call: Call) -> Value:
    """Call a native method."""
    receiver, name = method.receiver, method.name
    if isinstance(receiver, Tensor):
        return call_tensor_method(interpreter, receiver, name, call)
    if isinstance(receiver, Instance):
        return _call_instance_method(interpreter, receiver, name, call)
    if isinstance(receiver, ListValue):
        return call_list_method(interpreter, receiver, name, call)
    if isinstance(receiver, DictValue):
        return call_dict_method(interpreter, receiver, name, call)
    if isinstance(receiver, (*CONSTANTS, tuple)):
        return call_constant_method(receiver, name, call)
    return unknown_result(interpreter, f"a method {name}", call.values, call.site)


def _call_instance_method(interpreter: Interpreter, instance: Instance, name: str, call: Call) -> Value:
    if name in ("post_init", "init_weights"):
        return run_post_init(interpreter, instance, call)
    if name == INIT_WEIGHTS:
        run_base_init_weights(interpreter, call)
        return None
    if name == "__init__" and instance.user_class is not None and not instance.is_module:
        fill_record(interpreter, instance.user_class, instance, call)
        return None
    if name == "__setattr__":
        key = call.get(0, "name")
        if isinstance(key, str):
            set_attribute(interpreter, instance, key, call.get(1, "value"), call.site)
        return None
    if name == "__getitem__":
        return module_methods.get_item(interpreter, instance, call.get(0, "index"), call.site)
    if name == "__len__":
        return Unknown("a length", INT) if instance.open else len(instance.fields)
    if name == "__iter__":
        return ListValue([item for item, _ in iterate(interpreter, instance)], instance.open)
    if name == "__contains__":
        key = call.get(0, "key")
        return key in instance.fields if isinstance(key, str) and not instance.open else Unknown("a test")
    return module_methods.METHODS[name](interpreter, instance, call)
