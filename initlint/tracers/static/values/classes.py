"""Classes and modules of the project."""

from __future__ import annotations

import ast
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from initlint.facts.fans import BASES, MODULES
from initlint.facts.frameworks import has_kind
from initlint.facts.module_attributes import MODULE_METHODS
from initlint.project.source import Location, SourceLocation
from initlint.tracers.references.syntax_index import last_name
from initlint.tracers.static.values.environment import Environment, ModuleScope
from initlint.tracers.static.values.external_names import ExternalName, external, is_instance_of_callable
from initlint.tracers.static.values.questions import (
    is_function,
    without_unbound,
)
from initlint.tracers.static.values.values import (
    UNBOUND,
    AbstractValue,
    CallArguments,
    ExternalClass,
    Machine,
    NativeMethod,
    Sides,
    Unknown,
    Value,
)


class ClassValue(AbstractValue):
    """A class of the project."""

    __slots__ = (
        "_behind_module",
        "_externals",
        "_readable",
        "bases",
        "closure",
        "fields",
        "metaclass",
        "mro",
        "name",
        "node",
        "project_classes",
        "scope",
    )

    def __init__(
        self,
        name: str,
        node: ast.ClassDef,
        scope: ModuleScope,
        bases: Sequence[AbstractValue],
        closure: Environment | None,
    ) -> None:
        self.name = name
        self.node = node
        self.scope = scope
        self.bases = bases
        self.closure = closure
        self.fields: dict[str, Value] = {}
        self.metaclass: ClassValue | None = None
        """Its metaclass, if that is a class of the project."""
        self.mro: list[AbstractValue] = _linearize(self)
        self.project_classes = [cls for cls in self.mro if isinstance(cls, ClassValue)]
        """The classes of the project in `mro`: itself first."""
        self._behind_module = _project_classes_behind_module(self.mro)
        self._externals = [base.name for base in self.mro if isinstance(base, ExternalName)]
        self._readable = not any(isinstance(base, Unknown) for base in self.mro)
        self.metaclass = next((base.metaclass for base in self.project_classes[1:] if base.metaclass is not None), None)

    def save(self) -> Any:
        return dict(self.fields)

    def restore(self, saved: Any) -> None:
        self.fields = dict(saved)

    def joined(self, sides: Sides, one: Any, other: Any) -> Any:
        return sides.fields(one, other)

    def get_attribute(self, machine: Machine, name: str) -> Value:
        if name in ("__name__", "__qualname__"):
            return self.name
        member, owner = self.find(name)
        if owner is None:
            bases = [base for base in self.mro[1:] if isinstance(base, ExternalName)]
            if bases and name.startswith("__"):
                return external(f"{bases[0].name}.{name}")
            return Unknown(f"{self.name} has no known attribute {name}")
        member = without_unbound(member)
        return member.bound_to_class(self) if isinstance(member, AbstractValue) else member

    def set_attribute(self, machine: Machine, name: str, value: Value, location: Location | None) -> None:
        machine.state.save_before_change(self)
        self.fields[name] = value

    def class_constant(self, name: str) -> Value:
        member, owner = self.find(name)
        is_constant = owner is not None and name.isupper() and not isinstance(member, Unknown)
        return without_unbound(member) if is_constant and not is_function(member) else UNBOUND

    def get_item(self, machine: Machine, index: Value, location: SourceLocation) -> Value:
        method, owner = self.find("__class_getitem__")
        if owner is not None:
            return machine.call(method, CallArguments([self, index], {}, location))
        return Unknown("an item of something unknown") if isinstance(index, str) else self

    def call(self, machine: Machine, call: CallArguments) -> Value:
        return machine.handlers.construct(machine, self, call)

    def call_method(self, machine: Machine, name: str, call: CallArguments) -> Value:
        arguments = CallArguments([self, *call.arguments], call.keywords, call.site, call.open)
        return machine.call(external(f"builtins.type.{name}"), arguments)

    def text(self) -> str | None:
        return f"<class '{self.name}'>"

    def is_subclass(self, base: Value) -> bool | None:
        if not isinstance(base, (ClassValue, ExternalName)):
            return None
        if base in self.mro:
            return True
        return False if self.readable else None

    @property
    def precedence(self) -> int:
        return 1

    def truth(self) -> bool | None:
        return True

    def is_key(self) -> bool:
        return True

    def is_class(self) -> bool:
        return True

    def equals(self, other: Value) -> bool | None:
        return self is other or (isinstance(other, ClassValue) and self.node is other.node)

    def has_instance(self, value: Value) -> bool | None:
        return value.is_instance_of_project_class(self) if isinstance(value, AbstractValue) else False

    def is_instance_of_external(self, cls: ExternalClass) -> bool | None:
        return is_instance_of_callable(cls, ("builtins.type",))

    def variant_key(self, inner: Callable[[Value], Hashable]) -> Hashable:
        return self.node

    def torch_base(self) -> str | None:
        """The torch base class: `torch.nn.Conv2d`, `torch.nn.Module`; None if there is none.

        A class with an unknown base and a `forward` is taken for a module.
        """
        base = self.known_torch_base()
        if base is None and self.mro[1:] and "forward" in self.fields and not self._is_no_module():
            return "torch.nn.Module"
        return base

    def known_torch_base(self) -> str | None:
        """The base class of torch; None if there is only a base of which it is not known whether it is a module."""
        fallback = None
        for name in self.externals():
            if name in MODULES and MODULES[name].role != "container":
                return name
            if name in MODULES:
                fallback = fallback if fallback not in (None, "torch.nn.Module") else name
            elif name in BASES or has_kind([name], "module"):
                fallback = fallback or "torch.nn.Module"
        return fallback

    def _is_no_module(self) -> bool:
        """Whether, with a `forward`, it is surely no module: `torch.autograd.Function`, a record, or without a base."""
        names = self.externals()
        if not self.readable:
            return False
        return (
            all(name in ("abc.ABC", "typing.Generic", "typing.Protocol") for name in names)
            or has_kind(names, "function", "record", "named tuple")
            or any(name.startswith("builtins.") for name in names)
        )

    @property
    def qualified(self) -> str:
        """The dotted name: `models.layers.Block`."""
        return f"{self.scope.name}.{self.name}"

    def find(self, name: str, after: Value = None) -> tuple[Value, ClassValue | None]:
        """The attribute `name` and the class in the method resolution order that has it; `(None, None)` if none.

        With `after`, the search starts behind that class, as `super()` does.
        """
        classes = self.project_classes
        if isinstance(after, ClassValue) and after in classes:
            classes = classes[classes.index(after) + 1 :]
        elif isinstance(after, AbstractValue) and after in self.mro:
            behind = self.mro[self.mro.index(after) + 1 :]
            classes = [cls for cls in behind if isinstance(cls, ClassValue)]
        for cls in classes:
            if name in cls.fields:
                return (None, None) if self._is_hidden(name, cls, after) else (cls.fields[name], cls)
        return None, None

    def _is_hidden(self, name: str, owner: ClassValue, after: Value) -> bool:
        """Whether `nn.Module` has the name too and comes first: it calls no method of the classes behind it."""
        if owner not in self._behind_module or name not in MODULE_METHODS:
            return False
        if after is not None and (after not in self.project_classes or after in self._behind_module):
            return False
        return name != "__init__" or not any("call_super_init" in cls.fields for cls in self.project_classes)

    def super_attribute(self, machine: Machine, name: str, after: Value) -> Value:
        member, owner = self.find(name, after)
        if owner is None or (name == "__call__" and after not in self.mro):
            if name == "__new__":
                return external("builtins.object.__new__")
            if name == "__call__":
                return NativeMethod(self, name)
            return Unknown(f"super().{name} is not followed")
        member = without_unbound(member)
        if name == "__new__":
            return member
        return member.bound_in_class_method(self) if isinstance(member, AbstractValue) else member

    def externals(self) -> list[str]:
        """The names of its base classes outside the project."""
        return self._externals

    @property
    def readable(self) -> bool:
        """Whether every base class is known: of the project, or external with a name."""
        return self._readable

    @property
    def sets_known_attributes(self) -> bool:
        """Whether its constructors surely set no attribute but those that they name: a decorator may set others."""
        return self._readable and not any(
            isinstance(cls.fields.get("__init__"), AbstractValue) and _is_decorated(cls.node, "__init__")
            for cls in self.project_classes
        )

    def __repr__(self) -> str:
        return f"ClassValue({self.qualified})"


