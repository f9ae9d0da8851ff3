"""Subclasses of nn.Sequential: children by super().__init__ and by add_module, forward inherited."""
# model: Net
# build: Net()
# input: torch.randn(2, 3, 8, 8)
import torch
from torch import nn


class ConvBNReLU(nn.Sequential):
    def __init__(self, cin, cout, kernel_size=3):
        padding = (kernel_size - 1) // 2
        super(ConvBNReLU, self).__init__(
            nn.Conv2d(cin, cout, kernel_size, padding=padding, bias=False),  # layer: block.0 -> relu6 via batch_norm
            nn.BatchNorm2d(cout),
            nn.ReLU6(inplace=True),
        )


class Transition(nn.Sequential):
    def __init__(self, cin, cout):
        super().__init__()
        self.add_module("conv", nn.Conv2d(cin, cout, 1))  # layer: transition.conv -> relu via pool
        self.pool = nn.AvgPool2d(2)
        self.relu = nn.ReLU()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = ConvBNReLU(3, 16)
        self.transition = Transition(16, 8)

    def forward(self, x):
        return self.transition(self.block(x))
