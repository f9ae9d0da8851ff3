"""self.apply with a function of the file and with a method."""
# model: ByFunction
# build: ByFunction()
import torch.nn as nn


def init_weights(m):
    if isinstance(m, nn.Linear):
        nn.init.xavier_uniform_(m.weight)  # init: net.0.weight = xavier_uniform_ () # init: net.2.weight = xavier_uniform_ ()
        m.bias.data.fill_(0.01)  # init: net.0.bias = constant_ (val=0.01)


class ByFunction(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 32))
        self.apply(init_weights)

    def forward(self, x):
        return self.net(x)


# model: ByMethod
# build: ByMethod()
# init: free.weight = default
class ByMethod(nn.Module):
    def __init__(self, std=0.02):
        super().__init__()
        self.std = std
        self.net = nn.Sequential(nn.Linear(32, 32), nn.LayerNorm(32))
        self.free = nn.Linear(32, 32)
        self.net.apply(self._init_weights)

    def _init_weights(self, module):
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, mean=0.0, std=self.std)  # init: net.0.weight = normal_ (mean=0.0, std=0.02)
        elif isinstance(module, nn.LayerNorm):
            module.weight.data.fill_(1.0)  # init: net.1.weight = constant_ (val=1.0)

    def forward(self, x):
        return self.free(self.net(x))
