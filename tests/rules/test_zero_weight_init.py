from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from initlint.diagnostics import Severity
from initlint.graph.model import Consumer, Forward, Layer
from initlint.linter.pipeline import check
from initlint.project.settings import Settings
from tests.support.fixing import findings_of
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
        "`zeros_` zeroes the whole weight of `fc`: with its zero bias, its output is zero, and the slope of ReLU at "
        "zero is zero, so it never learns"
    )


@pytest.mark.parametrize(
    ("bias", "between", "clause"),
    [
        (True, (), "with its zero bias, its output is zero, and"),
        (False, (), "its output is zero, and"),
        (True, ("batch_norm",), "with its zero bias, its output is zero, also after the norm, and"),
        (False, ("layer_norm",), "its output is zero, also after the norm, and"),
    ],
)
def test_the_reason_says_how_the_zero_reaches_the_activation(bias: bool, between: tuple[str, ...], clause: str) -> None:
    relu = following("relu", reach("out"), between=between)
    text = message("INI201", model(zeroed(relu, bias=bias, arguments={"bias": bias}), OUT))
    assert f"zeroes the whole weight of `fc`: {clause} the slope of ReLU at zero is zero, so it never learns" in text


@pytest.mark.parametrize("op", ["relu", "relu6", "softshrink", "hardshrink", "tanhshrink"])
def test_every_slope_that_is_zero_at_zero(op: str) -> None:
    assert severities(zeroed(following(op, reach("out")))) == [Severity.ERROR]


def test_a_norm_between_does_not_help() -> None:
    normed = zeroed(following("relu", reach("out"), between=("batch_norm",)))
    assert severities(normed) == [Severity.ERROR]


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
    assert violation.message.endswith(
        "its output is the same for every input, and no `forward` shows why; draw it unless that is meant"
    )


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


def test_fed_by_a_zero_layer() -> None:
    """The second factor of `B(A(x))` is a good zero only if the first one is random."""
    first = layer("a", to_layer("fc"), writes=(WEIGHT,))
    second = zeroed(RELU, bias=False, fed_by=("a",))
    assert severities(first, second) == [Severity.WARNING]
    assert severities(replace(first, writes=()), second) == []


def test_two_zeros_in_series() -> None:
    """The default biases of both are random: something passes, but hardly anything."""
    first = layer("a", to_layer("b"), writes=(WEIGHT,))
    second = layer("b", to_layer("out"), writes=(write("zeros_", 12),), fed_by=("a",))
    found = message("INI201", model(first, second, OUT))
    assert found == (
        "`zeros_` zeroes the whole weight of `a`: the next layer is zero too, so only their biases pass a signal at first"
    )
    assert severities(replace(first, residual=True), second) == []
    assert severities(first, replace(second, writes=())) == []


NET = """
import torch
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(64, 64)
        self.out = nn.Linear(64, 8)
        nn.init.zeros_(self.a.bias)
        with torch.no_grad():
            {init}

    def forward(self, x):
        return self.out(F.relu(self.a(x)))
"""
ZEROS = [
    "self.a.weight.mul_(0)",
    "self.a.weight.multiply_(0.0)",
    "self.a.weight *= 0",
    "self.a.weight.data = self.a.weight.data * 0",
    "self.a.weight.data = 0 * self.a.weight.data",
    "self.a.weight = nn.Parameter(self.a.weight.mul(0))",
    "self.a.weight[:] = 0",
    "self.a.weight[...] = torch.zeros(64, 64)",
    "self.a.weight[:, :].zero_()",
    "self.a.weight.copy_(torch.zeros(64, 64))",
    "self.a.weight.copy_(torch.randn(64, 64) * 0)",
    "self.a.weight = nn.Parameter(torch.zeros_like(self.a.weight))",
    "nn.init.xavier_normal_(self.a.weight, gain=0)",
    "nn.init.orthogonal_(self.a.weight, gain=0.0)",
    "nn.init.sparse_(self.a.weight, 0.5, std=0)",
    "nn.init.normal_(self.a.weight, 0, 0)",
    "nn.init.uniform_(self.a.weight, -0.0, 0.0)",
]
NO_ZEROS = [
    "self.a.weight.mul_(0.1)",
    "self.a.weight[:32] = 0",
    "self.a.weight[:, 0] = 0",
    "self.a.weight[:32].mul_(0)",
    "self.a.weight.copy_(torch.zeros(64, 64) + torch.randn(64, 64))",
    "self.a.weight.mul_(torch.bernoulli(torch.full((64, 64), 0.5)))",
    "self.a.weight += 0",
    "nn.init.xavier_normal_(self.a.weight, gain=1e-3)",
    "nn.init.orthogonal_(self.a.weight)",
]


