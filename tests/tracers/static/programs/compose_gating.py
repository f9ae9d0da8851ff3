"""Gates: a GLU pair, a squeeze-and-excitation scale, and chunked modulation."""
# model: SwiGLU
# build: SwiGLU()
# input: torch.randn(2, 16)
import torch
import torch.nn.functional as F
from torch import nn


class SwiGLU(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate = nn.Linear(16, 32)  # layer: gate -> silu
        self.up = nn.Linear(16, 32)  # layer: up -> layer via mul
        self.down = nn.Linear(32, 16)  # layer: down -> output

    def forward(self, x):
        return self.down(F.silu(self.gate(x)) * self.up(x))


# model: SE
# build: SE()
# input: torch.randn(2, 16, 4, 4)
class SE(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(16, 16, 1)  # layer: conv -> output via mul | conv -> layer via pool
        self.fc1 = nn.Conv2d(16, 4, 1)  # layer: fc1 -> relu
        self.fc2 = nn.Conv2d(4, 16, 1)  # layer: fc2 -> sigmoid

    def forward(self, x):
        x = self.conv(x)
        s = F.adaptive_avg_pool2d(x, 1)
        return x * torch.sigmoid(self.fc2(F.relu(self.fc1(s))))
