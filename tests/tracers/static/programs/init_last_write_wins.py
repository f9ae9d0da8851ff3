"""Writes in order: the last certain one counts; a write under an unknown condition leaves it unsettled."""
# model: Net
# build: Net(False)
# init: e.weight = default
from torch import nn


class Net(nn.Module):
    def __init__(self, zero: bool, small=False):
        super().__init__()
        self.a = nn.Linear(32, 32)
        self.b = nn.Linear(32, 32)
        self.c = nn.Linear(32, 32)
        self.d = nn.Linear(32, 32)
        self.e = nn.Linear(32, 32)
        self.f = nn.Linear(32, 32)
        nn.init.zeros_(self.a.weight)
        for m in (self.a, self.b, self.d):
            nn.init.xavier_normal_(m.weight)  # init: a.weight = xavier_normal_ () # init: d.weight = xavier_normal_ ()
        nn.init.ones_(self.b.weight)  # init: b.weight = ones_ ()
        if zero:
            nn.init.zeros_(self.c.weight)  # init: c.weight = unsettled
        while zero:
            nn.init.zeros_(self.f.weight)  # init: f.weight = unsettled
            zero = False
        if small:
            nn.init.zeros_(self.e.weight)

    def forward(self, x):
        return self.f(self.e(self.d(self.c(self.b(self.a(x))))))
