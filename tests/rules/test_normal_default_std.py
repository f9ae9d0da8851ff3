from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from initlint.diagnostics import Severity
from initlint.facts.fans import AxisRoles
from initlint.graph.model import Layer, Target
from initlint.graph.words import UNDETERMINED
from initlint.linter.pipeline import check
from initlint.project.settings import Settings
from tests.support.rule_models import OUTPUT, call, following, layer, message, model, reach, run, to_layer, write

RELU = following("relu", reach("out"))
NORMAL = (write("normal_"),)
WEIGHT = Target("parameter", "Linear", "weight", (64, 64))


def hidden(*followings: object, **more: object) -> Layer:
    return layer("fc", *(followings or (RELU,)), **{"writes": NORMAL, **more})  # type: ignore[arg-type]


def raw(*followings: object, **more: object) -> Layer:
    given = {"type": "Parameter", "shapes": {"weight": (256, 10)}, "product": AxisRoles((0,), (1,)), **more}
    return hidden(*followings, **given)


def test_message() -> None:
    (violation,) = run("INI401", model(hidden(), layer("out", OUTPUT), calls=(call("normal_", WEIGHT),)))
    assert violation.severity is Severity.WARNING
    assert violation.message == (
        "`normal_` without `std` draws the weight of `fc` with a standard deviation of 1: "
        "the layer multiplies the signal's mean square by 32; use `kaiming_normal_(..., nonlinearity='relu')`"
    )


def test_unknown_sizes() -> None:
    unknown = hidden(arguments={"in_features": UNDETERMINED, "out_features": 9})
    assert "1, whatever the number of inputs;" in message("INI401", model(unknown))


def test_a_raw_parameter_has_a_factor() -> None:
    assert message("INI401", model(raw())) == (
        "`torch.randn` draws `fc` with a standard deviation of 1: the layer multiplies the signal's mean square by 128; "
        "multiply it by sqrt(2 / 256)"
    )


@pytest.mark.parametrize("target", [WEIGHT, Target("parameter", "Conv2d", "weight", None)])
def test_a_call_whose_layer_no_model_shows(target: Target) -> None:
    text = message("INI401", model(calls=(call("normal_", target),)))
    assert f"draws the weight of a {target.layer} with" in text


def test_a_layer_whose_output_is_lost_from_sight_is_judged_by_its_call() -> None:
    lost = hidden(following("unknown"), writes=(*NORMAL, replace(write("copy_", 11), certain=False)))
    calls = (call("normal_", WEIGHT),)
    assert "draws the weight of a Linear with" in message("INI401", model(lost, calls=calls))


@pytest.mark.parametrize(
    "silent",
    [
        hidden(following("unknown"), writes=(*NORMAL, write("zeros_", 11))),
        hidden(
            following("unknown"), writes=(*NORMAL, replace(write("normal_", 11), reads_old_value=True, certain=False))
        ),
        hidden(following("relu", between=("batch_norm",)), following("unknown")),
        hidden(following("relu", reach(None, "mul")), following("unknown")),
        hidden(following("unknown"), parametrized=True),
    ],
    ids=str,
)
def test_a_call_is_not_judged_where_its_layer_tells_more(silent: Layer) -> None:
    assert run("INI401", model(silent, calls=(call("normal_", WEIGHT),))) == []


@pytest.mark.parametrize("initializer", ["normal_", "trunc_normal_"])
@pytest.mark.parametrize("parameter", ["weight", "pos_embed", "in_proj_weight"])
def test_a_mean_that_is_meant_for_the_standard_deviation(initializer: str, parameter: str) -> None:
    target = Target("parameter", "Module", parameter, (1, 4, 8))
    assert message("INI401", model(calls=(call(initializer, target, arguments={"mean": 0.02}),))) == (
        f"`{initializer}` with `0.02` sets the mean, and the standard deviation is 1; use `std=0.02`"
    )


