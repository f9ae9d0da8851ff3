"""reset_parameters: of a subclass of a layer, called by torch's own constructor, and inherited."""
# model: Net
# build: Net()
import math

import torch
from torch import nn
from torch.nn import Parameter


class XavierLinear(nn.Linear):
    def reset_parameters(self):
        nn.init.xavier_normal_(self.weight)  # init: fc1.weight = xavier_normal_ ()
        if self.bias is not None:
            nn.init.zeros_(self.bias)  # init: fc1.bias = zeros_ ()


class Dense(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.weight = Parameter(torch.empty(n_out, n_in))
        self.reset_parameters()

    def reset_parameters(self):
        bound = 1 / math.sqrt(self.weight.size(1))
        nn.init.uniform_(self.weight, -bound, bound)  # init: fc2.weight.weight = uniform_ (a=-0.125, b=0.125) # init: fc3.weight.weight = uniform_ (a=-0.125, b=0.125)

    def forward(self, x):
        return nn.functional.linear(x, self.weight)


class TanhDense(Dense):
    def forward(self, x):
        return torch.tanh(super().forward(x))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = XavierLinear(32, 64)  # layer: fc1 -> relu
        self.fc2 = Dense(64, 64)
        self.fc3 = TanhDense(64, 64)

    def forward(self, x):
        return self.fc3(self.fc2(self.fc1(x).relu()))
