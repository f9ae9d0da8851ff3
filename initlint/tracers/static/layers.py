"""The layers of a module tree, with their parameters, including those of parametrizations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from initlint._records import dataclass
from initlint.facts.fans import MODULES, OF_LAYERS, AxisRoles
from initlint.graph.dataflow import ALWAYS, Condition
from initlint.graph.mistakes import UninitializedParameter
from initlint.graph.model import CheckpointLoad, IneffectiveWrite, Write
from initlint.project.source import Location, SourceLocation
from initlint.tracers.static.tensors.loads import is_pretrained_content, last_load, without_loads
from initlint.tracers.static.values.amounts import ratio
from initlint.tracers.static.values.classes import ClassValue
from initlint.tracers.static.values.module_tree import own_parameters
from initlint.tracers.static.values.objects import Instance
from initlint.tracers.static.values.questions import options
from initlint.tracers.static.values.tensors import DerivedStorage, Storage, storage_of


@dataclass(frozen=True, slots=True)
class ShownParameter:
    """A parameter of a module as it is shown in graphs, with the writes to it."""

    name: str
    storage: Storage
    writes: tuple[Write, ...]
    ineffective_writes: tuple[IneffectiveWrite, ...] = ()
    parametrized: bool = False
    load: CheckpointLoad | None = None
    condition: Condition = ALWAYS
    """Under which the module has it."""
    computes_another: bool = False
    """A parametrization computes another parameter from it."""


def shown_parameters(module: Instance, called: str | None = None) -> Iterator[ShownParameter]:
    """The module's own parameters; `called`: the name under which writes to any of them are shown.

    One that is parametrized comes with the writes from before, and then, under their own names, those that it is
    computed from with the writes from after.
    """
    module.materialize()
    behind: set[int] = set()
    for name, value in list(module.fields.items()):
        for option, condition in options(value):
            storage = storage_of(option)
            if storage is not None and storage.derived is not None:
                parametrized = list(_parametrized(name, called or name, storage.derived, condition))
                behind.update(id(parameter.storage) for parameter in parametrized)
                yield from parametrized
    disputed = _disputed(module) if called is None else frozenset[str]()
    for name, tensor, condition in own_parameters(module):
        storage = tensor.storage
        assert storage is not None
        if id(storage) not in behind:
            # Old spectral norm: until the first call, `weight` and `weight_orig` are one memory.
            shown = storage.name if name == f"{storage.name}_orig" else name
            writes, ineffective_writes = (
                _writes(storage, called or shown, condition),
                _ineffective_writes(storage, shown, condition),
            )
            if name in disputed:
                writes = tuple(replace(write, certain=False) for write in writes)
            load = last_load(storage, condition | storage.condition) if storage.loads else None
            yield ShownParameter(shown, storage, writes, ineffective_writes, storage.used_transformed, load, condition)


def _disputed(module: Instance) -> frozenset[str]:
    """The names that mean one parameter or another, depending on a condition, of which the last writes differ."""
    last: dict[str, set[object]] = {}
    for name, tensor, condition in own_parameters(module):
        assert tensor.storage is not None
        writes = _writes(tensor.storage, name, condition) if condition else ()
        last.setdefault(name, set()).add((writes[-1].location, writes[-1].certain) if writes else None)
    return frozenset(name for name, writes in last.items() if len(writes) > 1)


def _parametrized(name: str, called: str, by: DerivedStorage, condition: Condition) -> Iterator[ShownParameter]:
    if not by.names:
        return
    before = _writes(by.original, called, condition)[: by.writes_before]
    yield ShownParameter(
        name, by.original, before, _ineffective_writes(by.original, name, condition), parametrized=True
    )
    for part, storage in zip(by.names, by.originals, strict=True):
        writes = _writes(storage, part, condition)[by.writes_before if storage is by.original else 0 :]
        yield ShownParameter(part, storage, writes, computes_another=True)


def _writes(storage: Storage, parameter: str, condition: Condition) -> tuple[Write, ...]:
    existing = without_loads(storage.loads, condition | storage.condition)
    return tuple(write.as_write(parameter, existing) for write in storage.writes)


def _ineffective_writes(storage: Storage, parameter: str, condition: Condition) -> tuple[IneffectiveWrite, ...]:
    existing = condition | storage.condition
    return tuple(
        IneffectiveWrite(write.as_write(parameter, existing), by.cause, by.location, by.names)
        for write, by in storage.ineffective_writes
    )


_ROLES = ("layer", "norm")
_PARAMETER_CONTAINERS = ("torch.nn.ParameterList", "torch.nn.ParameterDict")


class LayerDraft:
    """A layer of the tree, before its flow is known."""

    __slots__ = (
        "arguments",
        "attribute",
        "frozen",
        "ineffective_writes",
        "inside",
        "key",
        "load",
        "location",
        "outputs_per_input",
        "owner",
        "parametrized",
        "path",
        "product",
        "repeated",
        "shapes",
        "sites",
        "subclass",
        "tied",
        "type",
        "uninitialized",
        "writes",
    )  # fmt: skip

    def __init__(self, key: Any, path: str, type: str, owner: str, attribute: str, location: Location) -> None:
        self.key = key
        self.path = path
        self.type = type
        self.owner = owner
        self.attribute = attribute
        self.location = location
        self.arguments: dict[str, Any] = {}
        self.inside: frozenset[str] = frozenset()
        """The qualified names of the project's classes that it lies inside of."""
        self.subclass: str | None = None
        self.tied: Instance | None = None
        """The layer whose weight it shares."""
        self.frozen = False
        self.parametrized = False
        self.uninitialized = False
        self.load: CheckpointLoad | None = None
        self.writes: list[Write] = []
        self.ineffective_writes: list[IneffectiveWrite] = []
        self.shapes: dict[str, tuple[int | None, ...] | None] = {}
        self.sites: tuple[Location, ...] = ()
        """Of a raw parameter: where its memory is created, and where it is assigned."""
        self.product: AxisRoles | None = None
        self.repeated = False
        self.outputs_per_input: float | None = None


