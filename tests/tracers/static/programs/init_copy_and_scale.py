"""copy_ from other tensors and relative writes such as mul_: the write is there, and it is not settled,
except for zeros."""
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
        nn.init.xavier_normal_(self.b.weight)
        with torch.no_grad():
            self.a.weight.copy_(torch.eye(32))  # init: a.weight = Tensor.copy_
            self.b.weight.mul_(0.1)  # init: b.weight = unsettled
            self.b.bias *= 0.5  # init: b.bias = unsettled
            self.c.weight[:] = torch.zeros(32, 32)  # init: c.weight = zeros_
            self.c.bias.mul_(0)  # init: c.bias = Tensor.mul_ (value=0)

    def forward(self, x):
        return self.c(self.b(self.a(x)))
