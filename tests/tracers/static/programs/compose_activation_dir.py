"""Activations that are chosen by whether torch has them, and both sides of a condition that lead to the same one."""
# model: Net
# build: Net(act='hard_swish')
# input: torch.randn(2, 16)
import torch
from torch import nn

_has_hardswish = "hardswish" in dir(torch.nn.functional)


class Own(nn.Module):
    def forward(self, x):
        return x * torch.tanh(x)


LAYERS = {"relu": nn.ReLU, "hard_swish": nn.Hardswish if _has_hardswish else Own}


class Net(nn.Module):
    def __init__(self, act="hard_swish", fast=False):
        super().__init__()
        self.fast = torch.cuda.is_available() and fast
        self.fc1 = nn.Linear(16, 16)  # layer: fc1 -> hardswish via layer_norm
        self.fc2 = nn.Linear(16, 16)  # layer: fc2 -> output
        self.norm = nn.LayerNorm(16)
        self.act = LAYERS[act]()

    def forward(self, x):
        x = self.fc1(x)
        if self.fast:
            x = self.norm(x)
        else:
            x = nn.functional.layer_norm(x, (16,), self.norm.weight, self.norm.bias)
        return self.fc2(self.act(x))
