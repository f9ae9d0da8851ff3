"""Parameter that is initialized twice in a row, while its neighbour is never initialized

## What it does

Reports two init calls on the same parameter in one block, the first of which has no effect, if a parameter next to it
has no init at all: the bias of the same layer, a layer of the same type of the same class, or a raw parameter that the
same class makes in the same way. It also reports
`weight[padding_idx]` where `padding_idx` is None: that is the whole weight, not a row.

It is silent if the second value depends on the first, if a statement between the two mentions the parameter or uses
the model as a whole (`net(x)`, `train(net)`, `self.state_dict()`, `optimizer.step()`), if one of them only changes a
part, and if a loop comes first and a single layer second.

## Why is this bad?

One of the two lines was copied and not changed. The layer that it was meant for keeps PyTorch's default: a policy head
of 64 inputs starts with a standard deviation of 0.072 in place of the 0.00125 of `orthogonal_` with a gain of 0.01.
With `padding_idx=None` every row of an embedding is 0, so that all inputs look the same.

## Bad

```python
import torch.nn as nn


class Agent(nn.Module):
    def __init__(self):
        super().__init__()
        self.value = nn.Linear(64, 1)
        self.policy = nn.Linear(64, 2)
        nn.init.orthogonal_(self.value.weight, gain=1.0)
        nn.init.orthogonal_(self.value.weight, gain=0.01)

    def forward(self, x):
        return self.policy(x), self.value(x)
```

## Good

```python
import torch.nn as nn


class Agent(nn.Module):
    def __init__(self):
        super().__init__()
        self.value = nn.Linear(64, 1)
        self.policy = nn.Linear(64, 2)
        nn.init.orthogonal_(self.value.weight, gain=1.0)
        nn.init.orthogonal_(self.policy.weight, gain=0.01)

    def forward(self, x):
        return self.policy(x), self.value(x)
```

## References

- [torch.nn.init.orthogonal_](https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.orthogonal_)
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Set
from itertools import pairwise, takewhile

from initlint._records import dataclass
from initlint.analysis.messages import line_of, name, related_locations, short_name
from initlint.analysis.norms import NORM_TYPES
from initlint.analysis.statements_between import blocks, contains, differing_calls, statements_between, without_data
from initlint.diagnostics import Severity
from initlint.facts.initializer_formulas import INITIALIZERS
from initlint.graph.model import Layer, ModelGraph, Write
from initlint.project.source import Location, SourceLocation
from initlint.rules._registry import Violation, rule


@dataclass(frozen=True, slots=True)
class _Repetition:
    """Two statements of one block that set the same parameter, the first one without effect.

    `is_index`: the second one writes to `weight[index]`, which is all of the weight. `calls`: the two calls in the
    block, which are the inits, or lead to them.
    """

    first: ast.stmt
    second: ast.stmt
    is_index: bool
    calls: tuple[SourceLocation, SourceLocation]


@rule("INI112", "initialized-twice", severities=(Severity.WARNING,), needs_context=False, silent_if_loaded=True)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each layer, or loop over layers, whose init is repeated."""
    init_calls = {call.location for call in model.calls}
    reported: set[object] = set()
    for layer in model.layers:
        for first, second in _consecutive_writes(layer, init_calls):
            repetition = _repetition(first, second)
            if repetition is None or not reported.isdisjoint((id(repetition.second), layer.path)):
                continue
            reason = _reason(model, layer, first, repetition)
            if reason is not None:
                reported.update((id(repetition.second), layer.path))
                yield _violation(layer, (first, second), repetition, reason)


def _violation(layer: Layer, writes: tuple[Write, Write], repetition: _Repetition, reason: str) -> Violation:
    """It is at the second call: where a helper is called twice, its line is right."""
    here = repetition.calls[1]
    one, other = (
        f"`{short_name(write.initializer)}` in {line_of(write.location, here)}"
        if write.location == call
        else f"`{short_name(write.initializer)}`, called in {line_of(call, here)},"
        for write, call in zip(writes, repetition.calls, strict=True)
    )
    message = f"{one} has no effect on {_named(layer, writes[0].parameter)}: {other} {reason}"
    helper = [(writes[1].location, "this initializes it")] if writes[1].location != here else []
    related = ((repetition.calls[0], "this has no effect"), *helper, *related_locations([(layer, None)]))
    return Violation(message, here, Severity.WARNING, related)


def _named(layer: Layer, parameter: str) -> str:
    return f"`{name(layer)}`" if layer.type == "Parameter" else f"the {parameter} of `{name(layer)}`"


def _consecutive_writes(layer: Layer, init_calls: Set[Location]) -> Iterator[tuple[Write, Write]]:
    """The pairs of writes to a parameter, one after the other, that both set all of it for certain."""
    if layer.frozen or layer.parametrized:
        return
    for parameter in dict.fromkeys(write.parameter for write in layer.writes):
        writes = [write for write in layer.writes if write.parameter == parameter]
        for first, second in pairwise(writes):
            if _is_absolute(first, init_calls) and _is_absolute(second, init_calls):
                yield first, second


