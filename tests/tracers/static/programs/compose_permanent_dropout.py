"""Dropout that is on in evaluation as well scales the signal; any other passes it on."""
# model: Always
# build: Always()
# input: torch.randn(2, 16)
import torch
import torch.nn.functional as F
from torch import nn


class Always(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Linear(16, 16)  # layer: one -> layer via scale
        self.two = nn.Linear(16, 16)  # layer: two -> layer via scale
        self.three = nn.Linear(16, 16)  # layer: three -> layer
        self.four = nn.Linear(16, 16)  # layer: four -> layer
        self.five = nn.Linear(16, 16)  # layer: five -> output

    def forward(self, x):
        x = self.two(F.dropout(self.one(x), p=0.5, training=True))
        x = self.three(F.dropout(x))
        x = self.four(F.dropout(x, 0.1))
        return self.five(F.dropout(x, 0.5, self.training))
