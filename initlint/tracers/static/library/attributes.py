"""Attributes of all kinds of values, and the dispatch of native methods."""

from __future__ import annotations

from typing import cast

from initlint.facts.frameworks import POST_INIT_METHODS, POST_INIT_NAMES, has_kind
from initlint.project.source import SourceLocation
from initlint.tracers.static.library import module_methods
from initlint.tracers.static.library.instantiate import fill_record
from initlint.tracers.static.library.module_methods import METHODS
from initlint.tracers.static.library.modules import default_argument
from initlint.tracers.static.library.pretrained_models import (
    INIT_WEIGHTS,
    is_pretrained_model,
    replaces_library_init,
    run_base_init_weights,
    run_post_init,
)
from initlint.tracers.static.library.recurrent_weights import weight_list
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.machine.special_methods import call_attribute_hook
from initlint.tracers.static.values.classes import ClassValue
from initlint.tracers.static.values.containers import ListValue
from initlint.tracers.static.values.external_names import BOOL, INT, ExternalName
from initlint.tracers.static.values.iteration import iterate
from initlint.tracers.static.values.objects import Instance, is_registered
from initlint.tracers.static.values.questions import (
    bound_to,
    set_attribute,
    without_unbound,
)
from initlint.tracers.static.values.registries import REGISTRIES, RegistryValue
from initlint.tracers.static.values.values import UNBOUND, CallArguments, NativeMethod, Raised, Unknown, Value

_NATIVE = frozenset("__getitem__ __len__ __iter__ __contains__ __setattr__ __getattr__".split())
"""The special methods of modules."""
_TRAINING = Unknown("whether the module is training", BOOL)


def object_attribute(interpreter: Interpreter, instance: Instance, name: str) -> Value:
    """An attribute of an object: a field, or an attribute of its class, or of that class's torch base."""
    observation = interpreter.state.observation
    if observation is not None and instance.is_module and not observation.is_reading:
        return cast("Value", observation.read(instance, name))
    if instance.user_class is not None:
        hooked = _attribute_by_hook(interpreter, instance, name)
        if hooked is not UNBOUND:
            return hooked
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
    if instance.is_module and (name == "__dict__" or name in REGISTRIES):
        return RegistryValue(instance, name)
    if name == "__dict__":
        return Unknown("__dict__", origins=(instance,))
    if instance.is_module and name == "training":
        return _TRAINING
    cls = instance.user_class
    if cls is not None:
        if _framework_hook(cls, name):
            return NativeMethod(instance, name)
        member, owner = cls.find(name)
        if owner is not None:
            return bound_to(interpreter, without_unbound(member), instance, instance.cls)
    if instance.is_module:
        created = instance.get_parameter(name)
        if created is UNBOUND:
            created = instance.get_child(name)
        if created is UNBOUND:
            created = weight_list(interpreter, instance, name)
        if created is not UNBOUND:
            if created is None:
                interpreter.last_absent = (instance, name)
            return created
        if name in instance.arguments:
            return instance.arguments[name]
        if name in METHODS:
            return NativeMethod(instance, name)
        default = default_argument(instance, name)
        if default is not UNBOUND:
            return default
    if name in _NATIVE and instance.is_module:
        return NativeMethod(instance, name)
    if cls is not None and cls.find("__getattr__")[1] is not None:
        site = SourceLocation(cls.scope.source, cls.node)
        found = call_attribute_hook(interpreter, instance, "__getattr__", [name], site)
        if found is not UNBOUND:
            return found
    return Unknown(f"{instance.class_name} has no known attribute {name}", receiver=instance)


def _attribute_by_hook(interpreter: Interpreter, instance: Instance, name: str) -> Value:
    """An attribute by `__getattribute__`; or by `__getattr__`, which finds the parameters and submodules of modules."""
    cls = instance.user_class
    if cls is None or name.startswith("__") or instance.symbolic:
        return UNBOUND
    hook = "__getattribute__"
    if cls.find(hook)[1] is None:
        hook = "__getattr__"
        if not instance.is_module or cls.find(hook)[1] is None or not is_registered(instance.fields.get(name)):
            return UNBOUND
    return call_attribute_hook(interpreter, instance, hook, [name], SourceLocation(cls.scope.source, cls.node))


def _framework_hook(cls: ClassValue, name: str) -> bool:
    """Whether it is `post_init` of transformers, which applies `_init_weights`: its source takes a whole loader."""
    if name not in POST_INIT_METHODS or cls.name in POST_INIT_NAMES:
        return False
    names = (*cls.externals(), *(base.name for base in cls.project_classes[1:]))
    bases = {name.rpartition(".")[2] for name in names}
    if bases.isdisjoint(POST_INIT_NAMES) and not replaces_library_init(cls):
        return False
    _, owner = cls.find(name)
    return owner is None or owner.name in POST_INIT_NAMES


def inherited_method(interpreter: Interpreter, instance: Instance, name: str) -> Value:
    """`super().name`, where no class of the project defines it; `UNBOUND` if it is not followed."""
    if instance.is_module and name in METHODS:
        return NativeMethod(instance, name)
    cls = instance.user_class
    if name == "__init__" and cls is not None and not has_kind(cls.externals(), "record"):
        return ExternalName("builtins.object.__init__")
    if name in ("__init__", "__setattr__", "__getattr__", "__getattribute__") or (
        name == INIT_WEIGHTS and is_pretrained_model(instance)
    ):
        return NativeMethod(instance, name)
    return UNBOUND


def call_object_method(interpreter: Interpreter, instance: Instance, name: str, call: CallArguments) -> Value:
    if name in POST_INIT_METHODS:
        return run_post_init(interpreter, instance, call)
    if name == INIT_WEIGHTS:
        run_base_init_weights(interpreter, call)
        return None
    if name == "__init__" and instance.user_class is not None and not instance.is_module:
        fill_record(interpreter, instance.user_class, instance, call)
        return None
    if name in ("__getattr__", "__getattribute__"):
        key = call.get(0, "name")
        if not isinstance(key, str):
            return Unknown("an attribute of unknown name", origins=(instance,))
        # Both read the dictionaries of the object, and so run no hook of its class for the name.
        hooks = {(id(instance), hook) for hook in ("__getattr__", "__getattribute__")} - interpreter.running_special
        interpreter.running_special |= hooks
        try:
            value = object_attribute(interpreter, instance, key)
        finally:
            interpreter.running_special -= hooks
        is_missing = isinstance(value, Unknown) and value.receiver is instance
        if is_missing and instance.is_module and instance.surely_lacks(key):
            raise Raised
        return value
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
