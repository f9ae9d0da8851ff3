"""The activation's own arguments come with it: slopes by keyword, by position and by default."""
# model: Net
# build: Net()
# input: torch.randn(2, 16)
import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self, slope=0.2):
        super().__init__()
        self.fc1 = nn.Linear(16, 16)  # layer: fc1 -> leaky_relu
        self.fc2 = nn.Linear(16, 16)  # layer: fc2 -> leaky_relu
        self.fc3 = nn.Linear(16, 16)  # layer: fc3 -> prelu
        self.act1 = nn.LeakyReLU(slope, inplace=True)
        self.act3 = nn.PReLU()
        nn.init.kaiming_normal_(self.fc1.weight, a=slope)  # init: fc1.weight = kaiming_normal_ (a=0.2)
        nn.init.kaiming_uniform_(self.fc2.weight, 0.1, "fan_out", "leaky_relu")  # init: fc2.weight = kaiming_uniform_ (a=0.1, mode="fan_out", nonlinearity="leaky_relu")

    def forward(self, x):
        x = self.act1(self.fc1(x))
        x = F.leaky_relu(self.fc2(x), 0.1, True)
        return self.act3(self.fc3(x))