@pytest.mark.parametrize(
    "silent",
    [
        hidden(writes=(write("normal_", std=1.0),)),
        hidden(writes=(write("normal_", mean=0.02),)),
        hidden(writes=(*NORMAL, write("xavier_normal_", 11))),
        hidden(following("relu", reach("out"), between=("batch_norm",))),
        hidden(following("relu", reach("out"), between=("scale",))),
        hidden(following("softmax", between=("mul",))),
        hidden(frozen=True),
        hidden(parametrized=True),
        hidden(arguments={"in_features": 2, "out_features": 64}),
        hidden(type="Embedding", arguments={"num_embeddings": 9, "embedding_dim": 64}),
        raw(following("softmax")),
        raw(following("sdpa")),
        raw(to_layer("out", certain=False)),
        raw(product=None),
    ],
    ids=str,
)
def test_silent(silent: Layer) -> None:
    assert run("INI401", model(silent, layer("out", OUTPUT))) == []


@pytest.mark.parametrize(
    ("target", "arguments"),
    [
        (Target("parameter", "Linear", "bias", (4,)), {"mean": 0.02}),
        (Target("parameter", "BatchNorm2d", "weight", (4,)), {"mean": 1.0}),
        (Target("parameter", "BatchNorm2d", "weight", (4,)), {"mean": 0.02, "std": 0.1}),
        (Target("unknown"), {"mean": 0.02}),
        (Target("parameter", "Embedding", "weight", (4, 4)), {}),
        (Target("parameter", "Linear", "weight", (4, 4), certain=False), {}),
        (WEIGHT, {"mean": UNDETERMINED}),
        (WEIGHT, {"std": UNDETERMINED}),
    ],
)
def test_silent_calls(target: Target, arguments: dict[str, object]) -> None:
    assert run("INI401", model(calls=(call("normal_", target, arguments=arguments),))) == []


def test_a_call_that_also_meets_something_else_is_not_judged_by_its_targets() -> None:
    assert run("INI401", model(calls=(call("normal_", WEIGHT, Target("unknown")),))) == []


def test_the_fix_is_the_call_for_the_activation_and_never_a_guessed_number() -> None:
    calls = (call("normal_", WEIGHT),)
    tanh = run("INI401", model(hidden(following("tanh", reach("out"))), layer("out", OUTPUT), calls=calls))
    assert [v.fix and v.fix.message for v in tanh] == ["Use `xavier_normal_(..., gain=nn.init.calculate_gain('tanh'))`"]
    last = run("INI401", model(hidden(OUTPUT), calls=calls))
    assert [v.fix and v.fix.message for v in last] == ["Use `xavier_normal_(...)`"]
    unknown = run("INI401", model(hidden(following("unknown")), calls=calls))
    assert [v.fix for v in unknown] == [None]


CUT = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter({})
        self.out = nn.Linear(64, 3)

    def forward(self, x):
        return self.out(torch.relu(x @ self.w))
"""


@pytest.mark.parametrize(
    ("value", "codes"),
    [
        ("torch.fmod(torch.randn(64, 64), 2)", ["INI401"]),
        ("torch.clamp(torch.randn(64, 64), -2, 2)", ["INI401"]),
        ("torch.clamp(torch.randn(64, 64), min=-3.0, max=3.0)", ["INI401"]),
        ("torch.randn(64, 64).clamp(-2, 2)", ["INI401"]),
        ("torch.randn(64, 64).fmod(2)", ["INI401"]),
        ("torch.clamp(torch.randn(64, 64), -0.1, 0.1)", []),
        ("torch.clamp(torch.randn(64, 64), min=0)", []),
        ("torch.clamp(torch.randn(64, 64) * 0.1, -2, 2)", []),
        ("torch.clamp(torch.randn(64, 64), -2, 2) * 0.1", []),
    ],
)
def test_cut_normals(value: str, codes: list[str]) -> None:
    result = check([Path("net.py")], Settings(), {"net.py": CUT.format(value).encode()})
    assert [found.code for found in result.diagnostics] == codes
