"""`match` on classes, strings and None: the case that fits is taken; where that is not known, no case is certain."""
# model: Net
# build: Net()
# input: torch.randn(2, 32)
# init: neck.weight = default
import torch
from torch import nn


def activation(name):
    match name:
        case "relu" | "rectified":
            return nn.ReLU()
        case None:
            return nn.Identity()
        case str() as other:
            return getattr(nn, other)()


def weights(m):
    match m:
        case nn.Conv1d():
            nn.init.ones_(m.weight)
        case nn.Linear(in_features=64):
            nn.init.zeros_(m.weight)  # init: wide.weight = zeros_ ()
        case nn.Linear() as linear if linear.out_features == 16:
            nn.init.xavier_normal_(linear.weight)  # init: body.weight = xavier_normal_ ()
        case _:
            pass


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(32, 16)  # layer: body -> relu
        self.neck = nn.Linear(16, 64)  # layer: neck -> layer
        self.wide = nn.Linear(64, 8)  # layer: wide -> tanh
        self.first, self.second, self.third = (activation(name) for name in ("rectified", None, "Tanh"))
        self.apply(weights)

    def forward(self, x):
        return self.third(self.wide(self.second(self.neck(self.first(self.body(x))))))


# model: Loose
# build: Loose()
# input: torch.randn(2, 32)
def scale(m, how):
    match how:
        case "zero", _:
            nn.init.zeros_(m.weight)
        case {"std": std}:
            nn.init.normal_(m.weight, std=std)  # init: a.weight = unsettled


class Loose(nn.Module):
    def __init__(self, how=("normal", 1)):
        super().__init__()
        self.a = nn.Linear(32, 32)  # layer: a -> relu
        scale(self.a, how)

    def forward(self, x):
        return torch.relu(self.a(x))