def _is_absolute(write: Write, init_calls: Set[Location]) -> bool:
    is_init = write.initializer in INITIALIZERS and write.location in init_calls
    is_copy = write.initializer == "torch.Tensor.copy_" and write.method
    return (is_init or is_copy) and write.certain and write.covers_tensor and not write.reads_old_value


def _reason(model: ModelGraph, layer: Layer, write: Write, repetition: _Repetition) -> str | None:
    """The end of the message; None if no parameter next to it lacks an init."""
    if repetition.is_index:
        index = "`padding_idx` is None" if layer.type == "Embedding" else "its index is None"
        return f"sets all of it, because {index}; set one row, or none"
    if layer.type == "Parameter":
        raw = min(_raw_siblings(model, layer), key=lambda other: _distance(model, layer, other), default=None)
        if raw is None:
            return None
        left = f"nothing initializes `{name(raw)}`" if raw.uninitialized else f"`{name(raw)}` keeps what it is made of"
        return f"sets it again, and {left}: one of the two was meant for it"
    siblings = list(_uninitialized_siblings(model, layer, write.parameter))
    lacks_bias_init = _lacks_bias_init(write, layer) and not (siblings and _leaves_biases(model, layer, write))
    if lacks_bias_init and not (siblings and layer.type in NORM_TYPES):
        return "sets it again, and its bias keeps PyTorch's default: one of the two was meant for it"
    if not siblings:
        return None
    sibling = min(siblings, key=lambda other: _distance(model, layer, other))
    if lacks_bias_init:  # gain and bias of a norm are vectors of one size: either may be meant
        both = f"its bias and the {write.parameter} of `{name(sibling)}` keep PyTorch's default"
        return f"sets it again, and {both}: one of the two was meant for one of these"
    return f"sets it again, and that of `{name(sibling)}` keeps PyTorch's default: one of the two was meant for it"


def _lacks_bias_init(write: Write, layer: Layer) -> bool:
    has_write = any(written.parameter == "bias" for written in layer.writes)
    return write.parameter == "weight" and "bias" in layer.shapes and not has_write


def _leaves_biases(model: ModelGraph, layer: Layer, write: Write) -> bool:
    """Whether calls other than `write` initialize the weights of layers like `layer`, and none of their biases."""
    written = [other.writes for other in _peers(model, layer) if other is not layer and other.writes]
    others = [writes for writes in written if all(one.location != write.location for one in writes)]
    return bool(others) and all(one.parameter == "weight" for writes in others for one in writes)


def _distance(model: ModelGraph, layer: Layer, other: Layer) -> tuple[bool, bool, int]:
    """How far `other` is from `layer`: in another container, at another depth, so many layers away."""
    parts, others = layer.attribute.split("."), other.attribute.split(".")
    between = abs(model.layers.index(layer) - model.layers.index(other))
    return parts[:-1] != others[:-1], len(parts) != len(others), between


def _uninitialized_siblings(model: ModelGraph, layer: Layer, parameter: str) -> Iterator[Layer]:
    """The peers whose `parameter` keeps PyTorch's default."""
    for other in _peers(model, layer):
        is_default = not other.frozen and not other.parametrized and other.load is None and other.type != "Parameter"
        if is_default and parameter in other.shapes and not any(w.parameter == parameter for w in other.writes):
            yield other


def _raw_siblings(model: ModelGraph, layer: Layer) -> Iterator[Layer]:
    """The raw parameters of the same object that are made as `layer` is, with as many axes, and written no further."""
    init_calls = {call.location for call in model.calls}
    made = _construction(layer, init_calls)
    for other in _peers(model, layer):
        is_untouched = not other.frozen and not other.parametrized and other.load is None
        if other is layer or not is_untouched or len(_construction(other, init_calls)) < len(other.writes):
            continue
        shapes = layer.shapes["weight"], other.shapes["weight"]
        is_alike = None in shapes or len(shapes[0] or ()) == len(shapes[1] or ()) or _is_bias_of(other, layer)
        is_made_alike = made == _construction(other, init_calls) and layer.uninitialized == other.uninitialized
        if is_alike and is_made_alike and (made or layer.uninitialized):
            yield other


def _construction(layer: Layer, init_calls: Set[Location]) -> list[str]:
    """The initializers by which a raw parameter is made, as in `nn.Parameter(torch.zeros(n))`."""
    made = takewhile(lambda write: write.method and write.location not in init_calls, layer.writes)
    return [write.initializer for write in made if write.initializer in INITIALIZERS and write.certain]


