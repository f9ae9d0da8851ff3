"""What the worker found of one target becomes a `ModelGraph`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from initlint.diagnostics import Span
from initlint.graph.consumers import ConsumerIndex, with_feeders
from initlint.graph.model import Forward, Layer, Location, ModelGraph
from initlint.project.user_tables import UserTables
from initlint.tracers.fx.dataflow import FlowReader
from initlint.tracers.fx.json_values import Raw
from initlint.tracers.fx.modules import TracedClass, TracedModule, TracedParameter, read_modules
from initlint.tracers.fx.source_locations import SourceLocations
from initlint.tracers.fx.writes import Calls, Writes

ENGINE = "fx"
"""The name of this engine, in whichever way it followed the signal."""


def read_graph(result: Raw, name: str, places: SourceLocations, additions: UserTables) -> ModelGraph:
    """The graph of a model that was built. `name` is the class or function that the target named."""
    return _Reading(result, name, places, additions).graph()


@dataclass(frozen=True, slots=True)
class _Item:
    """A layer of the tree: a module, or a parameter of one of the user's classes. `key` is its path."""

    key: str
    type: str
    module: TracedModule
    parameter: TracedParameter | None
    attribute: str
    owner: TracedClass | None
    built: int | None
    assigned: int | None


class _Reading:
    """One result while it is read."""

    def __init__(self, result: Raw, name: str, places: SourceLocations, additions: UserTables) -> None:
        self._result = result
        self._name = name
        self._finder = places
        self._raw_places: Sequence[Sequence[object]] = result["places"]
        self._places = [places.place(raw) for raw in self._raw_places]
        self._modules = read_modules(result["modules"])
        self._parameters = {p.path: p for module in self._modules.values() for p in module.parameters}
        self._writes = Writes(self._places, additions)
        self._computed: set[str] = set()
        self._place = self._defined(result["file"], name) or Span(result["file"] or name, 1, 1, 1, 1)

    def graph(self) -> ModelGraph:
        items = list(self._items())
        flows = [self._flow(nodes, items) for nodes in self._result["flows"]]
        problem = self._result["problem"]
        root = self._modules[""].cls
        parts = {
            cls.qualified for item in items if any(f.called(item.key) for f in flows) for cls in item.module.inside
        }
        return ModelGraph(
            name=self._name,
            location=self._place,
            engine=ENGINE,
            layers=with_feeders([self._layer(item, flows) for item in items]),
            calls=Calls(self._places, self._finder, self._modules, self._parameters.values()).read(
                self._result["calls"]
            ),
            forward=Forward.RUN if flows else Forward.UNKNOWN if problem else Forward.MISSING,
            incomplete=() if problem is None else (f"the signal could not be followed: {problem}",),
            root=None if root is None else root.qualified,
            parts=frozenset(parts - ({root.qualified} if root is not None else set())),
            trace_method=self._result["way"],
        )

    def _flow(self, nodes: Sequence[Raw], items: Sequence[_Item]) -> ConsumerIndex:
        reader = FlowReader(self._modules, self._parameters, self._places, self._place)
        reader.read(nodes)
        self._computed |= reader.computed
        return ConsumerIndex(reader.uses, {item.key: item.key for item in items})

    def _items(self) -> Iterator[_Item]:
        seen: set[str] = set()
        for module in self._modules.values():
            if module.is_shown:
                attribute = ".".join(module.below) or module.path
                yield _Item(
                    module.path, module.type, module, None, attribute, module.owner, module.built, module.assigned
                )
            elif module.cls is not None:
                for parameter in module.parameters:
                    if parameter.storage not in seen:
                        seen.add(parameter.storage)
                        owner, assigned = module.children.get(parameter.name, (module.cls, None))
                        made = self._made_at(parameter)
                        yield _Item(
                            parameter.path, "Parameter", module, parameter, parameter.name, owner, made, assigned
                        )

    def _made_at(self, parameter: TracedParameter) -> int | None:
        """The number of the place where the parameter's memory was first filled."""
        recorded = self._result["storages"].get(parameter.storage, ())
        place: int | None = recorded[0]["place"] if recorded else None
        return place

    def _layer(self, item: _Item, flows: Sequence[ConsumerIndex]) -> Layer:
        # What the evaluation does not use (auxiliary heads), the training may.
        flow = next((flow for flow in flows if flow.called(item.key)), None)
        module = item.module
        parameters = {"weight": item.parameter} if item.parameter else {p.name: p for p in module.parameters}
        weight = parameters.get("weight")
        return Layer(
            path=item.key,
            type=item.type,
            arguments={} if item.parameter else module.arguments,
            owner="" if item.owner is None else item.owner.last,
            attribute=item.attribute,
            location=self._layer_place(item),
            followed_by=() if flow is None else flow.of(item.key),
            writes=tuple(
                write
                for name, parameter in parameters.items()
                for write in self._writes.of(self._result["storages"].get(parameter.storage, ()), name)
            ),
            subclass=module.cls.last if module.cls is not None and item.parameter is None else None,
            residual=flow is not None and flow.residual(item.key),
            frozen=weight is not None and weight.frozen,
            parametrized=module.parametrized or (weight is not None and weight.path in self._computed),
            called=flow is not None,
            shapes={name: parameter.shape for name, parameter in parameters.items()},
        )

    def _layer_place(self, item: _Item) -> Location:
        """Where the layer is built if that is in its owner's file, else where it is assigned."""
        if item.owner is None:
            return self._place if item.built is None else self._places[item.built]
        file = self._result["files"].get(item.owner.module)
        for number in (item.built, item.assigned):
            if number is not None and self._raw_places[number][0] == file:
                return self._places[number]
        return self._defined(file, item.owner.name) or self._place

    def _defined(self, file: str | None, name: str) -> Location | None:
        found = self._finder.definition(file, name)
        return found if found is not None or file is None else self._finder.place([file, 1, -1, -1, -1])
