"""Objects: instances of classes of the project, of torch and of other libraries."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import Any

from initlint.facts.fans import BASES, CHILDREN, MODULES, shapes
from initlint.facts.frameworks import POST_INIT_METHODS, POST_INIT_NAMES, has_kind
from initlint.graph.dataflow import ALWAYS, Condition
from initlint.graph.words import UNDETERMINED
from initlint.project.source import Location, SourceLocation
from initlint.tracers.static.values.classes import ClassValue
from initlint.tracers.static.values.external_names import ExternalName
from initlint.tracers.static.values.questions import (
    Union,
    are_data_only,
    bound_to,
    is_among,
    item_of_sequence,
    literals,
    options,
    without_unbound,
)
from initlint.tracers.static.values.tensors import Storage, Tensor
from initlint.tracers.static.values.values import (
    UNBOUND,
    AbstractValue,
    CallArguments,
    Copier,
    ExternalClass,
    Machine,
    NativeMethod,
    Sides,
    Unknown,
    Value,
)

REGISTRY = "parametrizations"
"""The attribute under which a module stores its parametrizations."""
NAMED_TUPLE = "collections.namedtuple"
"""The function that creates named tuple classes; also the base class of their instances."""
_ORDERED = frozenset({"torch.nn.Sequential", "torch.nn.ModuleList", "torch.nn.ParameterList"})
_NONE: Mapping[str, Any] = {}


_OF_ATTENTION = frozenset("in_proj_weight q_proj_weight k_proj_weight v_proj_weight in_proj_bias bias_k bias_v".split())
_OF_CELLS = frozenset({"bias_ih", "bias_hh"})
"""Parameters that are None depending on the arguments of a MultiheadAttention, or of a recurrent cell."""


class Instance(AbstractValue):
    """An object: of a class of the project (`cls` is a `ClassValue`) or of torch (`cls` is an `ExternalName`).

    `fields` holds attributes, parameters and submodules in the order of their registration.
    `assigned` has, for each field, the class whose method assigned it and the location of the assignment.
    `torch_name` is the torch class that it is or derives from (`torch.nn.Linear`), `arguments` those of that class's
    constructor. `open`: a container that may have further children like these. `symbolic`: some instance of the class,
    whose fields are unknown.
    """

    __slots__ = (
        "arguments",
        "assigned",
        "cls",
        "condition",
        "fails",
        "fields",
        "is_set_up",
        "listings",
        "location",
        "loops",
        "may_have_more",
        "open",
        "origins",
        "parameters",
        "parametrized",
        "parent",
        "registry_changed",
        "run",
        "sharing",
        "symbolic",
        "torch_name",
        "unregistered",
        "walked",
    )

    def __init__(
        self,
        cls: ClassValue | ExternalName,
        location: Location | None,
        condition: Condition = ALWAYS,
        torch_name: str | None = None,
        symbolic: bool = False,
    ) -> None:
        self.cls = cls
        self.location = location
        self.condition = condition
        self.torch_name = torch_name
        self.symbolic = symbolic
        self.run = False
        """It was called as a module, so that its `forward` ran."""
        self.arguments: dict[str, Value] = {}
        self.fields: dict[str, Value] = {}
        self.assigned: dict[str, tuple[ClassValue | None, Location | None]] = {}
        self.parameters: tuple[dict[str, Value], Mapping[str, Any]] | None = None
        """The constructor arguments and the parameters computed from them: a cache of `module_tree.parameter_names`."""
        self.open = False
        self.origins: tuple[Value, ...] = ()
        """Of a symbolic instance: those of the unknown value that it replaces."""
        self.loops = 0
        """In how many loops of unknown length it was constructed."""
        self.parametrized = False
        self.parent = False
        self.walked = False
        """Whether code has got hold of all its submodules (`modules()`, `apply`), reset it, or may have done so."""
        self.listings: set[SourceLocation] = set()
        """The calls that list all its parameters: `parameters()`, `state_dict()`."""
        self.registry_changed = False
        """Its registered parameters and modules are not all known: some were deleted, or `_parameters` was used."""
        self.fails = False
        """Its constructor surely raises, so that there is no such object."""
        self.is_set_up = False
        """The constructor of its torch class has run, or may have: before, torch registers nothing."""
        self.unregistered: frozenset[str] = frozenset()
        """The modules and Parameters in its `__dict__`, which it does not register, by the names of the fields."""
        self.may_have_more = False
        """Code that is not followed may have given it further attributes."""
        self.sharing: list[Instance] = []
        """The modules that have its dictionaries of parameters and submodules, by `copy.copy` or because they have one
        `__dict__`; all have this list."""

    def as_object(self) -> Instance:
        return self

    def submodule(self) -> Instance | None:
        return self if self.is_module else None

    def leads_to_modules(self) -> bool:
        return self.is_module

    def save(self) -> Any:
        return (dict(self.fields), dict(self.assigned), self.open, dict(self.arguments), self.unregistered)

    def restore(self, saved: Any) -> None:
        self.fields, self.assigned, self.open = dict(saved[0]), dict(saved[1]), saved[2]
        self.arguments, self.unregistered = dict(saved[3]), saved[4]

    def joined(self, sides: Sides, one: Any, other: Any) -> Any:
        return (
            sides.fields(one[0], other[0]),
            {**other[1], **one[1]},
            one[2] or other[2],
            sides.fields(one[3], other[3]),
            one[4] | other[4],
        )

    def exists_only_under(self, condition: Condition) -> bool:
        return condition <= self.condition

    def get_attribute(self, machine: Machine, name: str) -> Value:
        return machine.handlers.object_attribute(machine, self, name)

    def super_attribute(self, machine: Machine, name: str, after: Value) -> Value:
        cls = self.user_class
        if cls is None:
            return Unknown("super() of something unknown")
        member, owner = cls.find(name, after)
        if owner is None:
            method = machine.handlers.inherited_method(machine, self, name)
            return Unknown(f"super().{name} is not followed") if method is UNBOUND else method
        if name in POST_INIT_METHODS and owner.name in POST_INIT_NAMES:
            return NativeMethod(self, name)
        return bound_to(machine, without_unbound(member), self, cls)

    def _calls(self, machine: Machine, name: str, arguments: list[Value], location: SourceLocation) -> bool:
        """Whether its class is of the project and defines the method, which then has run."""
        member, owner = (None, None) if self.user_class is None else self.user_class.find(name)
        if owner is None or self.symbolic:
            return False
        machine.call(bound_to(machine, member, self, self.cls), CallArguments(arguments, {}, location))
        return True

    def _deletes(self, machine: Machine, name: str, key: Value) -> bool:
        cls = self.user_class
        return cls is not None and self._calls(machine, name, [key], SourceLocation(cls.scope.source, cls.node))

    def bound_to(self, machine: Machine, instance: Value, cls: Value) -> Value:
        member, owner = (None, None) if self.user_class is None else self.user_class.find("__get__")
        if owner is None or self.user_class is None:
            return self
        site = SourceLocation(self.user_class.scope.source, self.user_class.node)
        return machine.call(bound_to(machine, member, self, self.cls), CallArguments([instance, cls], {}, site))

    def iterator(self, machine: Machine) -> Value:
        member, owner = (None, None) if self.user_class is None else self.user_class.find("__iter__")
        if owner is None or self.user_class is None or self.symbolic:
            return UNBOUND
        site = SourceLocation(self.user_class.scope.source, self.user_class.node)
        return machine.call(bound_to(machine, member, self, self.cls), CallArguments([], {}, site))

    def set_attribute(self, machine: Machine, name: str, value: Value, location: Location | None) -> None:
        machine.handlers.set_field(machine, self, name, value, location)

    def delete_attribute(self, machine: Machine, name: str) -> None:
        if self._deletes(machine, "__delattr__", name):
            return
        shared = self.sharing if is_registered(self.fields.get(name)) else ()
        if machine.state.condition:
            self.materialize()  # the other side keeps torch's own
        for holder in shared or (self,):
            machine.state.save_before_change(holder)  # all before the first changes: some have one dictionary
        for holder in shared or (self,):
            holder.fields.pop(name, None)
            holder.unregistered -= {name}
            holder.registry_changed = True

    def get_item(self, machine: Machine, index: Value, location: SourceLocation) -> Value:
        if self.is_named_tuple:
            return item_of_sequence(tuple(self.fields.values()), index)
        method = self.get_attribute(machine, "__getitem__")
        return method if isinstance(method, Unknown) else machine.call(method, CallArguments([index], {}, location))

    def set_item(self, machine: Machine, index: Value, value: Value, location: SourceLocation) -> None:
        if self._calls(machine, "__setitem__", [index, value], location):
            return
        if self.is_module and isinstance(index, (int, str)):
            is_from_end = isinstance(index, int) and index < 0
            key = str(len(self.fields) + int(index)) if is_from_end else str(index)
            machine.handlers.set_field(machine, self, key, value, location)

    def delete_item(self, machine: Machine, index: Value) -> None:
        if self._deletes(machine, "__delitem__", index) or not isinstance(index, (int, str)):
            return
        machine.state.save_before_change(self)
        keys = list(self.fields)
        if isinstance(index, str):
            self.fields.pop(index, None)
        elif -len(keys) <= index < len(keys):
            del self.fields[keys[index]]
            # torch renumbers the children of a Sequential or ModuleList.
            self.fields = {str(at): value for at, value in enumerate(self.fields.values())}

    def call(self, machine: Machine, call: CallArguments) -> Value:
        return machine.handlers.call_instance(machine, self, call)

    def call_method(self, machine: Machine, name: str, call: CallArguments) -> Value:
        return machine.handlers.object_method(machine, self, name, call)

    def add_in_place(self, machine: Machine, other: Value, location: SourceLocation) -> bool:
        method = self.get_attribute(machine, "extend")
        if isinstance(method, Unknown):
            return False
        machine.call(method, CallArguments([other], {}, location))
        return True

    def adopt(self, name: str, value: Value) -> None:
        """Become the parent of a child module, or the owner of a parameter."""
        for option, _ in options(value):
            if isinstance(option, Instance):
                option.parent = option.parent or self.is_module
            elif isinstance(option, Tensor) and option.leaf:
                storage = option.storage
                if storage is not None and storage.owner is None:
                    storage.owner, storage.name = self, name

    @property
    def precedence(self) -> int:
        return 3

    def known_items(self) -> list[Value] | None:
        if self.torch_name in _ORDERED:
            if self.user_class is None:
                return list(self.fields.values())
            return [module for _, module, _ in self.conditional_children()]
        if self.torch_name == "torch.nn.ModuleDict":
            return list(self.fields)
        return list(self.fields.values()) if self.is_named_tuple else None

    def has_known_length(self) -> bool:
        return not self.open and self.known_items() is not None

    def contents(self) -> Iterable[Value]:
        return () if self.is_module else self.fields.values()

    def truth(self) -> bool | None:
        cls = self.user_class
        if cls is not None and any(cls.find(name)[1] is not None for name in ("__bool__", "__len__")):
            return None
        if self.torch_name in ("torch.nn.Sequential", "torch.nn.ModuleList", "torch.nn.ModuleDict"):
            return True if self.fields else (None if self.open or self.symbolic else False)
        return True

    def is_data_only(self, depth: int) -> bool:
        return not self.is_module and are_data_only(self.fields.values(), depth)

    def contains(self, item: Value) -> bool | None:
        items = self.known_items()
        return None if items is None else is_among(item, items, not self.open)

    def has_attribute(self, machine: Machine, name: str) -> bool | None:
        if self.symbolic and self.torch_name in (None, "torch.nn.Module"):
            return None
        of_layers = name in ("weight", "bias")
        cls = self.user_class
        if not of_layers and cls is not None and not cls.readable:
            return None
        attribute = self.get_attribute(machine, name)
        if isinstance(attribute, Unknown):
            if cls is None and attribute.receiver is not self and name not in ("device", "dtype"):
                return True  # an argument that is not known, which the layer of torch stores
            is_unknown = self.symbolic or (cls is not None and not cls.sets_known_attributes)
            return True if self.has_field(name) else (None if is_unknown else False)
        if attribute is None and of_layers and not self.has_field(name):
            return self.torch_name != "torch.nn.Module"
        return True

    def surely_lacks(self, name: str) -> bool:
        cls = self.user_class
        return not self.symbolic and not self.has_field(name) and (cls is None or cls.sets_known_attributes)

    def equals(self, other: Value) -> bool | None:
        return self.is_same(other)

    def is_same_object(self, other: Value) -> bool | None:
        return self.is_same(other)

    def is_same(self, other: Value) -> bool:
        if isinstance(other, Instance):
            self.note_comparison()
            other.note_comparison()
        return self is other

    def has_field(self, name: str) -> bool:
        """Whether it has a field of that name, which may be unbound."""
        return name in self.fields

    def deep_copy(self, copies: Copier) -> Value:
        copy = Instance(self.cls, self.location, copies.condition, self.torch_name, self.symbolic)
        copies.finished[id(self)] = copy
        copy.loops = copies.loops
        copy.arguments, copy.open, copy.parametrized = dict(self.arguments), self.open, self.parametrized
        copy.assigned, copy.unregistered = dict(self.assigned), self.unregistered
        if self.is_module and not self.symbolic:  # a copy of an assumed object is not built here
            copies.modules.append(copy)
        for name, value in self.fields.items():
            field = copies.copy(value)
            copy.fields[name] = field
            for option, _ in options(field):
                if isinstance(option, Tensor) and option.storage is not None and option.storage.owner is None:
                    option.storage.owner = copy
                if isinstance(option, Instance):
                    option.parent = option.parent or copy.is_module
        return copy

    def shallow_copy(self) -> Value:
        if not self.is_module or self.symbolic:
            return None
        self.materialize()
        copy = Instance(self.cls, self.location, self.condition, self.torch_name)
        copy.fields, copy.assigned = dict(self.fields), dict(self.assigned)
        copy.arguments, copy.open, copy.parametrized = dict(self.arguments), self.open, self.parametrized
        copy.sharing, copy.unregistered = self.sharing, self.unregistered
        self.sharing += [copy] if self.sharing else [self, copy]
        return copy

    def share_attributes(self, other: Instance) -> None:
        """Have one dictionary with `other` from now on: `self.__dict__ = other.__dict__`."""
        self.fields, self.sharing = other.fields, other.sharing
        self.sharing += [self] if self.sharing else [other, self]

    def share_registries(self, other: Instance) -> None:
        """Have the parameters and submodules of `other` from now on: `self.__dict__["_parameters"] = ...`."""
        before = self.fields
        fields = {name: value for name, value in before.items() if not _registers(value)}
        fields.update((name, value) for name, value in other.registered_fields() if _registers(value))
        leaving = [holder for holder in self.sharing if holder.fields is before] or [self]
        self.sharing[:] = [holder for holder in self.sharing if holder not in leaving]
        if not other.sharing:
            other.sharing.append(other)
        other.sharing.extend(holder for holder in leaving if holder not in other.sharing)
        for holder in leaving:
            holder.fields, holder.sharing = fields, other.sharing

    def python_type(self) -> Value:
        return Unknown("the type of something unknown") if self.symbolic else self.current_class()

    def current_class(self) -> Value:
        """`instance.__class__`: `register_parametrization` gives a module a class of its own."""
        registry = self.fields.get(REGISTRY)
        if registry is None or not isinstance(options(registry)[0][0], Instance):
            return self.cls
        if isinstance(registry, Union):
            return Unknown("the class of a module that may be parametrized")
        return ExternalName(f"torch.nn.utils.parametrize.Parametrized{self.class_name}")

    def is_instance_of_project_class(self, cls: AbstractValue) -> bool | None:
        if not isinstance(self.cls, ClassValue):
            return False
        if any(c.equals(cls) for c in self.cls.mro if isinstance(c, ClassValue)):
            return True
        return None if self.symbolic else False

    def is_instance_of_external(self, cls: ExternalClass) -> bool | None:
        if self.torch_name is not None and (self.torch_name == cls.name or cls.name in BASES.get(self.torch_name, ())):
            return True
        if isinstance(self.cls, ClassValue):
            names = self.cls.externals()
            if cls.name in names or any(cls.name in BASES.get(name, ()) for name in names):
                return True
            last = cls.name.rpartition(".")[2]
            if any(name.rpartition(".")[2] == last for name in names):
                return True
            if not self.cls.readable:
                return None
        if self.symbolic and self.torch_name == "torch.nn.Module":
            return None
        return False

    def variant_key(self, inner: Callable[[Value], Hashable]) -> Hashable:
        if self.is_module and self.fields:
            return object()
        return Instance, inner(self.cls), frozenset((name, inner(value)) for name, value in self.fields.items())

    @property
    def class_name(self) -> str:
        """The unqualified name of its class: `Linear`."""
        return self.cls.name.rpartition(".")[2]

    @property
    def shown_type(self) -> str | None:
        """The name of torch's class of a module, or of its own class if that derives from `nn.Module` alone."""
        if self.torch_name == "torch.nn.Module" and self.user_class is not None:
            return self.user_class.name
        return None if self.torch_name is None else self.torch_name.rpartition(".")[2]

    @property
    def user_class(self) -> ClassValue | None:
        """Its class, if the project defines it."""
        return self.cls if isinstance(self.cls, ClassValue) else None

    @property
    def is_named_tuple(self) -> bool:
        """Whether its fields are also its items."""
        bases = self.cls.externals() if isinstance(self.cls, ClassValue) else [self.cls.name]
        return not self.symbolic and (NAMED_TUPLE in bases or has_kind(bases, "named tuple"))

    @property
    def is_module(self) -> bool:
        """Whether it is an `nn.Module`."""
        return self.torch_name is not None

    def parameter_names(self) -> Mapping[str, Any]:
        """The parameters that torch gives a layer of this type, with their shapes."""
        cached = self.parameters
        if cached is None or cached[0] is not self.arguments:
            cached = self.parameters = self.arguments, self._torch_parameters()
        return cached[1]

    def _torch_parameters(self) -> Mapping[str, Any]:
        name = self.torch_name
        if name is None or name not in MODULES or MODULES[name].role not in ("layer", "norm"):
            return _NONE
        return shapes(MODULES[name].type, literals(self.arguments), UNDETERMINED)

    def get_parameter(self, name: str) -> Value:
        """The parameter `name` of a torch layer, created on first use; None with `bias=False`, `UNBOUND` if unknown."""
        shapes_by_name = self.parameter_names()
        if name not in shapes_by_name:
            return None if self._may_be_none(name) else UNBOUND
        for each in shapes_by_name:  # in torch's order, with those that are registered before it
            if each not in self.fields:
                storage = Storage(shapes_by_name[each], self.location, self.condition)
                storage.parameter, storage.owner, storage.name = True, self, each
                self.fields[each] = Tensor(storage=storage, leaf=True)
            if each == name:
                break
        return self.fields[name]

    def _may_be_none(self, name: str) -> bool:
        """Whether torch registers None where an argument (`bias`, `affine`) switches this parameter off."""
        torch_module = MODULES.get(self.torch_name or "")
        if torch_module is None:
            return False
        if torch_module.family in ("rnn", "attention"):
            is_cell = torch_module.type.endswith("Cell")
            return name in (_OF_ATTENTION if torch_module.family == "attention" else _OF_CELLS if is_cell else ())
        if name not in ("bias", "weight"):
            return False
        names = dict(torch_module.signature)
        if torch_module.family == "norm":
            return (name == "bias" and "bias" in names) or (
                name == "weight" and not names.keys().isdisjoint(("affine", "elementwise_affine"))
            )
        return name == "bias" and torch_module.family in ("linear", "conv", "conv_transpose", "bilinear")

    def get_child(self, name: str) -> Value:
        """A submodule that torch creates (`MultiheadAttention.out_proj`), built on first use; `UNBOUND` if none."""
        if self.torch_name is None:
            return UNBOUND
        class_names = CHILDREN.get(self.torch_name.rpartition(".")[2], {})
        if name not in class_names:
            return UNBOUND
        module = Instance(ExternalName(class_names[name]), self.location, self.condition, class_names[name])
        width = self.arguments.get("embed_dim")
        if width is not None:
            module.arguments = {"in_features": width, "out_features": width}
        module.parent = True
        self.fields[name] = module
        self.assigned[name] = (self.user_class, self.location)
        return module

    def materialize(self) -> None:
        """Create all parameters and submodules that torch creates for this layer."""
        for name in self.parameter_names():
            if name not in self.fields:
                self.get_parameter(name)
        if self.torch_name is not None:
            for name in CHILDREN.get(self.torch_name.rpartition(".")[2], {}):
                if name not in self.fields:
                    self.get_child(name)

    def registered_fields(self) -> list[tuple[str, Value]]:
        """The fields without those that it has in its `__dict__` only: all parameters and submodules among them."""
        self.materialize()
        return [(name, value) for name, value in self.fields.items() if name not in self.unregistered]

    def hide(self, machine: Machine, name: str, value: Value, location: Location) -> bool:
        """Set a module or Parameter in its `__dict__`, past `nn.Module.__setattr__`; False if it registers another."""
        if is_registered(self.fields.get(name)) and name not in self.unregistered:
            return False
        self.materialize()
        machine.state.save_before_change(self)
        self.fields[name] = value
        self.assigned[name] = (self.user_class, location)
        self.unregistered |= {name}
        self.adopt(name, value)
        return True

    def conditional_children(self) -> Iterator[tuple[str, Instance, Condition]]:
        """The direct submodules by name, with the conditions under which they exist."""
        for name, value in self.registered_fields():
            for option, condition in options(value):
                module = option.submodule() if isinstance(option, AbstractValue) else None
                if module is not None:
                    yield name, module, condition

    def __repr__(self) -> str:
        return f"Instance({self.class_name})"


def as_object(value: Value) -> Instance | None:
    """The object that a value is; None for any other value."""
    instance: Instance | None = value.as_object() if isinstance(value, AbstractValue) else None
    return instance


def as_module(value: Value) -> Instance | None:
    """The `nn.Module` that a value is; None for any other value."""
    instance = as_object(value)
    return instance if instance is not None and instance.is_module else None


def is_registered(value: Value) -> bool:
    """Whether a module that has it as an attribute registers it: a module or a Parameter."""
    return as_module(value) is not None or (isinstance(value, Tensor) and value.leaf)


def _registers(value: Value) -> bool:
    return any(is_registered(option) for option, _ in options(value))
