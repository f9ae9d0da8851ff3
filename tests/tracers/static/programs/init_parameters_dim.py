"""Loops over parameters() with p.dim() > 1, p.ndim, len(p.shape), against biases and norms."""
# model: Net
# build: Net()
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(32, 64)
        self.norm = nn.LayerNorm(64)
        self.tail = nn.Sequential(nn.Conv1d(8, 32, 3))
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.xavier_uniform_(p)  # init: fc.weight = xavier_uniform_ () # init: tail.0.weight = xavier_uniform_ ()
            else:
                nn.init.uniform_(p)  # init: fc.bias = uniform_ () # init: norm.weight = uniform_ ()
        for p in self.tail.parameters():
            if p.ndim == 1 and len(p.shape) < 2:
                nn.init.normal_(p, std=0.3)  # init: tail.0.bias = normal_ (std=0.3)

    def forward(self, x):
        return self.norm(self.fc(x))
