from __future__ import annotations

import pytest

from initlint.graph.words import UNDETERMINED
from tests.support.rule_models import call, message, model, run


@pytest.mark.parametrize(
    ("initializer", "arguments", "bounds"),
    [
        (
            "uniform_",
            {"a": 1.0, "b": 0.02},
            "the lower bound 1 is above the upper bound 0.02; pass the lower one first, or use `normal_` if these are "
            "a mean and a standard deviation",
        ),
        (
            "uniform_",
            {"a": 0.1, "b": -0.1},
            "the lower bound 0.1 is above the upper bound -0.1; pass the lower one first",
        ),
        ("uniform_", {"a": 2.0}, "the lower bound 2 is above the upper bound 1; pass both"),
        ("uniform_", {"b": -0.5}, "the lower bound 0 is above the upper bound -0.5; pass both"),
        ("trunc_normal_", {"a": 3}, "the lower bound 3 is above the upper bound 2; pass both"),
    ],
)
def test_message(initializer: str, arguments: dict[str, object], bounds: str) -> None:
    graph = model(calls=(call(initializer, arguments=arguments),))
    assert message("INI104", graph) == f"`{initializer}` raises RuntimeError: {bounds}"


@pytest.mark.parametrize(
    ("initializer", "arguments"),
    [
        ("uniform_", {"a": -0.1, "b": 0.1}),
        ("uniform_", {"a": 0.5, "b": 0.5}),
        ("uniform_", {"a": UNDETERMINED, "b": -3}),
        ("uniform_", {}),
        ("trunc_normal_", {"std": 0.02}),
        ("normal_", {"mean": 1.0, "std": 0.02}),
        ("kaiming_uniform_", {"a": 5}),
    ],
)
def test_silent(initializer: str, arguments: dict[str, object]) -> None:
    assert run("INI104", model(calls=(call(initializer, arguments=arguments),))) == []


def test_silent_in_try() -> None:
    assert run("INI104", model(calls=(call("uniform_", guarded=True, arguments={"a": 2.0}),))) == []
