"""INI202 speaks exactly of the weights that torch leaves at zero, whatever the loss and the number of steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.linter.pipeline import check
from initlint.project.settings import Settings

HEAD = """
import torch
from torch import nn
import torch.nn.functional as F


def zero(*layers):
    for layer in layers:
        for p in layer.parameters():
            nn.init.zeros_(p)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 8)
        self.gate = nn.Parameter(torch.zeros(1))
        self.A, self.B = nn.Parameter(torch.zeros(8, 2)), nn.Parameter(torch.zeros(2, 8))
        self.norm = nn.BatchNorm1d(8)
        {init}

    def forward(self, x):
        return {forward}
"""
GAMMA = "nn.init.zeros_(self.norm.weight)"
Q_K = "F.scaled_dot_product_attention(self.a(x), self.b(x), self.c(x))"
STUCK = [
    ("zero(self.a, self.b)", "x + self.b(self.a(x))", {"a", "b"}),
    ("zero(self.a, self.b)", "x + self.b(self.a(x).tanh())", {"a", "b"}),
    ("zero(self.a, self.b, self.c)", "x + self.c(F.gelu(self.b(F.gelu(self.a(x)))))", {"a", "b", "c"}),
    ("zero(self.a)", "x + self.gate * self.a(x)", {"gate", "a"}),
    ("zero(self.a)", "x + torch.tanh(self.gate) * self.a(x)", {"gate", "a"}),
    ("zero(self.a)", "x + self.a(self.b(x)) * self.gate.view(1, 1)", {"gate", "a"}),
    (f"zero(self.a); {GAMMA}", "x + self.norm(self.a(x))", {"a", "norm"}),
    (GAMMA, "x + self.gate * self.norm(self.a(x))", {"gate", "norm"}),
    ("zero(self.a, self.b)", "x + self.c(F.silu(self.a(x)) * self.b(x))", {"a", "b"}),
    ("pass", "self.a(x) + x @ self.A @ self.B", {"A", "B"}),
    ("pass", "F.linear(x, self.a.weight + torch.matmul(self.A, self.B) * 2, self.a.bias)", {"A", "B"}),
    ("zero(self.a, self.b)", "x + torch.softmax(self.a(x) @ self.b(x).transpose(-2, -1), -1) @ self.c(x)", {"a", "b"}),
    ("zero(self.a, self.b)", f"x + {Q_K}", {"a", "b"}),
]
FREE = [
    ("zero(self.b)", "x + self.b(self.a(x))"),
    ("zero(self.a); nn.init.zeros_(self.b.weight)", "x + self.b(self.a(x)) + self.a(x)"),
    ("zero(self.a, self.b); nn.init.ones_(self.a.bias)", "x + self.b(self.a(x))"),
    ("zero(self.a, self.b)", "x + self.a(x) + self.b(x)"),
    ("zero(self.a, self.b)", "self.b(x + self.a(x))"),
    ("zero(self.a, self.b)", "self.b(x + torch.sigmoid(self.a(x)) * x)"),
    ("zero(self.a, self.b)", "self.b(torch.sigmoid(self.a(x)))"),
    ("nn.init.zeros_(self.a.weight); nn.init.zeros_(self.b.weight)", "x + self.b(self.a(x))"),
    ("pass", "x + self.gate * self.a(x)"),
    ("zero(self.a)", "x + torch.sigmoid(self.gate) * self.a(x)"),
    ("zero(self.a)", "x + (1 + self.gate) * self.a(x)"),
    ("zero(self.a)", "x + self.gate * self.a(x) + self.a(x)"),
    ("zero(self.a)", "x + self.norm(self.a(x))"),
    (GAMMA, "x + self.norm(self.a(x))"),
    (f"zero(self.a); {GAMMA}", "self.a(x + self.norm(self.b(x)))"),
    ("zero(self.a)", "x + self.c(F.silu(self.a(x)) * self.b(x))"),
    ("nn.init.normal_(self.A)", "self.a(x) + x @ self.A @ self.B"),
    ("nn.init.normal_(self.A)", "self.a(x) + x @ (self.A @ self.B)"),
    ("zero(self.a, self.c)", f"x + {Q_K}"),
    ("zero(self.a)", f"x + {Q_K}"),
]


def program(init: str, forward: str) -> str:
    return HEAD.format(init=init, forward=forward)


def messages(init: str, forward: str) -> list[str]:
    source = program(init, forward).encode()
    result = check([Path("net.py")], Settings(select=("INI202",)), {"net.py": source})
    assert result.failures == ()
    return [found.message for found in result.diagnostics]


@pytest.mark.parametrize(("init", "forward", "names"), STUCK)
def test_stuck(init: str, forward: str, names: set[str]) -> None:
    (message,) = messages(init, forward)
    assert {name for name in ("a", "b", "c", "gate", "A", "B", "norm") if f"`{name}`" in message} == names


@pytest.mark.parametrize(("init", "forward"), FREE)
def test_silent(init: str, forward: str) -> None:
    assert messages(init, forward) == []


def test_the_message() -> None:
    assert messages(*STUCK[0][:2]) == ["`a` and `b` start at zero on one path, so neither ever receives a gradient"]


def left_at_zero(init: str, forward: str) -> set[str]:
    """The weights that are used and still all zero after some steps of SGD."""
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    names: dict[str, object] = {}
    exec(program(init, forward), names)
    net = names["Net"]()  # type: ignore[operator]
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    x, y = torch.randn(2, 16, 8)
    for _ in range(6):
        optimizer.zero_grad()
        (net(x) - y).pow(2).mean().backward()
        optimizer.step()
    weights = {name: p for name, p in net.named_parameters() if not name.endswith("bias") and p.grad is not None}
    return {name.removesuffix(".weight") for name, p in weights.items() if not p.any()}


@pytest.mark.parametrize(("init", "forward", "names"), [*STUCK, *((*case, set[str]()) for case in FREE)])
def test_torch_agrees(init: str, forward: str, names: set[str]) -> None:
    assert left_at_zero(init, forward) == names
