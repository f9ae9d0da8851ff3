"""apply with a lambda, a partial and a closure."""
# model: Net
# build: Net()
from functools import partial

import torch
from torch import nn


def init_linear(m, std, name=""):
    if type(m) is nn.Linear:
        nn.init.normal_(m.weight, 0, std)  # init: b.0.weight = normal_ (mean=0, std=0.3)


def make_init(fn, **kwargs):
    def inner(m):
        if isinstance(m, nn.Linear):
            fn(m.weight, **kwargs)  # init: c.0.weight = uniform_ (a=-0.1, b=0.1)
    return inner


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Sequential(nn.Linear(32, 32))
        self.b = nn.Sequential(nn.Linear(32, 32))
        self.c = nn.Sequential(nn.Linear(32, 32))
        self.a.apply(lambda m: nn.init.orthogonal_(m.weight, gain=2) if isinstance(m, nn.Linear) else None)  # init: a.0.weight = orthogonal_ (gain=2)
        self.b.apply(partial(init_linear, std=0.3))
        self.c.apply(make_init(torch.nn.init.uniform_, a=-0.1, b=0.1))

    def forward(self, x):
        return self.c(self.b(self.a(x)))
