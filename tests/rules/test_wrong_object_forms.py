"""INI103: defects in other words than those of its page, and right programs that look alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.program_forms import codes_of, net

DEFECTS = {
    "loop over modules with bias False": net(
        """
        self.a = nn.Conv2d(3, 8, 3, bias=False)
        self.bn = nn.BatchNorm2d(8)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                init.kaiming_normal_(m.weight, nonlinearity='relu')
                m.bias.data.zero_()
        """,
        "self.bn(self.a(x))",
    ),
    "functional call on None": net(
        """
        self.head = nn.Linear(8, 4, bias=False)
        init.constant_(self.head.bias, 0.1)
        """,
        "self.head(x)",
    ),
    "norm without affine": net(
        """
        self.fc = nn.Linear(8, 4)
        self.norm = nn.LayerNorm(4, elementwise_affine=False)
        init.ones_(self.norm.weight)
        """,
        "self.norm(self.fc(x))",
    ),
    "module handed": net(
        """
        self.fc = nn.Linear(8, 4)
        init.orthogonal_(self.fc)
        """,
        "self.fc(x)",
    ),
    "lazy": net(
        """
        self.fc = nn.LazyLinear(4)
        init.xavier_uniform_(self.fc.weight)
        """,
        "self.fc(x)",
    ),
    "class name": """
class ConvBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3)

    def forward(self, x):
        return self.a(x)


def start(m):
    if m.__class__.__name__.find('Conv') != -1:
        m.weight.data.normal_(0.0, 0.1)


net = nn.Sequential(ConvBlock(), nn.Conv2d(3, 3, 1))
net.apply(start)
""",
}
RIGHT = {
    "guard by not None": net(
        """
        self.a = nn.Conv2d(3, 8, 3, bias=False)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                init.kaiming_normal_(m.weight, nonlinearity='relu')
                if m.bias is not None:
                    m.bias.data.zero_()
        """,
        "self.a(x)",
    ),
    "getattr": net(
        """
        self.head = nn.Linear(8, 4, bias=False)
        bias = getattr(self.head, 'bias', None)
        if bias is not None:
            init.zeros_(bias)
        """,
        "self.head(x)",
    ),
    "affine": net(
        """
        self.fc = nn.Linear(8, 4)
        self.norm = nn.LayerNorm(4, elementwise_affine=affine)
        if affine:
            init.ones_(self.norm.weight)
        """,
        "self.norm(self.fc(x))",
        arguments=", affine=True",
    ),
    "weight handed": net(
        """
        self.fc = nn.Linear(8, 4)
        init.orthogonal_(self.fc.weight)
        """,
        "self.fc(x)",
    ),
    "lazy after a run": """
net = nn.Sequential(nn.LazyLinear(4))
net(torch.ones(1, 8))
init.xavier_uniform_(net[0].weight)
""",
    "class name with hasattr": """
class ConvBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3)

    def forward(self, x):
        return self.a(x)


def start(m):
    if m.__class__.__name__.find('Conv') != -1 and hasattr(m, 'weight'):
        m.weight.data.normal_(0.0, 0.1)


net = nn.Sequential(ConvBlock(), nn.Conv2d(3, 3, 1))
net.apply(start)
""",
}


@pytest.mark.parametrize("name", DEFECTS)
def test_defects(tmp_path: Path, name: str) -> None:
    assert "INI103" in codes_of(tmp_path, DEFECTS[name])


@pytest.mark.parametrize("name", RIGHT)
def test_right_programs(tmp_path: Path, name: str) -> None:
    assert codes_of(tmp_path, RIGHT[name]) == set()
