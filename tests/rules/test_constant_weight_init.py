from __future__ import annotations

import pytest

from initlint.diagnostics import Severity
from initlint.graph.model import Consumer, Forward, Layer
from initlint.graph.words import UNDETERMINED
from tests.support.rule_models import OUTPUT, following, layer, message, model, reach, run, to_layer, write

ONES = (write("ones_"),)
RELU = following("relu", reach("out"))
OUT = layer("out", OUTPUT)


def constant(*followings: Consumer, **more: object) -> Layer:
    return layer("fc", *followings, **{"writes": ONES, **more})  # type: ignore[arg-type]


def test_hidden_layer() -> None:
    assert message("INI203", model(constant(RELU), OUT)) == (
        "`ones_` makes the weight of `fc` one constant: all its units start as copies of one"
    )


@pytest.mark.parametrize(
    ("writes", "out", "severity"),
    [
        (ONES, OUT, Severity.WARNING),
        (ONES, layer("out", OUTPUT, writes=ONES), Severity.WARNING),
        ((*ONES, write("zeros_", 11, "bias")), OUT, Severity.WARNING),
        ((*ONES, write("zeros_", 11, "bias")), layer("out", OUTPUT, writes=ONES), Severity.ERROR),
        ((*ONES, write("ones_", 11, "bias")), layer("out", OUTPUT, writes=(write("zeros_", 12),)), Severity.ERROR),
        ((*ONES, write("normal_", 11, "bias")), layer("out", OUTPUT, writes=ONES), Severity.WARNING),
    ],
    ids=["next random", "bias random", "only bias constant", "all constant", "next zero", "bias drawn"],
)
def test_error_only_if_nothing_tells_the_units_apart(
    writes: tuple[object, ...], out: Layer, severity: Severity
) -> None:
    (violation,) = run("INI203", model(constant(RELU, writes=writes), out))
    assert violation.severity is severity


def test_a_lone_convolution() -> None:
    conv = layer("conv", type="Conv2d", arguments={"in_channels": 1, "out_channels": 32, "kernel_size": 3}, writes=ONES)
    (violation,) = run("INI203", model(conv, forward=Forward.MISSING))
    assert violation.severity is Severity.WARNING


@pytest.mark.parametrize(
    "silent",
    [
        constant(RELU, writes=(write("zeros_"),)),
        constant(RELU, writes=(write("constant_", val=UNDETERMINED),)),
        constant(RELU, writes=(*ONES, write("normal_", 11))),
        constant(RELU, frozen=True),
        constant(RELU, arguments={"in_features": 64, "out_features": 1}),
        constant(OUTPUT),
        constant(to_layer("out")),
        constant(following("relu", reach("out"), between=("add",))),
        constant(following("sigmoid", reach("out", "mul"))),
        constant(RELU, residual=True),
        constant(RELU, type="BatchNorm2d", arguments={"num_features": 8}),
        constant(RELU, type="Conv2d", arguments={"in_channels": 8, "out_channels": 8, "kernel_size": 3, "groups": 8}),
        constant(),
    ],
    ids=str,
)
def test_silent(silent: Layer) -> None:
    assert run("INI203", model(silent, OUT)) == []
