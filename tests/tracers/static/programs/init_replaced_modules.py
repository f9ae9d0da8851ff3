"""Deleted and replaced submodules: what stands at the end counts, with its own init."""
# model: Net
# build: Net()
# init: fc.weight = default
# absent: gone
from torch import nn


class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(32, 10)
        self.gone = nn.Linear(32, 10)
        self.body = nn.Sequential(nn.Linear(32, 32), nn.ReLU())
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.zeros_(m.weight)  # init: body.0.weight = zeros_ ()

    def forward(self, x):
        return self.fc(self.body(x))


class Net(Base):
    def __init__(self):
        super().__init__()
        del self.gone
        self.fc = nn.Linear(32, 64)  # layer: fc -> output
        self.body[1] = nn.Tanh()
        self.body.append(nn.Linear(32, 32))  # layer: body.2 -> layer
        nn.init.ones_(self.body[-1].weight)  # init: body.2.weight = ones_ ()
