"""Draws that `copy_` puts into a weight, draws that are scaled in place, and raw queries and keys."""

from __future__ import annotations

import pytest

from tests.support.fixing import findings_of

CONVS = """
import math
import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(16, 64, 3)
        self.second = nn.Conv2d(64, 64, 3)
        self.head = nn.Conv2d(64, 3, 1)
        {init}

    def forward(self, x):
        return torch.tanh(self.head(torch.relu(self.second(torch.relu(self.first(x))))))
"""

LOOP = "for m in (self.first, self.second):\n            m.bias.data.zero_(); {}"


def messages(init: str, code: str) -> list[str]:
    return [finding.message for finding in findings_of(CONVS.format(init=init), (code,))]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ("m.weight.data.copy_(torch.randn_like(m.weight))", "INI401"),
        ("m.weight.data.copy_(torch.randn(m.weight.shape))", "INI401"),
        ("m.weight.detach().copy_(torch.randn(*m.weight.size()))", "INI401"),
        ("m.weight.data.copy_(0.0005 * torch.randn_like(m.weight))", "INI409"),
        ("m.weight.data.copy_(torch.randn_like(m.weight) / 3000)", "INI409"),
        ("nn.init.kaiming_normal_(m.weight); m.weight.data.div_(m.weight[0].numel())", "INI409"),
        ("nn.init.xavier_uniform_(m.weight); m.weight.data.mul_(1e-3)", "INI409"),
        ("nn.init.orthogonal_(m.weight); m.weight.data *= 1 / 576", "INI409"),
        ("m.weight.data.mul_(0.1); m.weight.data.mul_(0.05)", "INI409"),
    ],
)
def test_a_wrong_scale(values: str, code: str) -> None:
    (found,) = messages(LOOP.format(values), code)
    assert "`first`, `second`" in found


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ("m.weight.data.copy_(0.04 * torch.randn_like(m.weight))", "INI401"),
        ("m.weight.data.copy_(0.04 * torch.randn_like(m.weight))", "INI409"),
        ("m.weight.data.copy_(torch.randn(3, 3))", "INI401"),
        ("m.weight.data.copy_(torch.randn_like(m.weight).sign())", "INI401"),
        ("m.weight.data.copy_(torch.randn_like(m.weight)); m.weight.data.div_(24)", "INI401"),
        ("nn.init.kaiming_normal_(m.weight); m.weight.data.mul_(0.5)", "INI409"),
        ("nn.init.normal_(m.weight); m.weight.data.mul_(0.04)", "INI409"),
        ("nn.init.kaiming_normal_(m.weight); m.weight.data.mul_(options.scale)", "INI409"),
        ("nn.init.xavier_uniform_(m.weight); m.weight.data.mul_(1e-3); m.weight.data.add_(options.w)", "INI409"),
    ],
)
def test_a_right_or_unknown_scale(values: str, code: str) -> None:
    assert messages(LOOP.format(values), code) == []


def test_the_scaling_is_named() -> None:
    (found,) = messages(LOOP.format("nn.init.xavier_uniform_(m.weight); m.weight.data.mul_(1e-3)"), "INI409")
    assert "`mul_` after `xavier_uniform_` in `first`, `second`: each of these 2 layers passes on" in found


def test_the_factors_are_those_of_the_hidden_layers() -> None:
    init = "for m in (self.first, self.second, self.head):\n            nn.init.normal_(m.weight)"
    (found,) = messages(init, "INI401")
    assert "draws the weights of `first`, `second`, `head`" in found
    assert "each of the 2 hidden layers multiplies the signal's mean square by 72 to 288" in found


ATTENTION = """
import torch
import torch.nn as nn
import torch.nn.functional as F


class Attention(nn.Module):
    def __init__(self, d=128):
        super().__init__()
        self.wq = nn.Parameter(torch.{draw}(d, d){scaled})
        self.wk = nn.Parameter(torch.{draw}(d, d){scaled})
        self.fc = nn.Linear(d, d)

    def forward(self, x):
        q, k = x @ self.wq, x @ self.wk
        {result}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = Attention()
        self.out = nn.Linear(128, 2)

    def forward(self, x):
        return self.out(self.attention(x))
"""


@pytest.mark.parametrize(
    ("scaled", "result", "number"),
    [
        ("", "return torch.softmax(q @ k.transpose(-2, -1) / 128 ** 0.5, -1) @ self.fc(x)", 1),
        ("", "return F.scaled_dot_product_attention(q, k, self.fc(x))", 1),
        ("", "return F.softmax(torch.matmul(q, k.mT), dim=-1) @ self.fc(x)", 1),
        (" * 0.09", "return torch.softmax(q @ k.transpose(-2, -1), -1) @ self.fc(x)", 0),
        ("", "return F.scaled_dot_product_attention(F.normalize(q, dim=-1), F.normalize(k, dim=-1), self.fc(x))", 0),
        ("", "return F.scaled_dot_product_attention(q * 0.1, k * 0.1, self.fc(x))", 0),
    ],
)
def test_raw_queries_and_keys(scaled: str, result: str, number: int) -> None:
    found = findings_of(ATTENTION.format(draw="randn", scaled=scaled, result=result), ("INI401",))
    assert len({finding.message for finding in found}) == number or len(found) == 2 * number
