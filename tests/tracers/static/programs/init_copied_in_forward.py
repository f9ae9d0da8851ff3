"""What a function of torch copies is no longer the parameter: writing to the copy does not initialise it."""
# model: Net
# build: Net()
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.rows = nn.Parameter(torch.zeros(4, dim))
        self.columns = nn.Parameter(torch.zeros(8, dim))
        nn.init.trunc_normal_(self.rows, std=0.02)  # init: rows.weight = trunc_normal_ (std=0.02)
        nn.init.normal_(self.columns, std=0.02)  # init: columns.weight = normal_ (std=0.02)

    def forward(self, x):
        positions = torch.repeat_interleave(self.rows, 2, dim=0)
        positions.add_(self.columns)
        flipped = torch.flip(self.columns, (0,))
        flipped.mul_(2.0)
        return x + positions + flipped
