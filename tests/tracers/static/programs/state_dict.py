"""The tensors of `state_dict()` share memory with the parameters; another tensor in the dictionary does not, until it
is loaded."""
# model: Net
# build: Net()
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.keys = nn.Linear(32, 32)
        self.pairs = nn.Sequential(nn.Linear(32, 32), nn.BatchNorm1d(32))
        self.values = nn.Linear(32, 32)
        self.stored = nn.Linear(32, 32)
        self.loaded = nn.Linear(32, 32)
        for key in self.state_dict():
            if key.startswith("keys") and key.endswith("weight"):
                nn.init.kaiming_normal_(self.state_dict()[key], nonlinearity="relu")  # init: keys.weight = kaiming_normal_ (nonlinearity='relu')
            elif key == "keys.bias":
                self.state_dict()[key][...] = 0.25  # init: keys.bias = constant_ (val=0.25)
        for name, tensor in self.pairs.state_dict(prefix="p.").items():
            if name.startswith("p.") and tensor.dim() == 2:
                nn.init.xavier_uniform_(tensor)  # init: pairs.0.weight = xavier_uniform_ ()
        for tensor in self.values.state_dict().values():
            tensor.zero_()  # init: values.weight = zeros_ () # init: values.bias = zeros_ ()
        state = self.stored.state_dict()
        state["weight"] = torch.empty(32, 32)  # init: stored.weight = default
        nn.init.orthogonal_(state["weight"])
        state = self.loaded.state_dict()
        state["bias"] = torch.full((32,), 0.5)
        self.loaded.load_state_dict(state)  # init: loaded.bias = constant_ (val=0.5) # init: loaded.weight = default

    def forward(self, x):
        return self.loaded(self.stored(self.values(self.pairs(self.keys(x)))))
