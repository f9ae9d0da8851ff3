"""Turns the worker's JSON for one target into a `ModelGraph`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from initlint._records import dataclass
from initlint.diagnostics import Span
from initlint.graph.consumers import ConsumerIndex, with_fed_by
from initlint.graph.dataflow import FlowNode
from initlint.graph.model import Engine, Forward, Layer, ModelGraph
from initlint.graph.operations import list_operations
from initlint.project.source import Location
from initlint.project.user_tables import UserTables
from initlint.tracers.fx.dataflow import FlowReader
from initlint.tracers.fx.identical_modules import CopyReader
from initlint.tracers.fx.json_values import JsonObject
from initlint.tracers.fx.module_tree import TracedClass, TracedModule, TracedParameter, read_modules
from initlint.tracers.fx.source_locations import SourceLocations
from initlint.tracers.fx.writes import InitCallReader, WriteReader, is_allocation, with_view

ENGINE: Engine = "fx"
"""`ModelGraph.engine` of this tracer, for each of its trace methods."""


def read_graph(result: JsonObject, name: str, source_locations: SourceLocations, user_tables: UserTables) -> ModelGraph:
    """The graph of a model that the worker has built. `name`: the class or function of the target."""
    return GraphReader(result, name, source_locations, user_tables).graph()


@dataclass(frozen=True, slots=True)
class LayerSource:
    """What becomes a `Layer`: a module, or a parameter of one of the user's classes. `key` is its path."""

    key: str
    type: str
    module: TracedModule
    parameter: TracedParameter | None
    attribute: str
    owner: TracedClass | None
    constructed_at: int | None
    assigned_at: int | None


