"""INI107 speaks where a generic init takes away a deliberate one, and torch agrees on what is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.linter.pipeline import check
from initlint.project.settings import Settings

NET = """
import torch
from torch import nn


class Gate(nn.Module):
    def __init__(self):
        super().__init__()
        self.proj = nn.Linear(8, 8)
        {gate}

    def forward(self, x):
        return x + self.proj(x)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)
        self.gate = Gate()
        self.norm = nn.BatchNorm1d(8)
        self.head = nn.Linear(8, 8)
        {before}
        self.apply(self.init)
        {after}

    def init(self, m):
        if isinstance(m, nn.Linear):
            nn.init.normal_(m.weight, std=0.5)
            nn.init.zeros_(m.bias)
        elif isinstance(m, nn.BatchNorm1d):
            nn.init.ones_(m.weight)

    def forward(self, x):
        return self.head(self.norm(self.gate(self.fc(x).tanh())))
"""


def program(before: str = "pass", after: str = "pass", gate: str = "pass") -> str:
    return NET.format(before=before, after=after, gate=gate)


def messages(source: str) -> list[str]:
    result = check([Path("net.py")], Settings(select=("INI107",)), {"net.py": source.encode()})
    assert result.failures == ()
    return [found.message for found in result.diagnostics]


LOST = [
    {"before": "nn.init.zeros_(self.head.weight)"},
    {"before": "nn.init.constant_(self.head.bias, -4.6)"},
    {"before": "nn.init.normal_(self.head.weight, std=0.01)"},
    {"before": "self.head.weight.data.zero_()"},
    {"gate": "nn.init.zeros_(self.proj.weight)"},
    {"before": "nn.init.eye_(self.head.weight); nn.init.zeros_(self.head.weight)"},
]
KEPT = [
    {"after": "nn.init.zeros_(self.head.weight)"},
    {"gate": "nn.init.zeros_(self.proj.bias)"},
    {"before": "nn.init.normal_(self.head.weight, std=0.4)"},
    {"before": "nn.init.normal_(self.head.bias, std=0.01)"},
    {"before": "for m in (self.fc, self.head): nn.init.zeros_(m.weight)"},
    {"before": "nn.init.zeros_(self.head.weight)", "after": "self.head.weight.data.copy_(torch.eye(8))"},
    {"before": "nn.init.zeros_(self.head.weight[0])"},
    {"before": "nn.init.zeros_(self.norm.bias)"},
]


@pytest.mark.parametrize("parts", LOST, ids=str)
def test_lost(parts: dict[str, str]) -> None:
    assert len(messages(program(**parts))) == 1


@pytest.mark.parametrize("parts", KEPT, ids=str)
def test_silent(parts: dict[str, str]) -> None:
    assert messages(program(**parts)) == []


def test_the_message() -> None:
    assert messages(program(before="nn.init.constant_(self.head.bias, -4.6)")) == [
        "`constant_` on the bias of `head` has no effect: `zeros_` in row 30 overwrites it later"
    ]


@pytest.mark.parametrize("parts", LOST, ids=str)
def test_torch_agrees(parts: dict[str, str]) -> None:
    """With the seed set where the generic init begins, the model is the same without the lost calls."""
    torch = pytest.importorskip("torch")
    states = []
    for source in (program(), program(**parts)):
        names: dict[str, object] = {}
        exec(source.replace("self.apply(", "torch.manual_seed(0); self.apply("), names)
        states.append(names["Net"]().state_dict())  # type: ignore[operator]
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())
