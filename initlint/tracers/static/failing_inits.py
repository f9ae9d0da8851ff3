"""Why the call of an init function that nothing calls yet would raise."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from initlint.facts.initializer_formulas import INITIALIZERS
from initlint.facts.initializer_names import ABSENT_METHODS
from initlint.graph.model import InitCall, ModelGraph, Target
from initlint.project.source import Location, SourceLocation
from initlint.tracers.references.syntax_index import FunctionNode

_TRUTH = "builtins.bool"
"""The initializer of an `InitCall` for the truth value of a parameter, which has none if it has several elements."""


def failure_of(function: FunctionNode, models: Sequence[ModelGraph]) -> str:
    """What raises in a function, in words; empty if nothing is known to."""
    for method in _absent_methods(function):
        return f"a tensor has no `{method}` (AttributeError), but `{ABSENT_METHODS[method]}`"
    rows = [
        location.span.row
        for model in models
        for location in _raising(model)
        if isinstance(location, SourceLocation) and any(node is location.node for node in ast.walk(function))
    ]
    return f"see line {min(rows)}" if rows else ""


def _absent_methods(function: FunctionNode) -> Iterator[str]:
    """The methods that the function calls on a weight, and that tensors do not have, outside of `try`."""
    left: list[ast.AST] = list(function.body)
    while left:
        node = left.pop(0)
        if isinstance(node, ast.Try):
            continue
        left += ast.iter_child_nodes(node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ABSENT_METHODS:
            value = node.func.value
            if isinstance(value, ast.Attribute) and value.attr in ("weight", "bias", "data"):
                yield node.func.attr


def _raising(model: ModelGraph) -> Iterator[Location]:
    """The calls and statements that raise for what they are given: other rules report them."""
    yield from (misuse.location for misuse in model.misuses if misuse.kind in ("absent", "missing"))
    for call in model.calls:
        if not call.guarded and not call.takes_module and any(_raises(call, target) for target in call.targets):
            yield call.location


def _raises(call: InitCall, target: Target) -> bool:
    if call.initializer == _TRUTH:
        return target.kind == "parameter" and target.certain and target.shape not in (None, (), (1,))
    if not target.certain or call.initializer not in INITIALIZERS:
        return False
    if target.kind in ("module", "none"):
        return True
    least, _ = INITIALIZERS[call.initializer].ranks
    is_tensor = target.kind in ("parameter", "tensor") and target.shape is not None and 0 not in target.shape
    return is_tensor and len(target.shape or ()) < least
