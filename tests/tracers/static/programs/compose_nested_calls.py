"""act(norm(conv(x))) in one line, through local variables and a helper function."""
# model: Net
# build: Net()
# input: torch.randn(2, 3, 8, 8)
import torch
import torch.nn.functional as F
from torch import nn


def activate(x, act=F.relu):
    return act(x)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3)  # layer: conv1 -> relu via batch_norm
        self.bn1 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 16, 3)  # layer: conv2 -> relu
        self.conv3 = nn.Conv2d(16, 16, 3)  # layer: conv3 -> tanh
        self.fc = nn.Linear(16, 4)  # layer: fc -> output
        self.relu = nn.ReLU()

    def forward(self, x):
        x = self.relu(self.bn1(self.conv1(x)))
        x = activate(self.conv2(x))
        y = self._tail(z := self.conv3(x))
        return self.fc(y.mean(dim=(-2, -1)))

    def _tail(self, x):
        return activate(x, act=torch.tanh)
