from __future__ import annotations

import math
from pathlib import Path

import pytest

from initlint.graph.model import InitCall, Target
from initlint.graph.words import UNDETERMINED
from initlint.linter.pipeline import check
from initlint.project.settings import Settings
from tests.support.rule_models import call, message, model, run

WEIGHT = Target("parameter", "Linear", "weight", (64, 64))


def kaiming(**arguments: object) -> InitCall:
    gain = arguments.pop("named", None)
    return call("kaiming_normal_", WEIGHT, arguments=arguments, gain=gain)


def test_a_named_gain() -> None:
    assert message("INI307", model(calls=(kaiming(a=math.sqrt(2), named="relu"),))) == (
        "`kaiming_normal_` takes the slope of a leaky ReLU as `a`, not a gain: "
        "`a=calculate_gain('relu')` gives a variance of 0.67 / inputs, not 2 / inputs; use `nonlinearity='relu'` instead of `a`"
    )


@pytest.mark.parametrize(
    ("a", "variance"), [(math.sqrt(2), "0.67"), (math.sqrt(3), "0.50"), (5 / 3, "0.53"), (2, "0.40")]
)
def test_no_slope_is_that_large(a: float, variance: str) -> None:
    assert f"variance of {variance} / outputs" in message("INI307", model(calls=(kaiming(a=a, mode="fan_out"),)))


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


def test_the_gain_of_a_leaky_relu_is_not_two() -> None:
    gain = math.sqrt(2 / 1.04)
    assert "gives a variance of 0.68 / inputs, not 1.92 / inputs" in message(
        "INI307", model(calls=(kaiming(a=gain, named="leaky_relu"),))
    )


PROGRAM = """
import math
import torch.nn as nn


class Net(nn.Module):
    def __init__(self, gain=0.5, scale=1.0, slope=0.2, std=0.02, width=2):
        super().__init__()
        self.fc = nn.Linear(64, 64)
        self.scale = scale
        nn.init.kaiming_uniform_(self.fc.weight, {})
"""


def messages(arguments: str) -> list[str]:
    source = PROGRAM.format(arguments).encode()
    result = check([Path("net.py")], Settings(select=("INI307",)), {"net.py": source})
    assert result.failures == ()
    return [found.message for found in result.diagnostics]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            "a=gain",
            "with `a=gain`, a larger `gain` gives smaller weights (as it is called here, their variance is 1.60",
        ),
        ("gain", "with `a=gain`, a larger `gain`"),
        ("a=std, mode='fan_out'", "with `a=std`, a larger `std` gives smaller weights"),
        ("a=self.scale", "with `a=self.scale`, a larger `self.scale`"),
        ("a=math.sqrt(5) * self.scale", "with `a=math.sqrt(5) * self.scale`, a larger `self.scale`"),
        ("a=scale * math.sqrt(5)", "a larger `scale` gives smaller weights"),
        ("a=5 ** 0.5 * width", "a larger `width` gives smaller weights"),
        ("a=math.sqrt(2) * gain", "a larger `gain` gives smaller weights"),
    ],
)
def test_a_variable_gain(arguments: str, expected: str) -> None:
    (found,) = messages(arguments)
    assert expected in found


@pytest.mark.parametrize(
    "arguments",
    [
        "a=slope",
        "a=math.sqrt(5)",
        "a=5 ** 0.5",
        "nonlinearity='relu'",
        "a=gain, nonlinearity='relu'",
        "a=slope * 0.5",
        "mode='fan_out'",
    ],
)
def test_slopes_and_ignored_arguments(arguments: str) -> None:
    assert messages(arguments) == []


PARTIAL = """
import functools
import torch.nn as nn


class Net(nn.Module):
    def __init__(self, gain, slope):
        super().__init__()
        self.fc = nn.Linear(64, 64)
        draw = functools.partial(nn.init.kaiming_normal_, {})
        {}
"""


@pytest.mark.parametrize(
    ("arguments", "call", "reported"),
    [
        ("a=gain", "draw(self.fc.weight)", True),
        ("a=slope", "draw(self.fc.weight)", False),
        ("a=slope", "functools.partial(nn.init.kaiming_uniform_, a=gain)(self.fc.weight)", True),
        ("a=gain", "draw(self.fc.weight, a=slope)", False),
        ("a=gain, nonlinearity='relu'", "draw(self.fc.weight)", False),
        ("a=gain", "draw = nn.init.kaiming_normal_; draw(self.fc.weight)", False),
    ],
)
def test_a_gain_through_a_partial(arguments: str, call: str, reported: bool) -> None:
    source = PARTIAL.format(arguments, call).encode()
    found = check([Path("net.py")], Settings(select=("INI307",)), {"net.py": source}).diagnostics
    assert bool(found) is reported
