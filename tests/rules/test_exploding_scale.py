from __future__ import annotations

import pytest

from initlint.graph.model import Layer
from initlint.graph.words import UNDETERMINED
from tests.support.rule_models import OUTPUT, chain, following, layer, message, model, reach, run, to_layer, write

LARGE = (write("normal_", std=1.0),)
RELU = following("relu", reach("out"))


def hidden(*followings: object, **more: object) -> Layer:
    return layer("fc", *(followings or (RELU,)), **{"writes": LARGE, **more})  # type: ignore[arg-type]


def test_message() -> None:
    assert message("INI404", chain("relu", 1, "normal_", std=1.0)) == (
        "`normal_` in `fc0`: the layer multiplies the signal's mean square by 32; use `kaiming_normal_(..., nonlinearity='relu')`"
    )


def test_layers_in_a_row() -> None:
    assert message("INI404", chain("relu", 4, "normal_", mean=0.0, std=1.0)) == (
        "`normal_` in `fc0`, `fc1`, `fc2` and 1 more: each of these 4 layers multiplies the signal's mean square "
        "by 32; it is 1e+06 times as large after the last; use `kaiming_normal_(..., nonlinearity='relu')`"
    )


@pytest.mark.parametrize(
    ("initializer", "arguments"),
    [("uniform_", {"a": -1.0, "b": 1.0}), ("xavier_normal_", {"gain": 5.0}), ("orthogonal_", {"gain": 10})],
)
def test_other_calls(initializer: str, arguments: dict[str, object]) -> None:
    assert run("INI404", chain("relu", 1, initializer, **arguments))


@pytest.mark.parametrize("op", ["gelu", "leaky_relu", "elu", "selu"])
def test_other_activations(op: str) -> None:
    assert run("INI404", chain(op, 1, "normal_", std=1.0))


@pytest.mark.parametrize(
    "silent",
    [
        hidden(writes=(write("normal_", std=0.3),)),
        hidden(writes=(write("normal_"),)),
        hidden(writes=(write("uniform_"),)),
        hidden(writes=()),
        hidden(writes=(write("normal_", mean=0.01),)),
        hidden(writes=(write("kaiming_normal_", mode="fan_out"),), arguments={"in_features": 640, "out_features": 4}),
        hidden(writes=(write("normal_", std=UNDETERMINED),)),
        hidden(OUTPUT),
        hidden(following("relu", reach(None))),
        hidden(following("tanh", reach("out"))),
        hidden(following("sigmoid", reach("out"))),
        hidden(following("relu", reach("out"), between=("layer_norm",))),
        hidden(to_layer("out", "scale")),
        hidden(residual=True),
        hidden(arguments={"in_features": UNDETERMINED, "out_features": 64}),
        hidden(type="Embedding", arguments={"num_embeddings": 9, "embedding_dim": 64}),
    ],
    ids=str,
)
def test_silent(silent: Layer) -> None:
    assert run("INI404", model(silent, layer("out", OUTPUT))) == []
