"""Models whose constructor surely raises: nothing is said about the values of their weights."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.linter.pipeline import check
from initlint.project.settings import Settings
from tests.support.fixing import findings_of

IMPORTS = """
import torch
from collections import OrderedDict
from torch import nn
class Block(nn.Module):
    def __init__(self, width, kernel_size=3, *, bias=True):
        super().__init__()
        self.conv = nn.Conv2d(width, width, kernel_size, bias=bias)
    def forward(self, x):
        return self.conv(x)
class Free(nn.Module):
    def __init__(self, *sizes, **options):
        super().__init__()
"""


def net(statement: str, signature: str = "self, n, cfg", more: str = "") -> str:
    return f"""
{IMPORTS}
{more}
class Net(nn.Module):
    def __init__({signature}):
        super().__init__()
        self.one = nn.Linear(64, 64)
        self.last = nn.Linear(64, 4)
        nn.init.xavier_uniform_(self.one.weight)
        {statement}
    def forward(self, x):
        return self.last(torch.relu(self.one(x)))
"""


def codes(source: str) -> list[str]:
    return sorted(finding.code for finding in findings_of(source))


@pytest.mark.parametrize(
    "statement",
    [
        "self.more = nn.Linear(n / 2, 4)",
        "self.more = nn.Linear(7.0, 4)",
        "self.more = nn.Linear(4, n // 8 * n / 8 * 2)",
        "self.more = nn.Linear(4, float(n))",
        "n = n * 0.5; self.more = nn.Conv2d(n, 4, 3)",
        "n /= 2; self.more = nn.Linear(in_features=4, out_features=n)",
        "self.more = nn.LSTM(n / 2, 4)",
        "self.more = nn.Embedding(100, n / 2)",
        "self.more = nn.Linear(n)",
        "self.more = nn.Linear(4, 4, True, None, None, 7)",
        "self.more = nn.Linear(4, 4, use_bias=False)",
        "self.more = nn.Conv2d(4, 4, kernal_size=3)",
        "self.more = nn.BatchNorm2d(4, dim=1)",
        "self.more = nn.Sequential([nn.ReLU()])",
        "self.more = Block(4, kernal_size=3)",
        "self.more = Block(4, 3, False)",
        "self.more = Block()",
        "self.more = Block(4, width=4)",
        "self.table = dict(['conv1', 'conv2'])",
        "names = ['abc']; self.table = OrderedDict(names)",
        "self.table = dict([(1, 2, 3)])",
        "self.table = dict([nn.ReLU(), nn.Tanh()])",
        "self.more = nn.Linear(self.hidden_dimension, 4)",
    ],
)
def test_silent(statement: str) -> None:
    assert codes(net(statement)) == []


@pytest.mark.parametrize(
    "statement",
    [
        "self.more = nn.Linear(n // 2, 4)",
        "self.more = nn.Linear(int(n / 2), 4)",
        "self.more = nn.Linear(round(n / 2), 4)",
        "self.more = nn.Linear(n * cfg.ratio, 4)",
        "self.more = nn.Linear(n, 4, bias=False, device=None)",
        "self.more = nn.Dropout(n / 2)",
        "self.more = nn.Linear(*n)",
        "self.more = nn.Conv2d(4, 4, **n)",
        "self.more = nn.Sequential(*[nn.ReLU()])",
        "self.more = Block(4, kernel_size=3, bias=False)",
        "self.more = Block(*n)",
        "self.more = Block(**cfg)",
        "self.more = Free(1, 2, other=3)",
        "self.table = dict(['ab', 'cd'])",
        "self.table = dict([('a', 1)])",
        "self.table = dict([cfg.pair])",
        "self.table = dict(cfg)",
        "self.table = dict(one=1)",
        "self.more = {**cfg}['b']",
        "if cfg: self.more = nn.Linear(7.0, 4)",
        "self.more = nn.Linear(7.0, 4) if cfg else None",
        "for _ in range(n): self.more = nn.Linear(7.0, 4)",
        "[nn.Linear(7.0, 4) for _ in cfg]",
        "with cfg.suppressed(): nn.Linear(7.0, 4)",
        "raise NotImplementedError",
        "assert False",
        "self.more = nn.Linear(__width__, 4)",
        "self.more = lambda: nn.Linear(7.0, 4)",
        "self.more = self.training, self.hidden",
    ],
)
def test_reported(statement: str) -> None:
    source = net(statement, more="hidden = 4")
    if "self.hidden" in statement:
        source = source.replace("super().__init__()\n        self.one", "super().__init__(); self.hidden = 4; self.one")
    assert "INI301" in codes(source)


def test_a_failure_that_is_handled() -> None:
    body = """try:
            self.more = nn.Linear(7.0, 4)
        except TypeError:
            self.more = nn.Linear(7, 4)"""
    assert codes(net(body)) == ["INI301"]


def test_a_name_that_is_bound_elsewhere_is_no_failure() -> None:
    assert codes(net("self.more = nn.Linear(breadth, 4)")) == ["INI301"]  # a part of a program, as one pastes it


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ("", []),
        ("@register", ["INI301"]),
    ],
)
def test_a_decorator_may_pass_other_arguments(more: str, found: list[str]) -> None:
    part = f"""
{more}
class Part(nn.Module):
    def __init__(self, width, other):
        super().__init__()
