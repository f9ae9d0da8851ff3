"""The `initialization` module of transformers, imported as transformers' own models do."""
# model: ToyModel
# build: ToyModel()
# input: torch.randn(2, 32)
import torch
from torch import nn

from ... import initialization as init


class ToyModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(32, 64)  # layer: dense -> gelu
        self.out = nn.Linear(64, 32)  # layer: out -> output
        self.apply(self._init_weights)

    @torch.no_grad()
    def _init_weights(self, module):
        if isinstance(module, nn.Linear):
            init.normal_(module.weight, mean=0.0, std=0.02)  # init: dense.weight = normal_ (mean=0.0, std=0.02) # init: out.weight = normal_ (mean=0.0, std=0.02)
            if module.bias is not None:
                init.zeros_(module.bias)  # init: dense.bias = zeros_ ()

    def forward(self, x):
        return self.out(nn.functional.gelu(self.dense(x)))
