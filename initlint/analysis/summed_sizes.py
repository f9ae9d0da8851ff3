"""Sizes that are sums: `nn.Linear(hidden + action, hidden)` has no fewer inputs than outputs, whatever they are."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from initlint.analysis.layer_activation import SAME_SCALE
from initlint.graph.model import Layer
from initlint.project.source import Location, SourceLocation, functions_around

_DEPTH = 4
"""How many names in a row are replaced by what is assigned to them, and how many sums in a row are taken apart."""


def has_more_inputs(layer: Layer) -> bool:
    """Whether the inputs of a layer are written as a sum of which the number of its outputs is one summand.

    Or a known number near it: `nn.Linear(h + action, 128)` in a function with `h=256`.
    """
    call = layer.location.node if isinstance(layer.location, SourceLocation) else None
    if not isinstance(call, ast.Call) or any(isinstance(argument, ast.Starred) for argument in call.args):
        return False
    names = ("in_features", "out_features") if layer.type == "Linear" else ("in_channels", "out_channels")
    inputs, outputs = (_argument(call, at, name) for at, name in enumerate(names))
    if inputs is None or outputs is None:
        return False
    assigned = _assigned_once(layer.location)
    size = ast.dump(_resolved(outputs, assigned))
    summands = list(_summands(inputs, assigned))
    known = (layer.shapes.get("weight") or (None,))[0]
    return len(summands) > 1 and any(ast.dump(summand) == size or _is_near(summand, known) for summand in summands)


def _is_near(summand: ast.expr, size: int | None) -> bool:
    """Whether it is a number of inputs with which the fan of that many outputs is close enough."""
    value = summand.value if isinstance(summand, ast.Constant) else None
    return size is not None and isinstance(value, int) and size / SAME_SCALE <= value <= size * SAME_SCALE


def _argument(call: ast.Call, at: int, name: str) -> ast.expr | None:
    by_keyword = next((keyword.value for keyword in call.keywords if keyword.arg == name), None)
    return call.args[at] if at < len(call.args) else by_keyword


def _summands(value: ast.expr, assigned: dict[str, ast.expr], depth: int = _DEPTH) -> Iterator[ast.expr]:
    value = _resolved(value, assigned)
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add) and depth:
        yield from _summands(value.left, assigned, depth - 1)
        yield from _summands(value.right, assigned, depth - 1)
    else:
        yield value


def _resolved(value: ast.expr, assigned: dict[str, ast.expr]) -> ast.expr:
    for _ in range(_DEPTH):
        if ast.unparse(value) not in assigned:
            break
        value = assigned[ast.unparse(value)]
    return value


def _assigned_once(location: Location) -> dict[str, ast.expr]:
    """By name or attribute, what the function around a place assigns to it, if it does so once."""
    around = functions_around(location) if isinstance(location, SourceLocation) else []
    values: dict[str, list[ast.expr | None]] = {}
    for function in around[-1:]:
        for name, default in _defaults(function.args):
            values.setdefault(name, []).append(default)
    for node in ast.walk(around[-1]) if around else ():
        if isinstance(node, ast.Assign):
            for target in node.targets:
                values.setdefault(ast.unparse(target), []).append(node.value)
        elif isinstance(node, (ast.AugAssign, ast.AnnAssign, ast.For, ast.NamedExpr)):
            values.setdefault(ast.unparse(node.target), []).append(None)
    return {
        name: value
        for name, (value, *others) in values.items()
        if value is not None and not others and isinstance(value, (ast.BinOp, ast.Constant, ast.Name, ast.Attribute))
    }


def _defaults(arguments: ast.arguments) -> Iterator[tuple[str, ast.expr | None]]:
    """The arguments that have a default, by name."""
    named = [*arguments.posonlyargs, *arguments.args]
    pairs = zip(named[len(named) - len(arguments.defaults) :], arguments.defaults, strict=True)
    yield from ((argument.arg, default) for argument, default in pairs)
    yield from zip((argument.arg for argument in arguments.kwonlyargs), arguments.kw_defaults, strict=True)
