"""Blocks in blocks in a list: paths go all the way down, owners are the classes that assign."""
# model: Net
# build: Net()
# input: torch.randn(2, 3, 8, 8)
import torch
from torch import nn


class ConvBlock(nn.Module):
    def __init__(self, cin, cout):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, 3, padding=1)  # layer: stages.0.block1.conv -> relu via batch_norm | stages.0.block2.conv -> relu via batch_norm | stages.1.block1.conv -> relu via batch_norm | stages.1.block2.conv -> relu via batch_norm
        self.bn = nn.BatchNorm2d(cout)

    def forward(self, x):
        return torch.relu(self.bn(self.conv(x)))


class Stage(nn.Module):
    def __init__(self, cin, cout):
        super().__init__()
        self.block1 = ConvBlock(cin, cout)
        self.block2 = ConvBlock(cout, cout)

    def forward(self, x):
        return self.block2(self.block1(x))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stages = nn.Sequential(Stage(3, 8), Stage(8, 16))
        self.fc = nn.Linear(16, 10)  # layer: fc -> output

    def forward(self, x):
        return self.fc(self.stages(x).mean((2, 3)))
