"""Named tuples of both forms are read by name, by position and by unpacking."""
# model: Net
# build: Net()
# input: torch.randn(2, 16)
from collections import namedtuple
from typing import NamedTuple

import torch
from torch import nn

Pair = namedtuple("Pair", ["left", "right"])
Named = namedtuple("Named", "first, second", defaults=(None,))


class Typed(NamedTuple):
    main: torch.Tensor
    side: torch.Tensor


class Halves(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Linear(16, 16)  # layer: halves.one -> relu
        self.two = nn.Linear(16, 16)  # layer: halves.two -> tanh

    def forward(self, x):
        return Pair(self.one(x), right=self.two(x))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.halves = Halves()
        self.fc1 = nn.Linear(16, 16)  # layer: fc1 -> gelu
        self.fc2 = nn.Linear(16, 16)  # layer: fc2 -> silu
        self.fc3 = nn.Linear(16, 4)  # layer: fc3 -> output
        self.fc4 = nn.Linear(16, 4)  # layer: fc4 -> output

    def forward(self, x):
        left, right = self.halves(x)
        named = Named(self.fc1(left.relu()))
        typed = Typed(main=named.first, side=self.fc2(right.tanh()))
        x = nn.functional.gelu(typed[0]) + nn.functional.silu(typed.side)
        return Pair(self.fc3(x), self.fc4(x))
