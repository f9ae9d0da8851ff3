"""INI202: defects in other words than those of its page, and right programs that look alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.program_forms import codes_of

DEFECTS = {
    "loop": """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(8, 8), nn.Linear(8, 8)
        for layer in (self.a, self.b):
            init.zeros_(layer.weight)
            init.zeros_(layer.bias)

    def forward(self, x):
        return x + self.b(torch.tanh(self.a(x)))
""",
    "gate": """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(8, 8), nn.Linear(8, 8); self.g = nn.Parameter(torch.zeros(8))
        init.constant_(self.b.weight, 0.0); self.b.bias.data.zero_()

    def forward(self, x):
        return x + self.g * self.b(self.a(x))
""",
    "raw chain": """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Parameter(torch.zeros(8, 2)), nn.Parameter(torch.zeros(2, 8))
        self.fc = nn.Linear(8, 8)

    def forward(self, x):
        return self.fc(x) + (x @ self.a) @ self.b
""",
    "query and key": """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(8, 8), nn.Linear(8, 8); self.c = nn.Linear(8, 8)
        for layer in [self.a, self.b]:
            for p in layer.parameters():
                p.data.fill_(0)

    def forward(self, x):
        return x + F.softmax(self.a(x) @ self.b(x).transpose(1, 2), -1) @ self.c(x)
""",
    "low rank into linear": """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Parameter(torch.zeros(8, 2)), nn.Parameter(torch.zeros(2, 8))
        self.fc = nn.Linear(8, 8)

    def forward(self, x):
        return F.linear(x, self.fc.weight + self.a @ self.b, self.fc.bias)
""",
    "mul": """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.down, self.up = nn.Linear(8, 2, bias=False), nn.Linear(2, 8, bias=False)
        self.up.weight.data.mul_(0); self.down.weight.data *= 0

    def forward(self, x):
        return x + self.up(self.down(x))
""",
}
RIGHT = {
    "one": """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(8, 8), nn.Linear(8, 8)
        init.zeros_(self.b.weight); init.zeros_(self.b.bias)

    def forward(self, x):
        return x + self.b(torch.relu(self.a(x)))
""",
    "gate alone": """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(8, 8), nn.Linear(8, 8); self.g = nn.Parameter(torch.zeros(8))
        pass

    def forward(self, x):
        return x + self.g * self.b(self.a(x))
""",
    "random first": """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Parameter(torch.zeros(8, 2)), nn.Parameter(torch.randn(2, 8))
        self.fc = nn.Linear(8, 8)

    def forward(self, x):
        return self.fc(x) + (x @ self.a) @ self.b
""",
    "parallel": """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(8, 8), nn.Linear(8, 8)
        init.zeros_(self.a.weight); init.zeros_(self.b.weight)

    def forward(self, x):
        return x + self.a(x) + self.b(x)
""",
    "again": """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Parameter(torch.zeros(8, 2)), nn.Parameter(torch.zeros(2, 8))
        self.fc = nn.Linear(8, 8); init.normal_(self.a)

    def forward(self, x):
        return F.linear(x, self.fc.weight + self.a @ self.b, self.fc.bias)
""",
    "bias": """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(8, 8), nn.Linear(8, 8)
        init.zeros_(self.a.weight); init.zeros_(self.b.weight); init.normal_(self.a.bias)

    def forward(self, x):
        return x + self.b(self.a(x))
""",
}


@pytest.mark.parametrize("name", DEFECTS)
def test_defects(tmp_path: Path, name: str) -> None:
    assert "INI202" in codes_of(tmp_path, DEFECTS[name])


@pytest.mark.parametrize("name", RIGHT)
def test_right_programs(tmp_path: Path, name: str) -> None:
    assert codes_of(tmp_path, RIGHT[name]) == set()
