"""Init calls in __init__ itself and in methods that it calls, with their arguments; the rest keeps the default."""
# model: Net
# build: Net()
# init: fc4.weight = default
# init: fc1.bias = default
from math import sqrt

from torch import nn


class Net(nn.Module):
    def __init__(self, gain=2.0):
        super().__init__()
        self.fc1 = nn.Linear(32, 64)
        self.fc2 = nn.Linear(64, 64)
        self.fc3 = nn.Linear(64, 64)
        self.fc4 = nn.Linear(64, 64)
        nn.init.xavier_uniform_(self.fc1.weight, gain=gain)  # init: fc1.weight = xavier_uniform_ (gain=2.0)
        self._init_rest(1 / sqrt(64))

    def _init_rest(self, std):
        nn.init.normal_(self.fc2.weight, std=std)  # init: fc2.weight = normal_ (std=0.125)
        self.init_one(self.fc3)

    @staticmethod
    def init_one(layer):
        nn.init.constant_(layer.bias, -1.5)  # init: fc3.bias = constant_ (val=-1.5)
        nn.init.trunc_normal_(layer.weight, 0.0, 0.02)  # init: fc3.weight = trunc_normal_ (mean=0.0, std=0.02)

    def forward(self, x):
        return self.fc4(self.fc3(self.fc2(self.fc1(x))))
