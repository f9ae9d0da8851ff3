"""Models written by hand for the tests of single rules: layers, their consumers, and the init calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from initlint.diagnostics import Span
from initlint.facts.fans import shapes
from initlint.graph.model import Consumer, Forward, InitCall, Layer, ModelGraph, NextLayer, Target, Write
from initlint.graph.words import UNDETERMINED
from initlint.rules import all_rules
from initlint.rules._registry import Violation

INIT = "torch.nn.init."


def at(row: int) -> Span:
    return Span("net.py", row, 9, row, 40)


def write(initializer: str, row: int = 10, parameter: str = "weight", **arguments: Any) -> Write:
    return Write(parameter, INIT + initializer, arguments, at(row))


ZERO_BIAS = write("zeros_", 11, "bias")


def reach(layer: str | None, *between: str, certain: bool = True) -> NextLayer:
    return NextLayer("output" if layer is None else "layer", layer, between, certain)


def following(
    op: str, *onward: NextLayer, between: tuple[str, ...] = (), certain: bool = True, row: int = 30, **arguments: Any
) -> Consumer:
    return Consumer(op, between, at(row), certain, None, arguments, onward)


def to_layer(path: str, *between: str, certain: bool = True) -> Consumer:
    """The next layer, with no activation before it."""
    return Consumer("layer", between, at(31), certain, path)


OUTPUT = Consumer("output", (), at(39), True)


def layer(
    path: str,
    *followings: Consumer,
    writes: tuple[Write, ...] = (),
    type: str = "Linear",
    arguments: Mapping[str, Any] | None = None,
    **more: Any,
) -> Layer:
    """A layer, by default a Linear(64, 64) with a bias."""
    layer_arguments = (
        {"in_features": 64, "out_features": 64} if arguments is None and type == "Linear" else arguments or {}
    )
    fields = {"shapes": shapes(type, layer_arguments, UNDETERMINED), "called": bool(followings), **more}
    return Layer(path, type, layer_arguments, "Net", path, at(5), followings, writes, **fields)


def model(*layers: Layer, calls: tuple[InitCall, ...] = (), forward: Forward = Forward.RUN) -> ModelGraph:
    return ModelGraph("Net", at(1), "static", layers, calls, forward)


def chain(op: str, depth: int, initializer: str, **arguments: Any) -> ModelGraph:
    """`depth` layers in a row, each before `op` and initialized by the one call at row 10, and a head that is not.

    Their biases are zero.
    """
    hidden = (
        layer(f"fc{i}", following(op, reach(f"fc{i + 1}")), writes=(write(initializer, **arguments), ZERO_BIAS))
        for i in range(depth)
    )
    return model(*hidden, layer(f"fc{depth}", OUTPUT))


def call(initializer: str, *targets: Target, row: int = 10, guarded: bool = False, **more: Any) -> InitCall:
    arguments = more.pop("arguments", {})
    return InitCall(initializer, INIT + initializer, at(row), arguments, targets, guarded, **more)


def run(code: str, graph: ModelGraph) -> list[Violation]:
    """The violations of the rule `code` in `graph`."""
    rule = next(rule for rule in all_rules() if rule.code == code)
    return list(rule.check(graph))


def message(code: str, graph: ModelGraph) -> str:
    """The one message of the rule `code` on `graph`."""
    (violation,) = run(code, graph)
    return violation.message
