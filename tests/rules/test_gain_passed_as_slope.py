from __future__ import annotations

import math

import pytest

from initlint.graph.model import UNDETERMINED, InitCall, Target
from tests.support.rule_models import call, message, model, run

WEIGHT = Target("parameter", "Linear", "weight", (64, 64))


def kaiming(**arguments: object) -> InitCall:
    gain = arguments.pop("named", None)
    return call("kaiming_normal_", WEIGHT, arguments=arguments, gain=gain)


def test_a_named_gain() -> None:
    assert message("INI307", model(calls=(kaiming(a=math.sqrt(2), named="relu"),))) == (
        "`kaiming_normal_` takes the slope of a leaky ReLU as `a`, not a gain: "
        "`a=calculate_gain('relu')` gives a variance of 0.67 / fan instead of 2 / fan"
    )


@pytest.mark.parametrize(
    ("a", "variance"), [(math.sqrt(2), "0.67"), (math.sqrt(3), "0.50"), (5 / 3, "0.53"), (2, "0.40")]
)
def test_no_slope_is_that_large(a: float, variance: str) -> None:
    assert f"variance of {variance} / fan" in message("INI307", model(calls=(kaiming(a=a, mode="fan_out"),)))


def test_a_gain_below_one() -> None:
    assert run("INI307", model(calls=(kaiming(a=0.75, named="selu"),)))


@pytest.mark.parametrize(
    "silent",
    [
        kaiming(),
        kaiming(a=0),
        kaiming(a=0.2),
        kaiming(a=1),
        kaiming(a=1.0, named="linear"),
        kaiming(a=math.sqrt(5)),
        kaiming(a=2.24),
        kaiming(a=math.sqrt(2), nonlinearity="relu", named="relu"),
        kaiming(a=math.sqrt(2), nonlinearity=UNDETERMINED),
        kaiming(a=UNDETERMINED),
        call("xavier_normal_", WEIGHT, arguments={"gain": 2.0}, gain="relu"),
    ],
    ids=str,
)
def test_silent(silent: InitCall) -> None:
    assert run("INI307", model(calls=(silent,))) == []
