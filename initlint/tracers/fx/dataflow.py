"""Translates the worker's nodes into the data flow of a graph, by the same tables as the static tracer.

The value of a node is data (computed from the model's input), computed from parameters only, or neither (sizes,
constants). Only operations on data become nodes of the data flow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from initlint._records import dataclass
from initlint.facts.activations import MODULES as ACTIVATION_MODULES
from initlint.facts.canonical_names import canonical
from initlint.facts.equations import Equation
from initlint.facts.fans import MODULES
from initlint.facts.initializer_formulas import CONSTRUCTORS
from initlint.facts.operator_kinds import OperatorKind
from initlint.facts.operators import (
    EXTERNAL_MODULES,
    FUNCTIONS,
    METHODS,
    Operator,
    is_in_place,
    is_overflow_guard,
    pooling,
    python_operator,
)
from initlint.facts.windows import MapSize
from initlint.graph.dataflow import FlowNode
from initlint.graph.hand_written_norms import PARAMETERS, function_of
from initlint.graph.words import Arguments, OperationKind
from initlint.project.source import Location
from initlint.tracers.fx.json_values import JsonObject, argument, bind_arguments, node_references
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

_MODIFIERS = {
    "add": ("add", "shift"),
    "sub": ("add", "shift"),
    "mul": ("mul", "scale"),
    "div": ("mul", "scale"),
}
"""By the operator: its word in `Consumer.between` with data on both sides, and with data on one."""


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
        self._shapes: list[Sequence[int] | None] = []
        self._location = model_location
        self.nodes_by_layer: dict[str, list[FlowNode]] = {}
        self.transformed_parameters: set[str] = set()
        """The paths of the parameters that are transformed before they are multiplied with data."""
        self._handlers: Mapping[OperatorKind, Callable[[Operator, list[Any], JsonObject], NodeValue]] = {
            "activation": self._activation,
            "identity": self._identity,
            "modifier": self._modifier,
            "arithmetic": self._arithmetic,
            "product": self._product,
            "weighted": self._weighted,
            "sink": self._sink,
            "constant": self._constant,
        }

    def read(self, nodes: Iterable[JsonObject]) -> None:
        """Translate the nodes, in order."""
        for node in nodes:
            self._location = self._model_location if node["location"] is None else self._locations[node["location"]]
            self._values.append(self._read_node(node))
            self._shapes.append(node.get("shape"))

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
        if isinstance(value, NodeValue):
            return [value]
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
        factors: tuple[str, ...] = (),
    ) -> NodeValue:
        """Add a node that consumes `values`. Without data among them the result is computed from parameters."""
        node_values = [node_value for value in values for node_value in self._values_in(value)]
        nodes = {node_value.node.index: node_value.node for node_value in node_values if node_value.node is not None}
        if not nodes and kind not in ("input", "layer"):
            return NodeValue(
                weights=frozenset().union(*(node_value.weights for node_value in node_values)), is_computed=True
            )
        inputs = [(node, frozenset[Any]()) for node in nodes.values()]
        node = FlowNode(
            kind, op, inputs, self._location, layer=layer, arguments=arguments, exact=exact, factors=factors
        )
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
            window = pooling(module_type.type, module.arguments, self._map_size(values[:1]))
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
        if node_value.node is not None:
            node_value.node.map_size = self._map_size(values[:1])
        if family == "attention":
            return replace(node_value, data_items=1)
        is_single = family != "rnn" or (type.endswith("Cell") and type != "LSTMCell")
        return node_value if is_single else replace(node_value, data_items=_ALL_ITEMS)

    def _map_size(self, values: Sequence[Any]) -> MapSize | None:
        """The size of the feature map that the first value is, without batch and channels, if its shape is recorded."""
        numbers = list(node_references(values[0])) if values else []
        shape = self._shapes[numbers[0]] if len(numbers) == 1 else None
        return None if shape is None or len(shape) < 3 else tuple(shape[2:])

    def _first_value(self, values: Sequence[Any]) -> NodeValue:
        node_values = self._values_in(values[0]) if values else []
        return node_values[0] if node_values else _NO_DATA

    # Functions and methods -------------------------------------------------------------------------------------

    def _call_function(self, name: str, args: list[Any], kwargs: JsonObject) -> NodeValue:
        module, _, last = name.rpartition(".")
        if module == "_operator":
            return self._python_operator(last, args)
        if name == "builtins.getattr" and isinstance(args[1], str):
            return self._call_method(args[1], args[:1], {})
        if name in CONSTRUCTORS:
            return _NO_DATA  # `torch.randn_like(x)` uses only the shape of `x`
        operator = FUNCTIONS.get(name)
        if operator is None:
            return self._add_node("sink", "unknown", [*args, *kwargs.values()])
        return self._call_operator(operator, last, args, kwargs)

    def _call_method(self, name: str, args: list[Any], kwargs: JsonObject) -> NodeValue:
        if name == "copy_":
            return self._set_item([args[0], None, *args[1:]])
        if name.startswith("__"):
            return self._python_operator(name, args)
        operator = METHODS.get(name)
        if operator is None:
            result = self._add_node("sink", "unknown", [*args, *kwargs.values()])
            return self._assign_in_place(args, result) if is_in_place(name) else result
        return self._call_operator(operator, name, args, kwargs)

    def _python_operator(self, name: str, args: list[Any]) -> NodeValue:
        """A function of `operator` or a special method."""
        if name.strip("_") == "getitem":
            return self._get_item(args)
        if name.strip("_") == "setitem":
            return self._set_item(args)
        known = python_operator(name)
        if known is None:
            return self._add_node("sink", "compare", args)
        operator, is_reversed = known
        result = self._handlers[operator.kind](operator, args[::-1] if is_reversed else args, {})
        is_assignment = name.strip("_").startswith("i") and name.strip("_") != operator.name
        return self._assign_in_place(args, result) if is_assignment else result

    def _call_operator(self, operator: Operator, spelling: str, args: list[Any], kwargs: JsonObject) -> NodeValue:
        result = self._handlers[operator.kind](operator, args, kwargs)
        names = [name for name, _ in operator.parameters]
        at = names.index("inplace") if "inplace" in names else len(args)
        if is_in_place(spelling) or (args[at] if at < len(args) else kwargs.get("inplace")) is True:
            return self._assign_in_place([argument(args, kwargs, 0, "input")], result)
        return result

    def _activation(self, operator: Operator, args: list[Any], kwargs: JsonObject) -> NodeValue:
        # torch.nn.functional passes on the defaults of its own parameters.
        arguments = {
            name: value
            for name, value in bind_arguments(operator.parameters[1:], args[1:], kwargs).items()
            if value != dict(operator.parameters)[name]
        }
        return self._add_node("activation", operator.op, [argument(args, kwargs, 0, "input")], arguments=arguments)

    def _identity(self, operator: Operator, args: list[Any], kwargs: JsonObject) -> NodeValue:
        # A dropout that `self.training` turns on is recorded like one that is never off.
        value = self._first_value([argument(args, kwargs, 0, "input")])
        return replace(value, data_items=1) if operator.indices else value

    def _modifier(self, operator: Operator, args: list[Any], kwargs: JsonObject) -> NodeValue:
        first, values = [argument(args, kwargs, 0, "input")], [*args, *kwargs.values()]
        if operator.op == "concat":
            result = self._add_node("modifier", "concat", values[:1])
            return replace(result, data_items=1) if operator.indices else result
        inputs = first if operator.data and self._is_data(first) else values
        arguments = None
        if operator.op == "pool":
            window = bind_arguments(operator.parameters[1:], args[1:], kwargs)
            arguments = pooling(operator.name, window, self._map_size(first))
        norm = self._norm_of(values[1:]) if operator.op.endswith("_norm") else None
        gains = None if norm is not None else self._gains(operator, args, kwargs)
        if gains is not None:
            arguments = {"gain": "parameter"}
        result = self._add_node("modifier", operator.op, inputs, layer=norm, arguments=arguments, factors=gains or ())
        _note_function(result, operator, args, kwargs)
        if operator.sequence:
            return replace(result, data_items=_ALL_ITEMS)
        is_pair = operator.indices == "always"
        if operator.indices == "dim":
            dim = argument(args, kwargs, 1, "dim")
            is_pair = dim is not None and not self._values_in(dim)
        if operator.indices == "flag":
            is_pair = kwargs.get("return_indices") is True
        return replace(result, data_items=1) if is_pair else result

    def _gains(self, operator: Operator, args: list[Any], kwargs: JsonObject) -> tuple[str, ...] | None:
        """The raw parameter that `F.layer_norm` and its kin multiply by, empty if unknown; None if there is none."""
        weight = argument(args, kwargs, 2, "weight")
        if operator.op not in ("layer_norm", "rms_norm", "group_norm") or weight is None:
            return None
        return self._factors(weight)

    def _factors(self, value: Any) -> tuple[str, ...]:
        """The path of the raw parameter that the value is; empty for any other value."""
        node_value = self._first_value([value])
        paths = tuple(node_value.weights)
        return paths if len(paths) == 1 and not node_value.is_computed else ()

    def _norm_of(self, values: Sequence[Any]) -> str | None:
        """The norm of torch whose parameters are among the values: its `forward` is called, and not the norm itself."""
        weights = [node_value for node_value in self._values_in(list(values)) if node_value.weights]
        paths = sorted(path for node_value in weights for path in node_value.weights)
        norms = (self._modules[self._parameters[path].module] for path in paths)
        norm = next((norm for norm in norms if norm.is_shown and not norm.is_layer and norm.cls is None), None)
        return None if norm is None or any(node_value.is_computed for node_value in weights) else norm.path

    def _arithmetic(self, operator: Operator, args: Sequence[Any], kwargs: JsonObject) -> NodeValue:
        left, right, word = argument(args, kwargs, 0, "input"), argument(args, kwargs, 1, "other"), operator.op
        if word == "rsub":
            left, right, word = right, left, "sub"
        if word == "neg":
            return self._add_node("modifier", "scale", [left], arguments={"operator": "neg"})
        if word not in _MODIFIERS:
            result = self._add_node("sink", word, [left, right])
            if word == "pow":
                _note_function(result, operator, [left, right], {})
            return result
        op, op_with_number = _MODIFIERS[word]
        scaled = kwargs.get("alpha", kwargs.get("rounding_mode"))
        if scaled not in (None, 1):
            return self._add_node("modifier", op, [left, right], arguments={"operator": "scaled"})
        if self._is_data(left) and self._is_data(right):
            return self._add_node("modifier", op, [left, right], arguments={"operator": word}, exact=True)
        number, name = (left, f"r{word}") if isinstance(left, (int, float)) else (right, word)
        is_known = isinstance(number, (int, float)) and not isinstance(number, bool)
        arguments = {"operator": name, "number": number} if is_known else {"operator": name}
        factors = self._factors(left if self._is_data(right) else right) if op == "mul" else ()
        return self._add_node("modifier", op_with_number, [left, right], arguments=arguments, factors=factors)

    def _sink(self, operator: Operator, args: list[Any], kwargs: JsonObject) -> NodeValue:
        if operator.op == "clamp" and is_overflow_guard([*args[1:], *kwargs.values()]):
            return self._first_value(args)
        names = [name for name, _ in operator.parameters]
        has_logits = operator.op_on_logits and argument(args, kwargs, names.index("logits"), "logits") is not None
        op = operator.op_on_logits if has_logits else operator.op
        result = self._add_node("sink", op, [*args, *kwargs.values()])
        _note_function(result, operator, args, kwargs)
        return result

    def _constant(self, operator: Operator, args: list[Any], kwargs: JsonObject) -> NodeValue:
        return _NO_DATA

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

    def _weighted(self, operator: Operator, args: list[Any], kwargs: JsonObject) -> NodeValue:
        names = [name for name, _ in operator.parameters]
        arguments = {**dict(zip(names, args, strict=False)), **kwargs}
        data = [arguments[name] for name in operator.data if name in arguments]
        if self._is_data(arguments.get("weight")):
            return self._add_node("sink", "matmul", [*data, arguments["weight"]])
        return self._multiply_by_weight(arguments.get("weight"), data)

    def _product(self, operator: Operator, args: list[Any], kwargs: JsonObject) -> NodeValue:
        """A matrix product or a contraction: a layer for each factor that is a parameter; of data only, a sink."""
        names = [name for name, _ in operator.parameters]
        values = [*args, *kwargs.values()]
        if operator.data:
            values = [argument(args, kwargs, names.index(name), name) for name in operator.data]
        operands: list[Any] = [{"node": number} for number in node_references(values)]
        texts = [value for value in values if isinstance(value, str)]
        start = next((at for at, operand in enumerate(operands) if self._is_data(operand)), 0)
        if operator.axes == "chain":
            operands = [*operands[start:], *operands[:start][::-1]]
        if operator.axes == "equation" and texts and len(operands) > 2:
            equation = Equation(texts[0], operator.name.startswith("einops"))
            if len(equation.terms) == len(operands):
                operands = [operands[at] for at in equation.order(start)]
        result: Any = operands[0] if operands else None
        for operand in operands[1:]:
            result = self._product_of_two([result, operand])
        return result if isinstance(result, NodeValue) else self._first_value([result])

    def _product_of_two(self, operands: list[Any]) -> NodeValue:
        data = [value for value in operands if self._is_data(value)]
        weights = [value for value in operands if not self._is_data(value) and self._first_value([value]).weights]
        if not data or not weights:
            return self._add_node("sink", "matmul", operands)
        return self._multiply_by_weight(weights[0], data)

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


def _note_function(result: NodeValue, operator: Operator, args: Sequence[Any], kwargs: JsonObject) -> None:
    """Note what `graph.hand_written_norms` reads."""
    parameters = PARAMETERS.get(operator.name)
    if parameters is not None and result.node is not None:
        result.node.function = function_of(operator.name, bind_arguments(parameters[1:], args[1:], kwargs))


def _weight_sort_key(parameter: TracedParameter) -> tuple[bool, bool, str]:
    """Sort key: among the parameters that a value is computed from, the likely weight comes first."""
    rank = None if parameter.shape is None else len(parameter.shape)
    return (parameter.name != "weight", rank is not None and rank < 2, parameter.name)
