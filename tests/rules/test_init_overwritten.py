"""INI107 speaks where a generic init takes away a deliberate one, and torch agrees on what is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.linter.pipeline import check
from initlint.project.settings import Settings

NET = """
import torch
from torch import nn


def draw_(tensor):
    tensor.data.copy_(torch.empty(tensor.shape).normal_().clamp(-2, 2))


class Gate(nn.Module):
    def __init__(self):
        super().__init__()
        self.proj = nn.Linear(8, 8)
        {gate}

    def forward(self, x):
        return x + self.proj(x)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)
        self.gate = Gate()
        self.norm = nn.BatchNorm1d(8)
        self.head = nn.Linear(8, 8)
        {before}
        self.apply(self.init)
        {after}

    def init(self, m):
        if isinstance(m, nn.Linear):
            nn.init.normal_(m.weight, std=0.5)
            nn.init.zeros_(m.bias)
        elif isinstance(m, nn.BatchNorm1d):
            nn.init.ones_(m.weight)

    def forward(self, x):
        return self.head(self.norm(self.gate(self.fc(x).tanh())))
"""


def program(before: str = "pass", after: str = "pass", gate: str = "pass") -> str:
    return NET.format(before=before, after=after, gate=gate)


def messages(source: str) -> list[str]:
    result = check([Path("net.py")], Settings(select=("INI107",)), {"net.py": source.encode()})
    assert result.failures == ()
    return [found.message for found in result.diagnostics]


LOST = [
    {"before": "for m in (self.fc, self.head): nn.init.zeros_(m.weight)"},
    {"before": "nn.init.zeros_(self.head.weight)"},
    {"before": "nn.init.constant_(self.head.bias, -4.6)"},
    {"before": "nn.init.normal_(self.head.weight, std=0.01)"},
    {"before": "self.head.weight.data.zero_()"},
    {"gate": "nn.init.zeros_(self.proj.weight)"},
    {"before": "nn.init.eye_(self.head.weight); nn.init.zeros_(self.head.weight)"},
    {"before": "self.head.weight.data.copy_(torch.eye(8))"},
    {"before": "self.head.bias.data.copy_(torch.linspace(-4, 4, 8))"},
    {"before": "self.head.bias = nn.Parameter(torch.arange(8).float().log1p())"},
    {"before": "self.head.weight = nn.Parameter(torch.eye(8))"},
    {"before": "self.head.bias = nn.Parameter(torch.tensor([-4.0] * 8))"},
    {"gate": "self.proj.weight = nn.Parameter(torch.zeros(8, 8))"},
    {"before": "self.head.weight.data = torch.eye(8)"},
    {"gate": "self.proj.weight.data.mul_(0.1)"},
    {"gate": "with torch.no_grad(): self.proj.weight *= 0.1"},
    {"gate": "self.proj.weight.data.div_(8)"},
    {"gate": "self.proj.bias.data.add_(2)"},
    {"gate": "with torch.no_grad(): self.proj.bias -= 0.5"},
]
KEPT = [
    {"after": "nn.init.zeros_(self.head.weight)"},
    {"gate": "nn.init.zeros_(self.proj.bias)"},
    {"before": "nn.init.normal_(self.head.weight, std=0.4)"},
    {"before": "nn.init.normal_(self.head.bias, std=0.01)"},
    {"before": "nn.init.zeros_(self.head.weight)", "after": "self.head.weight.data.copy_(torch.eye(8))"},
    {"before": "nn.init.zeros_(self.head.weight[0])"},
    {"before": "nn.init.zeros_(self.norm.bias)"},
    {"after": "self.head.bias.data.copy_(torch.linspace(-4, 4, 8))"},
    {"after": "self.head.weight.data.mul_(0.1)"},
    {"before": "self.head.weight.data.mul_(1)"},
    {"before": "self.head.bias.data.add_(0.01)"},
    {"after": "self.head.bias.data.add_(2)"},
    {"before": "with torch.no_grad(): self.head.bias[:4].copy_(torch.linspace(-4, 4, 4))"},
    {"before": "for m in (self.fc, self.gate.proj, self.head): m.weight.data.mul_(0.1)"},
    {"before": "draw_(self.head.weight)"},
    {"before": "self.head.weight = nn.Parameter(torch.randn(8, 8) * 0.4)"},
    {"before": "self.head.bias = nn.Parameter(torch.zeros(8))"},
    {"before": "bias = torch.cat((torch.zeros(4), torch.zeros(4))); self.head.bias = nn.Parameter(bias)"},
    {"before": "self.head.bias.data.copy_(torch.zeros(8))"},
]


@pytest.mark.parametrize("parts", LOST, ids=str)
def test_lost(parts: dict[str, str]) -> None:
    assert len(messages(program(**parts))) == 1


@pytest.mark.parametrize("parts", KEPT, ids=str)
def test_silent(parts: dict[str, str]) -> None:
    assert messages(program(**parts)) == []


def test_the_message() -> None:
    assert messages(program(before="nn.init.constant_(self.head.bias, -4.6)")) == [
        "in `Net`: `constant_` on the bias of `head` has no effect: `zeros_` in line 34 overwrites it later; set it after that"
    ]


@pytest.mark.parametrize("parts", LOST, ids=str)
def test_torch_agrees(parts: dict[str, str]) -> None:
    """With the seed set where the generic init begins, the model is the same without the lost calls."""
    torch = pytest.importorskip("torch")
    states = []
    for source in (program(), program(**parts)):
        names: dict[str, object] = {}
        exec(source.replace("self.apply(", "torch.manual_seed(0); self.apply("), names)
        states.append(names["Net"]().state_dict())  # type: ignore[operator]
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())


TOKENS = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter({values})
        self.fc = nn.Linear(16, 16)
        for parameter in self.parameters():
            nn.init.normal_(parameter, std=0.02)

    def forward(self, x):
        return self.fc(x) * self.scale
"""


