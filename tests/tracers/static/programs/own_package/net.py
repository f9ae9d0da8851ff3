"""Relative imports, a re-export through __init__, an imported base class with the forward."""
# model: Net
# build: Net()
# input: torch.randn(2, 3, 8, 8)
# layer: features.0.conv -> relu @ layers/blocks.py
# layer: features.1.conv -> silu @ layers/blocks.py
# init: features.0.conv.weight = kaiming_normal_ () @ layers/init.py
# init: head.weight = normal_ (std=0.01) @ layers/init.py
from torch import nn

from . import layers as L
from .base import BaseNet
from .layers import ConvBlock, initialise


class Net(BaseNet):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(ConvBlock(3, 16), L.ConvBlock(16, 32, act="silu"))
        self.head = nn.Linear(32, 64)  # layer: head -> output
        initialise(self, std=0.01)
