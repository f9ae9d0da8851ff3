"""Helpers that take a layer and give it back, or build it, initialise it and give it out."""
# model: Net
# build: Net()
# init: b.bias = default
import numpy as np
from torch import nn


def layer_init(layer, std=np.sqrt(2), bias_const=0.0):
    nn.init.orthogonal_(layer.weight, std)  # init: net.0.weight = orthogonal_ (gain=1.4142135623730951) # init: net.2.weight = orthogonal_ (gain=0.01)
    nn.init.constant_(layer.bias, bias_const)  # init: net.2.bias = constant_ (val=0.0)
    return layer


def Linear(n_in, n_out, init_scale=1.0):
    m = nn.Linear(n_in, n_out)  # layer: b -> output
    nn.init.xavier_uniform_(m.weight, gain=init_scale)  # init: b.weight = xavier_uniform_ (gain=0.5)
    return m


def zero_module(module):
    for p in module.parameters():
        p.detach().zero_()  # init: z.weight = zeros_ () # init: z.bias = zeros_ ()
    return module


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            layer_init(nn.Linear(32, 32)),  # layer: net.0 -> tanh
            nn.Tanh(),
            layer_init(nn.Linear(32, 32), std=0.01),  # layer: net.2 -> layer via add | net.2 -> layer
        )
        self.z = zero_module(nn.Linear(32, 32))  # layer: z -> layer via add
        self.b = Linear(32, 32, init_scale=0.5)

    def forward(self, x):
        x = self.net(x)
        return self.b(x + self.z(x))
