"""The worker's nodes as a flow: the same tables, and so the same words, as the static tracer's.

Each node of the worker has a value: data that flows, or what was computed from parameters alone, or neither (sizes,
constants). Only operations on data become nodes of the flow.
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
    CLOSING_FUNCTIONS,
    CLOSING_METHODS,
    EXTERNAL_MODULES,
    NOTED_FUNCTIONS,
    NOTED_METHODS,
    SHAPE_METHODS,
    TRANSPARENT_FUNCTIONS,
    TRANSPARENT_METHODS,
    WEIGHTED_FUNCTIONS,
    WITH_NUMBER,
)
from initlint.graph.dataflow import FlowNode
from initlint.graph.model import Arguments, Location
from initlint.tracers.fx.json_values import Raw, bound, references
from initlint.tracers.fx.modules import TracedModule, TracedParameter


@dataclass(frozen=True, slots=True)
class _FxValue:
    """`node`: where the data comes from; `weights`: the paths of the parameters that it was computed from.

    `items`: how many of the first items of a tuple are data; None for a tensor. `computed`: no parameter itself.
    """

    node: FlowNode | None = None
    weights: frozenset[str] = frozenset()
    items: int | None = None
    computed: bool = False


_NOTHING = _FxValue()
_ALL_ITEMS = 1_000_000


class FlowReader:
    """Reads one flow of the worker.

    `uses` are the nodes of each layer, by the layer's path.
    """

    def __init__(
        self,
        modules: Mapping[str, TracedModule],
        parameters: Mapping[str, TracedParameter],
        places: Sequence[Location],
        whole: Location,
    ) -> None:
        self._modules = modules
        self._parameters = parameters
        self._places = places
        self._whole = whole
        """The place of the model, for what stands nowhere."""
        self._values: list[_FxValue] = []
        self._place = whole
        self.uses: dict[str, list[FlowNode]] = {}
        self.computed: set[str] = set()
        """The paths of the parameters that data meets only after something was computed of them."""

    def read(self, nodes: Iterable[Raw]) -> None:
        """Take in all the nodes of one flow, in their order."""
        for raw in nodes:
            self._place = self._whole if raw["place"] is None else self._places[raw["place"]]
            self._values.append(self._node(raw))

    def _node(self, raw: Raw) -> _FxValue:
        op, target, args, kwargs = raw["op"], raw["target"], raw["args"], raw["kwargs"]
        if op == "placeholder":
            return self._made("input", "input", ())
        if op == "get_attr":
            return _FxValue(weights=frozenset({target})) if target in self._parameters else _NOTHING
        if op == "call_module":
            module, values = self._modules.get(target), [*args, *kwargs.values()]
            # What computes a parametrized weight is no module of the graph.
            return self._first(values) if module is None else self._call_module(module, values)
        if op == "call_method":
            return self._call_method(target, args, kwargs)
        if op == "call_function":
            return self._call_function(canonical(target), args, kwargs)
        self._place = self._whole
        return self._made("output", "output", [args])

    # Making ----------------------------------------------------------------------------------------------------

    def _found(self, value: Any) -> list[_FxValue]:
        return [self._values[number] for number in references(value)]

    def _is_data(self, value: Any) -> bool:
        return any(found.node is not None for found in self._found(value))

    def _made(
        self, kind: str, op: str, values: Iterable[Any], layer: str | None = None, arguments: Arguments | None = None
    ) -> _FxValue:
        """The value of a new node that consumes `values`; what has no data among them is computed from parameters."""
        found = [known for value in values for known in self._found(value)]
        nodes = {known.node.index: known.node for known in found if known.node is not None}
        if not nodes and kind not in ("input", "layer"):
            return _FxValue(weights=frozenset().union(*(known.weights for known in found)), computed=True)
        inputs = [(node, frozenset[Any]()) for node in nodes.values()]
        made = FlowNode(kind, op, inputs, self._place, layer=layer, arguments=arguments)
        if layer is not None:
            self.uses.setdefault(layer, []).append(made)
        return _FxValue(made)

    # Modules ---------------------------------------------------------------------------------------------------

    def _call_module(self, module: TracedModule, values: list[Any]) -> _FxValue:
        external = EXTERNAL_MODULES.get(module.qualified or "")
        if external is not None:
            return self._first(values) if external == "transparent" else self._made("noted", external, values[:1])
        known = MODULES.get(f"torch.nn.{module.type}")
        if known is None:
            return self._made("end", "unknown", values)
        path = module.path
        if known.role == "layer":
            return self._call_layer(known.family, known.type, path, values)
        if known.role == "norm":
            return self._made("noted", known.between or "norm", values[:1], layer=path)
        if known.role == "activation":
            op = ACTIVATION_MODULES[f"torch.nn.{module.type}"]
            return self._made("activation", op, values[:1], arguments=module.arguments)
        if known.role == "pool":
            pooled = self._made("noted", "pool", values[:1])
            return replace(pooled, items=1) if module.arguments.get("return_indices") is True else pooled
        if known.role == "transparent":
            return self._first(values)
        if known.role == "opaque" and "Transformer" in known.type:
            return self._made("layer", known.type, values, layer=path)
        return self._made("end", "loss" if known.role == "loss" else "unknown", values)

    def _call_layer(self, family: str, type: str, path: str, values: list[Any]) -> _FxValue:
        taken = {"attention": 3, "bilinear": 2}.get(family, 1)
        made = self._made("layer", type, values[:taken], layer=path)
        if family == "attention":
            return replace(made, items=1)
        is_single = family != "rnn" or (type.endswith("Cell") and type != "LSTMCell")
        return made if is_single else replace(made, items=_ALL_ITEMS)

    def _first(self, values: Sequence[Any]) -> _FxValue:
        found = self._found(values[0]) if values else []
        return found[0] if found else _NOTHING

    # Functions and methods -------------------------------------------------------------------------------------

    def _call_function(self, name: str, args: list[Any], kwargs: Raw) -> _FxValue:
        module, _, last = name.rpartition(".")
        if module == "_operator":
            return self._operator(last, args)
        if name == "builtins.getattr" and isinstance(args[1], str):
            return self._call_method(args[1], args[:1], {})
        values = [*args, *kwargs.values()]
        if name in ACTIVATION_FUNCTIONS:
            return self._activation(ACTIVATION_FUNCTIONS[name], last, args, kwargs)
        if name in WEIGHTED_FUNCTIONS:
            return self._weighted_function(WEIGHTED_FUNCTIONS[name][1], args, kwargs)
        if name in TRANSPARENT_FUNCTIONS:
            return self._first(values)
        if name in NOTED_FUNCTIONS:
            return self._noted(NOTED_FUNCTIONS[name], last, args, kwargs)
        if name in CONSTRUCTORS:
            return _NOTHING  # `torch.randn_like(x)` takes nothing of `x` but its shape
        if name in CLOSING_FUNCTIONS:
            op = CLOSING_FUNCTIONS[name]
            return self._product(values) if op == "matmul" else self._made("end", op, values)
        return self._made("end", "unknown", values)

    def _operator(self, name: str, args: list[Any]) -> _FxValue:
        if name == "getitem":
            return self._item(args)
        if name == "setitem":
            return self._set_item(args)
        if name in ARITHMETIC:
            made = self._arithmetic(ARITHMETIC[name], args)
            return self._overwritten(args, made) if name[0] == "i" and name != "invert" else made
        return self._made("end", "compare", args)

    def _call_method(self, name: str, args: list[Any], kwargs: Raw) -> _FxValue:
        values = [*args, *kwargs.values()]
        if name == "__getitem__":
            return self._item(args)
        if name == "__setitem__":
            return self._set_item(args)
        if name in SHAPE_METHODS:
            return _NOTHING
        if name in ACTIVATION_METHODS:
            made = self._activation(ACTIVATION_METHODS[name], name, args, kwargs)
        elif name in TRANSPARENT_METHODS:
            made = self._first(args)
        elif name == "copy_":
            return self._set_item([args[0], None, *args[1:]])
        elif name in ARITHMETIC:
            made = self._arithmetic(ARITHMETIC[name], values)
        elif name in NOTED_METHODS:
            made = self._noted(NOTED_METHODS[name], name, args, kwargs)
        elif name in CLOSING_METHODS:
            made = self._made("end", CLOSING_METHODS[name], values)
        else:
            made = self._made("end", "unknown", values)
        return self._overwritten(args, made) if name.endswith("_") and not name.endswith("__") else made

    def _activation(self, op: str, name: str, args: list[Any], kwargs: Raw) -> _FxValue:
        arguments = bound((("input", None), *PARAMETERS.get(op, ())), args, kwargs)
        first = kwargs.get("input", args[0] if args else None)
        arguments.pop("input", None)
        made = self._made("activation", op, [first], arguments=arguments)
        return self._overwritten([first], made) if name.endswith("_") or arguments.get("inplace") is True else made

    def _overwritten(self, args: Sequence[Any], made: _FxValue) -> _FxValue:
        """An in-place operation: the tensor itself is now what the operation gives."""
        for number in references(args[0]):
            self._values[number] = made
        return made

    def _item(self, args: list[Any]) -> _FxValue:
        value = self._first(args)
        if value.items is None:
            return value
        is_data = not isinstance(args[1], int) or args[1] < value.items
        return replace(value, items=value.items if value.items == _ALL_ITEMS else None) if is_data else _NOTHING

    def _set_item(self, args: list[Any]) -> _FxValue:
        """`x[index] = y`: what is read from `x` from here on comes from both."""
        if len(args) < 3 or not self._is_data(args[2]):
            return self._first(args)
        return self._overwritten(args, self._made("noted", "concat", [args[0], args[2]]))

    def _noted(self, op: str, name: str, args: list[Any], kwargs: Raw) -> _FxValue:
        values = [*args, *kwargs.values()]
        if op in ("add", "mul") and name in ARITHMETIC:
            return self._arithmetic(ARITHMETIC[name], values)
        if op == "concat":
            return self._made("noted", op, values[:1])
        made = self._made("noted", op, values[:1] if self._is_data(values[:1]) else values)
        if op == "chunk" and name not in ("index_select", "narrow", "select"):
            return replace(made, items=_ALL_ITEMS)
        by_dimension = name in ("max", "min", "median") and len(values) > 1 and not self._found(values[1])
        return replace(made, items=1) if by_dimension or kwargs.get("return_indices") is True else made

    def _arithmetic(self, word: str, args: Sequence[Any]) -> _FxValue:
        if word == "matmul":
            return self._product(args)
        if word == "neg":
            return self._made("noted", "scale", args)
        if word not in WITH_NUMBER:
            return self._made("end", word, args)
        both = len(args) > 1 and self._is_data(args[0]) and self._is_data(args[1])
        return self._made("noted", word if both else WITH_NUMBER[word], args[:2])

    def _weighted_function(self, names: Sequence[str], args: list[Any], kwargs: Raw) -> _FxValue:
        given = {**dict(zip(names, args, strict=False)), **kwargs}
        data = [value for name, value in given.items() if name.startswith("input")]
        if self._is_data(given.get("weight")):
            return self._made("end", "matmul", [*data, given["weight"]])
        return self._weighted(given.get("weight"), data)

    def _product(self, values: Sequence[Any]) -> _FxValue:
        """A matrix product: with a parameter it is a layer, of data alone it ends their paths."""
        operands = [{"node": number} for number in references(list(values))]
        data = [value for value in operands if self._is_data(value)]
        weights = [value for value in operands if not self._is_data(value) and self._first([value]).weights]
        return self._weighted(weights[0], data) if data and weights else self._made("end", "matmul", operands)

    def _weighted(self, weight: Any, data: list[Any]) -> _FxValue:
        """Data multiplied by a weight: the layer that owns it, or the raw parameter itself."""
        paths = {path for value in self._found(weight) for path in value.weights}
        if not paths:
            return self._made("layer", "unknown", data)
        parameter = min((self._parameters[path] for path in paths), key=_weight_likeness)
        if self._first([weight]).computed:
            self.computed.add(parameter.path)
        owner = self._modules[parameter.module]
        if owner.is_layer and parameter.name == "weight":
            return self._made("layer", owner.type, data, layer=owner.path)
        return self._made("layer", "Parameter", data, layer=parameter.path)


def _weight_likeness(parameter: TracedParameter) -> tuple[bool, bool, str]:
    """Sorts what is most likely the weight among the parameters that a value was computed from to the front."""
    rank = None if parameter.shape is None else len(parameter.shape)
    return (parameter.name != "weight", rank is not None and rank < 2, parameter.name)
