from __future__ import annotations

import pytest

from initlint.graph.words import UNDETERMINED
from tests.support.rule_models import call, message, model, run


@pytest.mark.parametrize(
    ("std", "effect"),
    [
        (0.02, "with a standard deviation of 0.02 nothing is ever truncated"),
        (0.4, "with a standard deviation of 0.4 nothing is ever truncated"),
        (1.0, "a standard deviation of 1 is reduced to 0.88"),
        (2, "a standard deviation of 2 is reduced to 1.08"),
    ],
)
def test_message(std: float, effect: str) -> None:
    calls = (call("trunc_normal_", arguments={"std": std}),)
    assert message("INI406", model(calls=calls)) == (
        f"the bounds of `trunc_normal_` are absolute: at -2 and 2, {effect}"
    )


@pytest.mark.parametrize(
    ("initializer", "arguments"),
    [
        ("trunc_normal_", {"std": 0.02, "a": -0.04, "b": 0.04}),
        ("trunc_normal_", {"std": 0.02, "a": UNDETERMINED}),
        ("trunc_normal_", {"std": UNDETERMINED}),
        ("trunc_normal_", {"std": 0.6}),
        ("trunc_normal_", {"std": 0.0}),
        ("normal_", {"std": 0.02}),
    ],
)
def test_silent(initializer: str, arguments: dict[str, object]) -> None:
    assert run("INI406", model(calls=(call(initializer, arguments=arguments),))) == []
