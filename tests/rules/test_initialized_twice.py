"""INI112 reports a repeated init beside a parameter without one, and no other repetition."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.linter.pipeline import check
from initlint.project.settings import Settings

NET = """
import torch
from torch import nn


def start(layer, gain=1.0):
    nn.init.orthogonal_(layer.weight, gain)
    nn.init.zeros_(layer.bias)


def twice(layer):
    nn.init.kaiming_normal_(layer.weight)
    nn.init.zeros_(layer.weight)


class Net(nn.Module):
    def __init__(self, padding_idx=None):
        super().__init__()
        self.table = nn.Embedding(10, 8, padding_idx=padding_idx)
        self.query = nn.Linear(8, 8)
        self.key = nn.Linear(8, 8)
        self.left = nn.ModuleList(nn.Linear(8, 8) for _ in range(2))
        self.right = nn.ModuleList(nn.Linear(8, 8) for _ in range(2))
        self.seq = nn.Sequential(nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 8))
{init}

    def forward(self, x):
        x = self.table(x)
        x = (self.query(x) * self.key(x)).tanh()
        for one, other in zip(self.left, self.right):
            x = other(one(x).tanh()).tanh()
        return self.seq(x)
"""


def messages(init: str) -> list[str]:
    source = NET.format(init="\n".join(f"        {line}" for line in init.splitlines()))
    result = check([Path("net.py")], Settings(select=("INI112",)), {"net.py": source.encode()})
    assert result.failures == ()
    return [finding.message for finding in result.diagnostics]


TWICE = [
    ("nn.init.xavier_uniform_(self.query.weight)\nnn.init.xavier_uniform_(self.query.weight)", "its bias keeps"),
    ("nn.init.xavier_uniform_(self.query.weight)\nnn.init.zeros_(self.query.weight)", "its bias keeps"),
    (
        "nn.init.xavier_uniform_(self.query.weight)\nnn.init.zeros_(self.query.bias)\n"
        "nn.init.xavier_uniform_(self.query.weight)\nnn.init.zeros_(self.query.bias)",
        "that of `key` keeps",
    ),
    ("self.query.bias.data.zero_()\nself.query.bias.data.zero_()", "that of `key` keeps"),
    ("self.query.weight.data.normal_(0, 0.02)\nself.query.weight.data.fill_(0)", "its bias keeps"),
    ("start(self.query)\nstart(self.query, 0.01)", "that of `key` keeps"),
    ("start(self.seq[0])\nstart(self.seq[0])", "that of `seq.2` keeps"),
    (
        "for layer in self.left:\n    start(layer)\nfor layer in self.left:\n    start(layer)",
        "that of `right.0` keeps",
    ),
    (
        "nn.init.xavier_uniform_(self.query.weight)\n"
        "nn.init.xavier_uniform_(self.left[0].weight)\nnn.init.xavier_uniform_(self.left[0].weight)",
        "that of `left.1` keeps",
    ),
    (
        "start(self.query)\nnn.init.xavier_uniform_(self.left[0].weight)\nnn.init.xavier_uniform_(self.left[0].weight)",
        "its bias keeps",
    ),
    ("for layer in self.left:\n    twice(layer)", "its bias keeps"),
    ("self.apply(lambda m: twice(m) if isinstance(m, nn.Linear) else None)", "its bias keeps"),
    ("nn.init.normal_(self.table.weight)\nnn.init.zeros_(self.table.weight[padding_idx])", "`padding_idx` is None"),
    ("nn.init.normal_(self.table.weight)\nself.table.weight.data[padding_idx].zero_()", "`padding_idx` is None"),
]
ONCE = [
    "nn.init.xavier_uniform_(self.query.weight)\nnn.init.xavier_uniform_(self.key.weight)",
    # All neighbours are initialized: a leftover without consequences.
    "for m in self.modules():\n    if isinstance(m, nn.Linear):\n        start(m)\nstart(self.query)\nstart(self.query)",
    "for layer in self.left:\n    start(layer)\nnn.init.zeros_(self.left[0].weight)",
    "for m in self.modules():\n    if isinstance(m, nn.Linear):\n        nn.init.xavier_uniform_(m.weight)\n"
    "for m in self.left:\n    nn.init.zeros_(m.weight)",
    "nn.init.xavier_uniform_(self.query.weight)\nwith torch.no_grad():\n    self.query.weight.mul_(0.1)",
    "nn.init.xavier_uniform_(self.query.weight)\nnn.init.zeros_(self.query.weight[0])",
    "nn.init.uniform_(self.query.weight)\nself.query.weight.data.copy_(self.query.weight.exp())",
    "nn.init.uniform_(self.query.weight)\nvalues = self.query.weight.exp()\nself.query.weight.data.copy_(values)",
    "for layer in self.left:\n    nn.init.ones_(layer.weight)\n"
    "for layer in self.left:\n    layer.weight.data.copy_(layer.weight.exp())",
    "for n, p in self.named_parameters():\n    if 'query' in n or 'left' in n:\n        nn.init.normal_(p)\n"
    "for n, p in self.named_parameters():\n    if 'query' in n:\n        nn.init.zeros_(p)",
    "if torch.cuda.is_available():\n    nn.init.zeros_(self.query.weight)\nnn.init.ones_(self.query.weight)",
    "nn.init.normal_(self.table.weight)\nif padding_idx is not None:\n"
    "    nn.init.zeros_(self.table.weight[padding_idx])",
    "nn.init.normal_(self.table.weight)\nnn.init.zeros_(self.table.weight[0])",
    "self.query.weight = nn.Parameter(torch.zeros(8, 8))\nnn.init.xavier_uniform_(self.query.weight)",
]


@pytest.mark.parametrize(("init", "end"), TWICE)
def test_a_parameter_is_initialized_twice(init: str, end: str) -> None:
    (message,) = messages(init)
    assert end in message


@pytest.mark.parametrize("init", ONCE)
def test_silent(init: str) -> None:
    assert messages(init) == []
