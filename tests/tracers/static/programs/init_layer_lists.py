"""Loops over lists and tuples of layers and of tensors, over zip and dict items, and by index."""
# model: Net
# build: Net()
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(32, 32)
        self.b = nn.Linear(32, 32)
        self.c = nn.Linear(32, 32)
        self.d = nn.Linear(32, 32)
        self.e = nn.Linear(32, 32)
        self.heads = nn.ModuleList([nn.Linear(32, 32) for _ in range(2)])
        for layer in [self.a, self.b]:
            nn.init.kaiming_uniform_(layer.weight)  # init: a.weight = kaiming_uniform_ () # init: b.weight = kaiming_uniform_ ()
        for w in (self.c.weight, self.d.weight):
            nn.init.xavier_normal_(w)  # init: c.weight = xavier_normal_ () # init: d.weight = xavier_normal_ ()
        for layer, std in zip(self.heads, (0.01, 0.1)):
            nn.init.normal_(layer.weight, std=std)  # init: heads.0.weight = normal_ (std=0.01) # init: heads.1.weight = normal_ (std=0.1)
        for name, value in {"e": 0.25}.items():
            nn.init.constant_(getattr(self, name).bias, value)  # init: e.bias = constant_ (val=0.25)

    def forward(self, x):
        return self.heads[0](self.e(self.d(self.c(self.b(self.a(x))))))
