"""What an init writes is not judged in a method that nothing in the project runs; what would raise there is."""

from __future__ import annotations

import pytest

from initlint.api import check_files

NET = """\
import torch
from torch import nn


class Actor(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(256, 256)
        self.fc2 = nn.Linear(256, 8)

    def reset_parameters(self, gain=1.0):
        {init}

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x)))


class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(256, 256)
        self.fc2 = nn.Linear(256, 1)
        self.reset_parameters()

    def reset_parameters(self):
        nn.init.kaiming_normal_(self.fc1.weight)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x)))
"""
LOUD = "nn.init.normal_(self.fc1.weight)"
RAISES = "nn.init.xavier_uniform_(self.fc1.bias)"


def codes(init: str, **others: str) -> set[str]:
    files = {"net.py": NET.format(init=init), **{f"{name}.py": text for name, text in others.items()}}
    return {d.code for d in check_files({path: text.encode() for path, text in files.items()}).diagnostics}


@pytest.mark.parametrize("init", [LOUD, "nn.init.constant_(self.fc1.weight, 0.1)", "nn.init.uniform_(self.fc1.weight)"])
def test_values_do_not_matter_where_nothing_writes_them(init: str) -> None:
    assert codes(init) == {"INI106"}
    used = codes(init, train="from net import Actor\n\nactor = Actor()\nactor.reset_parameters()\n")
    assert used
    assert used <= {"INI203", "INI401", "INI402"}


@pytest.mark.parametrize(
    "use",
    [
        "from net import Actor\n\n\ndef train(actor: Actor):\n    actor.reset_parameters()\n",
        "import net\n\n\nclass Deep(net.Actor):\n    def __init__(self):\n        super().__init__()\n        self.reset_parameters()\n",
        "import net\n\n\ndef start(actor, name):\n    getattr(actor, f'{name}_parameters')()\n\nstart(net.Actor(), 'reset')\n",
        "import net\n\nactor = net.Actor()\nfor module in actor.modules():\n    if hasattr(module, 'reset_parameters'):\n        module.reset_parameters()\n",
    ],
)
def test_any_use_counts(use: str) -> None:
    assert "INI401" in codes(LOUD, train=use)


def test_what_would_raise_is_reported() -> None:
    assert "INI101" in codes(RAISES)
