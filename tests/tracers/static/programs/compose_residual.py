"""Residual adds, post- and pre-activation: what lies behind the add is reached through it."""
# model: PostAct
# build: PostAct()
# input: torch.randn(2, 16)
import torch
from torch import nn


class PostAct(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(16, 16)  # layer: fc1 -> relu
        self.fc2 = nn.Linear(16, 16)  # layer: fc2 -> relu via layer_norm,add
        self.norm = nn.LayerNorm(16)

    def forward(self, x):
        out = torch.relu(self.fc1(x))
        out = self.norm(self.fc2(out))
        out += x
        return torch.relu(out)


# model: PreAct
# build: PreAct()
# input: torch.randn(2, 16)
class PreAct(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(16, 16)  # layer: fc1 -> gelu
        self.fc2 = nn.Linear(16, 16)  # layer: fc2 -> output via add

    def forward(self, x):
        return x + self.fc2(torch.nn.functional.gelu(self.fc1(x)))
