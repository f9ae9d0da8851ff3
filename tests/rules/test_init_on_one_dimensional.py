from __future__ import annotations

from dataclasses import replace

import pytest

import initlint
from initlint.diagnostics import Severity
from initlint.graph.model import Target
from tests.support.fixing import findings_of
from tests.support.rule_models import call, message, model, run

BIAS = Target("parameter", "Linear", "bias", (10,))


def test_a_bias() -> None:
    assert message("INI101", model(calls=(call("xavier_uniform_", BIAS),))) == (
        "`xavier_uniform_` raises ValueError: it needs a tensor of 2 or more dimensions, and the `bias` of Linear has 1"
    )


@pytest.mark.parametrize(
    ("initializer", "shape", "wanted"),
    [
        ("kaiming_normal_", (8,), "2 or more dimensions"),
        ("orthogonal_", (8,), "2 or more dimensions"),
        ("eye_", (8, 8, 3, 3), "2 dimensions"),
        ("sparse_", (8, 8, 3), "2 dimensions"),
        ("dirac_", (8, None), "3 to 5 dimensions"),
    ],
)
def test_every_rank(initializer: str, shape: tuple[int | None, ...], wanted: str) -> None:
    graph = model(calls=(call(initializer, Target("tensor", shape=shape)),))
    (violation,) = run("INI101", graph)
    assert violation.severity is Severity.ERROR
    assert f"it needs a tensor of {wanted}, and its argument has {len(shape)}" in violation.message


def test_one_violation_for_a_loop_over_many() -> None:
    weight = Target("parameter", "Linear", "weight", (10, 4))
    assert message("INI101", model(calls=(call("xavier_uniform_", weight, BIAS, BIAS),))).count("of Linear") == 1


@pytest.mark.parametrize(
    ("initializer", "target"),
    [
        ("xavier_uniform_", replace(BIAS, shape=(10, 4))),
        ("xavier_uniform_", replace(BIAS, shape=None)),
        ("xavier_uniform_", replace(BIAS, certain=False)),
        ("kaiming_uniform_", replace(BIAS, shape=(0,))),
        ("zeros_", BIAS),
        ("normal_", BIAS),
        ("calculate_gain", Target("unknown")),
    ],
)
def test_silent(initializer: str, target: Target) -> None:
    assert run("INI101", model(calls=(call(initializer, target),))) == []


def test_silent_in_try() -> None:
    assert run("INI101", model(calls=(call("xavier_uniform_", BIAS, guarded=True),))) == []


@pytest.mark.parametrize(
    "text",
    [
        "def make(*shape: int):\n    w = torch.empty(shape)\n    nn.init.kaiming_uniform_(w)\n    return w\n",
        "def make(*shape):\n    w = torch.empty(*shape)\n    nn.init.kaiming_uniform_(w)\n    return w\n",
        "class Table(nn.Module):\n    def __init__(self, *shape):\n        super().__init__()\n"
        "        self.w = nn.Parameter(torch.empty(*shape))\n        nn.init.kaiming_uniform_(self.w)\n",
    ],
)
def test_a_shape_of_any_number_of_arguments(text: str) -> None:
    assert codes(text) == []
    assert codes(f"{text}\nmade = {'Table' if 'class' in text else 'make'}(3)\n") == ["INI101"]
    assert codes(f"{text}\nmade = {'Table' if 'class' in text else 'make'}(3, 4)\n") == []


def codes(text: str) -> list[str]:
    found = initlint.check_source(f"import torch\nfrom torch import nn\n\n{text}").diagnostics
    return [diagnostic.code for diagnostic in found]


VIEW = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv = nn.Conv1d(inputs, outputs, kernel_size=1)
        w = self.conv.weight
        nn.init.{call}

    def forward(self, x):
        return self.conv(x)


net = Net(4, 4)
"""


@pytest.mark.parametrize(
    "argument",
    [
        "w.view(w.size(0), w.size(1))",
        "w.view(outputs, -1)",
        "w.view((outputs, inputs))",
        "w.reshape(w.shape[:2])",
        "w.flatten(1)",
        "w.squeeze(-1)",
        "w[..., 0]",
        "w[:, :, 0]",
        "self.conv.bias.view(2, 2)",
        "self.conv.bias.unsqueeze(0)",
    ],
)
def test_a_view_has_a_rank_of_its_own(argument: str) -> None:
    source = VIEW.format(call=f"eye_({argument})")
    assert findings_of(source, ("INI101",)) == ()
    pytest.importorskip("torch")
    exec(compile(source, "net.py", "exec"), {})


@pytest.mark.parametrize(
    ("call", "end"),
    [
        ("eye_(w)", "and the `weight` of Conv1d has 3; remove the call, or use another function"),
        ("eye_(w.permute(1, 0, 2))", "and the `weight` of Conv1d has 3; remove the call, or use another function"),
        ("xavier_normal_(w.view(-1))", "and its argument has 1; remove the call, or use another function"),
        ("eye_(w.view(2, 2, 4))", "and the `weight` of Conv1d has 3; remove the call, or use another function"),
    ],
)
def test_a_view_of_the_wrong_rank(call: str, end: str) -> None:
    source = VIEW.format(call=call)
    (found,) = findings_of(source, ("INI101",))
    assert found.message.endswith(end)
    pytest.importorskip("torch")
    with pytest.raises(ValueError, match="dimension"):
        exec(compile(source, "net.py", "exec"), {})
