"""nn.Parameter from torch's constructors is itself an init."""
# model: Net
# build: Net()
import torch
from torch import nn
from torch.nn import Parameter


class Net(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.w0 = nn.Parameter(torch.zeros(dim, dim))  # init: w0.weight = zeros_ ()
        self.w1 = nn.Parameter(torch.ones(dim, dim))  # init: w1.weight = ones_ ()
        self.w2 = Parameter(torch.randn(dim, dim))  # init: w2.weight = normal_ ()
        self.w3 = Parameter(torch.rand(size=(dim, dim)))  # init: w3.weight = uniform_ ()
        self.w4 = nn.Parameter(torch.full((dim, dim), 0.5))  # init: w4.weight = constant_ (val=0.5)
        self.w5 = nn.Parameter(torch.empty(dim, dim))
        self.register_parameter("w6", nn.Parameter(torch.zeros(dim, dim)))  # init: w6.weight = zeros_ ()
        nn.init.xavier_uniform_(self.w5)  # init: w5.weight = xavier_uniform_ ()

    def forward(self, x):
        return x @ self.w0 @ self.w1 @ self.w2 @ self.w3 @ self.w4 @ self.w5 @ self.w6