def layers_of(root: Instance, prefix: str = "") -> Iterator[LayerDraft]:
    """The weighted layers, norms and raw parameters below `root`, in PyTorch's order, each under its first path."""
    seen: set[int] = set()
    for here in _positions(root, prefix):
        module = here.module
        drafts = [_module_draft(here)] if _is_layer(module) else []
        if _has_raw_parameters(module):
            drafts.extend(_raw_parameters(here, seen))
        for draft in drafts:
            draft.inside = here.inside_with_own_class
            draft.repeated = module.loops > root.loops or "*" in here.path
            yield draft


def uninitialized_parameters(root: Instance) -> Iterator[UninitializedParameter]:
    """The raw parameters below `root` whose memory was not initialized, also those that a class adds to a layer."""
    seen: set[int] = set()
    for here in _positions(root, ""):
        for draft in _raw_parameters(here, seen) if _has_raw_parameters(here.module) else ():
            if draft.uninitialized:
                yield UninitializedParameter(
                    draft.attribute,
                    draft.owner,
                    draft.location,
                    tuple(dict.fromkeys(draft.sites)),
                    draft.shapes["weight"],
                    draft.frozen,
                    any(not write.reads_old_value for write in draft.writes),
                )


def _is_layer(module: Instance) -> bool:
    torch_module = MODULES.get(module.torch_name or "")
    return torch_module is not None and torch_module.role in _ROLES


def _has_raw_parameters(module: Instance) -> bool:
    return module.user_class is not None or module.torch_name in _PARAMETER_CONTAINERS


def _is_raw(module: Instance, parameter: ShownParameter) -> bool:
    """Whether a class of the project adds it to the module: it is none of those that torch gives a layer."""
    if not _is_layer(module):
        return True
    is_added = module.user_class is not None and not parameter.computes_another
    return is_added and parameter.name not in module.parameter_names() and parameter.name not in OF_LAYERS


def _positions(root: Instance, prefix: str) -> Iterator[_Position]:
    """The modules below `root`, in PyTorch's order, each under its first path."""
    seen: set[int] = set()
    start = _Position(root, (prefix,) if prefix else (), (), root.user_class, root.location, frozenset())
    stack = [start]
    placed: set[int] = set()
    run = _run_without_holders(root)
    while stack:
        here = stack.pop()
        module = here.module
        if id(module) in seen or is_pretrained_content(module) or (here.unused and id(module) in run):
            continue
        seen.add(id(module))
        yield here
        below: list[_Position] = []
        for name, child, under in module.conditional_children():
            if under:
                placed = placed or _surely_placed(root)
            # What a condition puts at a second location is shown at the one that it surely has.
            if not under or id(child) not in placed:
                below.append(_below(here, name, child))
        stack.extend(reversed(below))


def _run_without_holders(root: Instance) -> set[int]:
    """The identities of the modules that surely have a place outside of holders that forward never runs.

    What is also inside of such a holder is shown at that other place, by which forward calls it. Empty if forward ran
    no module of the project below the root.
    """
    reached: dict[int, Instance] = {}
    stack = [root]
    while stack:
        module = stack.pop()
        if id(module) not in reached and not is_pretrained_content(module):
            reached[id(module)] = module
            stack.extend(child for _, child, under in module.conditional_children() if not (under or _is_unused(child)))
    return set(reached) if any(module.run for module in reached.values()) else set()


def _is_unused(module: Instance) -> bool:
    """Whether it is a module of one of the project's classes that was never called. Lists are not called."""
    return module.user_class is not None and module.torch_name in _CALLED and not module.run


_CALLED = (None, "torch.nn.Module", "torch.nn.Sequential")


def _surely_placed(root: Instance) -> set[int]:
    """The identities of the modules that the tree has at some place under no condition."""
    placed: set[int] = set()
    stack = [root]
    while stack:
        module = stack.pop()
        if id(module) not in placed:
            placed.add(id(module))
            stack.extend(child for _, child, under in module.conditional_children() if not under)
    return placed


