from __future__ import annotations

import pytest

from initlint.diagnostics import Severity
from initlint.graph.model import Consumer, Layer, NextLayer
from initlint.graph.words import UNDETERMINED
from tests.support.fixing import findings_of
from tests.support.rule_models import (
    OUTPUT,
    ZERO_BIAS,
    at,
    chain,
    following,
    layer,
    message,
    model,
    reach,
    run,
    to_layer,
    write,
)

XAVIER = (write("xavier_uniform_"),)
RELU = following("relu", reach("out"))


def hidden(*followings: Consumer, **more: object) -> Layer:
    return layer("fc1", *(followings or (RELU,)), **{"writes": XAVIER, **more})  # type: ignore[arg-type]


def reported(*layers: Layer) -> bool:
    return bool(run("INI301", model(*layers, layer("out", OUTPUT))))


def test_one_layer() -> None:
    assert message("INI301", chain("relu", 1, "xavier_uniform_")) == (
        "`xavier_uniform_` before ReLU in `fc0`: the layer passes on 0.50 of the signal's mean square; "
        "use `kaiming_uniform_(..., nonlinearity='relu')`"
    )


def test_two_layers_in_a_row() -> None:
    assert message("INI301", chain("relu", 2, "xavier_normal_")) == (
        "`xavier_normal_` before ReLU in `fc0`, `fc1`: each of these 2 layers passes on 0.50 of the signal's mean "
        "square; 0.25 of it is left after the last; use `kaiming_normal_(..., nonlinearity='relu')`"
    )


def test_more_layers_than_are_named() -> None:
    assert "in `fc0`, `fc1`, `fc2` and 3 more: each of these 6 layers passes on" in message(
        "INI301", chain("relu", 6, "xavier_normal_")
    )


def test_real_sizes_and_the_gradient() -> None:
    wide = hidden(arguments={"in_features": 400, "out_features": 120})
    text = message("INI301", model(wide, layer("out", OUTPUT)))
    assert "0.77 of the signal's mean square; the layer passes back 0.23 of the gradient's mean square;" in text


def test_unknown_sizes() -> None:
    unknown = hidden(arguments={"in_features": UNDETERMINED, "out_features": 120})
    assert "0.50 of the signal's mean square if it has as many outputs as inputs;" in message(
        "INI301", model(unknown, layer("out", OUTPUT))
    )


def test_one_size_of_two_is_unknown() -> None:
    source = """
from torch import nn
class Net(nn.Module):
    def __init__(self, state):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(state, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
        for m in self.net:
            if isinstance(m, nn.Linear):
                nn.init.xavier_uniform_(m.weight)
    def forward(self, x):
        return self.net(x)
"""
    (found,) = findings_of(source, ("INI301",))
    assert "each of these 2 layers passes on 0.50" in found.message
    assert "if the one of unknown size has as many outputs as inputs;" in found.message


@pytest.mark.parametrize(
    ("op", "loss", "call"),
    [
        ("gelu", "0.43", "kaiming_uniform_(..., nonlinearity='relu')"),
        ("silu", "0.36", "kaiming_uniform_(..., nonlinearity='relu')"),
        ("leaky_relu", "0.50", "kaiming_uniform_(..., a=0.01, nonlinearity='leaky_relu')"),
        ("prelu", "0.53", "kaiming_uniform_(..., a=0.25, nonlinearity='leaky_relu')"),
    ],
)
def test_the_relatives_of_relu(op: str, loss: str, call: str) -> None:
    text = message("INI301", chain(op, 1, "xavier_uniform_"))
    assert f"passes on {loss} of the signal's mean square;" in text
    assert text.endswith(f"use `{call}`")


def test_a_slope_is_kept() -> None:
    leaky = hidden(following("leaky_relu", reach("out"), negative_slope=0.2))
    text = message("INI301", model(leaky, layer("out", OUTPUT)))
    assert "passes on 0.52 of the signal's mean square;" in text
    assert "a=0.2, nonlinearity='leaky_relu'" in text