def _is_bias_of(other: Layer, layer: Layer) -> bool:
    return "weight" in layer.attribute and layer.attribute.replace("weight", "bias") == other.attribute


def _peers(model: ModelGraph, layer: Layer) -> Iterator[Layer]:
    """The layers of the same type that are built by the same object."""
    prefix = layer.path.removesuffix(layer.attribute)
    for other in model.layers:
        is_alike = (other.type, other.owner) == (layer.type, layer.owner)
        if is_alike and other.path.removesuffix(other.attribute) == prefix:
            yield other


def _repetition(first: Write, second: Write) -> _Repetition | None:
    """The two statements, if they are in one block and differ in nothing but the values."""
    calls = differing_calls(first, second)
    if calls is None:
        return None
    one, other = calls
    nodes = _target_node(one, first), _target_node(other, second)
    targets = _target(nodes[0]), _target(nodes[1])
    if targets[0] is None or targets[1] is None:
        return None
    between = statements_between(one, other)
    if between is None:
        return None
    before, after = between.first, between.last
    is_index = targets[1].startswith(f"{targets[0]}[") and _is_index(nodes[1])
    if not is_index and targets[0] != targets[1]:
        return None
    is_loop = isinstance(before, ast.For) and isinstance(after, ast.For)
    if not is_loop and not all(isinstance(statement, (ast.Expr, ast.Assign)) for statement in (before, after)):
        return None
    if list(_headers(before, one.node)) != list(_headers(after, other.node)):
        return None
    text = targets[0] if not isinstance(before, ast.For) else ast.unparse(before.iter)
    if any(_mentions(statement, text) for statement in between.inner):
        return None
    if between.use_one_of(_owners(before.iter if isinstance(before, ast.For) else nodes[0])):
        return None
    # `start(layer)` says nothing of what it reads, but a function that initializes a layer reads none of its weights.
    if "." in targets[0] and _mentions(after, targets[0]) > 1:
        return None
    return _Repetition(before, after, is_index, (one, other))


def _mentions(statement: ast.stmt, text: str) -> int:
    """How often a statement has a parameter or a list of layers, given as it is written."""
    return len(re.findall(rf"(?<![\w.]){re.escape(text)}(?!\w)", without_data(statement)))


_TARGETS = (ast.Name, ast.Attribute, ast.Subscript)


def _owners(target: ast.expr | None) -> frozenset[str]:
    """The modules that lead to a target, as written: `net` and `net.fc` for `net.fc.weight`."""
    nodes = list(ast.walk(target)) if target is not None else []
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    return frozenset(without_data(node) for node in nodes if isinstance(node, _TARGETS) and id(node) not in called)


def _headers(statement: ast.stmt, node: ast.AST) -> Iterator[str]:
    """The loops and tests around `node` in `statement`, outermost first."""
    if isinstance(statement, ast.For):
        yield ast.unparse(statement.iter)
    elif isinstance(statement, (ast.If, ast.While)):
        yield ast.unparse(statement.test)
    for number, block in enumerate(blocks(statement)):
        for inner in block:
            if contains(inner, node):
                yield str(number)
                yield from _headers(inner, node)


def _target(target: ast.expr | None) -> str | None:
    """The parameter or layer that a call initializes, as written, without `.data`; None for `apply` and `self`."""
    if not isinstance(target, _TARGETS):
        return None
    text = without_data(target)
    return None if text == "self" else text


def _target_node(location: SourceLocation, write: Write) -> ast.expr | None:
    """The target of a call that is, or leads to, `write`."""
    call = location.node
    if not isinstance(call, ast.Call):
        return None
    function = call.func
    is_method = write.method and location == write.location
    if isinstance(function, ast.Attribute) and (is_method or _is_tensor(function.value)):
        return function.value
    if getattr(function, "attr", "") == "apply":
        return None
    named = {keyword.arg: keyword.value for keyword in call.keywords if isinstance(keyword.value, _TARGETS)}
    return call.args[0] if call.args else named.get("tensor", next(iter(named.values()), None))


_PARAMETER = re.compile(r"(?:weight|bias)(?:_\w+)?|\w*_(?:weight|bias)")


def _is_tensor(node: ast.expr) -> bool:
    """Whether it is `self.fc.weight`, `layer.weight.data`, `table.weight[i]`, and not the `nn.init` of a function."""
    while isinstance(node, ast.Subscript) or (isinstance(node, ast.Attribute) and node.attr == "data"):
        node = node.value
    return isinstance(node, ast.Attribute) and _PARAMETER.fullmatch(node.attr) is not None


def _is_index(target: ast.expr | None) -> bool:
    """Whether the target is indexed by a name: by `padding_idx`, not by `:`."""
    while isinstance(target, ast.Attribute):
        target = target.value
    return isinstance(target, ast.Subscript) and isinstance(target.slice, (ast.Name, ast.Attribute))
