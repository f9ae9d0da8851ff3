from __future__ import annotations

from dataclasses import replace

import pytest

from initlint.diagnostics import Severity
from initlint.graph.model import Consumer, Forward, Layer
from tests.support.rule_models import OUTPUT, at, following, layer, message, model, reach, run, to_layer, write

WEIGHT = write("zeros_")
BIAS = write("zeros_", 11, "bias")
RELU = following("relu", reach("out"))
GELU = following("gelu", reach("out"))
OUT = layer("out", OUTPUT)


def zeroed(*followings: Consumer, bias: bool = True, **more: object) -> Layer:
    """A layer with zero weight, by default with a zero bias too."""
    writes = (WEIGHT, BIAS) if bias else (WEIGHT,)
    return layer("fc", *followings, **{"writes": writes, **more})  # type: ignore[arg-type]


def severities(*layers: Layer) -> list[Severity]:
    return [violation.severity for violation in run("INI201", model(*layers, OUT))]


def test_dead_before_relu() -> None:
    (violation,) = run("INI201", model(zeroed(RELU), OUT))
    assert violation.severity is Severity.ERROR
    assert violation.location == at(10)
    assert violation.message == (
        "`zeros_` zeroes the whole weight of `fc`: with a zero bias and ReLU after it, whose slope at zero is zero, "
        "it never learns"
    )


@pytest.mark.parametrize("op", ["relu", "relu6", "softshrink", "hardshrink", "tanhshrink"])
def test_every_slope_that_is_zero_at_zero(op: str) -> None:
    assert severities(zeroed(following(op, reach("out")))) == [Severity.ERROR]


def test_a_norm_between_does_not_help() -> None:
    normed = zeroed(following("relu", reach("out"), between=("batch_norm",)))
    assert severities(normed) == [Severity.ERROR]
    assert "with a zero bias and a norm and ReLU after it" in message("INI201", model(normed, OUT))


def test_a_skip_around_relu_does_not_help() -> None:
    assert severities(zeroed(following("relu", reach("out", "add")), residual=True)) == [Severity.ERROR]


def test_a_layer_built_without_bias() -> None:
    arguments = {"in_features": 64, "out_features": 64, "bias": False}
    assert severities(zeroed(RELU, bias=False, arguments=arguments)) == [Severity.ERROR]


def test_random_bias_before_relu() -> None:
    assert severities(zeroed(RELU, bias=False)) == [Severity.WARNING]
    assert "units with a bias below zero never learn" in message("INI201", model(zeroed(RELU, bias=False), OUT))


@pytest.mark.parametrize("op", ["gelu", "silu", "leaky_relu", "tanh", "sigmoid", "elu", "selu"])
def test_other_hidden_layers(op: str) -> None:
    found = zeroed(following(op, reach("out")))
    assert severities(found) == [Severity.WARNING]
    assert "its output is constant at first" in message("INI201", model(found, OUT))


@pytest.mark.parametrize(
    "initializer", [write("constant_", val=0), write("normal_", std=0), write("uniform_", a=0, b=0)]
)
def test_every_way_to_write_zero(initializer: object) -> None:
    assert severities(zeroed(RELU, writes=(initializer, BIAS))) == [Severity.ERROR]


def test_without_a_forward_to_judge_by() -> None:
    (violation,) = run("INI201", model(zeroed(bias=False), forward=Forward.MISSING))
    assert violation.severity is Severity.WARNING
    assert violation.message.endswith("its output is the same for every input, and no `forward` shows why")


def test_the_worst_verdict_speaks_for_the_call() -> None:
    mild = replace(zeroed(GELU), path="mild")
    (violation,) = run("INI201", model(zeroed(RELU), mild, OUT))
    assert violation.severity is Severity.ERROR
    assert "`mild`" not in violation.message


HELPER = replace(WEIGHT, helpers=("build", "zero_module"))


@pytest.mark.parametrize(
    "right",
    [
        zeroed(to_layer("out", "add")),
        zeroed(following("gelu", reach("out"), between=("add",))),
        zeroed(following("relu", reach("out"), between=("add",))),
        zeroed(following("sigmoid", reach("out", "mul"))),
        zeroed(to_layer("out", "mul")),
        zeroed(to_layer("out", "chunk")),
        zeroed(to_layer("out", "scale")),
        zeroed(following("gelu", reach("out"), between=("chunk",))),
        zeroed(GELU, residual=True),
        zeroed(GELU, fed_by=("down",)),
        zeroed(to_layer("out"), fed_by=("down",)),
        zeroed(OUTPUT),
        zeroed(following("softmax", reach("out"))),
        zeroed(following("sigmoid", reach(None))),
        zeroed(following("tanh", reach(None))),
        zeroed(following("glu", reach("out"))),
        zeroed(following("grid_sample")),
        zeroed(following("matmul")),
        zeroed(following("unknown", certain=False)),
        zeroed(following("relu", reach("out"), certain=False)),
        zeroed(RELU, OUTPUT),
        zeroed(following("gelu", reach("out", certain=False))),
        zeroed(GELU, writes=(WEIGHT, write("constant_", 11, "bias", val=1.0))),
        zeroed(GELU, writes=(WEIGHT, write("uniform_", 11, "bias"))),
        zeroed(GELU, writes=(HELPER, BIAS)),
        zeroed(RELU, writes=(WEIGHT, BIAS, write("normal_", 12))),
        zeroed(RELU, writes=(replace(WEIGHT, certain=False), BIAS)),
        zeroed(RELU, writes=(replace(WEIGHT, covers_tensor=False), BIAS)),
        zeroed(RELU, frozen=True),
        zeroed(RELU, parametrized=True),
        zeroed(RELU, type="BatchNorm1d", arguments={"num_features": 64}),
        zeroed(RELU, type="Embedding", arguments={"num_embeddings": 9, "embedding_dim": 4}),
        zeroed(),
    ],
    ids=str,
)
def test_right_or_uncertain(right: Layer) -> None:
    assert severities(right) == []


def test_two_zeros_in_series_are_left_to_their_own_rule() -> None:
    first = zeroed(following("gelu", reach("up")))
    second = layer("up", OUTPUT, writes=(write("zeros_", 12),))
    assert len(run("INI201", model(first, second))) == 1
    assert run("INI201", replace(model(first, second), stalled=(("fc", "up"),))) == []
