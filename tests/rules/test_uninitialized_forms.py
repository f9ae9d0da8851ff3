"""INI108: defects in other words than those of its page, and right programs that look alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.program_forms import codes_of

DEFECTS = {
    "empty": """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.empty(8))
        self.fc = nn.Linear(8, 8)
        pass

    def forward(self, x):
        return self.fc(x * self.scale)
""",
    "Tensor": """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.Tensor(8))
        self.fc = nn.Linear(8, 8)
        pass

    def forward(self, x):
        return self.fc(x * self.scale)
""",
    "FloatTensor": """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_parameter('scale', nn.Parameter(torch.FloatTensor(1, 8)))
        self.fc = nn.Linear(8, 8)
        pass

    def forward(self, x):
        return self.fc(x * self.scale)
""",
    "relative write": """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.empty(8, 8))
        self.fc = nn.Linear(8, 8)
        self.scale.data.mul_(0.1)

    def forward(self, x):
        return self.fc(x @ self.scale)
""",
    "writer never called": """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.empty(8))
        self.fc = nn.Linear(8, 8)
        pass

    def forward(self, x):
        return self.fc(x * self.scale)

    def restart(self):
        init.ones_(self.scale)
""",
    "loop over Linear": """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.empty(8))
        self.fc = nn.Linear(8, 8)
        for m in self.modules():
            if isinstance(m, nn.Linear):
                init.xavier_uniform_(m.weight)

    def forward(self, x):
        return self.fc(x * self.scale)
""",
}
RIGHT = {
    "ones": """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(8))
        self.fc = nn.Linear(8, 8)
        pass

    def forward(self, x):
        return self.fc(x * self.scale)
""",
    "written": """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.empty(8))
        self.fc = nn.Linear(8, 8)
        init.ones_(self.scale)

    def forward(self, x):
        return self.fc(x * self.scale)
""",
    "method": """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.empty(8))
        self.fc = nn.Linear(8, 8)
        self.reset_parameters()

    def forward(self, x):
        return self.fc(x * self.scale)

    def reset_parameters(self):
        init.normal_(self.scale)
""",
    "all parameters": """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.empty(8))
        self.fc = nn.Linear(8, 8)
        for p in self.parameters():
            init.normal_(p, 0, 0.1)

    def forward(self, x):
        return self.fc(x * self.scale)
""",
    "data": """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.empty(8))
        self.fc = nn.Linear(8, 8)
        self.scale.data[:] = 1.0

    def forward(self, x):
        return self.fc(x * self.scale)
""",
    "values": """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.Tensor([1.0] * 8))
        self.fc = nn.Linear(8, 8)
        pass

    def forward(self, x):
        return self.fc(x * self.scale)
""",
}


@pytest.mark.parametrize("name", DEFECTS)
def test_defects(tmp_path: Path, name: str) -> None:
    assert "INI108" in codes_of(tmp_path, DEFECTS[name])


@pytest.mark.parametrize("name", RIGHT)
def test_right_programs(tmp_path: Path, name: str) -> None:
    assert codes_of(tmp_path, RIGHT[name]) == set()
