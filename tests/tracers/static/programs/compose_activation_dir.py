"""Activations that are chosen by whether torch has them."""
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
    def __init__(self, act="hard_swish"):
        super().__init__()
        self.fc1 = nn.Linear(16, 16)  # layer: fc1 -> hardswish via layer_norm
        self.fc2 = nn.Linear(16, 16)  # layer: fc2 -> output
        self.norm = nn.LayerNorm(16)
        self.act = LAYERS[act]()

    def forward(self, x):
        x = self.fc1(x)
        return self.fc2(self.act(self.norm(x)))
