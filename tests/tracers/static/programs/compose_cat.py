"""Concatenation: both branches go on to what consumes the whole."""
# model: Net
# build: Net()
# input: torch.randn(2, 16)
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.left = nn.Linear(16, 16)  # layer: left -> relu via concat
        self.right = nn.Linear(16, 16)  # layer: right -> relu via concat
        self.merge = nn.Linear(32, 8)  # layer: merge -> output

    def forward(self, x):
        x = torch.cat([self.left(x), self.right(x)], dim=1)
        return self.merge(torch.relu(x))
