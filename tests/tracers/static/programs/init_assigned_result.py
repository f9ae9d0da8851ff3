"""The result of an init function assigned back, with or without nn.Parameter around it."""
# model: Net
# build: Net()
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(32, 32)
        self.b = nn.Linear(32, 32)
        self.c = nn.Linear(32, 32)
        self.a.weight = nn.init.xavier_normal_(self.a.weight)  # init: a.weight = xavier_normal_ ()
        self.b.weight = nn.Parameter(nn.init.orthogonal_(torch.empty(32, 32)))  # init: b.weight = orthogonal_ ()
        self.c.weight.data = nn.init.kaiming_uniform_(self.c.weight.data)  # init: c.weight = kaiming_uniform_ ()
        self.w = nn.Parameter(nn.init.xavier_uniform_(torch.empty(32, 32)))  # init: w.weight = xavier_uniform_ ()

    def forward(self, x):
        return self.c(self.b(self.a(x))) @ self.w
