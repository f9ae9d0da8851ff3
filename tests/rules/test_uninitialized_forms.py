"""INI108: defects in other words than those of its page, and right programs that look alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.program_forms import codes_of, net

DEFECTS = {
    "empty": net(
        """
        self.scale = nn.Parameter(torch.empty(8))
        self.fc = nn.Linear(8, 8)
        """,
        "self.fc(x * self.scale)",
    ),
    "Tensor": net(
        """
        self.scale = nn.Parameter(torch.Tensor(8))
        self.fc = nn.Linear(8, 8)
        """,
        "self.fc(x * self.scale)",
    ),
    "FloatTensor": net(
        """
        self.register_parameter('scale', nn.Parameter(torch.FloatTensor(1, 8)))
        self.fc = nn.Linear(8, 8)
        """,
        "self.fc(x * self.scale)",
    ),
    "relative write": net(
        """
        self.scale = nn.Parameter(torch.empty(8, 8))
        self.fc = nn.Linear(8, 8)
        self.scale.data.mul_(0.1)
        """,
        "self.fc(x @ self.scale)",
    ),
    "writer never called": net(
        """
        self.scale = nn.Parameter(torch.empty(8))
        self.fc = nn.Linear(8, 8)
        """,
        "self.fc(x * self.scale)",
        methods="""
        def restart(self):
            init.ones_(self.scale)
        """,
    ),
    "loop over Linear": net(
        """
        self.scale = nn.Parameter(torch.empty(8))
        self.fc = nn.Linear(8, 8)
        for m in self.modules():
            if isinstance(m, nn.Linear):
                init.xavier_uniform_(m.weight)
        """,
        "self.fc(x * self.scale)",
    ),
}
RIGHT = {
    "ones": net(
        """
        self.scale = nn.Parameter(torch.ones(8))
        self.fc = nn.Linear(8, 8)
        """,
        "self.fc(x * self.scale)",
    ),
    "written": net(
        """
        self.scale = nn.Parameter(torch.empty(8))
        self.fc = nn.Linear(8, 8)
        init.ones_(self.scale)
        """,
        "self.fc(x * self.scale)",
    ),
    "method": net(
        """
        self.scale = nn.Parameter(torch.empty(8))
        self.fc = nn.Linear(8, 8)
        self.reset_parameters()
        """,
        "self.fc(x * self.scale)",
        methods="""
        def reset_parameters(self):
            init.normal_(self.scale)
        """,
    ),
    "all parameters": net(
        """
        self.scale = nn.Parameter(torch.empty(8))
        self.fc = nn.Linear(8, 8)
        for p in self.parameters():
            init.normal_(p, 0, 0.1)
        """,
        "self.fc(x * self.scale)",
    ),
    "data": net(
        """
        self.scale = nn.Parameter(torch.empty(8))
        self.fc = nn.Linear(8, 8)
        self.scale.data[:] = 1.0
        """,
        "self.fc(x * self.scale)",
    ),
    "values": net(
        """
        self.scale = nn.Parameter(torch.Tensor([1.0] * 8))
        self.fc = nn.Linear(8, 8)
        """,
        "self.fc(x * self.scale)",
    ),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_defects(tmp_path: Path, name: str) -> None:
    assert "INI108" in codes_of(tmp_path, DEFECTS[name])


@pytest.mark.parametrize("name", RIGHT)
def test_right_programs(tmp_path: Path, name: str) -> None:
    assert codes_of(tmp_path, RIGHT[name]) == set()
