"""Deliberate init that a later loop or `apply` overwrites

## What it does

Reports an init of one layer that has no effect because a generic one (a loop over the modules, an `apply`) overwrites
it later: a zeroed head, a gate's bias or a part of it, a small gain, values that are copied or assigned, a weight that
is scaled, a bias that is shifted. Also constants for some layers that a loop lists (`for gate in self.gates`).

It is silent if the generic init comes first, for equal values, for default biases, for random values that a parameter
is created with, and if only one of the two is certain.

## Why is this bad?

The value chosen for this layer is never used. A detection head whose bias stands for 1 % objects among the anchors
starts at 50 % instead, with a background loss of 0.69 instead of 0.01. A residual branch that should start at zero does
not.

## Bad

```python
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(64, 64)
        self.head = nn.Linear(64, 80)
        nn.init.constant_(self.head.bias, -4.6)
        self.apply(self._init_weights)

    def _init_weights(self, m):
        if isinstance(m, nn.Linear):
            nn.init.normal_(m.weight, std=0.02)
            nn.init.zeros_(m.bias)

    def forward(self, x):
        return self.head(self.body(x).tanh())
```

## Good

```python
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(64, 64)
        self.head = nn.Linear(64, 80)
        self.apply(self._init_weights)
        nn.init.constant_(self.head.bias, -4.6)

    def _init_weights(self, m):
        if isinstance(m, nn.Linear):
            nn.init.normal_(m.weight, std=0.02)
            nn.init.zeros_(m.bias)

    def forward(self, x):
        return self.head(self.body(x).tanh())
```

## References

- Lin et al., [Focal Loss](https://arxiv.org/abs/1708.02002), section 4.1, for the bias of a detection head
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Set
from typing import NamedTuple

from initlint.analysis.init_loops import lists_layers, visits_model
from initlint.analysis.layer_activation import SAME_SCALE, constant, drawn_variance, is_matrix
from initlint.analysis.messages import layer_names, line_of, related_locations, short_name
from initlint.analysis.norms import NORM_TYPES
from initlint.analysis.statements_between import differing_calls, statements_between, without_data
from initlint.diagnostics import Severity
from initlint.facts.initializer_formulas import INITIALIZERS
from initlint.graph.model import Layer, ModelGraph, Write
from initlint.project.source import Location, SourceLocation
from initlint.rules._registry import Violation, rule

_BIAS = 0.1
"""Smaller constants make no difference as a bias."""

_ALLOCATED = (None, 0, 1)
"""The values of a raw parameter that may be there only because it needs some: random numbers, zeros and ones."""

_IDENTITIES = frozenset({"torch.nn.init.eye_", "torch.nn.init.dirac_"})
_SCALING = frozenset({"torch.Tensor.mul_", "torch.Tensor.div_"})
_SHIFTS = frozenset({"torch.Tensor.add_", "torch.Tensor.sub_"})


class _Overwritten(NamedTuple):
    layer: Layer
    first: Write
    last: Write


@rule("INI107", "init-overwritten", severities=(Severity.WARNING,), needs_context=False, silent_if_loaded=True)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each call whose deliberate value a generic call overwrites."""
    init_calls = {call.location for call in model.calls}
    reach = _Reach(model)
    overwritten: dict[Location, list[_Overwritten]] = {}
    for layer in model.layers:
        for entry in _overwritten(layer, init_calls):
            if _is_chosen(entry, reach) and _differ(entry) and not _is_used_between(entry):
                overwritten.setdefault(entry.first.location, []).append(entry)
    for location, entries in overwritten.items():
        message = _message(entries, is_assignment=location not in init_calls)
        yield Violation(message, location, Severity.WARNING, _related(entries))


