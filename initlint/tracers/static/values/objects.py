"""Functions, classes and modules of the project, and instances of its classes and of torch's."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from initlint.facts.frameworks import has_kind
from initlint.graph.dataflow import ALWAYS, Condition
from initlint.graph.model import Location
from initlint.tracers.static.values.calls import FunctionNode, Signature
from initlint.tracers.static.values.environment import Environment, ModuleScope
from initlint.tracers.static.values.join import join_fields
from initlint.tracers.static.values.values import ExternalName, Unknown, Value


class PretrainedModule(Unknown):
    """A model of another library that its constructor filled with pretrained weights.

    `content`: a module that represents it in loops over the modules of a model that contains it. It has one layer for
    each type of layer that the model has for certain.
    """

    __slots__ = ("content",)

    def __init__(self, reason: str, content: Instance) -> None:
        super().__init__(reason)
        self.content = content


NAMED_TUPLE = "collections.namedtuple"
"""The function that creates named tuple classes; also the base class of their instances."""


class ClassValue:
    """A class of the project."""

    __slots__ = ("bases", "closure", "fields", "mro", "name", "node", "scope")

    def __init__(
        self, name: str, node: ast.ClassDef, scope: ModuleScope, bases: list[Value], closure: Environment | None
    ) -> None:
        self.name = name
        self.node = node
        self.scope = scope
        self.bases = bases
        self.closure = closure
        self.fields: dict[str, Value] = {}
        self.mro: list[Value] = _linearize(self)

    def save(self) -> Any:
        return dict(self.fields)

    def restore(self, saved: Any) -> None:
        self.fields = dict(saved)

    def joined(self, one: Any, when: Condition, other: Any, otherwise: Condition) -> Any:
        return join_fields(one, when, other, otherwise)

    @property
    def qualified(self) -> str:
        """The dotted name: `models.layers.Block`."""
        return f"{self.scope.name}.{self.name}"

    def find(self, name: str, after: ClassValue | None = None) -> tuple[Value, Value]:
        """The attribute `name` and the class in the method resolution order that has it; `(None, None)` if none.

        With `after`, the search starts behind that class, as `super()` does.
        """
        classes = self.mro
        if after is not None and after in classes:
            classes = classes[classes.index(after) + 1 :]
        for cls in classes:
            if isinstance(cls, ClassValue) and name in cls.fields:
                return cls.fields[name], cls
        return None, None

    def externals(self) -> list[str]:
        """The names of its base classes outside the project."""
        return [base.name for base in self.mro if isinstance(base, ExternalName)]

    @property
    def readable(self) -> bool:
        """Whether every base class is known: of the project, or external with a name."""
        return not any(isinstance(base, Unknown) for base in self.mro)

    def __repr__(self) -> str:
        return f"ClassValue({self.qualified})"


def _linearize(cls: ClassValue) -> list[Value]:
    """The method resolution order (C3); depth first if no consistent order exists."""
    linearizations = [list(base.mro) if isinstance(base, ClassValue) else [base] for base in cls.bases]
    linearizations.append(list(cls.bases))
    merged: list[Value] = [cls]
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


class Instance:
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
        "fields",
        "location",
        "open",
        "parameters",
        "parametrized",
        "parent",
        "registry_changed",
        "symbolic",
        "torch_name",
        "walked",
    )

    def __init__(
        self,
        cls: Value,
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
        self.arguments: dict[str, Value] = {}
        self.fields: dict[str, Value] = {}
        self.assigned: dict[str, tuple[ClassValue | None, Location | None]] = {}
        self.parameters: tuple[dict[str, Value], Mapping[str, Any]] | None = None
        """The constructor arguments and the parameters computed from them: a cache of `module_tree.parameter_names`."""
        self.open = False
        self.parametrized = False
        self.parent = False
        self.walked = False
        """Whether code has got hold of its parameters or submodules at once (`parameters()`, `apply`), or reset it."""
        self.registry_changed = False
        """Its registered parameters and modules are not all known: some were deleted, or `_parameters` was used."""

    def save(self) -> Any:
        return (dict(self.fields), dict(self.assigned), self.open, dict(self.arguments))

    def restore(self, saved: Any) -> None:
        self.fields, self.assigned, self.open = dict(saved[0]), dict(saved[1]), saved[2]
        self.arguments = dict(saved[3])

    def joined(self, one: Any, when: Condition, other: Any, otherwise: Condition) -> Any:
        return (
            join_fields(one[0], when, other[0], otherwise),
            {**other[1], **one[1]},
            one[2] or other[2],
            join_fields(one[3], when, other[3], otherwise),
        )

    @property
    def class_name(self) -> str:
        """The unqualified name of its class: `Linear`."""
        name: str = self.cls.name
        return name.rpartition(".")[2]

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

    def __repr__(self) -> str:
        return f"Instance({self.class_name})"


class SuperProxy:
    """`super()` inside a method of `cls`, called on `receiver` (an object, or a class in a class method)."""

    __slots__ = ("cls", "receiver")

    def __init__(self, cls: ClassValue, receiver: Value) -> None:
        self.cls = cls
        self.receiver = receiver


class Function:
    """A function or lambda of the project, with the scope it closes over."""

    __slots__ = ("_signature", "closure", "defaults", "name", "node", "owner", "scope", "wrappers")

    def __init__(
        self,
        node: FunctionNode,
        name: str,
        scope: ModuleScope,
        closure: Environment | None,
        owner: ClassValue | None = None,
        wrappers: frozenset[str] = frozenset(),
    ) -> None:
        self.node = node
        self.name = name
        self.scope = scope
        self.closure = closure
        self.owner = owner
        self.wrappers = wrappers
        self.defaults: dict[str, Value] = {}
        self._signature: Signature | None = None

    @property
    def signature(self) -> Signature:
        """Its parameters."""
        if self._signature is None:
            self._signature = Signature.of(self.node)
        return self._signature

    @property
    def qualified(self) -> str:
        """The dotted name: `models.layers.Block.reset`."""
        owner = f"{self.owner.name}." if self.owner is not None else ""
        return f"{self.scope.name}.{owner}{self.name}"

    def __repr__(self) -> str:
        return f"Function({self.qualified})"


class BoundMethod:
    """A method with its object."""

    __slots__ = ("function", "receiver")

    def __init__(self, function: Value, receiver: Value) -> None:
        self.function = function
        self.receiver = receiver


class ModuleRef:
    """A module of the project, as `import models.blocks` binds it."""

    __slots__ = ("scope",)

    def __init__(self, scope: ModuleScope) -> None:
        self.scope = scope
