"""Tied weights are one parameter: a write under either name is a write to both."""
# model: Net
# build: Net()
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Embedding(64, 32)
        self.mid = nn.Linear(32, 32)
        self.decoder = nn.Linear(32, 64)
        self.decoder.weight = self.encoder.weight
        nn.init.normal_(self.decoder.weight, std=0.02)  # init: encoder.weight = normal_ (std=0.02) # init: decoder.weight = normal_ (std=0.02)
        self.shared = self.mid
        nn.init.zeros_(self.shared.bias)  # init: mid.bias = zeros_ ()

    def forward(self, x):
        return self.decoder(self.shared(self.mid(self.encoder(x))))
