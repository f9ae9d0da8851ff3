"""Translates the worker's nodes into the data flow of a graph, by the same tables as the static tracer.

The value of a node is data (computed from the model's input), computed from parameters only, or neither (sizes,
constants). Only operations on data become nodes of the data flow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from initlint.facts.activations import FUNCTIONS as ACTIVATION_FUNCTIONS
from initlint.facts.activations import METHODS as ACTIVATION_METHODS
from initlint.facts.activations import MODULES as ACTIVATION_MODULES
from initlint.facts.activations import PARAMETERS
from initlint.facts.canonical_names import canonical
from initlint.facts.fans import MODULES
from initlint.facts.initializer_formulas import CONSTRUCTORS
from initlint.facts.operators import (
    ARITHMETIC,
    EXTERNAL_MODULES,
    MODIFIER_FUNCTIONS,
    MODIFIER_METHODS,
    SHAPE_METHODS,
    SINK_FUNCTIONS,
    SINK_METHODS,
    TRANSPARENT_FUNCTIONS,
    TRANSPARENT_METHODS,
    WEIGHTED_FUNCTIONS,
    WITH_NUMBER,
    pooling,
)
from initlint.graph.dataflow import FlowNode
from initlint.graph.model import Arguments, Location, OperationKind
from initlint.tracers.fx.json_values import JsonObject, bind_arguments, node_references
from initlint.tracers.fx.module_tree import TracedModule, TracedParameter


@dataclass(frozen=True, slots=True)
class NodeValue:
    """The value of one of the worker's nodes.

    `node`: the operation that computes the data. `weights`: the paths of the parameters that the value is computed
    from. `data_items`: for a tuple, how many of its first items are data; None for a tensor. `is_computed`: the value
    is computed from a parameter, and is no parameter itself.
    """

    node: FlowNode | None = None
    weights: frozenset[str] = frozenset()
    data_items: int | None = None
    is_computed: bool = False


_NO_DATA = NodeValue()
_ALL_ITEMS = 1_000_000


class FlowReader:
    """Translates the nodes of one run of a model. `nodes_by_layer`: the nodes of each layer, by the layer's path."""

    def __init__(
        self,
        modules: Mapping[str, TracedModule],
        parameters: Mapping[str, TracedParameter],
        locations: Sequence[Location],
        model_location: Location,
    ) -> None:
        self._modules = modules
        self._parameters = parameters
        self._locations = locations
        self._model_location = model_location
        """Used for nodes without a location of their own."""
        self._values: list[NodeValue] = []
        self._location = model_location
        self.nodes_by_layer: dict[str, list[FlowNode]] = {}
        self.transformed_parameters: set[str] = set()
        """The paths of the parameters that are transformed before they are multiplied with data."""

    def read(self, nodes: Iterable[JsonObject]) -> None:
        """Translate the nodes, in order."""
        for node in nodes:
            self._location = self._model_location if node["location"] is None else self._locations[node["location"]]
            self._values.append(self._read_node(node))

    def _read_node(self, node: JsonObject) -> NodeValue:
        op, target, args, kwargs = node["op"], node["target"], node["args"], node["kwargs"]
        if op == "placeholder":
            return self._add_node("input", "input", ())
        if op == "get_attr":
            return NodeValue(weights=frozenset({target})) if target in self._parameters else _NO_DATA
        if op == "call_module":
            module, values = self._modules.get(target), [*args, *kwargs.values()]
            # The graph has no layer for a module that computes a parametrized weight.
            return self._first_value(values) if module is None else self._call_module(module, values)
        if op == "call_method":
            return self._call_method(target, args, kwargs)
        if op == "call_function":
            return self._call_function(canonical(target), args, kwargs)
        self._location = self._model_location
        return self._add_node("output", "output", [args])

    # Nodes -----------------------------------------------------------------------------------------------------

    def _values_in(self, value: Any) -> list[NodeValue]:
        return [self._values[number] for number in node_references(value)]

    def _is_data(self, value: Any) -> bool:
        return any(node_value.node is not None for node_value in self._values_in(value))

    def _add_node(
        self,
        kind: OperationKind,
        op: str,
        values: Iterable[Any],
        layer: str | None = None,
        arguments: Arguments | None = None,
        exact: bool = False,
    ) -> NodeValue:
        """Add a node that consumes `values`. Without data among them the result is computed from parameters."""
        node_values = [node_value for value in values for node_value in self._values_in(value)]
        nodes = {node_value.node.index: node_value.node for node_value in node_values if node_value.node is not None}
        if not nodes and kind not in ("input", "layer"):
            return NodeValue(
                weights=frozenset().union(*(node_value.weights for node_value in node_values)), is_computed=True
            )
        inputs = [(node, frozenset[Any]()) for node in nodes.values()]
        node = FlowNode(kind, op, inputs, self._location, layer=layer, arguments=arguments, exact=exact)
        if layer is not None:
            self.nodes_by_layer.setdefault(layer, []).append(node)
        return NodeValue(node)

    # Modules ---------------------------------------------------------------------------------------------------

    def _call_module(self, module: TracedModule, values: list[Any]) -> NodeValue:
        external = EXTERNAL_MODULES.get(module.qualified or "")
        if external is not None:
            return (
                self._first_value(values)
                if external == "transparent"
                else self._add_node("modifier", external, values[:1])
            )
        module_type = MODULES.get(f"torch.nn.{module.type}")
        if module_type is None:
            return self._add_node("sink", "unknown", values)
        path = module.path
        if module_type.role == "layer":
            return self._call_layer(module_type.family, module_type.type, path, values)
        if module_type.role == "norm":
            return self._add_node("modifier", module_type.between or "norm", values[:1], layer=path)
        if module_type.role == "activation":
            op = ACTIVATION_MODULES[f"torch.nn.{module.type}"]
            return self._add_node("activation", op, values[:1], arguments=module.arguments)
        if module_type.role == "pool":
            window = pooling(module_type.type, module.arguments)
            pooled = self._add_node("modifier", "pool", values[:1], arguments=window)
            return replace(pooled, data_items=1) if module.arguments.get("return_indices") is True else pooled
        if module_type.role == "transparent":
            return self._first_value(values)
        if module_type.role == "opaque" and "Transformer" in module_type.type:
            return self._add_node("layer", module_type.type, values, layer=path)
        return self._add_node("sink", "loss" if module_type.role == "loss" else "unknown", values)

    def _call_layer(self, family: str, type: str, path: str, values: list[Any]) -> NodeValue:
        count = {"attention": 3, "bilinear": 2}.get(family, 1)
        node_value = self._add_node("layer", type, values[:count], layer=path)
        if family == "attention":
            return replace(node_value, data_items=1)
        is_single = family != "rnn" or (type.endswith("Cell") and type != "LSTMCell")
        return node_value if is_single else replace(node_value, data_items=_ALL_ITEMS)

    def _first_value(self, values: Sequence[Any]) -> NodeValue:
        node_values = self._values_in(values[0]) if values else []
        return node_values[0] if node_values else _NO_DATA

    # Functions and methods -------------------------------------------------------------------------------------

    def _call_function(self, name: str, args: list[Any], kwargs: JsonObject) -> NodeValue:
        module, _, last = name.rpartition(".")
        if module == "_operator":
            return self._operator(last, args)
        if name == "builtins.getattr" and isinstance(args[1], str):
            return self._call_method(args[1], args[:1], {})
        values = [*args, *kwargs.values()]
        if name in ACTIVATION_FUNCTIONS:
            return self._activation(ACTIVATION_FUNCTIONS[name], last, args, kwargs)
        if name in WEIGHTED_FUNCTIONS:
            return self._functional_layer(WEIGHTED_FUNCTIONS[name][1], args, kwargs)
        if name in TRANSPARENT_FUNCTIONS:
            return self._first_value(values)
        if name in MODIFIER_FUNCTIONS:
            return self._modifier(MODIFIER_FUNCTIONS[name], last, args, kwargs)
        if name in CONSTRUCTORS:
            return _NO_DATA  # `torch.randn_like(x)` uses only the shape of `x`
        if name in SINK_FUNCTIONS:
            op = SINK_FUNCTIONS[name]
            return self._matrix_product(values) if op == "matmul" else self._add_node("sink", op, values)
        return self._add_node("sink", "unknown", values)

    def _operator(self, name: str, args: list[Any]) -> NodeValue:
        if name == "getitem":
            return self._get_item(args)
        if name == "setitem":
            return self._set_item(args)
        if name in ARITHMETIC:
            result = self._arithmetic(ARITHMETIC[name], args, name)
            return self._assign_in_place(args, result) if name[0] == "i" and name != "invert" else result
        return self._add_node("sink", "compare", args)

    def _call_method(self, name: str, args: list[Any], kwargs: JsonObject) -> NodeValue:
        values = [*args, *kwargs.values()]
        if name == "__getitem__":
            return self._get_item(args)
        if name == "__setitem__":
            return self._set_item(args)
        if name in SHAPE_METHODS:
            return _NO_DATA
        if name in ACTIVATION_METHODS:
            result = self._activation(ACTIVATION_METHODS[name], name, args, kwargs)
        elif name in TRANSPARENT_METHODS:
            result = self._first_value(args)
        elif name == "copy_":
            return self._set_item([args[0], None, *args[1:]])
        elif name in ARITHMETIC:
            result = self._arithmetic(ARITHMETIC[name], values, name)
        elif name in MODIFIER_METHODS:
            result = self._modifier(MODIFIER_METHODS[name], name, args, kwargs)
        elif name in SINK_METHODS:
            result = self._add_node("sink", SINK_METHODS[name], values)
        else:
            result = self._add_node("sink", "unknown", values)
        return self._assign_in_place(args, result) if name.endswith("_") and not name.endswith("__") else result

    def _activation(self, op: str, name: str, args: list[Any], kwargs: JsonObject) -> NodeValue:
        arguments = bind_arguments((("input", None), *PARAMETERS.get(op, ())), args, kwargs)
        first = kwargs.get("input", args[0] if args else None)
        arguments.pop("input", None)
        result = self._add_node("activation", op, [first], arguments=arguments)
        return (
            self._assign_in_place([first], result) if name.endswith("_") or arguments.get("inplace") is True else result
        )

    def _assign_in_place(self, args: Sequence[Any], result: NodeValue) -> NodeValue:
        """Bind the tensor that an in-place operation changes to the operation's result."""
        for number in node_references(args[0]):
            self._values[number] = result
        return result

    def _get_item(self, args: list[Any]) -> NodeValue:
        value = self._first_value(args)
        if value.data_items is None:
            return value
        is_data = not isinstance(args[1], int) or args[1] < value.data_items
        return (
            replace(value, data_items=value.data_items if value.data_items == _ALL_ITEMS else None)
            if is_data
            else _NO_DATA
        )

    def _set_item(self, args: list[Any]) -> NodeValue:
        """`x[index] = y`: later reads of `x` depend on both values."""
        if len(args) < 3 or not self._is_data(args[2]):
            return self._first_value(args)
        return self._assign_in_place(args, self._add_node("modifier", "concat", [args[0], args[2]]))

    def _modifier(self, op: str, name: str, args: list[Any], kwargs: JsonObject) -> NodeValue:
        values = [*args, *kwargs.values()]
        if op in ("add", "mul") and name in ARITHMETIC:
            return self._arithmetic(ARITHMETIC[name], values, name)
        if op == "concat":
            return self._add_node("modifier", op, values[:1])
        pooled = pooling(name, _pool_arguments(name, args, kwargs)) if op == "pool" else None
        inputs = values[:1] if self._is_data(values[:1]) else values
        norm = self._norm_of(values[1:]) if op.endswith("_norm") else None
        result = self._add_node("modifier", op, inputs, layer=norm, arguments=pooled)
        if op == "chunk" and name not in ("index_select", "narrow", "select"):
            return replace(result, data_items=_ALL_ITEMS)
        by_dimension = name in ("max", "min", "median") and len(values) > 1 and not self._values_in(values[1])
        return replace(result, data_items=1) if by_dimension or kwargs.get("return_indices") is True else result

    def _norm_of(self, values: Sequence[Any]) -> str | None:
        """The norm of torch whose parameters are among the values: its `forward` is called, and not the norm itself."""
        weights = [node_value for node_value in self._values_in(list(values)) if node_value.weights]
        paths = sorted(path for node_value in weights for path in node_value.weights)
        norms = (self._modules[self._parameters[path].module] for path in paths)
        norm = next((norm for norm in norms if norm.is_shown and not norm.is_layer and norm.cls is None), None)
        return None if norm is None or any(node_value.is_computed for node_value in weights) else norm.path

    def _arithmetic(self, word: str, args: Sequence[Any], name: str) -> NodeValue:
        if word == "matmul":
            return self._matrix_product(args)
        if word == "neg":
            return self._add_node("modifier", "scale", args, arguments={"operator": "neg"})
        if word not in WITH_NUMBER:
            return self._add_node("sink", word, args)
        both = len(args) > 1 and self._is_data(args[0]) and self._is_data(args[1])
        arguments = _operator_arguments(name, args, both)
        op = word if both else WITH_NUMBER[word]
        return self._add_node("modifier", op, args[:2], arguments=arguments, exact=both and len(args) == 2)

    def _functional_layer(self, names: Sequence[str], args: list[Any], kwargs: JsonObject) -> NodeValue:
        arguments = {**dict(zip(names, args, strict=False)), **kwargs}
        data = [value for name, value in arguments.items() if name.startswith("input")]
        if self._is_data(arguments.get("weight")):
            return self._add_node("sink", "matmul", [*data, arguments["weight"]])
        return self._multiply_by_weight(arguments.get("weight"), data)

    def _matrix_product(self, values: Sequence[Any]) -> NodeValue:
        """A matrix product: a layer if one factor is a parameter, a sink if both are data."""
        operands = [{"node": number} for number in node_references(list(values))]
        data = [value for value in operands if self._is_data(value)]
        weights = [value for value in operands if not self._is_data(value) and self._first_value([value]).weights]
        return (
            self._multiply_by_weight(weights[0], data)
            if data and weights
            else self._add_node("sink", "matmul", operands)
        )

    def _multiply_by_weight(self, weight: Any, data: list[Any]) -> NodeValue:
        """Data multiplied by a weight: a node of the layer that owns the weight, or of the raw parameter."""
        paths = {path for value in self._values_in(weight) for path in value.weights}
        if not paths:
            return self._add_node("layer", "unknown", data)
        parameter = min((self._parameters[path] for path in paths), key=_weight_sort_key)
        if self._first_value([weight]).is_computed:
            self.transformed_parameters.add(parameter.path)
        owner = self._modules[parameter.module]
        if owner.is_layer and parameter.name == "weight":
            return self._add_node("layer", owner.type, data, layer=owner.path)
        return self._add_node("layer", "Parameter", data, layer=parameter.path)


