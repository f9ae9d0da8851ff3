"""INI106: defects in other words than those of its page, and right programs that look alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.program_forms import codes_of, net

DEFECTS = {
    "renamed import": """
import torch.nn as nn
from torch.nn.init import orthogonal_ as fill


class Renamed(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)

    def reset_parameters(self):
        fill(self.fc.weight)

    def forward(self, x):
        return self.fc(x)
""",
    "never called": net(
        "self.a = nn.Linear(8, 8)",
        "self.a(x)",
        methods="""
        def _init_weights(self):
            init.orthogonal_(self.a.weight)
        """,
    ),
    "children for nested": net(
        """
        self.a = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8))
        for m in self.children():
            if isinstance(m, nn.Linear):
                init.kaiming_uniform_(m.weight, nonlinearity='relu')
        """,
        "self.a(x)",
    ),
    "wrong type": net(
        """
        self.a = nn.ConvTranspose2d(8, 8, 3)
        self.b = nn.Conv1d(8, 8, 3)
        self.apply(self.start)
        """,
        "self.b(self.a(x).flatten(2))",
        methods="""
        @staticmethod
        def start(m):
            if isinstance(m, (nn.Conv2d, nn.Linear)):
                init.xavier_uniform_(m.weight)
        """,
    ),
    "name": net(
        """
        self.fc1 = nn.Linear(8, 8)
        self.fc2 = nn.Linear(8, 8)
        for name, p in self.named_parameters():
            if 'conv' in name and name.endswith('weight'):
                init.normal_(p, 0, 0.1)
        """,
        "self.fc2(self.fc1(x))",
    ),
    "bias None": net(
        """
        self.fc1 = nn.Linear(8, 8, bias=False)
        self.fc2 = nn.Linear(8, 8, bias=False)
        for m in self.modules():
            if isinstance(m, nn.Linear) and m.bias is not None:
                init.orthogonal_(m.weight)
                init.constant_(m.bias, 0.1)
        """,
        "self.fc2(self.fc1(x))",
    ),
    "dead caller": """
def fill_weights(net):
    for p in net.parameters():
        if p.dim() > 1:
            init.xavier_uniform_(p)


def prepare(net):
    fill_weights(net)
    return net


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)

    def forward(self, x):
        return self.fc(x)


net = Net()
""",
}
RIGHT = {
    "renamed import of no init": """
import torch.nn as nn
from torch.nn.init import calculate_gain as fill


class Renamed(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)

    def reset_parameters(self):
        self.gain = fill('relu')

    def forward(self, x):
        return self.fc(x)
""",
    "called": net(
        """
        self.a = nn.Linear(8, 8)
        self._init_weights()
        """,
        "self.a(x)",
        methods="""
        def _init_weights(self):
            init.orthogonal_(self.a.weight)
        """,
    ),
    "modules for nested": net(
        """
        self.a = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8))
        for m in self.modules():
            if isinstance(m, nn.Linear):
                init.kaiming_uniform_(m.weight, nonlinearity='relu')
        """,
        "self.a(x)",
    ),
    "one type": net(
        """
        self.a = nn.ConvTranspose2d(8, 8, 3)
        self.b = nn.Conv2d(8, 8, 3)
        self.apply(self.start)
        """,
        "self.b(self.a(x))",
        methods="""
        @staticmethod
        def start(m):
            if isinstance(m, (nn.Conv2d, nn.Linear)):
                init.xavier_uniform_(m.weight)
        """,
    ),
    "unknown module": net(
        """
        self.body = body
        self.fc2 = nn.Linear(8, 8)
        for name, p in self.named_parameters():
            if 'conv' in name and name.endswith('weight'):
                init.normal_(p, 0, 0.1)
        """,
        "self.fc2(self.body(x))",
        arguments=", body",
    ),
    "some bias": net(
        """
        self.fc1 = nn.Linear(8, 8, bias=bias)
        self.fc2 = nn.Linear(8, 8)
        for m in self.modules():
            if isinstance(m, nn.Linear) and m.bias is not None:
                init.constant_(m.bias, 0.1)
        """,
        "self.fc2(self.fc1(x))",
        arguments=", bias=False",
    ),
    "called by main": """
def fill_weights(net):
    for p in net.parameters():
        if p.dim() > 1:
            init.xavier_uniform_(p)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)

    def forward(self, x):
        return self.fc(x)


def main():
    net = Net()
    fill_weights(net)


if __name__ == '__main__':
    main()
""",
}


@pytest.mark.parametrize("name", DEFECTS)
def test_defects(tmp_path: Path, name: str) -> None:
    assert "INI106" in codes_of(tmp_path, DEFECTS[name])


@pytest.mark.parametrize("name", RIGHT)
def test_right_programs(tmp_path: Path, name: str) -> None:
    assert codes_of(tmp_path, RIGHT[name]) == set()
