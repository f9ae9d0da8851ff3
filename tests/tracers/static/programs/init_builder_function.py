"""A function that builds a model from defaults is an entry point of its own."""
# model: small
# build: small()
# input: torch.randn(2, 16)
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, widths, act):
        super().__init__()
        self.fcs = nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths[:-1], widths[1:]))  # layer: fcs.0 -> tanh | fcs.1 -> tanh
        self.act = act()
        for m in self.fcs:
            nn.init.xavier_uniform_(m.weight)  # init: fcs.0.weight = xavier_uniform_ () # init: fcs.1.weight = xavier_uniform_ ()

    def forward(self, x):
        for fc in self.fcs:
            x = self.act(fc(x))
        return x


def _net(widths, **kwargs):
    return Net(widths, **kwargs)


def small(pretrained=False, **kwargs):
    return _net((16, 32, 32), act=nn.Tanh, **kwargs)
