"""children() and named_children() go one level down only; recursion written by hand goes all the way."""
# model: Shallow
# build: Shallow()
# init: inner.0.weight = default
from torch import nn


class Shallow(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(32, 32)
        self.inner = nn.Sequential(nn.Linear(32, 32))
        for m in self.children():
            if isinstance(m, nn.Linear):
                nn.init.xavier_normal_(m.weight)  # init: fc.weight = xavier_normal_ ()
        for name, m in self.named_children():
            if name == "fc":
                nn.init.zeros_(m.bias)  # init: fc.bias = zeros_ ()

    def forward(self, x):
        return self.inner(self.fc(x))


# model: Recursive
# build: Recursive()
class Recursive(nn.Module):
    def __init__(self):
        super().__init__()
        self.outer = nn.Sequential(nn.Linear(32, 32), nn.Sequential(nn.Linear(32, 32)))
        self.initialize(self)

    def initialize(self, module):
        for child in module.children():
            if isinstance(child, nn.Linear):
                nn.init.kaiming_normal_(child.weight)  # init: outer.0.weight = kaiming_normal_ () # init: outer.1.0.weight = kaiming_normal_ ()
            else:
                self.initialize(child)

    def forward(self, x):
        return self.outer(x)
