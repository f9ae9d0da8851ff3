"""Every way to import torch, torch.nn, torch.nn.functional and torch.nn.init."""
# model: Net
# build: Net()
# input: torch.randn(2, 32)
import torch
import torch as T
import torch.nn
import torch.nn as tnn
import torch.nn.functional
import torch.nn.functional as F
import torch.nn.init
import torch.nn.init as I
from torch import nn, tanh as th
from torch.nn import Linear, Module, ReLU as R, functional as FF, init
from torch.nn.functional import gelu
from torch.nn.init import xavier_normal_, zeros_ as zero_it


class Net(Module):
    def __init__(self):
        super().__init__()
        self.a = Linear(32, 32)  # layer: a -> relu
        self.b = tnn.Linear(32, 32)  # layer: b -> gelu
        self.c = T.nn.Linear(32, 32)  # layer: c -> tanh
        self.d = nn.Linear(32, 32)  # layer: d -> elu
        self.e = torch.nn.modules.linear.Linear(32, 32)  # layer: e -> selu
        self.f = nn.modules.Linear(32, 32)  # layer: f -> output
        self.relu = R()
        I.xavier_uniform_(self.a.weight)  # init: a.weight = xavier_uniform_ ()
        xavier_normal_(self.b.weight)  # init: b.weight = xavier_normal_ ()
        zero_it(self.c.weight)  # init: c.weight = zeros_ ()
        init.ones_(self.d.weight)  # init: d.weight = ones_ ()
        T.nn.init.kaiming_normal_(self.e.weight)  # init: e.weight = kaiming_normal_ ()
        set_to = nn.init.constant_
        set_to(self.f.weight, 3)  # init: f.weight = constant_ (val=3)

    def forward(self, x):
        x = gelu(self.b(self.relu(self.a(x))))
        x = th(self.c(x))
        x = FF.elu(self.d(x))
        return self.f(torch.nn.functional.selu(self.e(x)))
