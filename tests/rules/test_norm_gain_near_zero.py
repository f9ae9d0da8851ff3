from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from initlint.diagnostics import Applicability, Severity
from initlint.graph.model import Layer, Target
from initlint.graph.words import UNDETERMINED
from initlint.linter.pipeline import check
from initlint.project.settings import Settings
from initlint.rewrite.requests import AppendStatement, ReplaceCall
from tests.support.fixing import findings_of, fixed
from tests.support.paths import FIXTURES
from tests.support.rule_models import OUTPUT, call, following, layer, message, model, reach, run, to_layer, write

SMALL = write("normal_", mean=0.0, std=0.02)
GAIN = Target("parameter", "LayerNorm", "weight", (64,))
MATRIX = Target("parameter", "Linear", "weight", (64, 64))
RELU = following("relu", reach("fc"))


def norm(*writes: object, **more: object) -> Layer:
    fields = {"type": "LayerNorm", "arguments": {"normalized_shape": 64}, "writes": writes, **more}
    followings = fields.pop("followings", (to_layer("fc"),))
    return layer("norm", *followings, **fields)  # type: ignore[arg-type, misc]


def test_message() -> None:
    assert message("INI204", model(norm(SMALL))) == (
        "`normal_` draws the gain of `norm` around 0: the norm passes on 0.0004 of the signal's mean square, not 1; use `ones_`"
    )


@pytest.mark.parametrize(
    "draw", [write("trunc_normal_", std=0.02), write("uniform_", a=-0.1, b=0.1), write("normal_", std=0.3)], ids=str
)
def test_other_draws(draw: object) -> None:
    (violation,) = run("INI204", model(norm(draw)))
    assert violation.severity is Severity.WARNING


@pytest.mark.parametrize("consumer", [OUTPUT, RELU, following("unknown"), to_layer("fc", "add", "layer_norm")], ids=str)
def test_consumers(consumer: object) -> None:
    is_lost = "add" in consumer.between or consumer.op == "unknown"  # type: ignore[attr-defined]
    expected = 0 if is_lost else 1
    assert len(run("INI204", model(norm(SMALL, followings=(consumer,))))) == expected


@pytest.mark.parametrize(
    "silent",
    [
        norm(),
        norm(write("ones_")),
        norm(write("zeros_")),
        norm(write("normal_", mean=1.0, std=0.02)),
        norm(write("normal_", mean=0.1, std=0.1)),
        norm(write("normal_", mean=UNDETERMINED, std=0.02)),
        norm(write("normal_")),
        norm(write("uniform_")),
        norm(write("uniform_", a=-1.0, b=1.0)),
        norm(write("normal_", mean=0.0, std=UNDETERMINED)),
        norm(replace(SMALL, certain=False)),
        norm(SMALL, write("ones_", 11)),
        norm(SMALL, replace(write("ones_", 11), certain=False)),
        norm(SMALL, frozen=True),
        norm(SMALL, parametrized=True),
        norm(SMALL, called=False, followings=()),
        norm(SMALL, followings=(to_layer("fc", "mul"),)),
        norm(SMALL, followings=(to_layer("fc"), to_layer("fc", "add"))),
        layer("fc", OUTPUT, writes=(SMALL,)),
    ],
    ids=str,
)
def test_silent(silent: Layer) -> None:
    assert run("INI204", model(silent)) == []


def test_an_unknown_deviation_counts_if_the_call_also_draws_matrices() -> None:
    draw = write("normal_", mean=0.0, std=UNDETERMINED)
    (violation,) = run("INI204", model(norm(draw), calls=(call("normal_", GAIN, MATRIX, arguments=draw.arguments),)))
    assert "passes on the square of `std` of the signal's mean square" in violation.message
    assert run("INI204", model(norm(draw), calls=(call("normal_", GAIN, arguments=draw.arguments),))) == []


def test_a_dead_norm() -> None:
    (violation,) = run("INI204", model(norm(write("zeros_"), followings=(RELU,))))
    assert violation.severity is Severity.ERROR
    assert violation.message == (
        "`zeros_` zeroes the gain of `norm`, whose shift is zero too, before ReLU: its slope at zero is 0, so every "
        "gradient through it is 0 forever"
    )


@pytest.mark.parametrize(
    "alive",
    [
        norm(write("zeros_"), write("ones_", 11, "bias"), followings=(RELU,)),
        norm(write("zeros_"), write("normal_", 11, "bias"), followings=(RELU,)),
        norm(write("zeros_"), followings=(following("gelu", reach("fc")),)),
        norm(write("zeros_"), followings=(following("relu", reach("fc"), between=("add",)),)),
        norm(write("zeros_"), followings=(following("relu", reach("fc"), between=("mul",)),)),
        norm(write("zeros_"), followings=(following("relu", reach("fc"), certain=False),)),
        norm(write("zeros_"), followings=(RELU, to_layer("fc"))),
    ],
    ids=str,
)
def test_a_zero_gain_that_learns(alive: Layer) -> None:
    assert run("INI204", model(alive)) == []