"""
    assert codes(net("self.part = Part(4)", more=part)) == found


def test_a_default_that_fails_says_nothing_of_other_arguments() -> None:
    layer = "self.more = nn.Linear(width, 4)"
    assert codes(net(layer, "self, width=7.5")) == ["INI301"]
    assert codes(net("self.more = nn.Linear(width / 2, 4)", "self, width=7.5")) == []
    assert codes(net("self.more = nn.Linear(7.5, 4)", "self, width=8")) == []


def test_a_builder_that_passes_what_fails() -> None:
    model = net("self.more = nn.Linear(width, 4)", "self, width")
    assert codes(f"{model}\ndef build():\n    return Net(7.5)\n") == []
    assert codes(f"{model}\ndef build():\n    return Net(7)\n") == ["INI301"]
    assert codes(f"{model}\ndef build(width=7.5):\n    return Net(width)\n") == ["INI301"]


def test_the_models_beside_it_are_judged() -> None:
    failing = net("self.more = nn.Linear(7.5, 4)").replace("class Net", "class Other")
    assert codes(failing + net("pass").replace(IMPORTS, "")) == ["INI301"]


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("by", ["", " / 2"])
def test_a_part_of_a_model_that_fails_is_judged_alone(is_first: bool, by: str) -> None:
    part = net("self.n = n", "self, n").replace("class Net", "class Part").replace(IMPORTS, "")
    whole = f"""
class Whole(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.part = Part(n)
        self.head = nn.Linear(n{by}, 3)
        nn.init.xavier_uniform_(self.head.weight)
        self.last = nn.Linear(3, 1)
    def forward(self, x):
        return self.last(torch.relu(self.head(self.part(x))))
"""
    found = findings_of(IMPORTS + (part + whole if is_first else whole + part))
    assert [finding.model for finding in found] == (["Part"] if by else ["Whole", "Whole"])
    assert all(finding.fix is not None for finding in found)


def test_a_part_that_fails_as_it_is_built() -> None:
    part = net("self.more = nn.Linear(n, 4)", "self, n").replace("class Net", "class Part")
    whole = """
class Whole(nn.Module):
    def __init__(self):
        super().__init__()
        self.part = Part({n})
    def forward(self, x):
        return self.part(x)
"""
    whole_first = IMPORTS + whole + part.replace(IMPORTS, "")
    assert codes(whole_first.replace("{n}", "7.5")) == []
    assert codes(whole_first.replace("{n}", "7")) == ["INI301"]


def test_what_is_no_value_is_reported() -> None:
    source = net("self.more = nn.Linear(7.5, 4); nn.init.xavier_uniform_(self.one.bias)")
    assert codes(source) == ["INI101"]


def test_the_project_builds_it_in_another_way() -> None:
    files = {
        "net.py": net("self.more = nn.Linear(width, 4)", "self, width"),
        "wrong.py": "from net import Net\nmodel = Net(7.5)\n",
        "right.py": "from net import Net\nmodel = Net(7)\n",
    }
    contents = {name: text.encode() for name, text in files.items()}
    found = check([Path(name) for name in files], Settings(), contents).diagnostics
    assert [finding.code for finding in found] == ["INI301"]
