"""Reads the modules that start equal, by the same rules as the static tracer."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Mapping, Sequence

from initlint.facts.initializer_formulas import INITIALIZERS, constant_value
from initlint.facts.modules import MODULES
from initlint.graph.dataflow import FlowNode
from initlint.graph.mistakes import IdenticalModules
from initlint.graph.model import Layer
from initlint.graph.symmetry import in_series, merge_symmetrically
from initlint.graph.words import UNDETERMINED
from initlint.project.source import Location, SourceLocation
from initlint.tracers.fx.json_values import JsonObject
from initlint.tracers.fx.module_tree import TracedModule
from initlint.tracers.fx.source_locations import SourceLocations
from initlint.tracers.static.identical_modules import ASYMMETRIC, SHARED, is_constructed_in, names_in


class CopyReader:
    """Reads the worker's records of repeated and copied modules. `nodes_by_layer`: the uses of each layer."""

    def __init__(
        self,
        result: JsonObject,
        modules: Mapping[str, TracedModule],
        source_locations: SourceLocations,
        nodes_by_layer: Mapping[str, Sequence[FlowNode]],
    ) -> None:
        self._result = result
        self._modules = modules
        self._source_locations = source_locations
        self._nodes_by_layer = nodes_by_layer

    def read(self, layers: Mapping[str, Layer]) -> Iterator[IdenticalModules]:
        """The modules that certainly start equal. `layers` by path."""
        for record in self._result["repeated"]:
            yield from self._repeated(record)
        for record in self._result["copies"]:
            yield from self._copies(record, layers)

    def _repeated(self, record: JsonObject) -> Iterator[IdenticalModules]:
        location = self._location(record["location"])
        if location is None:
            return
        location = _list_in(location)
        module, path = self._modules[record["module"]], record["container"]
        text = ast.unparse(location.node) if isinstance(location.node, ast.expr) else ""
        owner = module.owner.name if module.owner is not None else ""
        if SHARED.search(f"{path} {text} {_class_name(module)} {owner}"):
            return
        uses = [nodes for path, nodes in self._inside(module.path)]
        constructed = is_constructed_in(location)
        if not uses or len(uses[0]) < 2 or not (constructed or in_series(uses[0][:1], uses[0][1:2])):
            return
        count, parameters = record["count"], record["parameters"]
        yield IdenticalModules("repeated", location, _class_name(module), (path,), count, parameters, constructed)

    def _copies(self, record: JsonObject, layers: Mapping[str, Layer]) -> Iterator[IdenticalModules]:
        location, members = self._location(record["location"]), record["members"]
        first = self._modules.get(members[0])
        if location is None or first is None or not self._has_random_matrix(members[0], layers):
            return
        type, paths, parameters = _class_name(first), tuple(record["paths"]), record["parameters"]
        if len(paths) == 1:  # a stack of torch is one node of the data flow
            if self._nodes_by_layer.get(paths[0]):
                yield IdenticalModules("series", location, type, paths, len(members))
            return
        uses = [[node for _, nodes in self._inside(path) for node in nodes] for path in members]
        if not all(uses):
            return
        if all(in_series(one, other) for one, other in itertools.pairwise(uses)):
            yield IdenticalModules("series", location, type, paths, len(members), parameters)
        elif merge_symmetrically(uses, [()] * len(uses)) and not self._may_differ(members):
            yield IdenticalModules("parallel", location, type, paths, len(members), parameters)

    def _inside(self, path: str) -> list[tuple[str, Sequence[FlowNode]]]:
        """The uses of the layers in the module at `path`."""
        return [
            (layer, nodes)
            for layer, nodes in self._nodes_by_layer.items()
            if layer == path or layer.startswith(f"{path}.")
        ]

    def _has_random_matrix(self, path: str, layers: Mapping[str, Layer]) -> bool:
        inside = (layer for at, layer in layers.items() if at == path or at.startswith(f"{path}."))
        return any(_is_random_matrix(layer) for layer in inside)

    def _may_differ(self, members: Sequence[str]) -> bool:
        """Whether calls of a member may differ, as with dropout, or get different parts of one tensor."""
        around = {
            path
            for path in self._modules
            for member in members
            if path == member or path.startswith(f"{member}.") or not path or member.startswith(f"{path}.")
        }
        modules = [self._modules[path] for path in around]
        if any(ASYMMETRIC.search(_class_name(module)) and module.arguments.get("p") != 0.0 for module in modules):
            return True
        return any(self._has_asymmetric_names(module) for module in modules if module.cls is not None)

    def _has_asymmetric_names(self, module: TracedModule) -> bool:
        assert module.cls is not None
        file = self._result["files"].get(module.cls.module)
        definition = self._source_locations.definition(file, module.cls.name)
        node = definition.node if isinstance(definition, SourceLocation) else None
        if not isinstance(node, ast.ClassDef):
            return True
        return any(ASYMMETRIC.search(name) for name in names_in(node))

    def _location(self, number: int | None) -> SourceLocation | None:
        location: Location | None = (
            None if number is None else self._source_locations.location(self._result["locations"][number])
        )
        return location if isinstance(location, SourceLocation) else None


def _class_name(module: TracedModule) -> str:
    return module.type if module.cls is None else module.cls.last


def _list_in(location: SourceLocation) -> SourceLocation:
    """The product `[layer] * n` in the call that constructs a container; else the call itself."""
    arguments = location.node.args if isinstance(location.node, ast.Call) else []
    values = [argument.value if isinstance(argument, ast.Starred) else argument for argument in arguments]
    products = [value for value in values if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Mult)]
    node = next((value for value in products if isinstance(value.left, ast.List)), None)
    node = node or next((value for value in products if isinstance(value.right, ast.List)), None)
    return location if node is None else SourceLocation(location.source, node)


def _is_random_matrix(layer: Layer) -> bool:
    """Whether the weight is a random matrix, and no norm's."""
    module, shape = MODULES.get(f"torch.nn.{layer.type}"), layer.shapes.get("weight")
    if shape is None or len(shape) < 2 or layer.uninitialized or (module is not None and module.role == "norm"):
        return False
    write = next((write for write in reversed(layer.writes) if write.parameter == "weight"), None)
    if write is None:
        return True
    family = INITIALIZERS.get(write.initializer)
    constant = constant_value(write.initializer, write.arguments, UNDETERMINED)
    return family is not None and family.kind not in ("eye", "dirac") and constant is None
