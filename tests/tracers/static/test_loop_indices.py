"""Loops of unknown length whose body tests for the last iteration."""

from __future__ import annotations

import pytest

import initlint
from initlint.project.settings import Settings

FIELD = """
import torch.nn as nn
import torch.nn.functional as F


class Field(nn.Module):
    def __init__(self, dims):
        super().__init__()
        self.num = len(dims)
        self.lins = nn.ModuleList()
        for i in range(self.num - 1):
            lin = nn.Linear(dims[i], dims[i + 1])
            {init}
            {store}
        self.act = nn.ReLU()

    def forward(self, x):
        {forward}
        return x
"""
SET = 'setattr(self, "lin" + str(i), lin)'
GET = 'getattr(self, f"lin{i}")'
APPEND = "self.lins.append(lin)"
XAVIER = "nn.init.xavier_uniform_(lin.weight)"
RANGE = "for i in range(self.num - 1):\n            "
ENUMERATE = "for i, lin in enumerate(self.lins):\n            "


def messages(init: str, store: str, forward: str) -> list[str]:
    source = FIELD.format(init=init, store=store, forward=forward)
    return [one.message for one in initlint.check_source(source, settings=Settings(select=("INI301",))).diagnostics]


@pytest.mark.parametrize(
    ("store", "forward", "name"),
    [
        (SET, f"{RANGE}x = {GET}(x)\n            if i < self.num - 2:\n                x = self.act(x)", "lin*"),
        (SET, f"{RANGE}x = {GET}(x)\n            if i != self.num - 2: x = F.relu(x)", "lin*"),
        (SET, f"{RANGE}x = {GET}(x)\n            x = x if i == self.num - 2 else F.relu(x)", "lin*"),
        (
            SET,
            f"{RANGE}x = {GET}(x)\n            if i == self.num - 2:\n                break\n            x = F.relu(x)",
            "lin*",
        ),
        (
            APPEND,
            f"{RANGE}x = self.lins[i](x)\n            if i < self.num - 2:\n                x = self.act(x)",
            "lins.0",
        ),
        (APPEND, f"{RANGE}x = self.lins[i](x)\n            if not i >= self.num - 2: x = F.relu(x)", "lins.0"),
        (
            APPEND,
            f"{ENUMERATE}x = lin(x)\n            if i < len(self.lins) - 1:\n                x = F.relu(x)",
            "lins.0",
        ),
        (APPEND, f"{ENUMERATE}x = F.relu(lin(x)) if i + 0 < 0 or i <= len(self.lins) - 2 else lin(x)", "lins.0"),
    ],
)
def test_all_but_the_last(store: str, forward: str, name: str) -> None:
    (message,) = messages(XAVIER, store, forward)
    assert f"before ReLU in `{name}`: " in message
    assert "in a row" not in message


@pytest.mark.parametrize(
    ("init", "store", "forward"),
    [
        (XAVIER, SET, f"{RANGE}x = {GET}(x)\n            if i < self.depth:\n                x = self.act(x)"),
        (XAVIER, SET, f"{RANGE}x = {GET}(x)\n            if i == self.num - 2: x = F.relu(x)"),
        (XAVIER, SET, f"{RANGE}x = {GET}(x)\n            if i < self.num - 4: x = F.relu(x)"),
        (
            XAVIER,
            APPEND,
            f"{ENUMERATE}x = lin(x)\n            if i == len(self.lins) - 1:\n                x = F.relu(x)",
        ),
        (
            f"if i == self.num - 2:\n                {XAVIER}\n            else:\n"
            "                nn.init.kaiming_uniform_(lin.weight, nonlinearity='relu')",
            APPEND,
            f"{ENUMERATE}x = lin(x)\n            if i < len(self.lins) - 1:\n                x = F.relu(x)",
        ),
    ],
)
def test_other_tests_of_the_index(init: str, store: str, forward: str) -> None:
    assert messages(init, store, forward) == []
