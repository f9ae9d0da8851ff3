"""ModuleList: loops, enumerate, zip, len and index in forward."""
# model: Net
# build: Net()
# input: torch.randn(2, 16)
import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(16, 16) for _ in range(3)])  # layer: layers.0 -> relu | layers.1 -> relu
        # the last of them runs into the next stage without an activation
        self.convs = nn.ModuleList()
        self.norms = nn.ModuleList()
        for _ in range(2):
            self.convs.append(nn.Linear(16, 16))  # layer: convs.0 -> gelu via layer_norm | convs.1 -> gelu via layer_norm
            self.norms.append(nn.LayerNorm(16))
        self.tail = nn.ModuleList([nn.Linear(16, 16)])  # layer: tail.0 -> tanh
        self.tail.extend([nn.Linear(16, 4)])  # layer: tail.1 -> output

    def forward(self, x):
        for i, layer in enumerate(self.layers):
            x = layer(x)
            if i < len(self.layers) - 1:
                x = F.relu(x)
        for conv, norm in zip(self.convs, self.norms):
            x = F.gelu(norm(conv(x)))
        for i in range(len(self.tail)):
            x = self.tail[i](x) if i else torch.tanh(self.tail[i](x))
        return x
