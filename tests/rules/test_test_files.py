"""Files of tests: their nets have constant weights so that results are known, and nobody trains them."""

from __future__ import annotations

from pathlib import Path

import pytest

import initlint

NET = """\
import torch
from torch import nn
{imported}

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(8, 8)
        self.fc2 = nn.Linear(8, 8)
        nn.init.ones_(self.fc1.weight)
        nn.init.normal_(self.fc2.weight)
        nn.init.xavier_uniform(self.fc2.bias)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x)))

{function}
    pass
"""
ALL = ["INI203", "INI401", "INI901", "INI101"]
RAISING = ["INI901", "INI101"]


@pytest.mark.parametrize(
    ("file", "imported", "function", "codes"),
    [
        ("net.py", "import pytest", "def test_net():", RAISING),
        (
            "net.py",
            "from unittest import TestCase",
            "class TestNet(TestCase):\n    def testNet(self):\n        pass",
            RAISING,
        ),
        ("test_net.py", "", "def test_net():", RAISING),
        ("net_test.py", "", "async def test_net():", RAISING),
        ("chain_test_utils.py", "", "def build():", RAISING),
        ("conftest.py", "", "def build():", RAISING),
        ("tests/nets_common.py", "", "def build():", RAISING),
        ("testing/helpers/nets.py", "", "def build():", RAISING),
        ("tests/nets.py", "", "def build():", ALL),
        ("testing/nets.py", "", "def build():", ALL),
        ("utils.py", "", "def build():", ALL),
        ("net.py", "", "def test_epoch(model, loader):", ALL),
        ("test_net.py", "", "def evaluate(model):", ALL),
        ("net.py", "import pytest", "def evaluate(model):", ALL),
    ],
)
def test_what_is_reported(file: str, imported: str, function: str, codes: list[str]) -> None:
    result = initlint.check_source(NET.format(imported=imported, function=function), file)
    assert [diagnostic.code for diagnostic in result.diagnostics] == codes


def test_a_net_that_a_test_builds_into_another_is_still_judged_by_itself(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(NET.format(imported="", function="def build():"), "utf-8")
    outer = "class Outer(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.net = nn.Sequential(Net(), nn.ReLU())\n"
    forward = "    def forward(self, x):\n        return self.net(x)\n"
    test = f"from torch import nn\nfrom net import Net\n\n{outer}{forward}\ndef test_outer():\n    Outer()\n"
    (tmp_path / "test_net.py").write_text(test, "utf-8")
    found = initlint.check_paths([tmp_path]).diagnostics
    assert [(Path(diagnostic.span.file).name, diagnostic.code) for diagnostic in found] == [
        ("net.py", code) for code in ALL
    ]
