from __future__ import annotations

import pytest
from rule_models import OUTPUT, at, following, layer, message, model, reach, run, to_layer, write

from initlint.diagnostics import Severity
from initlint.graph import Following, Layer

NO_BIAS = {"in_features": 64, "out_features": 64, "bias": False}
UP = layer("up", OUTPUT, writes=(write("zeros_", 11),))


def down(*followings: Following, **more: object) -> Layer:
    return layer("down", *followings, **{"writes": (write("zeros_"),), "arguments": NO_BIAS, **more})  # type: ignore[arg-type]


def test_two_layers_in_series() -> None:
    (violation,) = run("INI202", model(down(to_layer("up")), UP))
    assert violation.severity is Severity.ERROR
    assert violation.place == at(10)
    assert violation.message == (
        "the first of two zero weights in series, `down` and `up`: neither of the two ever gets a gradient"
    )
    assert (at(11), "`up` is zeroed here") in violation.related


@pytest.mark.parametrize(
    "between",
    [
        to_layer("up", "scale"),
        to_layer("up", "layer_norm"),
        following("gelu", reach("up")),
        following("tanh", reach("up")),
    ],
    ids=str,
)
def test_what_keeps_a_zero_between(between: Following) -> None:
    assert "`down` and `up`" in message("INI202", model(down(between), UP))


def test_a_zero_bias() -> None:
    both = (write("zeros_"), write("zeros_", 10, "bias"))
    assert len(run("INI202", model(down(to_layer("up"), writes=both, arguments=None), UP))) == 1


@pytest.mark.parametrize(
    "layers",
    [
        (down(to_layer("up")), layer("up", OUTPUT)),
        (down(to_layer("up"), writes=()), UP),
        (down(to_layer("up"), arguments=None), UP),
        (down(to_layer("up", "add")), UP),
        (down(to_layer("up", "concat")), UP),
        (down(to_layer("up", certain=False)), UP),
        (down(to_layer("up"), OUTPUT), UP),
        (down(following("sigmoid", reach("up"))), UP),
        (down(following("relu", reach("up"))), UP),
        (down(to_layer("up")), layer("side", to_layer("up")), UP),
        (down(to_layer("up"), to_layer("side")), UP, layer("side", OUTPUT)),
        (down(OUTPUT), UP),
    ],
    ids=[
        "second random",
        "first random",
        "random bias",
        "sum",
        "concat",
        "uncertain",
        "also an output",
        "sigmoid is not zero at zero",
        "dead before relu by itself",
        "something else feeds the second",
        "the first feeds something else",
        "not in series",
    ],
)
def test_silent(layers: tuple[Layer, ...]) -> None:
    assert run("INI202", model(*layers)) == []
