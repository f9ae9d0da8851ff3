"""Layers used without being called: F.linear and F.conv2d with their weights, and raw matrices."""
# model: Net
# build: Net()
# input: torch.randn(2, 3, 8, 8)
import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3)  # layer: conv -> relu
        self.fc = nn.Linear(16, 32)  # layer: fc -> tanh
        self.W = nn.Parameter(torch.empty(32, 16))  # layer: W -> gelu
        self.V = nn.Parameter(torch.empty(8, 16))  # layer: V -> sigmoid
        nn.init.xavier_normal_(self.W)  # init: W.weight = xavier_normal_ ()
        nn.init.kaiming_uniform_(self.V)  # init: V.weight = kaiming_uniform_ ()

    def forward(self, x):
        x = F.relu(F.conv2d(x, self.conv.weight, self.conv.bias))
        x = x.mean((2, 3))
        x = F.linear(x, self.fc.weight, self.fc.bias).tanh()
        x = F.gelu(x @ self.W)
        return torch.sigmoid(torch.matmul(x, self.V.t()))
