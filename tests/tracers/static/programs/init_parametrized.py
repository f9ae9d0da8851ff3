"""Weight norm and its like: writes from before count, writes to what is computed do not, the originals are parameters."""
# model: Net
# build: Net()
# input: torch.randn(2, 32)
import copy

import torch.nn as nn
from torch.nn.utils import parametrizations, remove_weight_norm, weight_norm


def init(m):
    if type(m) is nn.Linear:
        nn.init.xavier_uniform_(m.weight)  # init: removed.weight = xavier_uniform_ () # init: plain.weight = xavier_uniform_ ()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.old = nn.Linear(32, 32)  # layer: old -> relu
        nn.init.normal_(self.old.weight, std=0.02)  # init: old.weight = normal_ (std=0.02)
        self.old = weight_norm(self.old)
        self.new = nn.Linear(32, 32)  # layer: new -> layer
        nn.init.uniform_(self.new.weight, -0.5, 0.5)  # init: new.weight = uniform_ (a=-0.5, b=0.5)
        self.new = parametrizations.weight_norm(self.new)
        nn.init.constant_(self.new.weight, 3.0)
        self.twin = copy.deepcopy(self.new)
        nn.init.zeros_(self.twin.bias)  # init: twin.bias = zeros_ ()
        self.norm = weight_norm(nn.Linear(32, 32))
        nn.init.ones_(self.norm.weight_g)  # init: norm.weight_g = ones_ ()
        self.removed = remove_weight_norm(weight_norm(nn.Linear(32, 32)))
        self.plain = nn.Linear(32, 32)
        for m in (self.new, self.twin, self.removed, self.plain):
            init(m)
        self.out = nn.Linear(32, 4)

    def forward(self, x):
        x = self.old(x).relu()
        return self.out(self.plain(self.removed(self.norm(self.twin(self.new(x))))))
