from __future__ import annotations

import pytest

from initlint.diagnostics import Severity
from initlint.graph.words import UNDETERMINED
from tests.support.fixing import findings_of
from tests.support.rule_models import call, message, model, run


def told(initializer: str, **arguments: object) -> str:
    return message("INI102", model(calls=(call(initializer, arguments=arguments),)))


@pytest.mark.parametrize(
    ("nonlinearity", "advice"),
    [
        ("gelu", "; use `nonlinearity='relu'`"),
        ("swish", "; use `nonlinearity='relu'`"),
        ("ReLU", "; use `nonlinearity='relu'`"),
        ("LeakyReLU", "; use `nonlinearity='leaky_relu'`"),
        ("prelu", "; use `a=0.25, nonlinearity='leaky_relu'`"),
        ("identity", "; use `nonlinearity='linear'`"),
        ("elu", ""),
        ("snake", ""),
    ],
)
def test_unknown_nonlinearity(nonlinearity: str, advice: str) -> None:
    expected = f"`kaiming_normal_` raises ValueError: PyTorch has no gain for '{nonlinearity}'{advice}"
    assert told("kaiming_normal_", nonlinearity=nonlinearity) == expected


def test_calculate_gain_takes_the_slope_as_param() -> None:
    assert told("calculate_gain", nonlinearity="prelu").endswith("; use `nonlinearity='leaky_relu', param=0.25`")


@pytest.mark.parametrize(
    ("slope", "advice"),
    [("fan_out", "; use `mode='fan_out'`"), ("relu", "; use `nonlinearity='relu'`"), ("he", "")],
)
def test_a_string_for_the_slope(slope: str, advice: str) -> None:
    assert told("kaiming_normal_", a=slope) == (
        f"`kaiming_normal_` raises ValueError: '{slope}' is passed as `a`, the slope of a leaky ReLU{advice}"
    )


def test_a_string_for_the_slope_that_is_ignored() -> None:
    (violation,) = run(
        "INI102", model(calls=(call("kaiming_normal_", arguments={"a": "fan_out", "nonlinearity": "relu"}),))
    )
    assert violation.severity is Severity.WARNING
    assert violation.message.startswith("`kaiming_normal_` ignores 'fan_out'")


def test_an_unknown_mode() -> None:
    assert told("kaiming_uniform_", mode="relu").endswith("`mode` is 'fan_in' or 'fan_out', not 'relu'")


@pytest.mark.parametrize("initializer", ["xavier_normal_", "orthogonal_"])
def test_a_string_for_the_gain(initializer: str) -> None:
    assert told(initializer, gain="relu") == (
        f"`{initializer}` raises TypeError: its second argument is a number, the gain, not 'relu'; "
        "use `gain=nn.init.calculate_gain('relu')`"
    )


@pytest.mark.parametrize(
    ("initializer", "arguments"),
    [
        ("kaiming_normal_", {}),
        ("kaiming_normal_", {"nonlinearity": "conv2d", "mode": "FAN_OUT", "a": 0.2}),
        ("kaiming_normal_", {"nonlinearity": UNDETERMINED, "a": UNDETERMINED, "mode": UNDETERMINED}),
        ("xavier_normal_", {"gain": 1.0}),
        ("calculate_gain", {"nonlinearity": "tanh"}),
    ],
)
def test_silent(initializer: str, arguments: dict[str, object]) -> None:
    assert run("INI102", model(calls=(call(initializer, arguments=arguments),))) == []


def test_silent_in_try() -> None:
    guarded = call("kaiming_normal_", guarded=True, arguments={"nonlinearity": "gelu"})
    assert run("INI102", model(calls=(guarded,))) == []


NET = """from torch import nn


class Net(nn.Module):
    def __init__(self, act=nn.GELU):
        super().__init__()
        self.act = act()
        self.a = nn.Linear(8, 8)
        nn.init.kaiming_normal_(self.a.weight, nonlinearity={name})

    def forward(self, x):
        return self.act(self.a(x))
"""


@pytest.mark.parametrize(
    ("name", "has_fix"), [("'gelu'", True), ("type(self.act).__name__.lower()", False), ("act.__name__.lower()", False)]
)
def test_only_a_literal_is_replaced(name: str, has_fix: bool) -> None:
    (finding,) = findings_of(NET.format(name=name), ("INI102",))
    assert "no gain for 'gelu'" in finding.message
    assert (finding.fix is not None) == has_fix