def test_layers_that_need_different_calls_are_listed() -> None:
    other = layer("fc2", following("leaky_relu", reach("out"), negative_slope=0.2), writes=XAVIER)
    text = message("INI301", model(hidden(), other, layer("out", OUTPUT)))
    assert "before ReLU and LeakyReLU in `fc1`, `fc2`" in text
    assert text.endswith(
        "; use `kaiming_uniform_(..., nonlinearity='relu')` for `fc1`"
        "; use `kaiming_uniform_(..., a=0.2, nonlinearity='leaky_relu')` for `fc2`"
    )


@pytest.mark.parametrize(("depth", "severity"), [(6, Severity.INFO), (7, Severity.WARNING)])
def test_severity_is_that_of_the_chain(depth: int, severity: Severity) -> None:
    (violation,) = run("INI301", chain("relu", depth, "xavier_uniform_"))
    assert violation.severity is severity


def test_calls_of_one_chain_share_its_product() -> None:
    layers = [
        layer(f"fc{i}", following("relu", reach(f"fc{i + 1}")), writes=(write("xavier_uniform_", i), ZERO_BIAS))
        for i in range(8)
    ]
    violations = run("INI301", model(*layers, layer("fc8", OUTPUT)))
    assert [violation.location for violation in violations] == [at(i) for i in range(8)]
    assert all("0.0039 of it is left after 8 layers in a row" in violation.message for violation in violations)
    assert {violation.severity for violation in violations} == {Severity.WARNING}


@pytest.mark.parametrize(
    "onward",
    [(reach("fc1", "concat"),), (reach("fc1", "pool"),), (reach("side"), reach(None))],
    ids=["concat", "pool", "elsewhere"],
)
def test_a_run_ends_where_the_signal_does_not_go_straight_on(onward: tuple[object, ...]) -> None:
    first = layer("fc0", following("relu", *onward), writes=XAVIER)  # type: ignore[arg-type]
    text = message("INI301", model(first, hidden(), layer("side", OUTPUT), layer("out", OUTPUT)))
    assert "in a row" not in text


@pytest.mark.parametrize("aside", [reach("side"), reach(None), reach("side", "concat")])
def test_a_fork_does_not_end_a_run(aside: NextLayer) -> None:
    first = layer("fc0", following("relu", reach("fc1"), aside), writes=XAVIER)
    text = message("INI301", model(first, hidden(), layer("side", OUTPUT), layer("out", OUTPUT)))
    assert "after the last" in text


def test_a_recurrence_ends() -> None:
    assert "; 0.25 of it is left after the last" in message(
        "INI301",
        model(
            layer("a", following("relu", reach("b")), writes=XAVIER),
            layer("b", following("relu", reach("a")), writes=XAVIER),
        ),
    )


def test_a_layer_that_feeds_no_relu_is_not_named() -> None:
    head = layer("fc2", OUTPUT, writes=XAVIER)
    assert "in `fc1`:" in message("INI301", model(hidden(), head, layer("out", OUTPUT)))


def test_related_places() -> None:
    (violation,) = run("INI301", model(hidden(), layer("out", OUTPUT)))
    assert violation.related == ((at(5), "`fc1` is defined here"), (at(30), "ReLU follows here"))


def test_pooling_does_not_hide_the_pair() -> None:
    assert reported(hidden(following("relu", reach("out"), between=("pool",))))


@pytest.mark.parametrize(
    "silent",
    [
        hidden(writes=(write("xavier_uniform_", gain=2**0.5),)),
        hidden(writes=(write("xavier_uniform_", gain=5 / 3),)),
        hidden(writes=(write("xavier_uniform_", gain=UNDETERMINED),)),
        hidden(writes=(write("kaiming_uniform_"),)),
        hidden(writes=()),
        hidden(writes=(*XAVIER, write("normal_", 11))),
        hidden(following("relu", reach("out"), between=("batch_norm",))),
        hidden(following("relu", reach("out"), between=("add",))),
        hidden(following("relu", reach("out", "layer_norm"))),
        hidden(following("relu", reach("out", "mul"))),
        hidden(following("relu", reach("out", "scale"))),
        hidden(following("relu", reach(None))),
        hidden(following("relu", reach("out", certain=False))),
        hidden(following("relu", reach("out"), certain=False)),
        hidden(following("tanh", reach("out"))),
        hidden(following("relu", reach("out")), following("sigmoid", reach("out"))),
        hidden(RELU, OUTPUT),
        hidden(RELU, to_layer("out")),
        hidden(residual=True),
        hidden(frozen=True),
        hidden(parametrized=True),
        hidden(type="Embedding", arguments={"num_embeddings": 9, "embedding_dim": 4}),
    ],
    ids=str,
)
def test_silent(silent: Layer) -> None:
    assert not reported(silent)


