"""INI110 speaks where `apply` compounds a write, and counts as torch does."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.linter.pipeline import check
from initlint.project.settings import Settings

NET = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8, bias=False)
        self.body = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8))
        nn.init.ones_(self.fc.weight)
        self.apply(self.init)
        {after}

    def init(self, m):
        {body}

    def forward(self, x):
        return self.body(self.fc(x))
"""
RUNS = 6  # fc, three in body, body and the model


def messages(body: str, after: str = "pass") -> list[str]:
    source = NET.format(body=body, after=after).encode()
    result = check([Path("net.py")], Settings(select=("INI110",)), {"net.py": source})
    assert result.failures == ()
    return [found.message for found in result.diagnostics]


def weight(body: str, after: str = "pass") -> float:
    torch = pytest.importorskip("torch")
    names: dict[str, object] = {}
    torch.manual_seed(0)
    exec(NET.format(body=body, after=after), names)
    return float(names["Net"]().fc.weight.detach().flatten()[0])  # type: ignore[operator]


@pytest.mark.parametrize(
    ("body", "one"),
    [
        ("self.fc.weight.data *= 0.5", 0.5),
        ("self.fc.weight.data.mul_(0.5)", 0.5),
        ("with torch.no_grad(): self.fc.weight.mul_(0.5)", 0.5),
        ("self.fc.weight.data.div_(2)", 0.5),
    ],
)
def test_compounded(body: str, one: float) -> None:
    (message,) = messages(body)
    assert f"{RUNS} times on the weight of `fc`" in message
    assert weight(body) == pytest.approx(one**RUNS)


def test_the_factor_is_told() -> None:
    assert messages("self.fc.weight.data *= 0.5") == [
        "in `Net`: `apply` runs this for every submodule, 6 times on the weight of `fc`: the factor 0.5 becomes 0.016; do it "
        "once, after the `apply`"
    ]


def test_sums_compound_too() -> None:
    assert len(messages("self.fc.weight.data.add_(1.0)")) == 1
    assert weight("self.fc.weight.data.add_(1.0)") == 1 + RUNS


@pytest.mark.parametrize(
    ("body", "after", "expected"),
    [
        ("m.weight.data *= 0.5 if isinstance(m, nn.Linear) else 1", "pass", 0.5),
        ("if m is self: self.fc.weight.data *= 0.5", "pass", 0.5),
        ("nn.init.constant_(self.fc.weight, 0.5)", "pass", 0.5),
        ("self.fc.weight.data.fill_(1); self.fc.weight.data *= 0.5", "pass", 0.5),
        ("self.fc.weight.data *= 0.5", "nn.init.ones_(self.fc.weight)", 1.0),
        ("self.fc.weight.data.clamp_(-1, 0.5)", "pass", 0.5),
        ("pass", "self.fc.weight.data *= 0.5", 0.5),
    ],
    ids=[
        "the visited module",
        "one module only",
        "absolute",
        "absolute first each time",
        "replaced later",
        "idempotent",
        "once",
    ],
)
def test_silent(body: str, after: str, expected: float) -> None:
    body = body if "isinstance" not in body else "if isinstance(m, nn.Linear): m.weight.data *= 0.5"
    assert messages(body, after) == []
    assert weight(body, after) == pytest.approx(expected)
