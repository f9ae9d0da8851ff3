"""The tree of modules as the worker describes it, and who owns what in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from initlint.facts.fans import MODULES
from initlint.tracers.fx.json_values import Raw, bound

_ROLES = ("layer", "norm")


@dataclass(frozen=True, slots=True)
class TracedClass:
    """A class of the user's, by the module that it stands in and its name there."""

    module: str
    name: str

    @property
    def qualified(self) -> str:
        return f"{self.module}.{self.name}"

    @property
    def last(self) -> str:
        """The name without those of the classes around it."""
        return self.name.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class TracedParameter:
    """A parameter by its `path` in the model; `module` is the path of the module that has it."""

    path: str
    module: str
    name: str
    shape: tuple[int, ...] | None
    frozen: bool
    storage: str


@dataclass(frozen=True, slots=True)
class TracedModule:
    """A module of the tree.

    `type`: torch's class that it is or derives from (`Linear`, `Module`); `cls`: its own class if that is not torch's.
    `owner`: the class whose source puts it where it is, `below` the path from that class. `built` and `assigned`: the
    numbers of the places where its constructor is called and where it is put there.
    `inside`: the classes of the user's that it lies in.
    """

    path: str
    type: str
    cls: TracedClass | None
    arguments: Mapping[str, Any]
    owner: TracedClass | None
    below: tuple[str, ...]
    built: int | None
    assigned: int | None
    parametrized: bool
    parameters: tuple[TracedParameter, ...]
    children: Mapping[str, tuple[TracedClass, int | None]]
    """By name: who put a child or parameter there, and where."""
    inside: frozenset[TracedClass]

    @property
    def qualified(self) -> str | None:
        return None if self.cls is None else self.cls.qualified

    @property
    def is_layer(self) -> bool:
        """Whether it is one of torch's layers with a weight, or derives from one."""
        known = MODULES.get(f"torch.nn.{self.type}")
        return known is not None and known.role == "layer"

    @property
    def is_shown(self) -> bool:
        """Whether graphs have it as a layer."""
        known = MODULES.get(f"torch.nn.{self.type}")
        return known is not None and known.role in _ROLES


def read_modules(described: Sequence[Raw]) -> dict[str, TracedModule]:
    """All modules by path, in torch's own order."""
    found: dict[str, TracedModule] = {}
    for raw in described:
        path = raw["path"]
        parent, _, name = path.rpartition(".")
        found[path] = _read(raw, found.get(parent) if path else None, name)
    return found


def _read(raw: Raw, parent: TracedModule | None, name: str) -> TracedModule:
    cls = None if raw["class"] is None else TracedClass(*raw["class"])
    owner, assigned = cls, None
    below: tuple[str, ...] = ()
    inside: frozenset[TracedClass] = frozenset()
    if parent is not None:
        inside = parent.inside
        if parent.cls is None:
            owner, below, assigned = parent.owner, (*parent.below, name), parent.assigned
        else:
            by, assigned = parent.children.get(name, (parent.cls, None))
            owner, below = by, (name,)
    known = MODULES.get(f"torch.nn.{raw['torch']}")
    return TracedModule(
        path=raw["path"],
        type=raw["torch"],
        cls=cls,
        arguments={} if known is None else bound(known.signature, raw["args"], raw["kwargs"]),
        owner=owner,
        below=below,
        built=raw["built"],
        assigned=assigned,
        parametrized=raw["parametrized"],
        parameters=tuple(_parameters(raw)),
        children={name: (TracedClass(*by), place) for name, (by, place) in raw["assigned"].items()},
        inside=inside if cls is None else inside | {cls},
    )


def _parameters(raw: Raw) -> Iterator[TracedParameter]:
    path = raw["path"]
    for given in raw["parameters"]:
        name, shape = given["name"], given["shape"]
        yield TracedParameter(
            path=f"{path}.{name}" if path else name,
            module=path,
            name=name,
            shape=None if shape is None else tuple(shape),
            frozen=given["frozen"],
            storage=given["storage"],
        )
