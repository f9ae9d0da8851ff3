"""The names without underscore are the same functions, and so are the methods' arguments by keyword."""
# model: Net
# build: Net()
import torch
from torch import nn
from torch.nn.init import kaiming_normal as kn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(32, 32)
        self.b = nn.Linear(32, 32)
        nn.init.xavier_uniform(self.a.weight)  # init: a.weight = xavier_uniform_ ()
        kn(tensor=self.b.weight, nonlinearity="relu")  # init: b.weight = kaiming_normal_ (nonlinearity="relu")
        torch.nn.init.constant(self.b.bias, val=1)  # init: b.bias = constant_ (val=1)

    def forward(self, x):
        return self.b(self.a(x))