@pytest.mark.parametrize(
    ("values", "number"),
    [
        ("torch.log(torch.arange(1, 17).float())", 1),
        ("torch.linspace(0, 1, 16)", 1),
        ("torch.full((16,), 0.1)", 1),
        ("torch.ones(16) * 14.3", 1),
        ("torch.ones(16)", 0),
        ("torch.rand(16).log()", 0),
        ("torch.stack([torch.randn(4) for _ in range(4)])", 0),
        ("torch.randn(16) * 0.02", 0),
        ("draw(16)", 0),
    ],
)
def test_values_of_a_raw_parameter_are_deliberate_unless_they_may_be_random(values: str, number: int) -> None:
    found = messages(TOKENS.format(values=values))
    assert len(found) == number
    assert all("the assignment to `scale` has no effect" in message for message in found)


NORMS = """
from torch import nn


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(8, 8, 3)
        self.norm = nn.BatchNorm1d(8)
        nn.init.constant_(self.norm.weight, {gain})

    def forward(self, x):
        return self.norm(self.conv(x))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(Block(), Block())
        self.norm = nn.BatchNorm1d(8)
        self.apply(self.draw)

    def draw(self, m):
        if isinstance(m, nn.BatchNorm1d):
            nn.init.normal_(m.weight, 1.0, 0.02)

    def forward(self, x):
        return self.norm(self.body(x))
"""


@pytest.mark.parametrize(("gain", "number"), [(1, 0), (1.0, 0), (0.2, 1)])
def test_a_gain_of_one_is_what_a_norm_has_anyway(gain: float, number: int) -> None:
    assert len(messages(NORMS.format(gain=gain))) == number


COMPARED = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)
        self.head = nn.Linear(8, 8)
        nn.init.constant_(self.head.bias, -4.0)

    def forward(self, x):
        return self.head(self.fc(x).tanh())


def start(m):
    if isinstance(m, nn.Linear):
        nn.init.xavier_normal_(m.weight)
        nn.init.zeros_(m.bias)


net = Net()
{between}
net.apply(start)
"""


@pytest.mark.parametrize(
    ("between", "number"),
    [
        ("", 1),
        ("net.cuda()", 1),
        ("seed = 3", 1),
        ("first = net(torch.randn(2, 8))", 0),
        ("torch.save(net.state_dict(), 'first.pt')", 0),
        ("evaluate(net)", 0),
    ],
)
def test_a_model_that_is_used_before_it_is_initialized_again(between: str, number: int) -> None:
    assert len(messages(COMPARED.format(between=between))) == number