def test_a_call_of_a_function_that_no_model_uses() -> None:
    arguments = {"mean": 0.0, "std": 0.02}
    (violation,) = run("INI204", model(calls=(call("normal_", MATRIX, GAIN, arguments=arguments),)))
    assert violation.message.startswith("`normal_` draws the gain of a LayerNorm around 0")
    assert run("INI204", model(calls=(call("normal_", MATRIX, arguments=arguments),))) == []
    unknown = Target("unknown", None, None)
    assert run("INI204", model(calls=(call("normal_", GAIN, unknown, arguments=arguments),))) == []


def test_the_fix_is_safe_for_norms_alone() -> None:
    (alone,) = run("INI204", model(norm(SMALL), calls=(call("normal_", GAIN),)))
    (mixed,) = run("INI204", model(norm(SMALL), calls=(call("normal_", GAIN, MATRIX),)))
    assert alone.fix is not None
    assert (type(alone.fix.change), alone.fix.applicability) == (ReplaceCall, Applicability.SAFE)
    assert mixed.fix is not None
    assert (type(mixed.fix.change), mixed.fix.applicability) == (AppendStatement, Applicability.UNSAFE)
    bias = Target("parameter", "Linear", "bias", (64,))
    (all_parameters,) = run("INI204", model(norm(SMALL), calls=(call("normal_", GAIN, bias),)))
    assert all_parameters.fix is None


def test_the_gains_are_set_again_after_a_call_for_several_types() -> None:
    source = (FIXTURES / "norm_gains" / "bad.py").read_text(encoding="utf-8")
    text = fixed({"net.py": source}, unsafe=True, select=("INI204",))["net.py"]
    assert "            if module.weight.dim() == 1: module.weight.data.fill_(1.0)\n" in text
    assert "                if p.dim() == 1: p.data.fill_(1.0)\n" in text
    assert findings_of(text, ("INI204",)) == ()


PROGRAM = """
import torch.nn as nn


class Net(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.conv = nn.Conv2d(3, 64, 3)
        self.norm = nn.BatchNorm2d(64)
        self.{name} = config.make()
        self.head = nn.Linear(64, 10)
        for m in (self.conv, self.norm):
            nn.init.normal_(m.weight, 0.0, 0.02)

    def forward(self, x):
        return self.head(self.{name}(self.norm(self.conv(x))))
"""


@pytest.mark.parametrize(("name", "count"), [("act", 1), ("activation", 1), ("act_fn", 1), ("mix", 0), ("extract", 0)])
def test_an_unknown_function_may_undo_it_but_an_activation_does_not(name: str, count: int) -> None:
    source = PROGRAM.format(name=name).encode()
    result = check([Path("net.py")], Settings(select=("INI204",)), {"net.py": source})
    assert len(result.diagnostics) == count


INIT_FUNCTION = """\
from torch import nn


def init(m):
    if isinstance(m, (nn.Linear, nn.LayerNorm)):
        nn.init.normal_(m.weight, std=0.02)
"""


@pytest.mark.parametrize(
    ("later", "count"),
    [
        ("", 1),
        ("        if m.weight.dim() == 1: m.weight.data.fill_(1.0)\n", 0),
        ("    if isinstance(m, nn.LayerNorm):\n        nn.init.ones_(m.weight)\n", 0),
        ("        nn.init.normal_(m.weight, std=0.01)\n", 2),
        ("    if isinstance(m, nn.Linear):\n        nn.init.ones_(m.weight)\n", 1),
        ("\n\ndef other(m):\n    if isinstance(m, nn.LayerNorm):\n        nn.init.ones_(m.weight)\n", 1),
    ],
    ids=["alone", "fixed", "by type", "again", "matrices", "another function"],
)
def test_an_init_function_that_no_model_of_the_file_uses(later: str, count: int) -> None:
    assert [finding.code for finding in findings_of(INIT_FUNCTION + later, ("INI204",))] == ["INI204"] * count


def test_its_fix_is_made_once() -> None:
    result = fixed({"net.py": INIT_FUNCTION}, unsafe=True, select=("INI204",))["net.py"]
    assert result == INIT_FUNCTION + "        if m.weight.dim() == 1: m.weight.data.fill_(1.0)\n"
