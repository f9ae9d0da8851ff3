"""Reads the module tree that the worker describes, and determines the class that owns each module."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from initlint._records import dataclass
from initlint.facts.fans import MODULES, OF_LAYERS, shapes
from initlint.graph.words import UNDETERMINED
from initlint.tracers.fx.json_values import JsonObject, bind_arguments

_ROLES = ("layer", "norm")


@dataclass(frozen=True, slots=True)
class TracedClass:
    """A class in the user's code: the Python module that defines it, and its qualified name there."""

    module: str
    name: str

    @property
    def qualified(self) -> str:
        return f"{self.module}.{self.name}"

    @property
    def last(self) -> str:
        """The name without enclosing classes."""
        return self.name.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class TracedParameter:
    """A parameter. `path` is its path in the model, `module` the path of the `nn.Module` that registers it."""

    path: str
    module: str
    name: str
    shape: tuple[int, ...] | None
    frozen: bool
    storage: str
    owner: str | None
    """The path of the module that registered it first."""


@dataclass(frozen=True, slots=True)
class TracedModule:
    """An `nn.Module` of the tree.

    `type`: the class of torch.nn that it is or derives from (`Linear`, `Module`). `cls`: its own class, if it is the
    user's. `owner`: the class whose source assigns it, `path_from_owner`: its path from there. `constructed_at` and
    `assigned_at`: the numbers of the locations of its construction and its assignment. `enclosing_classes`: the user's
    classes among the modules that contain it.
    """

    path: str
    type: str
    cls: TracedClass | None
    arguments: Mapping[str, Any]
    owner: TracedClass | None
    path_from_owner: tuple[str, ...]
    constructed_at: int | None
    assigned_at: int | None
    parametrized: bool
    parameters: tuple[TracedParameter, ...]
    children: Mapping[str, tuple[TracedClass, int | None]]
    """For each child and parameter by name: the class that assigns it, and the number of the location."""
    enclosing_classes: frozenset[TracedClass]

    @property
    def qualified(self) -> str | None:
        return None if self.cls is None else self.cls.qualified

    @property
    def is_layer(self) -> bool:
        """Whether it is, or derives from, a layer of torch.nn with a weight."""
        module = MODULES.get(f"torch.nn.{self.type}")
        return module is not None and module.role == "layer"

    @property
    def raw_parameters(self) -> tuple[TracedParameter, ...]:
        """Those that a class of the project adds to it, each of which becomes a `Layer` of the graph."""
        if self.cls is None or (self.is_shown and self.parametrized):
            return ()
        if not self.is_shown:
            return self.parameters
        of_torch = {*shapes(self.type, self.arguments, UNDETERMINED), *OF_LAYERS}
        return tuple(p for p in self.parameters if p.name in self.children and p.name not in of_torch)

    @property
    def is_shown(self) -> bool:
        """Whether it becomes a `Layer` of the graph."""
        module = MODULES.get(f"torch.nn.{self.type}")
        return module is not None and module.role in _ROLES


def read_modules(entries: Sequence[JsonObject]) -> dict[str, TracedModule]:
    """All modules by path, in the order of `named_modules`."""
    modules: dict[str, TracedModule] = {}
    for entry in entries:
        path = entry["path"]
        parent, _, name = path.rpartition(".")
        modules[path] = _read(entry, modules.get(parent) if path else None, name)
    return modules


def _read(entry: JsonObject, parent: TracedModule | None, name: str) -> TracedModule:
    cls = None if entry["class"] is None else TracedClass(*entry["class"])
    owner, assigned_at = cls, None
    path_from_owner: tuple[str, ...] = ()
    enclosing_classes: frozenset[TracedClass] = frozenset()
    if parent is not None:
        enclosing_classes = parent.enclosing_classes
        if parent.cls is None:
            owner, path_from_owner, assigned_at = parent.owner, (*parent.path_from_owner, name), parent.assigned_at
        else:
            assigner, assigned_at = parent.children.get(name, (parent.cls, None))
            owner, path_from_owner = assigner, (name,)
    module = MODULES.get(f"torch.nn.{entry['torch']}")
    return TracedModule(
        path=entry["path"],
        type=entry["torch"],
        cls=cls,
        arguments={} if module is None else bind_arguments(module.signature, entry["args"], entry["kwargs"]),
        owner=owner,
        path_from_owner=path_from_owner,
        constructed_at=entry["built"],
        assigned_at=assigned_at,
        parametrized=entry["parametrized"],
        parameters=tuple(_parameters(entry)),
        children={name: (TracedClass(*assigner), number) for name, (assigner, number) in entry["assigned"].items()},
        enclosing_classes=enclosing_classes if cls is None else enclosing_classes | {cls},
    )


def _parameters(entry: JsonObject) -> Iterator[TracedParameter]:
    path = entry["path"]
    for parameter in entry["parameters"]:
        name, shape = parameter["name"], parameter["shape"]
        yield TracedParameter(
            path=f"{path}.{name}" if path else name,
            module=path,
            name=name,
            shape=None if shape is None else tuple(shape),
            frozen=parameter["frozen"],
            storage=parameter["storage"],
            owner=parameter["owner"],
        )
