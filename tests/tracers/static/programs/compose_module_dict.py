"""ModuleDict: access by key, items() and values()."""
# model: Net
# build: Net()
# input: torch.randn(2, 16)
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.parts = nn.ModuleDict({
            "stem": nn.Linear(16, 32),  # layer: parts.stem -> relu
            "act": nn.ReLU(),
        })
        self.parts["neck"] = nn.Linear(32, 32)  # layer: parts.neck -> tanh
        self.heads = nn.ModuleDict({k: nn.Linear(32, n) for k, n in [("a", 2), ("b", 3)]})  # layer: heads.a -> sigmoid | heads.b -> sigmoid
        self.post = nn.ModuleDict([["fc", nn.Linear(32, 8)], ["gelu", nn.GELU()]])  # layer: post.fc -> gelu

    def forward(self, x):
        x = self.parts["act"](self.parts["stem"](x))
        x = torch.tanh(self.parts["neck"](x))
        out = {name: head(x).sigmoid() for name, head in self.heads.items()}
        for module in self.post.values():
            x = module(x)
        out["post"] = x
        return out