class GraphReader:
    """Reads the worker's result for one model."""

    def __init__(
        self, result: JsonObject, name: str, source_locations: SourceLocations, user_tables: UserTables
    ) -> None:
        self._result = result
        self._name = name
        self._source_locations = source_locations
        self._location_positions: Sequence[Sequence[object]] = result["locations"]
        self._locations = [source_locations.location(position) for position in self._location_positions]
        self._modules = read_modules(result["modules"])
        self._parameters = {p.path: p for module in self._modules.values() for p in module.parameters}
        self._writes = WriteReader(self._locations, user_tables)
        self._transformed_parameters: set[str] = set()
        self._location = self._definition(result["file"], name) or Span(result["file"] or name, 1, 1, 1, 1)

    def graph(self) -> ModelGraph:
        sources = list(self._layer_sources())
        readers = [self._read_flow(nodes) for nodes in self._result["flows"]]
        flows = [
            ConsumerIndex(reader.nodes_by_layer, {source.key: source.key for source in sources}) for reader in readers
        ]
        self._transformed_parameters = {path for reader in readers for path in reader.transformed_parameters}
        problem = self._result["problem"]
        root = self._modules[""].cls
        layers = with_fed_by([self._layer(source, flows) for source in sources])
        nodes_by_layer = _nodes_by_layer(readers)
        copies = CopyReader(self._result, self._modules, self._source_locations, nodes_by_layer)
        parts = {
            cls.qualified
            for source in sources
            if any(f.is_called(source.key) for f in flows)
            for cls in source.module.enclosing_classes
        }
        return ModelGraph(
            name=self._name,
            location=self._location,
            engine=ENGINE,
            layers=layers,
            calls=InitCallReader(
                self._locations, self._source_locations, self._modules, self._parameters.values()
            ).read(self._result["calls"]),
            forward=Forward.RUN if flows else Forward.UNKNOWN if problem else Forward.MISSING,
            incomplete=() if problem is None else (f"the signal could not be followed: {problem}",),
            root=None if root is None else root.qualified,
            parts=frozenset(parts - ({root.qualified} if root is not None else set())),
            trace_method=self._result["way"],
            flow=partial(list_operations, nodes_by_layer, {path: path for path in self._parameters}),
            identical=tuple(copies.read({layer.path: layer for layer in layers})) if flows else (),
        )

    def _read_flow(self, nodes: Sequence[JsonObject]) -> FlowReader:
        reader = FlowReader(self._modules, self._parameters, self._locations, self._location)
        reader.read(nodes)
        return reader

    def _layer_sources(self) -> Iterator[LayerSource]:
        seen_storages: set[str] = set()
        for module in self._modules.values():
            if module.is_shown:
                attribute = ".".join(module.path_from_owner) or module.path
                yield LayerSource(
                    module.path,
                    module.type,
                    module,
                    None,
                    attribute,
                    module.owner,
                    module.constructed_at,
                    module.assigned_at,
                )
            for parameter in module.raw_parameters:
                if parameter.storage not in seen_storages:
                    seen_storages.add(parameter.storage)
                    owner, assigned_at = module.children.get(parameter.name, (module.cls, None))
                    constructed_at = self._first_write_at(parameter)
                    yield LayerSource(
                        parameter.path,
                        "Parameter",
                        module,
                        parameter,
                        parameter.name,
                        owner,
                        constructed_at,
                        assigned_at,
                    )

    def _first_write_at(self, parameter: TracedParameter) -> int | None:
        """The number of the location of the first write to the parameter's storage."""
        records = self._result["storages"].get(parameter.storage, ())
        location: int | None = records[0]["location"] if records else None
        return location

    def _tied_to(self, weight: TracedParameter) -> str | None:
        """The path of the layer that registered the weight first, if that is another one."""
        owner = None if weight.owner is None else self._modules.get(weight.owner)
        return owner.path if owner is not None and owner.is_shown and owner.path != weight.module else None

    def _is_uninitialized(self, parameter: TracedParameter) -> bool:
        """Whether the parameter is made of memory that only `torch.empty` or its like have written to."""
        records = self._result["storages"].get(parameter.storage, ())
        return bool(records) and all(map(is_allocation, records))

    def _layer(self, source: LayerSource, flows: Sequence[ConsumerIndex]) -> Layer:
        # Layers that are unused in evaluation mode (auxiliary heads) may be used in training mode.
        flow = next((flow for flow in flows if flow.is_called(source.key)), None)
        module = source.module
        own = (p for p in module.parameters if p not in module.raw_parameters)
        parameters = {"weight": source.parameter} if source.parameter else {p.name: p for p in own}
        weight = parameters.get("weight")
        return Layer(
            path=source.key,
            type=source.type,
            arguments={} if source.parameter else module.arguments,
            owner="" if source.owner is None else source.owner.last,
            attribute=source.attribute,
            location=self._layer_location(source),
            followed_by=() if flow is None else flow.of(source.key),
            writes=tuple(
                with_view(write, parameter.shape)
                for name, parameter in parameters.items()
                for write in self._writes.read(self._result["storages"].get(parameter.storage, ()), name)
            ),
            subclass=module.cls.last if module.cls is not None and source.parameter is None else None,
            residual=flow is not None and flow.residual(source.key),
            starts_stream=flow is not None and flow.starts_stream(source.key),
            frozen=weight is not None and weight.frozen,
            parametrized=module.parametrized or (weight is not None and weight.path in self._transformed_parameters),
            called=flow is not None,
            tied=None if weight is None or source.parameter is not None else self._tied_to(weight),
            uninitialized=source.parameter is not None and self._is_uninitialized(source.parameter),
            shapes={name: parameter.shape for name, parameter in parameters.items()},
            map_size=None if flow is None else flow.map_size(source.key),
        )

    def _layer_location(self, source: LayerSource) -> Location:
        """The location of the layer's construction if it is in its owner's file, else of its assignment."""
        if source.owner is None:
            return self._location if source.constructed_at is None else self._locations[source.constructed_at]
        file = self._result["files"].get(source.owner.module)
        for number in (source.constructed_at, source.assigned_at):
            if number is not None and self._location_positions[number][0] == file:
                return self._locations[number]
        return self._definition(file, source.owner.name) or self._location

    def _definition(self, file: str | None, name: str) -> Location | None:
        location = self._source_locations.definition(file, name)
        return (
            location if location is not None or file is None else self._source_locations.location([file, 1, -1, -1, -1])
        )


def _nodes_by_layer(readers: Sequence[FlowReader]) -> dict[str, list[FlowNode]]:
    """The nodes of each layer in all flows."""
    nodes: dict[str, list[FlowNode]] = {}
    for reader in readers:
        for path, uses in reader.nodes_by_layer.items():
            nodes.setdefault(path, []).extend(uses)
    return nodes
