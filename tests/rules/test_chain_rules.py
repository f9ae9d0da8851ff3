"""INI306, INI308 and INI405: rules that look at whole chains."""

from __future__ import annotations

import pytest

from initlint.diagnostics import Severity
from initlint.graph.model import ModelGraph
from tests.support.rule_models import OUTPUT, chain, following, layer, message, model, reach, run, write


def untouched(op: str, depth: int, width: int | None = 256) -> ModelGraph:
    arguments = {"in_features": width, "out_features": width} if width else {}
    hidden = (layer(f"fc{i}", following(op, reach(f"fc{i + 1}")), arguments=arguments) for i in range(depth))
    return model(*hidden, layer(f"fc{depth}", OUTPUT))


def test_default_init() -> None:
    assert message("INI306", untouched("relu", 5)) == (
        "nothing initializes `fc0`, `fc1`, `fc2` and 2 more: with PyTorch's default init 4 of these 5 layers each "
        "pass on 0.17 to 0.29 of the signal's mean square; 0.00091 of it is left after the last"
    )


@pytest.mark.parametrize(
    "silent",
    [
        untouched("relu", 4),
        untouched("relu", 20, width=64),  # the biases alone keep 0.003 of the signal
        untouched("relu", 9, width=None),
        untouched("tanh", 9),
        chain("relu", 9, "kaiming_normal_"),
        chain("relu", 12, "xavier_normal_"),
    ],
    ids=lambda m: str(len(m.layers)),
)
def test_default_init_is_silent(silent: ModelGraph) -> None:
    assert run("INI306", silent) == []


def test_one_finding_for_a_chain() -> None:
    assert len(run("INI306", untouched("gelu", 12))) == 1


def test_small_standard_deviations() -> None:
    (violation,) = run("INI405", chain("relu", 3, "normal_", mean=0, std=0.01))
    assert violation.severity is Severity.WARNING
    assert violation.message == (
        "`normal_` in `fc0`, `fc1`, `fc2`: each of these 3 layers passes on 0.0032 of the signal's mean square; "
        "3.3e-08 of it is left after the last"
    )


@pytest.mark.parametrize(
    "silent",
    [
        chain("relu", 1, "normal_", std=0.001),
        chain("relu", 2, "normal_", std=0.1),
        chain("relu", 12, "xavier_normal_"),
        model(
            layer(
                "fc0", following("relu", reach("fc1"), between=("batch_norm",)), writes=(write("normal_", std=0.01),)
            ),
            layer("fc1", following("relu", reach("out")), writes=(write("normal_", std=0.01),)),
            layer("out", OUTPUT),
        ),
    ],
    ids=lambda m: str(len(m.layers)),
)
def test_small_standard_deviations_are_silent(silent: ModelGraph) -> None:
    assert run("INI405", silent) == []


@pytest.mark.parametrize(
    ("graph", "numbers"),
    [
        (
            untouched("sigmoid", 3, width=64),
            "0.018 to 0.02 of the gradient's mean square; 7.2e-06 of it is left before the first",
        ),
        (
            chain("sigmoid", 3, "xavier_normal_"),
            "0.045 to 0.056 of the gradient's mean square; 0.00014 of it is left before the first",
        ),
        (
            chain("hardsigmoid", 4, "kaiming_normal_"),
            "0.054 to 0.056 of the gradient's mean square; 9.2e-06 of it is left before the first",
        ),
    ],
)
def test_hidden_sigmoids(graph: ModelGraph, numbers: str) -> None:
    assert message("INI308", graph).endswith(numbers)


@pytest.mark.parametrize(
    "silent",
    [untouched("sigmoid", 2), untouched("tanh", 5), chain("sigmoid", 5, "xavier_normal_", gain=4.0)],
    ids=lambda m: str(len(m.layers)),
)
def test_hidden_sigmoids_are_silent(silent: ModelGraph) -> None:
    assert run("INI308", silent) == []


def test_the_gradients_chain_is_shown() -> None:
    (violation,) = run("INI308", chain("sigmoid", 3, "xavier_normal_"))
    assert violation.chain == (
        "`fc0` Linear, Sigmoid: factor on the gradient 0.045, product 0.045",
        "`fc1` Linear, Sigmoid: factor on the gradient 0.055, product 0.0025",
        "`fc2` Linear, Sigmoid: factor on the gradient 0.056, product 0.00014",
    )