@dataclass(frozen=True, slots=True)
class _Position:
    """A module on the way through the tree. `below`: the path from its owner, the class that `owner` says."""

    module: Instance
    path: tuple[str, ...]
    below: tuple[str, ...]
    owner: ClassValue | None
    assigned: Location | None
    inside: frozenset[str]
    unused: bool = False
    """It is a holder that forward never runs, or inside of one."""

    @property
    def inside_with_own_class(self) -> frozenset[str]:
        cls = self.module.user_class
        return self.inside if cls is None else self.inside | {cls.qualified}


def _below(here: _Position, name: str, child: Instance) -> _Position:
    inside = here.inside_with_own_class
    label = _label(here.module, name)
    path = (*here.path, label)
    unused = here.unused or _is_unused(child)
    if here.module.user_class is None:
        return _Position(child, path, (*here.below, label), here.owner, here.assigned, inside, unused)
    by, location = here.module.assigned.get(name, (None, None))
    return _Position(child, path, (label,), by or here.module.user_class, location, inside, unused)


def _label(module: Instance, name: str) -> str:
    """The name of a child or parameter in a path: `*` for the items of a list of unknown length."""
    return "*" if name.startswith("<") or (module.open and name.isdigit()) else name


def _module_draft(here: _Position) -> LayerDraft:
    module, owner = here.module, here.owner
    assert module.torch_name is not None
    name = ".".join(here.path)
    draft = LayerDraft(
        module,
        name,
        module.torch_name.rpartition(".")[2],
        owner.name if owner is not None else "",
        ".".join(here.below) or name,
        _location(module.location, owner, here.assigned),
    )
    draft.arguments = module.arguments
    draft.subclass = module.user_class.name if module.user_class is not None else None
    draft.parametrized = module.parametrized
    weight_owners: list[Instance | None] = []
    for parameter in shown_parameters(module):
        if _is_raw(module, parameter):
            continue
        draft.shapes[parameter.name] = parameter.storage.shape
        if parameter.name == "weight":
            draft.frozen = draft.frozen or parameter.storage.frozen
            draft.parametrized = draft.parametrized or parameter.parametrized
            draft.load = parameter.load
            is_certain = parameter.condition <= module.condition
            weight_owners.append(parameter.storage.owner if is_certain else module)
        draft.writes += parameter.writes
        draft.ineffective_writes += parameter.ineffective_writes
    if None in (draft.shapes.get("weight") or ()):
        draft.outputs_per_input = _outputs_per_input(module)
    if weight_owners and all(owner is not module for owner in weight_owners):
        draft.tied = weight_owners[-1]
    return draft


_INPUTS_AND_OUTPUTS = {"linear": ("in_features", "out_features"), "conv": ("in_channels", "out_channels")}


def _outputs_per_input(module: Instance) -> float | None:
    inputs, outputs = _INPUTS_AND_OUTPUTS.get(MODULES[str(module.torch_name)].family, ("", ""))
    if inputs not in module.arguments or module.arguments.get("groups", 1) != 1:
        return None
    return ratio(module.arguments.get(outputs), module.arguments[inputs])


def _raw_parameters(here: _Position, seen: set[int]) -> Iterator[LayerDraft]:
    module = here.module
    for parameter in shown_parameters(module, called="weight"):
        name, storage = parameter.name, parameter.storage
        if id(storage) in seen or not _is_raw(module, parameter):
            continue
        seen.add(id(storage))
        if module.user_class is None:
            owner, assigned, label = here.owner, here.assigned, _label(module, name)
            attribute = ".".join((*here.below, label))
            sites = [storage.location, module.assigned.get(name, (None, None))[1], assigned]
        else:
            by, assigned = module.assigned.get(name, (module.user_class, None))
            owner, label, attribute = by or module.user_class, name, name
            sites = [storage.location, assigned]
        draft = LayerDraft(
            storage,
            ".".join((*here.path, label)),
            "Parameter",
            owner.name if owner is not None else "",
            attribute,
            _location(storage.location, owner, assigned),
        )
        draft.sites = tuple(site for site in sites if site is not None)
        draft.shapes["weight"] = storage.shape
        draft.frozen = storage.frozen
        draft.uninitialized = storage.uninitialized
        draft.load = parameter.load
        draft.parametrized = parameter.parametrized
        draft.writes += parameter.writes
        draft.ineffective_writes += parameter.ineffective_writes
        draft.product = next(iter(storage.products)) if len(storage.products) == 1 else None
        yield draft


def _location(built: Location | None, owner: ClassValue | None, assigned: Location | None) -> Location:
    """Where the layer is built if that is in its owner's file, else where it is assigned."""
    if owner is None:
        return built or assigned or _nowhere()
    source = owner.scope.source
    for location in (built, assigned):
        if isinstance(location, SourceLocation) and location.source is source:
            return location
    return SourceLocation(source, owner.node)


def _nowhere() -> Location:
    raise AssertionError("a layer without a place")