class _Reach:
    """The layers that the code at a location writes to, by owner and attribute.

    `parameters`: with the names of the parameters. `alike`: by location and arguments. `at_once`: by location,
    arguments and the calls that lead there.
    """

    def __init__(self, model: ModelGraph) -> None:
        self.layers: dict[Location, set[tuple[str, str]]] = defaultdict(set)
        self.parameters: dict[Location, set[tuple[str, str, str]]] = defaultdict(set)
        self.alike: dict[tuple[Location, str], set[tuple[str, str]]] = defaultdict(set)
        self.at_once: dict[tuple[Location, str, tuple[Location, ...]], set[tuple[str, str]]] = defaultdict(set)
        for layer in model.layers:
            for write in layer.writes:
                name, arguments = (layer.owner, layer.attribute), repr(write.arguments)
                self.layers[write.location].add(name)
                self.parameters[write.location].add((*name, write.parameter))
                self.alike[write.location, arguments].add(name)
                self.at_once[write.location, arguments, write.via].add(name)


def _is_chosen(entry: _Overwritten, reach: _Reach) -> bool:
    """Whether the first write is for one layer, or some that the code lists, and the last for the layers of a model."""
    first, last = entry.first, entry.last
    one, all = reach.parameters[first.location], reach.parameters[last.location]
    if len(one) == 1 and len(all) > 1 and one < all:
        return True
    layers, arguments = reach.layers[last.location], repr(first.arguments)
    alike = reach.alike[first.location, arguments]
    walks = visits_model(last)
    if visits_model(first) or not (alike < layers or (walks and alike == layers and len(alike) == 1)):
        return False
    is_drawn = first.initializer in INITIALIZERS and constant(first) is None and first.initializer not in _IDENTITIES
    if len(reach.at_once[first.location, arguments, first.via]) == 1:
        return not is_drawn or len(alike) == 1
    return not is_drawn and lists_layers(first)


def _is_used_between(entry: _Overwritten) -> bool:
    """Whether the model is used between its construction and the call that overwrites the value: for a comparison."""
    calls = differing_calls(entry.first, entry.last)
    if calls is None:
        return False
    between = statements_between(*calls)
    if between is None or not isinstance(between.first, ast.Assign) or between.first.value is not calls[0].node:
        return False
    return between.use_one_of(frozenset(map(without_data, between.first.targets)))


def _overwritten(layer: Layer, init_calls: Set[Location]) -> Iterator[_Overwritten]:
    """The last two writes to each parameter, if the first one is deliberate and the last one is an init call."""
    for parameter in dict.fromkeys(write.parameter for write in layer.writes):
        writes = [write for write in layer.writes if write.parameter == parameter]
        last, earlier = writes[-1], [write for write in writes[:-1] if write.location != writes[-1].location]
        if not earlier or not _is_init(last) or last.location not in init_calls:
            continue
        first = earlier[-1]
        # A raw parameter must get its first values somewhere: `nn.Parameter(torch.zeros(8))` is not deliberate.
        is_deliberate = layer.type != "Parameter" or first.location in init_calls or constant(first) not in _ALLOCATED
        is_init = (_is_init(first) and is_deliberate) or _is_part(layer, first)
        if is_init or _is_relative(first) or _is_copy(layer, first):
            yield _Overwritten(layer, first, last)


def _is_init(write: Write) -> bool:
    return write.certain and write.covers_tensor and not write.reads_old_value and write.initializer in INITIALIZERS


def _is_part(layer: Layer, write: Write) -> bool:
    """Whether it sets a part of a parameter to a number, such as the bias of a forget gate."""
    value = constant(write)
    is_part = write.certain and not write.covers_tensor and layer.type not in ("Embedding", "EmbeddingBag")
    return is_part and value is not None and abs(value) >= _BIAS


def _is_relative(write: Write) -> bool:
    """Whether it is `w.data.mul_(0.1)`, `w *= 0.1` or `b += 2`, not arithmetic on a new tensor."""
    if not (write.certain and write.covers_tensor and write.method):
        return False
    value = write.arguments.get("value")
    if write.initializer in _SHIFTS:
        return isinstance(value, (int, float)) and abs(value) >= _BIAS
    return write.initializer in _SCALING and value != 1


