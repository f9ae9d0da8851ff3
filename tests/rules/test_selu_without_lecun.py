from __future__ import annotations

import pytest

from initlint.diagnostics import Severity
from initlint.graph.words import UNDETERMINED
from tests.support.rule_models import OUTPUT, chain, following, layer, message, model, reach, run, write


def test_message() -> None:
    assert message("INI305", chain("selu", 2, "kaiming_normal_", nonlinearity="relu")) == (
        "`kaiming_normal_` before SELU in `fc0`, `fc1`: the weights have a variance of 2 / inputs, and SELU keeps "
        "the signal normalized only with 1 / inputs (LeCun's init); "
        "use `kaiming_normal_(..., nonlinearity='linear')`"
    )


@pytest.mark.parametrize(
    ("initializer", "arguments", "scale"),
    [
        ("kaiming_uniform_", {"nonlinearity": "selu"}, "0.56"),
        ("xavier_normal_", {"gain": 0.75}, "0.56"),
        ("normal_", {"std": 0.02}, "0.026"),
    ],
)
def test_other_variances(initializer: str, arguments: dict[str, object], scale: str) -> None:
    assert f"the weights have a variance of {scale} / inputs," in message(
        "INI305", chain("selu", 1, initializer, **arguments)
    )


@pytest.mark.parametrize(("depth", "severity"), [(5, Severity.INFO), (6, Severity.WARNING)])
def test_six_layers_are_deep(depth: int, severity: Severity) -> None:
    (violation,) = run("INI305", chain("selu", depth, "kaiming_normal_"))
    assert violation.severity is severity


@pytest.mark.parametrize(
    ("initializer", "arguments"),
    [
        ("kaiming_normal_", {"nonlinearity": "linear"}),
        ("xavier_uniform_", {}),
        ("normal_", {"std": 1 / 8}),
        ("normal_", {"std": UNDETERMINED}),
        ("zeros_", {}),
        ("orthogonal_", {}),
    ],
)
def test_silent(initializer: str, arguments: dict[str, object]) -> None:
    assert run("INI305", chain("selu", 2, initializer, **arguments)) == []


def test_behind_a_norm_it_is_silent() -> None:
    normed = following("selu", reach("out"), between=("batch_norm",))
    hidden = layer("fc", normed, writes=(write("kaiming_normal_"),))
    assert run("INI305", model(hidden, layer("out", OUTPUT))) == []


def test_the_chain_is_shown() -> None:
    (violation,) = run("INI305", chain("selu", 2, "kaiming_normal_"))
    assert violation.chain == (
        "`fc0` Linear, `kaiming_normal_`, SELU: factor 1.72, product 1.72",
        "`fc1` Linear, `kaiming_normal_`, SELU: factor 1.54, product 2.65",
    )


def test_fans_that_are_not_known() -> None:
    unknown = layer(
        "fc",
        following("selu", reach("out")),
        writes=(write("xavier_uniform_", gain=2.0),),
        arguments={"in_features": UNDETERMINED, "out_features": 64},
    )
    assert "a variance of 4 / inputs if it has as many outputs as inputs, and" in message(
        "INI305", model(unknown, layer("out", OUTPUT))
    )
