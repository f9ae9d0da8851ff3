"""In-place methods: on .data, detached, under no_grad as a block and as a decorator."""
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
        self.d = nn.Linear(32, 32)
        self.a.weight.data.normal_(0, 0.02)  # init: a.weight = normal_ (mean=0, std=0.02)
        self.a.bias.data.zero_()  # init: a.bias = zeros_ ()
        with torch.no_grad():
            self.b.weight.uniform_(-0.2, 0.2)  # init: b.weight = uniform_ (a=-0.2, b=0.2)
            self.b.bias.fill_(0.5)  # init: b.bias = constant_ (val=0.5)
        self.init_c()
        self.d.weight.detach().normal_(std=0.1)  # init: d.weight = normal_ (std=0.1)

    @torch.no_grad()
    def init_c(self):
        self.c.weight.normal_(mean=0.0, std=0.3)  # init: c.weight = normal_ (mean=0.0, std=0.3)

    def forward(self, x):
        return self.d(self.c(self.b(self.a(x))))
