"""INI202: defects in other words than those of its page, and right programs that look alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.program_forms import codes_of, net

DEFECTS = {
    "loop": net(
        """
        self.a, self.b = nn.Linear(8, 8), nn.Linear(8, 8)
        for layer in (self.a, self.b):
            init.zeros_(layer.weight)
            init.zeros_(layer.bias)
        """,
        "x + self.b(torch.tanh(self.a(x)))",
    ),
    "gate": net(
        """
        self.a, self.b = nn.Linear(8, 8), nn.Linear(8, 8); self.g = nn.Parameter(torch.zeros(8))
        init.constant_(self.b.weight, 0.0); self.b.bias.data.zero_()
        """,
        "x + self.g * self.b(self.a(x))",
    ),
    "raw chain": net(
        """
        self.a, self.b = nn.Parameter(torch.zeros(8, 2)), nn.Parameter(torch.zeros(2, 8))
        self.fc = nn.Linear(8, 8)
        """,
        "self.fc(x) + (x @ self.a) @ self.b",
    ),
    "query and key": net(
        """
        self.a, self.b = nn.Linear(8, 8), nn.Linear(8, 8); self.c = nn.Linear(8, 8)
        for layer in [self.a, self.b]:
            for p in layer.parameters():
                p.data.fill_(0)
        """,
        "x + F.softmax(self.a(x) @ self.b(x).transpose(1, 2), -1) @ self.c(x)",
    ),
    "low rank into linear": net(
        """
        self.a, self.b = nn.Parameter(torch.zeros(8, 2)), nn.Parameter(torch.zeros(2, 8))
        self.fc = nn.Linear(8, 8)
        """,
        "F.linear(x, self.fc.weight + self.a @ self.b, self.fc.bias)",
    ),
    "mul": net(
        """
        self.down, self.up = nn.Linear(8, 2, bias=False), nn.Linear(2, 8, bias=False)
        self.up.weight.data.mul_(0); self.down.weight.data *= 0
        """,
        "x + self.up(self.down(x))",
    ),
}
RIGHT = {
    "one": net(
        """
        self.a, self.b = nn.Linear(8, 8), nn.Linear(8, 8)
        init.zeros_(self.b.weight); init.zeros_(self.b.bias)
        """,
        "x + self.b(torch.relu(self.a(x)))",
    ),
    "gate alone": net(
        "self.a, self.b = nn.Linear(8, 8), nn.Linear(8, 8); self.g = nn.Parameter(torch.zeros(8))",
        "x + self.g * self.b(self.a(x))",
    ),
    "random first": net(
        """
        self.a, self.b = nn.Parameter(torch.zeros(8, 2)), nn.Parameter(torch.randn(2, 8))
        self.fc = nn.Linear(8, 8)
        """,
        "self.fc(x) + (x @ self.a) @ self.b",
    ),
    "parallel": net(
        """
        self.a, self.b = nn.Linear(8, 8), nn.Linear(8, 8)
        init.zeros_(self.a.weight); init.zeros_(self.b.weight)
        """,
        "x + self.a(x) + self.b(x)",
    ),
    "again": net(
        """
        self.a, self.b = nn.Parameter(torch.zeros(8, 2)), nn.Parameter(torch.zeros(2, 8))
        self.fc = nn.Linear(8, 8); init.normal_(self.a)
        """,
        "F.linear(x, self.fc.weight + self.a @ self.b, self.fc.bias)",
    ),
    "bias": net(
        """
        self.a, self.b = nn.Linear(8, 8), nn.Linear(8, 8)
        init.zeros_(self.a.weight); init.zeros_(self.b.weight); init.normal_(self.a.bias)
        """,
        "x + self.b(self.a(x))",
    ),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_defects(tmp_path: Path, name: str) -> None:
    assert "INI202" in codes_of(tmp_path, DEFECTS[name])


@pytest.mark.parametrize("name", RIGHT)
def test_right_programs(tmp_path: Path, name: str) -> None:
    assert codes_of(tmp_path, RIGHT[name]) == set()