def test_the_advice_leaves_out_layers_that_are_right() -> None:
    """One call in a helper class, whose gain comes from an argument."""
    tanh = layer("fc2", following("tanh", reach("out")), writes=(write("xavier_uniform_", gain=5 / 3),))
    found = message("INI301", model(hidden(), tanh, layer("out", OUTPUT)))
    assert found.endswith("; use `kaiming_uniform_(..., nonlinearity='relu')` for `fc1`")
    other = layer("fc2", following("tanh", reach("out")), writes=(write("xavier_uniform_", gain=1.0),))
    found = message("INI301", model(hidden(), other, layer("out", OUTPUT)))
    assert "use `xavier_uniform_(..., gain=nn.init.calculate_gain('tanh'))` for `fc2`" in found


@pytest.mark.parametrize(
    ("bias", "number"), [("uniform_(m.bias)", 0), ("zeros_(m.bias)", 1), ("uniform_(m.bias, 0, 0.01)", 1)]
)
def test_biases_that_make_up_for_what_is_lost(bias: str, number: int) -> None:
    source = f"""
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(64, 64), nn.LeakyReLU(0.1), nn.Linear(64, 64), nn.LeakyReLU(0.1), nn.Linear(64, 8)
        )
        for m in self.net:
            if isinstance(m, nn.Linear):
                nn.init.xavier_uniform_(m.weight)
                nn.init.{bias}
    def forward(self, x):
        return self.net(x)
"""
    assert len(findings_of(source, ("INI301",))) == number


@pytest.mark.parametrize(
    ("dropout", "number"),
    [
        ("F.dropout(x, p=0.5, training=True)", 0),
        ("F.dropout(x, 0.5)", 0),
        ("F.dropout(x, p=0.3 + 0.2)", 0),
        ("F.dropout(x, 0.5, self.training)", 1),
        ("F.dropout(x, training=self.training)", 1),
        ("F.dropout(x, p=0.5, training=False)", 1),
        ("F.dropout(x, 0.1)", 1),
        ("torch.dropout(x, p=0.5, train=True)", 0),
        ("torch.dropout(x, 0.5, True)", 0),
        ("torch.dropout(x, p=0.5, train=self.training)", 1),
        ("torch.dropout(x, 0.5, train=False)", 1),
        ("torch.dropout_(x, 0.5, train=False)", 1),
        ("torch.feature_dropout(x, p=0.5, train=True)", 0),
        ("torch.feature_dropout(x, p=0.5, train=False)", 1),
        ("torch.feature_dropout(x, 0.5, self.training)", 1),
    ],
)
def test_dropout_that_is_never_off_makes_up_for_what_is_lost(dropout: str, number: int) -> None:
    source = f"""
import torch
import torch.nn.functional as F
from torch import nn
class Net(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.one, self.other = nn.Linear(64, 64), nn.Linear(64, 8)
        nn.init.xavier_uniform_(self.one.weight)
    def forward(self, x):
        x = F.relu(self.one(x))
        return self.other({dropout})
"""
    assert len(findings_of(source, ("INI301",))) == number


ZERO_BEFORE = """
from torch import nn
import torch.nn.functional as F
class BehindZero(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(32, 64, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(64)
        self.conv2 = nn.Conv2d(64, 64, 3, padding=1)
        self.fc = nn.Linear(64, 10)
        nn.init.zeros_(self.conv1.weight)
        nn.init.INIT
    def forward(self, x):
        x = F.relu(self.norm(self.conv1(x)))
        return self.fc(F.relu(self.conv2(F.max_pool2d(x, 2))))
"""


@pytest.mark.parametrize(
    "init", ["xavier_normal_(self.conv2.weight)", "kaiming_normal_(self.conv2.weight, nonlinearity='tanh')"]
)
def test_a_layer_that_no_signal_reaches_has_no_number(init: str) -> None:
    found = {one.code: one.message for one in findings_of(ZERO_BEFORE.replace("INIT", init))}
    assert "INI201" in found
    assert "INI301" not in found
    assert "mean square" not in found.get("INI304", "")
