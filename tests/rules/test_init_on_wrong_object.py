from __future__ import annotations

from dataclasses import replace

import pytest

from initlint.graph.model import Target
from tests.support.rule_models import call, message, model, run

MODULE = Target("module", "Linear")
NONE = Target("none", "Conv2d", "bias")


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        (MODULE, "its argument is a module (Linear), not its `weight`"),
        (Target("module"), "its argument is a module, not its `weight`"),
        (NONE, "Conv2d has no bias (`bias=False`)"),
    ],
)
def test_message(target: Target, reason: str) -> None:
    expected = f"`zeros_` raises AttributeError: {reason}"
    assert message("INI103", model(calls=(call("zeros_", target),))) == expected


@pytest.mark.parametrize(
    "target",
    [
        replace(NONE, certain=False),
        replace(MODULE, certain=False),
        Target("parameter", "Linear", "bias", (4,)),
        Target("unknown"),
    ],
)
def test_silent(target: Target) -> None:
    assert run("INI103", model(calls=(call("zeros_", target),))) == []


def test_silent_in_try() -> None:
    assert run("INI103", model(calls=(call("zeros_", NONE, guarded=True),))) == []
