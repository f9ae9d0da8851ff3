"""nn.Sequential with positional children; dropout and flatten are transparent."""
# model: Net
# build: Net()
# input: torch.randn(2, 4, 16)
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Flatten(),
            nn.Linear(64, 32),  # layer: net.1 -> relu
            nn.Dropout(0.1),
            nn.ReLU(),
            nn.Linear(32, 32),  # layer: net.4 -> tanh via layer_norm
            nn.LayerNorm(32),
            nn.Tanh(),
            nn.Linear(32, 8),  # layer: net.7 -> output
        )

    def forward(self, x):
        return self.net(x)