def _is_copy(layer: Layer, write: Write) -> bool:
    """Whether it copies or assigns values. Those that a raw parameter is created with must not be random."""
    if not write.certain or not write.covers_tensor or write.initializer != "torch.Tensor.copy_":
        return False
    function = write.helpers[-1] if write.helpers else ""
    if function.endswith("_") and not function.endswith("__"):
        return False  # an init function of the project, such as `trunc_normal_`
    return layer.type != "Parameter" or write.method or _is_formula(write.location)


def _may_be_constant(write: Write) -> bool:
    """Whether the values may be zeros or ones as well: those of a variable that is assigned, or joined zeros."""
    node = write.location.node if isinstance(write.location, SourceLocation) else None
    if not isinstance(node, ast.Call) or not node.args:
        return False
    is_name = isinstance(node.args[0], (ast.Name, ast.Attribute)) and not write.method
    return is_name or re.search(r"zero|ones|full", ast.unparse(node.args[0])) is not None


_RANDOM = re.compile(r"rand|normal|uniform|empty|init")


def _is_formula(location: Location) -> bool:
    """Whether it is `nn.Parameter(...)` of calls of torch and numpy that are not random: `torch.arange(4).log()`."""
    node = location.node if isinstance(location, SourceLocation) else None
    if not isinstance(node, ast.Call) or len(node.args) != 1 or not isinstance(node.args[0], ast.Call):
        return False
    calls = [call.func for call in ast.walk(node.args[0]) if isinstance(call, ast.Call)]
    return _RANDOM.search(ast.unparse(node.args[0])) is None and all(map(_is_of_library, calls))


def _is_of_library(function: ast.expr) -> bool:
    while isinstance(function, (ast.Attribute, ast.Call)):
        function = function.func if isinstance(function, ast.Call) else function.value
    return not isinstance(function, ast.Name) or function.id in ("torch", "np", "numpy", "math", "float", "int")


def _differ(entry: _Overwritten) -> bool:
    """Whether the second init changes what the first write was meant to set."""
    if entry.first.initializer not in INITIALIZERS:
        return constant(entry.last) is None or not _may_be_constant(entry.first)
    if entry.first.initializer in _IDENTITIES:
        return entry.last.initializer != entry.first.initializer
    before, after = constant(entry.first), constant(entry.last)
    if before == 1 and entry.first.parameter == "weight" and entry.layer.type in NORM_TYPES:
        return False  # as PyTorch initializes it
    if entry.first.parameter != "weight" or not is_matrix(entry.layer):
        return before is not None and before != after and (entry.first.parameter == "weight" or abs(before) >= _BIAS)
    if before is not None or after is not None:
        return before != after
    scales = [drawn_variance(entry.layer, write) for write in (entry.first, entry.last)]
    if None in scales or 0 in scales:
        return False
    one, other = (scale for scale in scales if scale is not None)
    return max(one / other, other / one) >= SAME_SCALE


def _message(entries: list[_Overwritten], is_assignment: bool) -> str:
    first, last = entries[0].first, entries[0].last
    layers = layer_names([entry.layer for entry in entries])
    parameter = layers if entries[0].layer.type == "Parameter" else f"the {first.parameter} of {layers}"
    place = line_of(last.location, first.location)
    reason = f"`{short_name(last.initializer)}` in {place} overwrites it later; set it after that"
    if is_assignment and not (first.method and first.initializer.startswith("torch.Tensor.")):
        return f"the assignment to {parameter} has no effect: {reason}"
    return f"`{short_name(first.initializer)}` on {parameter} has no effect: {reason}"


def _related(entries: list[_Overwritten]) -> tuple[tuple[Location, str], ...]:
    last = entries[0].last
    applied = () if last.visit is None else ((last.visit.location, "this applies it"),)
    return (
        (last.location, "this overwrites it"),
        *applied,
        *related_locations((entry.layer, None) for entry in entries),
    )
