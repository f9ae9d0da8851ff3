"""nn.Sequential over an OrderedDict: children go by their names."""
# model: Net
# build: Net()
# input: torch.randn(2, 3, 8, 8)
from collections import OrderedDict

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(OrderedDict([
            ("conv0", nn.Conv2d(3, 16, 3, bias=False)),  # layer: features.conv0 -> relu via batch_norm
            ("norm0", nn.BatchNorm2d(16)),
            ("relu0", nn.ReLU(inplace=True)),
        ]))
        tail = OrderedDict()
        tail["conv"] = nn.Conv2d(16, 8, 1)  # layer: tail.conv -> leaky_relu
        tail["act"] = nn.LeakyReLU(0.2)
        self.tail = nn.Sequential(tail)

    def forward(self, x):
        return self.tail(self.features(x))
