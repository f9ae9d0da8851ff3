"""Imports in a try, inside a function, and names bound at class level."""
# model: Net
# build: Net()
# input: torch.randn(2, 32)
try:
    import torch
    from torch import nn
except ImportError:
    torch = None

Act = nn.Tanh


class Net(nn.Module):
    act_class = Act
    dense = nn.Linear

    def __init__(self):
        super().__init__()
        from torch.nn.init import orthogonal_ as ortho

        self.a = self.dense(32, 32)  # layer: a -> tanh
        self.act = self.act_class()
        ortho(self.a.weight)  # init: a.weight = orthogonal_ ()

    def forward(self, x):
        return self.act(self.a(x))
