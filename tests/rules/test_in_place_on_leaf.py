from __future__ import annotations

from dataclasses import replace

import pytest

from initlint.graph.model import InitCall, Target
from tests.support.rule_models import call, message, model, run

LEAF = Target("parameter", "Linear", "weight", (4, 4), leaf=True)


def method(target: Target, guarded: bool = False) -> InitCall:
    return replace(call("zeros_", target, guarded=guarded, method=True), name="zero_")


def test_message() -> None:
    assert message("INI109", model(calls=(method(LEAF),))) == (
        "`zero_` raises RuntimeError: it changes a parameter in place outside `torch.no_grad()`; use `nn.init.zeros_`"
    )


@pytest.mark.parametrize(
    "silent",
    [
        method(replace(LEAF, leaf=False)),
        method(replace(LEAF, certain=False)),
        method(LEAF, guarded=True),
        call("zeros_", LEAF),
    ],
)
def test_silent(silent: InitCall) -> None:
    assert run("INI109", model(calls=(silent,))) == []
