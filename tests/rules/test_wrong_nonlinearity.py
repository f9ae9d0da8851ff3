from __future__ import annotations

import math

import pytest

from initlint.diagnostics import Severity
from initlint.graph.model import ModelGraph
from tests.support.rule_models import OUTPUT, call, chain, following, layer, message, model, reach, run, write


def with_gain(op: str, initializer: str, gain: float, named: str | None) -> ModelGraph:
    """Two layers before `op`, drawn with a gain that came from `calculate_gain(named)` if that is not None."""
    graph = chain(op, 2, initializer, gain=gain)
    return model(*graph.layers, calls=(call(initializer, gain=named, arguments={"gain": gain}),))


@pytest.mark.parametrize(
    ("named", "effect"),
    [
        ("linear", "passes on 0.50 of the signal's mean square"),
        ("sigmoid", "passes on 0.50 of the signal's mean square"),
        ("tanh", "multiplies the signal's mean square by 1.39"),
        ("selu", "passes on 0.28 of the signal's mean square"),
    ],
)
def test_kaiming_for_another_activation(named: str, effect: str) -> None:
    assert message("INI304", chain("relu", 1, "kaiming_normal_", nonlinearity=named)) == (
        f"`kaiming_normal_` with `nonlinearity='{named}'` before ReLU in `fc0`: that is for another activation; the "
        f"layer {effect}; use `kaiming_normal_(..., nonlinearity='relu')`"
    )


def test_a_slope_far_from_the_real_one() -> None:
    text = message("INI304", chain("relu", 1, "kaiming_normal_", a=0.9))
    assert "with `a=0.9` before ReLU" in text
    assert "passes on 0.55 of the signal's mean square;" in text


@pytest.mark.parametrize(("gain", "named"), [(5 / 3, "tanh"), (5 / 3, None)])
def test_the_gain_of_tanh_before_relu(gain: float, named: str | None) -> None:
    text = message("INI304", with_gain("relu", "xavier_uniform_", gain, named))
    assert ("`gain=calculate_gain('tanh')`" if named else "`gain=1.67`") in text
    assert text.endswith("by 1.39; use `xavier_uniform_(..., gain=nn.init.calculate_gain('relu'))`")


def test_a_leaky_relu_gets_its_own_gain() -> None:
    leaky = layer(
        "fc", following("leaky_relu", reach("out"), negative_slope=0.5), writes=(write("orthogonal_", gain=5 / 3),)
    )
    text = message("INI304", model(leaky, layer("out", OUTPUT)))
    assert text.endswith("use `orthogonal_(..., gain=nn.init.calculate_gain('leaky_relu', 0.5))`")


@pytest.mark.parametrize("named", ["relu", None])
def test_the_gain_of_relu_before_tanh_does_no_harm(named: str | None) -> None:
    text = message("INI304", with_gain("tanh", "xavier_normal_", math.sqrt(2), named))
    assert "PyTorch documents a gain of 1.67 for Tanh; with 1.41 it trains about as well" in text
    assert text.endswith("use `xavier_normal_(..., gain=nn.init.calculate_gain('tanh'))`")


def test_orthogonal_before_tanh_only_if_relu_is_named() -> None:
    assert run("INI304", with_gain("tanh", "orthogonal_", math.sqrt(2), None)) == []
    assert "`gain=calculate_gain('relu')`" in message("INI304", with_gain("tanh", "orthogonal_", math.sqrt(2), "relu"))


@pytest.mark.parametrize(("depth", "severity"), [(6, Severity.INFO), (7, Severity.WARNING)])
def test_severity_is_that_of_the_chain(depth: int, severity: Severity) -> None:
    (violation,) = run("INI304", chain("relu", depth, "kaiming_normal_", nonlinearity="linear"))
    assert violation.severity is severity


@pytest.mark.parametrize(
    ("op", "initializer", "arguments"),
    [
        ("relu", "kaiming_normal_", {}),
        ("relu", "kaiming_normal_", {"nonlinearity": "relu"}),
        ("relu", "kaiming_normal_", {"nonlinearity": "gelu"}),
        ("relu", "kaiming_normal_", {"nonlinearity": "leaky_relu"}),
        ("relu", "kaiming_normal_", {"a": 0.2}),
        ("relu", "kaiming_normal_", {"a": 1}),
        ("relu", "kaiming_normal_", {"a": math.sqrt(5)}),
        ("relu", "kaiming_normal_", {"a": 0.9, "nonlinearity": "relu"}),
        ("leaky_relu", "kaiming_normal_", {"nonlinearity": "relu"}),
        ("tanh", "kaiming_normal_", {"nonlinearity": "linear"}),
        ("sigmoid", "kaiming_normal_", {"nonlinearity": "linear"}),
        ("relu", "xavier_normal_", {}),
        ("relu", "xavier_normal_", {"gain": math.sqrt(2)}),
        ("relu", "xavier_normal_", {"gain": 0.1}),
        ("tanh", "xavier_normal_", {"gain": 5 / 3}),
        ("sigmoid", "xavier_normal_", {"gain": math.sqrt(2)}),
        ("relu", "orthogonal_", {"gain": 1.0}),
    ],
)
def test_silent(op: str, initializer: str, arguments: dict[str, object]) -> None:
    assert run("INI304", chain(op, 2, initializer, **arguments)) == []


def test_an_output_layer_is_silent() -> None:
    head = layer("fc", following("relu", reach(None)), writes=(write("kaiming_normal_", nonlinearity="linear"),))
    assert run("INI304", model(head)) == []


@pytest.mark.parametrize("between", ["scale", "batch_norm", "add", "mul"])
def test_what_sets_the_scale_itself_is_silent(between: str) -> None:
    onward = following("relu", reach("out", between))
    hidden = layer("fc", onward, writes=(write("kaiming_normal_", nonlinearity="linear"),))
    assert run("INI304", model(hidden, layer("out", OUTPUT))) == []


def test_the_chain_is_shown() -> None:
    (violation,) = run("INI304", chain("relu", 2, "kaiming_normal_", nonlinearity="linear"))
    assert violation.chain == (
        "`fc0` Linear, `kaiming_normal_`, ReLU: factor 0.50, product 0.50",
        "`fc1` Linear, `kaiming_normal_`, ReLU: factor 0.50, product 0.25",
    )
