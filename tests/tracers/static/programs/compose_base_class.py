"""A local base class: its forward and its layers are inherited, hooks are overridden."""
# model: Net
# build: Net()
# input: torch.randn(2, 16)
import torch
from torch import nn


class Base(nn.Module):
    hidden = 32

    def __init__(self, act):
        super().__init__()
        self.fc1 = nn.Linear(16, self.hidden)  # layer: fc1 -> tanh
        self.act = act
        self.build_head()
        self.reset_parameters()

    def build_head(self):
        raise NotImplementedError

    def reset_parameters(self):
        nn.init.xavier_uniform_(self.fc1.weight)  # init: fc1.weight = xavier_uniform_ ()

    def forward(self, x):
        return self.head(self.act(self.fc1(x)))


class Net(Base):
    hidden = 64

    def __init__(self):
        super(Net, self).__init__(act=torch.tanh)

    def build_head(self):
        self.head = nn.Linear(self.hidden, 4)  # layer: head -> output

    def reset_parameters(self):
        super().reset_parameters()
        nn.init.zeros_(self.head.weight)  # init: head.weight = zeros_ ()
