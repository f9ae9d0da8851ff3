"""Files of tests: their nets have constant weights so that results are known, and nobody trains them."""

from __future__ import annotations

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
        ("net.py", "", "def test_epoch(model, loader):", ALL),
        ("test_net.py", "", "def evaluate(model):", ALL),
        ("net.py", "import pytest", "def evaluate(model):", ALL),
    ],
)
def test_what_is_reported(file: str, imported: str, function: str, codes: list[str]) -> None:
    result = initlint.check_source(NET.format(imported=imported, function=function), file)
    assert [diagnostic.code for diagnostic in result.diagnostics] == codes
