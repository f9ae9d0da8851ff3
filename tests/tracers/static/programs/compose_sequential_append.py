"""nn.Sequential(*layers), the list built by append, extend and +=."""
# model: Net
# build: Net()
# input: torch.randn(2, 16)
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        layers = []
        layers.append(nn.Linear(16, 32))  # layer: body.0 -> relu
        layers.append(nn.ReLU())
        layers.extend([nn.Linear(32, 32), nn.Tanh()])  # layer: body.2 -> tanh
        layers += [nn.Linear(32, 32), nn.GELU()]  # layer: body.4 -> gelu
        layers = layers + [nn.Linear(32, 4)]  # layer: body.6 -> softmax
        layers.insert(0, nn.Identity())
        del layers[0]
        self.body = nn.Sequential(*layers)

    def forward(self, x):
        return self.body(x).softmax(dim=-1)
