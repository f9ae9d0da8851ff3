"""Branches on flags: a default decides, an unknown argument leaves both ways open."""
# model: Known
# build: Known()
# input: torch.randn(2, 16)
import torch
from torch import nn


class Known(nn.Module):
    def __init__(self, use_norm=False, final_tanh=True):
        super().__init__()
        self.fc1 = nn.Linear(16, 16)  # layer: fc1 -> relu
        self.fc2 = nn.Linear(16, 16)  # layer: fc2 -> tanh
        if use_norm:
            self.norm = nn.LayerNorm(16)
        self.use_norm, self.final_tanh = use_norm, final_tanh

    def forward(self, x):
        x = self.fc1(x)
        if self.use_norm:
            x = self.norm(x)
        x = self.fc2(x.relu())
        return x.tanh() if self.final_tanh else x


# model: Open
# build: Open(False)
# input: torch.randn(2, 16)
class Open(nn.Module):
    def __init__(self, smooth: bool):
        super().__init__()
        self.smooth = smooth
        self.fc1 = nn.Linear(16, 16)  # layer: fc1 -> gelu? | fc1 -> relu?
        self.fc2 = nn.Linear(16, 16)  # layer: fc2 -> output

    def forward(self, x):
        if self.smooth:
            x = torch.nn.functional.gelu(self.fc1(x))
        else:
            x = torch.relu(self.fc1(x))
        return self.fc2(x)
