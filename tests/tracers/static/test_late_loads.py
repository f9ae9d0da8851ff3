"""Checkpoints that are loaded: which ones decide what the weights are at the start of training."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from initlint import Settings, check_files

NET = """import sys
import torch
from torch import nn


def start(m):
    if isinstance(m, nn.Linear):
        nn.init.xavier_normal_(m.weight)


class Net(nn.Module):
    def __init__(self, pretrained=None{argument}):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2))
        {constructor}

    def forward(self, x):
        return self.net(x)


{script}
"""


def is_reported(constructor: str = "self.apply(start)", script: str = "", argument: str = "") -> bool:
    indented = constructor.replace("\n", "\n        ")
    text = NET.format(constructor=indented, script=script, argument=argument)
    return [d.code for d in check_files({"net.py": text}, Settings(select=("INI301",))).diagnostics] == ["INI301"]


TRAIN = "net = Net()\nloss = criterion(net(x), y)\nloss.backward()\n"


@pytest.mark.parametrize(
    "script",
    [
        "",
        TRAIN + "net.load_state_dict(torch.load('best.pt'))\n",
        TRAIN + "def test(model):\n    model.load_state_dict(torch.load('best.pt'))\n\n\ntest(net)\n",
        "net = Net()\nfor x in batches:\n    net(x).mean().backward()\nnet.load_state_dict(torch.load('best.pt'))\n",
        "net = Net()\ntrainer.fit(net)\nnet.load_state_dict(torch.load('best.pt'))\n",
        "from run import train_epoch\nnet = Net()\ntrain_epoch(net)\nnet.load_state_dict(torch.load('best.pt'))\n",
        "net = Net()\nfor _ in range(9):\n    steps.train_one(net)\nnet.load_state_dict(torch.load('best.pt'))\n",
        "net = Net()\nif len(sys.argv) > 1:\n    net.load_state_dict(torch.load(sys.argv[1]))\n",
        "def main(resume):\n    net = Net()\n    if resume:\n        net.load_state_dict(torch.load(resume))\n    return net\n",
    ],
)
def test_an_init_counts_although_a_checkpoint_is_loaded_later_or_under_an_option(script: str) -> None:
    assert is_reported(script=script)


@pytest.mark.parametrize(
    "script",
    [
        "net = Net()\nnet.load_state_dict(torch.load('start.pt'))\n",
        "net = Net()\noptimizer = torch.optim.Adam(net.parameters())\nnet.load_state_dict(torch.load('start.pt'))\n",
        "net = Net()\nnet.load_state_dict(torch.load('start.pt'))\nnet(x).mean().backward()\n",
    ],
)
def test_a_checkpoint_that_is_certainly_loaded_before_training_is_the_init(script: str) -> None:
    assert not is_reported(script=script)


@pytest.mark.parametrize(
    "constructor",
    [
        "if flag:\n    self.load_state_dict(torch.load('net.pt'))\nelse:\n    self.apply(start)",
        "if not flag:\n    self.apply(start)\nelse:\n    self.load_state_dict(torch.load('net.pt'))",
        "if flag:\n    self.load_state_dict(torch.load('net.pt'))\n    return\nself.apply(start)",
        "self.apply(start)\nif flag:\n    self.load_state_dict(torch.load('net.pt'))",
    ],
)
def test_either_a_checkpoint_or_an_init(constructor: str) -> None:
    assert is_reported(constructor, argument=", *, flag")


def test_an_init_under_a_condition_without_a_checkpoint_stays_uncertain() -> None:
    assert not is_reported("if flag:\n    self.apply(start)", argument=", *, flag")
    assert not is_reported(
        "if flag:\n    self.net.load_state_dict(torch.load('net.pt'))\nelif other:\n    self.apply(start)",
        argument=", *, flag, other",
    )


DEEP = """import torch
from torch import nn


def build(path):
    net = nn.Sequential(*[nn.Linear(8, 8) for _ in range({count})])
    if path:
        net.load_state_dict(torch.load(path))
    for layer in net:
        nn.init.xavier_normal_(layer.weight)
    return net
"""


@pytest.mark.parametrize("count", [4, 40])
def test_a_file_is_searched_once_for_what_is_around_a_load(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Searched for each parameter, a ResNet takes half a minute."""
    searched, walk = [], ast.walk

    def counted(node: ast.AST) -> Iterator[ast.AST]:
        searched.append(isinstance(node, ast.Module))
        return walk(node)

    monkeypatch.setattr(ast, "walk", counted)
    result = check_files({"net.py": DEEP.format(count=count)}, Settings(select=("INI105",)))
    assert [d.code for d in result.diagnostics] == []
    assert sum(searched) < 20
