"""add_module, register_module and Sequential.append."""
# model: Net
# build: Net()
# input: torch.randn(2, 16)
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.add_module("stem", nn.Linear(16, 32))  # layer: stem -> relu
        self.body = nn.Sequential()
        for i in range(2):
            self.body.add_module(f"fc{i}", nn.Linear(32, 32))  # layer: body.fc0 -> silu | body.fc1 -> silu
            self.body.add_module("act%d" % i, nn.SiLU())
        self.head = nn.Sequential(nn.Linear(32, 32))  # layer: head.0 -> tanh
        self.head.append(nn.Tanh())
        self.register_module("out", nn.Linear(32, 2))  # layer: out -> output

    def forward(self, x):
        x = torch.relu(self.stem(x))
        return self.out(self.head(self.body(x)))