_WITHOUT_ATTRIBUTES = frozenset({"no_grad", "override", "overload", "abstractmethod"})
"""Decorators that set no attribute."""


def _is_decorated(node: ast.ClassDef, name: str) -> bool:
    return any(
        last_name(decorator.func if isinstance(decorator, ast.Call) else decorator) not in _WITHOUT_ATTRIBUTES
        for statement in node.body
        if isinstance(statement, ast.FunctionDef) and statement.name == name
        for decorator in statement.decorator_list
    )


def _project_classes_behind_module(mro: Sequence[AbstractValue]) -> list[ClassValue]:
    """The classes of the project that come after the first class of torch.nn, as those of `Net(nn.Module, Mixin)`."""
    is_torch = [isinstance(base, ExternalName) and base.name in MODULES for base in mro]
    first = is_torch.index(True) if True in is_torch else len(mro)
    return [cls for cls in mro[first:] if isinstance(cls, ClassValue)]


def _linearize(cls: ClassValue) -> list[AbstractValue]:
    """The method resolution order (C3); depth first if no consistent order exists."""
    linearizations = [list(base.mro) if isinstance(base, ClassValue) else [base] for base in cls.bases]
    linearizations.append(list(cls.bases))
    merged: list[AbstractValue] = [cls]
    while any(linearizations):
        linearizations = [s for s in linearizations if s]
        for linearization in linearizations:
            head = linearization[0]
            if not any(head in other[1:] for other in linearizations):
                break
        else:
            head = linearizations[0][0]
        merged.append(head)
        linearizations = [[item for item in s if item is not head and item != head] for s in linearizations]
    return merged


class ModuleRef(AbstractValue):
    """A module of the project, as `import models.blocks` binds it."""

    __slots__ = ("scope",)

    def __init__(self, scope: ModuleScope) -> None:
        self.scope = scope

    def truth(self) -> bool | None:
        return True

    def get_attribute(self, machine: Machine, name: str) -> Value:
        member = self.scope.lookup(name)
        return Unknown(f"{self.scope.name} has no {name}") if member is UNBOUND else without_unbound(member)

    def set_attribute(self, machine: Machine, name: str, value: Value, location: Location | None) -> None:
        machine.state.record_side_effect()
        self.scope.values[name] = value


class SuperProxy(AbstractValue):
    """`super()` inside a method of `cls`, called on `receiver` (an object, or a class in a class method)."""

    __slots__ = ("cls", "receiver")

    def __init__(self, cls: Value, receiver: Value) -> None:
        self.cls = cls
        self.receiver = receiver

    def leads_to_modules(self) -> bool:
        return True

    def get_attribute(self, machine: Machine, name: str) -> Value:
        if isinstance(self.receiver, AbstractValue):
            return self.receiver.super_attribute(machine, name, self.cls)
        return Unknown("super() of something unknown")
