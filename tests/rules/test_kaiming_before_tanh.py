from __future__ import annotations

import pytest

from initlint.diagnostics import Severity
from tests.support.rule_models import OUTPUT, chain, following, layer, message, model, reach, run, write


def test_message_claims_no_harm() -> None:
    assert message("INI302", chain("tanh", 2, "kaiming_normal_")) == (
        "`kaiming_normal_` before Tanh in `fc0`, `fc1` uses the gain of ReLU; PyTorch documents a gain of "
        "1.67 for Tanh; with 1.41 it trains about as well; use `xavier_normal_(..., gain=nn.init.calculate_gain('tanh'))`"
    )


def test_is_a_note_however_deep() -> None:
    (violation,) = run("INI302", chain("tanh", 20, "kaiming_normal_"))
    assert violation.severity is Severity.INFO


def test_hardtanh_has_no_documented_call() -> None:
    assert message("INI302", chain("hardtanh", 1, "kaiming_uniform_")).endswith("with 1.41 it trains about as well")


@pytest.mark.parametrize(
    "arguments", [{"nonlinearity": "tanh"}, {"nonlinearity": "linear"}, {"a": 5**0.5}, {"a": 1}], ids=str
)
def test_other_gains_are_silent(arguments: dict[str, object]) -> None:
    assert run("INI302", chain("tanh", 2, "kaiming_uniform_", **arguments)) == []


@pytest.mark.parametrize("op", ["relu", "sigmoid", "selu"])
def test_other_activations_are_silent(op: str) -> None:
    assert run("INI302", chain(op, 2, "kaiming_uniform_")) == []


def test_a_bounded_output_is_silent() -> None:
    squashed = layer("fc", following("tanh", reach(None)), writes=(write("kaiming_uniform_"),))
    assert run("INI302", model(squashed)) == []


def test_behind_a_norm_it_is_silent() -> None:
    normed = following("tanh", reach("out"), between=("layer_norm",))
    hidden = layer("fc", normed, writes=(write("kaiming_uniform_"),))
    assert run("INI302", model(hidden, layer("out", OUTPUT))) == []
