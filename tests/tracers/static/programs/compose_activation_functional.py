"""Activations as functions of torch, of F, and as methods."""
# model: Net
# build: Net()
# input: torch.randn(2, 16)
import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(16, 16)  # layer: a -> relu
        self.b = nn.Linear(16, 16)  # layer: b -> relu
        self.c = nn.Linear(16, 16)  # layer: c -> relu
        self.d = nn.Linear(16, 16)  # layer: d -> relu
        self.e = nn.Linear(16, 16)  # layer: e -> leaky_relu
        self.f = nn.Linear(16, 16)  # layer: f -> tanh
        self.g = nn.Linear(16, 16)  # layer: g -> sigmoid
        self.h = nn.Linear(16, 16)  # layer: h -> relu
        self.i = nn.Linear(16, 16)  # layer: i -> sin via scale
        self.j = nn.Linear(16, 16)  # layer: j -> softplus
        self.k = nn.Linear(16, 16)  # layer: k -> selu
        self.l = nn.Linear(16, 16)  # layer: l -> log_softmax

    def forward(self, x):
        x = F.relu(self.a(x))
        x = torch.relu(self.b(x))
        x = self.c(x).relu()
        x = self.d(x).relu_()
        x = F.leaky_relu(self.e(x), negative_slope=0.2)
        x = self.f(x).tanh()
        x = torch.sigmoid(self.g(x))
        x = self.h(x)
        F.relu_(x)
        x = torch.sin(30.0 * self.i(x))
        x = F.softplus(self.j(x))
        x = F.selu(self.k(x))
        return F.log_softmax(self.l(x), dim=1)
