"""Raw parameters that a class adds to a layer of torch which it derives from; a bias of its own belongs to the layer."""
# model: Net
# build: Net()
# input: torch.randn(2, 16)
# init: narrow.weight = default
import torch
from torch import nn
from torch.nn import functional as F


class LowRank(nn.Linear):
    def __init__(self, n_in, n_out, rank=4):
        super().__init__(n_in, n_out)
        self.down = nn.Parameter(torch.empty(rank, n_in))
        self.up = nn.Parameter(torch.zeros(n_out, rank))  # init: wide.up.weight = zeros_
        nn.init.normal_(self.down, std=0.1)  # init: wide.down.weight = normal_ (std=0.1)

    def forward(self, x):
        return super().forward(x) + x @ self.down.t() @ self.up.t()


class Shifted(nn.Linear):
    def __init__(self, n_in, n_out):
        super().__init__(n_in, n_out, bias=False)
        self.bias = nn.Parameter(torch.ones(n_out))  # init: narrow.bias = ones_

    def forward(self, x):
        return F.linear(x, self.weight, self.bias)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.wide = LowRank(16, 32)
        self.narrow = Shifted(32, 4)

    def forward(self, x):
        return self.narrow(self.wide(x).relu())
