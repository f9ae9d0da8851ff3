"""A net that is handed to functions that are not known: those that train it or show it leave its init as it was."""

from __future__ import annotations

import pytest

import initlint

SOURCE = """\
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(32, 32)
        self.fc2 = nn.Linear(32, 32)
        nn.init.xavier_normal_(self.fc1.weight)

    def forward(self, x):
        return self.fc2(self.fc1(x).relu())

net = Net()
"""


@pytest.mark.parametrize("call", ["train_ch6(net, data)", "trainer.fit(model=net)", "library.test_model(net)"])
def test_what_comes_after_the_init_leaves_it(call: str) -> None:
    assert [d.code for d in initlint.check_source(SOURCE + call).diagnostics] == ["INI301"]


@pytest.mark.parametrize("call", ["setup(net)", "test_init(net)", "trainer.load(net)", "table[0](net)"])
def test_anything_else_may_have_changed_it(call: str) -> None:
    assert initlint.check_source(SOURCE + call).diagnostics == ()