def _weight_sort_key(parameter: TracedParameter) -> tuple[bool, bool, str]:
    """Sort key: among the parameters that a value is computed from, the likely weight comes first."""
    rank = None if parameter.shape is None else len(parameter.shape)
    return (parameter.name != "weight", rank is not None and rank < 2, parameter.name)


def _operator_arguments(name: str, args: Sequence[Any], both: bool) -> Arguments:
    """The operator of an arithmetic node and, if one operand is a number, that number.

    `rsub` and `rdiv`: the number is the first operand.
    """
    bare = name.strip("_")
    operator = next((word for word in ("sub", "div", "mul", "add") if word in bare), "mul")
    if bare == "rsub" or bare.startswith("rdiv") or bare.startswith("rtruediv"):
        operator, args = f"r{operator}", args[::-1]
    if both:
        return {"operator": operator}
    numbers = [arg for arg in args[:2] if isinstance(arg, (int, float)) and not isinstance(arg, bool)]
    if len(args) > 2 or len(numbers) != 1:  # `alpha`, or a parameter
        return {"operator": operator}
    if args[0] is numbers[0] and not operator.startswith("r"):
        operator = f"r{operator}"
    return {"operator": operator, "number": numbers[0]}


def _pool_arguments(name: str, args: Sequence[Any], kwargs: JsonObject) -> dict[str, Any]:
    """The arguments of a pooling function or method that say what it pools."""
    parameter = "dim" if name in ("mean", "amax", "max") else "output_size" if "adaptive" in name else "kernel_size"
    return bind_arguments((("input", None), (parameter, None)), args, kwargs)
