"""net.apply(f) at module level: the write belongs to the net built there."""
# model: Net
# build: net
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(32, 32)  # layer: fc1 -> relu
        self.fc2 = nn.Linear(32, 32)  # layer: fc2 -> output

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x)))


def weights_init(m):
    classname = m.__class__.__name__
    if classname.find("Linear") != -1:
        m.weight.data.normal_(0.0, 0.02)  # init: fc1.weight = normal_ (mean=0.0, std=0.02) # init: fc2.weight = normal_ (mean=0.0, std=0.02)


net = Net()
net.apply(weights_init)
nn.init.constant_(net.fc2.bias, 2.0)  # init: fc2.bias = constant_ (val=2.0)
