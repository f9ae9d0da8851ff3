from __future__ import annotations

import pytest

from initlint.rules import all_rules
from tests.support.rule_models import chain, following, layer, message, model, reach, run, write


def test_message_gives_the_factor_on_the_gradient() -> None:
    assert message("INI303", chain("sigmoid", 1, "kaiming_normal_")) == (
        "`kaiming_normal_` before Sigmoid in `fc0` uses the gain of ReLU: the layer passes back 0.074 of the "
        "gradient's mean square"
    )


def test_is_off_by_default_and_never_rewrites() -> None:
    (rule,) = (rule for rule in all_rules() if rule.code == "INI303")
    assert (rule.default, rule.fixable) == (False, False)


@pytest.mark.parametrize(("initializer", "op"), [("xavier_normal_", "sigmoid"), ("kaiming_normal_", "relu")])
def test_other_pairs_are_silent(initializer: str, op: str) -> None:
    assert run("INI303", chain(op, 2, initializer)) == []


@pytest.mark.parametrize("onward", [reach(None), reach("out", "mul")], ids=["output", "gate"])
def test_outputs_and_gates_are_silent(onward: object) -> None:
    squashed = layer("fc", following("sigmoid", onward), writes=(write("kaiming_normal_"),))  # type: ignore[arg-type]
    assert run("INI303", model(squashed)) == []
