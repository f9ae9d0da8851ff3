"""INI201 on raw parameters that data is multiplied with."""

from __future__ import annotations

import pytest

from initlint.diagnostics import Severity
from tests.support.fixing import findings_of

MODEL = """
import torch
import torch.nn as nn
import torch.nn.functional as F


class Mixer(nn.Module):
    def __init__(self):
        super().__init__()
        {init}
        self.head = nn.Linear(32, 4)

    def forward(self, x):
        {forward}
"""

ZERO = "self.w = nn.Parameter(torch.zeros(16, 32))"
BIAS = "self.b = nn.Parameter(torch.zeros(32))"


@pytest.mark.parametrize(
    ("init", "forward", "severity", "text"),
    [
        (ZERO, "return self.head(F.relu(x @ self.w))", Severity.ERROR, "`w` starts at zero: its output is zero, and"),
        (
            f"{ZERO}; {BIAS}",
            "return self.head(torch.relu(torch.mm(x, self.w) + self.b))",
            Severity.ERROR,
            "`w` starts at zero: with its zero bias, its output is zero, and the slope of ReLU at zero is zero",
        ),
        (
            "self.w = nn.Parameter(torch.empty(32, 16)); nn.init.constant_(self.w, 0.)",
            "return self.head(F.relu6(F.linear(x, self.w)))",
            Severity.ERROR,
            "`constant_` zeroes all of `w`",
        ),
        (
            "self.w = nn.Parameter(torch.randn(16, 32)); self.w.data.mul_(0)",
            "return self.head(torch.tanh(torch.einsum('bi,io->bo', x, self.w)))",
            Severity.WARNING,
            "its output is constant at first, and earlier layers receive no gradient",
        ),
    ],
)
def test_a_hidden_zero(init: str, forward: str, severity: Severity, text: str) -> None:
    (found,) = findings_of(MODEL.format(init=init, forward=forward), ("INI201",))
    assert found.severity is severity
    assert text in found.message
    assert found.fix is None


@pytest.mark.parametrize(
    ("init", "forward"),
    [
        ("self.w = nn.Parameter(torch.randn(16, 32) * 0.1)", "return self.head(F.relu(x @ self.w))"),
        (f"{ZERO}; self.b = nn.Parameter(torch.randn(32))", "return self.head(F.relu(x @ self.w + self.b))"),
        (f"{ZERO}; self.b = nn.Parameter(torch.ones(32))", "return self.head(torch.tanh(x @ self.w + self.b))"),
        (
            f"{ZERO}; self.fc = nn.Linear(4, 32); self.b = nn.Parameter(torch.zeros(4))",
            "return self.head(F.relu(x @ self.w + self.fc.bias)) + self.b",
        ),
        (
            f"{ZERO}; {BIAS}; self.fc = nn.Linear(4, 32)",
            "return self.head(F.relu(x @ self.w + self.fc.bias)[..., :32] + self.b)",
        ),
        (
            f"{ZERO}; {BIAS}; self.bs = nn.ParameterList([nn.Parameter(torch.randn(32))])",
            "return self.head(F.relu(x @ self.w + self.bs[0]) + self.b)",
        ),
        (ZERO, "return x @ self.w"),
        (f"{ZERO}; self.fc = nn.Linear(16, 32)", "return self.head(F.relu(self.fc(x) + x @ self.w))"),
        (f"{ZERO}; self.fc = nn.Linear(16, 32)", "return self.head(self.fc(x) * torch.tanh(x @ self.w))"),
        (
            f"self.a = nn.Parameter(torch.randn(16, 16)); {ZERO}",
            "return self.head(torch.tanh(x @ self.a @ self.w))",
        ),
        (f"{ZERO}; self.w.requires_grad = False", "return self.head(F.relu(x @ self.w))"),
        (ZERO, "return self.head(F.relu(x[:, None] + self.w).sum(1))"),
        (f"{ZERO}; nn.init.xavier_uniform_(self.w)", "return self.head(F.relu(x @ self.w))"),
    ],
)
def test_a_right_zero(init: str, forward: str) -> None:
    assert findings_of(MODEL.format(init=init, forward=forward), ("INI201",)) == ()