def rows(init: str) -> list[int]:
    result = check([Path("net.py")], Settings(select=("INI201",)), {"net.py": NET.format(init=init).encode()})
    assert result.failures == ()
    return [found.span.row for found in result.diagnostics]


@pytest.mark.parametrize("init", ZEROS)
def test_zero_by_any_way(init: str) -> None:
    assert rows(init) == [14]


@pytest.mark.parametrize("init", NO_ZEROS)
def test_no_zero(init: str) -> None:
    assert rows(init) == []


@pytest.mark.parametrize("init", [*ZEROS, *NO_ZEROS])
def test_torch_agrees(init: str) -> None:
    torch = pytest.importorskip("torch")
    names: dict[str, object] = {}
    exec(NET.format(init=init), names)
    assert (not torch.any(names["Net"]().a.weight)) == (init in ZEROS)  # type: ignore[operator]


REPLACED = """
import torch
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8))
        for m in self.net:
            if isinstance(m, nn.Linear):
                m.weight.data.fill_({value})
                m.bias.data.zero_()
    def forward(self, x):
        return self.net(x)
"""


@pytest.mark.parametrize(
    ("value", "copies", "number"),
    [
        (0.0, "theirs.weight.data", 0),
        (0.5, "theirs.weight.data", 0),
        (0.0, "theirs.weight.view(mine.weight.size())", 0),
        (0.0, "torch.ones(8, 8)", 1),
        (0.5, "torch.ones(8, 8)", 1),
    ],
)
def test_values_that_the_class_replaces_by_those_of_another_model(value: float, copies: str, number: int) -> None:
    source = (
        REPLACED.format(value=value)
        + f"""
    def copy_from(self, other):
        for mine, theirs in zip(self.net, other.net):
            if isinstance(mine, nn.Linear):
                mine.weight.data.copy_({copies})
                mine.bias.data.copy_(theirs.bias.data)
"""
    )
    assert len(findings_of(source, ("INI201", "INI203"))) == number


@pytest.mark.parametrize(
    ("method", "number"),
    [
        ("def load(self, other):\n self.net[2].weight.data = other.net[2].weight.data.clone()", 0),
        ("def load(self, other):\n theirs = other.net[2]\n self.net[2].weight.data.copy_(theirs.weight.data)", 0),
        ("def load(self, i, other):\n mine = getattr(self, i)\n mine.weight.data.copy_(other[i].weight.data)", 0),
        (
            "def load(self, other):\n mine = [self.net[0], self.net[2]]\n"
            " for i, (a, b) in enumerate(zip(list(other.children()), mine)):\n  b.weight.data.copy_(a.weight.data)",
            0,
        ),
        ("def tie(self, flag):\n self.net[2].weight = self.net[0].weight", 1),
        ("def tie(self, i):\n self.net[2].weight = self.net[i].weight", 1),
        ("def again(self, m):\n m.weight.data = m.weight.data.fill_(0.1)", 1),
        ("def again(self, m):\n for a in m.children():\n  a.weight.data = a.weight.data * 0.1", 1),
        ("def give(self, other):\n other.weight.data.copy_(self.net[0].weight.data)", 1),
        ("def give(self, other):\n for a, b in zip(other, self.net):\n  a.weight.data.copy_(b.weight.data)", 1),
        ("def scale(self, other):\n self.net[2].weight.data = other.weight.data.new_zeros(8, 8)", 1),
    ],
)
@pytest.mark.parametrize("value", [0.0, 0.5])
def test_only_weights_of_an_argument_replace_those_of_the_class(value: float, method: str, number: int) -> None:
    source = REPLACED.format(value=value) + "".join(f"    {line}\n" for line in method.split("\n"))
    assert len(findings_of(source, ("INI201", "INI203"))) == number
