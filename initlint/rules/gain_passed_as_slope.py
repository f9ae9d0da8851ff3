"""Gain passed to Kaiming init as the slope `a`

## What it does

Reports `kaiming_*` with `a` above 1, with `a=calculate_gain(...)`, with a variable named as a gain (`a=gain`,
`a=self.scale`), or with a variable factor of PyTorch's value (`a=math.sqrt(5) * scale`), also through
`functools.partial`: `a` is the negative slope of a leaky ReLU, from which the gain is computed.

It is silent for `a=math.sqrt(5)`, which PyTorch's own layers use, for `a=1`, which means a gain of 1, for slopes below
1, and with a `nonlinearity` other than `'leaky_relu'`, where `a` is ignored.

## Why is this bad?

The gain is sqrt(2 / (1 + a^2)): the larger `a`, the smaller the weights. `a=calculate_gain('relu')` is meant to give
ReLU's variance of 2 / inputs, but gives 0.67 / inputs: each ReLU layer passes on 0.33 of the signal's mean square.

## Bad

```python
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(256, 256)
        self.fc2 = nn.Linear(256, 10)
        nn.init.kaiming_normal_(self.fc1.weight, a=nn.init.calculate_gain('relu'))

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))
```

## Good

```python
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(256, 256)
        self.fc2 = nn.Linear(256, 10)
        nn.init.kaiming_normal_(self.fc1.weight, nonlinearity='relu')

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))
```

## References

- [torch.nn.init.kaiming_normal_](https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.kaiming_normal_)
- [Why torch.nn.Linear has a=math.sqrt(5)](https://github.com/pytorch/pytorch/issues/57109)
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator

from initlint.analysis.layer_activation import argument, as_number, initializer_family
from initlint.analysis.messages import display_name, format_number
from initlint.diagnostics import Severity
from initlint.facts.initializer_formulas import scale
from initlint.graph.model import InitCall, ModelGraph
from initlint.project.source import SourceFile, SourceLocation
from initlint.rules._registry import Violation, rule

_DEFAULT_OF_TORCH = math.sqrt(5)
_GAIN = re.compile(r"(?:^|_)(?:gain|scale|std|stdev|stddev)(?:_|$)", re.IGNORECASE)


@rule("INI307", "gain-passed-as-slope", severities=(Severity.INFO,))
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each Kaiming call whose `a` is a gain."""
    for call in model.calls:
        if not _has_slope(call):
            continue
        slope = as_number(call.arguments.get("a"))
        expression = _argument_node(call)
        scaling = None if expression is None else _scaling_name(expression)
        if scaling is None and (slope is None or not _is_no_slope(call, slope)):
            continue
        message = f"`{display_name(call)}` takes the slope of a leaky ReLU as `a`, not a gain: "
        if scaling is not None and expression is not None:
            message += f"with `a={ast.unparse(expression)}`, a larger `{scaling}` gives smaller weights"
            if (drawn := _drawn(call)) is not None:
                message += f" (as it is called here, their variance is {format_number(drawn)} / {_fan(call)})"
        else:
            assert slope is not None
            text = f"calculate_gain('{call.gain}')" if call.gain is not None else f"{slope:.3g}"
            meant = slope * slope if call.gain is not None else 2.0
            drawn = _drawn(call)
            if drawn is not None:
                fan = _fan(call)
                message += f"`a={text}` gives a variance of {format_number(drawn)} / {fan}, not {meant:.3g} / {fan}"
        yield Violation(f"{message.removesuffix(': ')}; {_advice(call)}", call.location, Severity.INFO)


def _advice(call: InitCall) -> str:
    if call.gain is not None and call.gain != "leaky_relu":
        return f"use `nonlinearity='{call.gain}'` instead of `a`"
    return "pass the slope itself, or `nonlinearity='relu'` instead of `a`"


def _has_slope(call: InitCall) -> bool:
    """Whether it is a Kaiming call that uses `a`."""
    if initializer_family(call.initializer) != "kaiming":
        return False
    return argument(call.initializer, call.arguments, "nonlinearity") == "leaky_relu" and "a" in call.arguments


def _fan(call: InitCall) -> str:
    """What `mode` divides the variance by."""
    mode = argument(call.initializer, call.arguments, "mode")
    return {"fan_in": "inputs", "fan_out": "outputs"}.get(str(mode), "fan")


def _drawn(call: InitCall) -> float | None:
    """The variance of the weights times the number of inputs or outputs."""
    return scale(call.initializer, {**call.arguments, "mode": "fan_in"})


def _is_no_slope(call: InitCall, slope: float) -> bool:
    """Whether `a` is the result of `calculate_gain`, or larger than any slope."""
    if slope == 1.0:
        return False
    return call.gain is not None or (slope > 1.0 and not math.isclose(slope, _DEFAULT_OF_TORCH, rel_tol=0.01))


def _argument_node(call: InitCall) -> ast.expr | None:
    """The expression that the call passes as `a`, itself or by the `functools.partial` that it calls."""
    location = call.location
    node = location.node if isinstance(location, SourceLocation) else None
    if not isinstance(node, ast.Call) or not isinstance(location, SourceLocation):
        return None
    keyword = _keyword(node)
    if keyword is not None or len(node.args) > 1:
        return keyword or node.args[1]
    return next((_keyword(partial) for partial in _partials(location.source, node.func)), None)


def _keyword(call: ast.Call) -> ast.expr | None:
    return next((keyword.value for keyword in call.keywords if keyword.arg == "a"), None)


def _partials(source: SourceFile, function: ast.expr) -> list[ast.Call]:
    """The `functools.partial` that is called: `function` itself, or the only value assigned to that name."""
    values = [function]
    if isinstance(function, (ast.Name, ast.Attribute)):
        text = ast.unparse(function)
        assigned = (node for node in ast.walk(source.tree) if isinstance(node, ast.Assign))
        values = [node.value for node in assigned if text in map(ast.unparse, node.targets)]
    partials = [value for value in values if isinstance(value, ast.Call) and _last_name(value.func) == "partial"]
    return partials if len(values) == 1 else []


def _last_name(expression: ast.expr) -> str:
    """`partial` for `functools.partial`."""
    return ast.unparse(expression).rpartition(".")[2]


def _scaling_name(expression: ast.expr) -> str | None:
    """The variable that is meant as a gain: one of such a name, or a factor of the square root of 5."""
    if isinstance(expression, (ast.Name, ast.Attribute)):
        name = expression.attr if isinstance(expression, ast.Attribute) else expression.id
        return ast.unparse(expression) if _GAIN.search(name) else None
    if isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.Mult):
        for factor, other in ((expression.left, expression.right), (expression.right, expression.left)):
            if isinstance(factor, (ast.Name, ast.Attribute)) and (_is_root(other) or _scaling_name(factor)):
                return ast.unparse(factor)
    return None


def _is_root(expression: ast.expr) -> bool:
    return re.fullmatch(r"(?:\w+\.)?sqrt\(5(?:\.0)?\)|5 \*\* (?:0\.5|\(1 / 2\))", ast.unparse(expression)) is not None
