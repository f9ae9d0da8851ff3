"""Indexing and slicing of containers, in __init__ and in forward."""
# model: Net
# build: Net()
# input: torch.randn(2, 16)
import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        base = nn.Sequential(
            nn.Linear(16, 32),  # layer: front.0 -> relu
            nn.ReLU(),
            nn.Linear(32, 32),  # layer: back.0 -> elu
            nn.ELU(),
            nn.Linear(32, 99),
        )
        self.front = base[:2]
        self.back = nn.Sequential(*list(base.children())[2:-1])
        self.heads = nn.ModuleList([nn.Linear(32, 8), nn.Linear(32, 8)])  # layer: heads.0 -> tanh | heads.1 -> sigmoid
        nn.init.xavier_normal_(self.front[0].weight)  # init: front.0.weight = xavier_normal_ ()
        nn.init.zeros_(self.heads[-1].weight)  # init: heads.1.weight = zeros_ ()

    def forward(self, x):
        x = self.back(self.front(x))
        return torch.tanh(self.heads[0](x)) * F.sigmoid(self.heads[1](x))
