"""Blocks that another module imports."""
import torch.nn as nn

from ..activations import get_act


class ConvBlock(nn.Module):
    def __init__(self, cin, cout, act="relu"):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, 3, padding=1)
        self.act = get_act(act)

    def forward(self, x):
        return self.act(self.conv(x))
