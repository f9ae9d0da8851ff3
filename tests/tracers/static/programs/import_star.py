"""Star imports of torch.nn and torch.nn.init."""
# model: Net
# build: Net()
# input: torch.randn(2, 32)
import torch
from torch.nn import *
from torch.nn.init import *


class Net(Module):
    def __init__(self):
        super().__init__()
        self.a = Linear(32, 32)  # layer: a -> relu
        self.act = ReLU()
        xavier_uniform_(self.a.weight)  # init: a.weight = xavier_uniform_ ()

    def forward(self, x):
        return self.act(self.a(x))
