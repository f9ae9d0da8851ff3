"""nn.Sequential(*layers), the list built in a loop over sizes and by a comprehension."""
# model: Net
# build: Net()
# input: torch.randn(2, 16)
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, sizes=(16, 32, 64)):
        super().__init__()
        layers = []
        for i in range(len(sizes) - 1):
            layers += [nn.Linear(sizes[i], sizes[i + 1])]  # layer: body.0 -> relu | body.2 -> relu
            layers += [nn.ReLU()]
        self.body = nn.Sequential(*layers)
        self.neck = nn.Sequential(*[nn.Linear(64, 64) for _ in range(2)])  # layer: neck.0 -> layer | neck.1 -> tanh
        pairs = [(nn.Linear(64, 64), nn.ELU()) for _ in range(2)]  # layer: tail.0 -> elu | tail.2 -> elu
        self.tail = nn.Sequential(*[m for pair in pairs for m in pair])

    def forward(self, x):
        return self.tail(torch.tanh(self.neck(self.body(x))))
