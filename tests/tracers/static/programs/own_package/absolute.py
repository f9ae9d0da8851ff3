"""Absolute imports of the project's own modules, plain, dotted and starred."""
# model: Net
# build: Net()
# input: torch.randn(2, 3, 8, 8)
# layer: block.conv -> tanh @ layers/blocks.py
# init: block.conv.weight = kaiming_normal_ () @ layers/init.py
import own_package.layers.init
from own_package.base import *
from own_package.layers.blocks import ConvBlock as Block
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = Block(3, 32, "tanh")
        own_package.layers.init.init_all(self)

    def forward(self, x):
        return self.block(x)


# model: Derived
# build: Derived()
# input: torch.randn(2, 32, 4, 4)
class Derived(BaseNet):
    def __init__(self):
        super().__init__()
        self.features = nn.Identity()
        self.head = nn.Linear(32, 64)  # layer: head -> output
