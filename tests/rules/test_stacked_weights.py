"""The weights of recurrent layers and of `MultiheadAttention`: INI202, INI203, INI401 and INI402, checked in torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from initlint.linter.pipeline import check
from initlint.project.settings import Settings

HEAD = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.att = nn.MultiheadAttention(16, 2, batch_first=True)
        self.cross = nn.MultiheadAttention(16, 2, kdim=8, vdim=8, batch_first=True)
        self.rnn, self.lstm, self.gru = nn.RNN(16, 16), nn.LSTM(16, 16), nn.GRU(16, 16, num_layers=2)
        self.cell = nn.LSTMCell(16, 16, bias=False)
        self.out = nn.Linear(16, 3)
        {init}

    def forward(self, x):
        return self.out({forward})
"""
SELF = "self.att(x, x, x)[0]"
CROSS = "self.cross(x, x[..., :8], x[..., :8])[0]"
LSTM = "self.lstm(x)[0]"
ALL = "for p in self.{}.parameters(): nn.init.constant_(p, {})"
WEIGHTS = "for n, p in self.{}.named_parameters():\n            if 'weight' in n: nn.init.{}"


def found(init: str, forward: str) -> list[tuple[str, str, str]]:
    source = HEAD.format(init=init, forward=forward).encode()
    result = check([Path("net.py")], Settings(), {"net.py": source})
    assert result.failures == ()
    return [(one.code, one.severity.name.lower(), one.message.removeprefix("in `Net`: ")) for one in result.diagnostics]


QK = "query and key"
STUCK = [
    ("nn.init.zeros_(self.att.in_proj_weight)", SELF, "query and key weights of `att`", {"in_proj_weight"}),
    (
        "nn.init.zeros_(self.att.in_proj_weight); nn.init.zeros_(self.att.out_proj.weight)",
        SELF,
        "query, key, value and output projection weights of `att`",
        {"in_proj_weight", "out_proj.weight"},
    ),
    (
        "nn.init.zeros_(self.cross.q_proj_weight); nn.init.zeros_(self.cross.k_proj_weight)",
        CROSS,
        "query and key weights of `cross`",
        {"q_proj_weight", "k_proj_weight"},
    ),
    (
        "nn.init.zeros_(self.cross.v_proj_weight); nn.init.zeros_(self.cross.out_proj.weight)",
        CROSS,
        "value and output projection weights of `cross`",
        {"v_proj_weight", "out_proj.weight"},
    ),
]
SLICES = [
    (
        "nn.init.zeros_(self.att.in_proj_weight[32:]); nn.init.zeros_(self.att.out_proj.weight)",
        "value and output projection weights of `att`",
        slice(32, 48),
    ),
    ("self.att.in_proj_weight.data[:32].zero_()", "query and key weights of `att`", slice(0, 32)),
    ("self.att.in_proj_weight[:32, :].data.zero_()", "query and key weights of `att`", slice(0, 32)),
    (
        "for w in self.att.in_proj_weight.chunk(3)[:2]: nn.init.zeros_(w)",
        "query and key weights of `att`",
        slice(0, 32),
    ),
]
"""Parts of `in_proj_weight` that are zeroed, with the rows that stay zero."""
LEARNS = [
    ("nn.init.zeros_(self.att.out_proj.weight)", SELF),
    ("nn.init.zeros_(self.cross.v_proj_weight)", CROSS),
    ("nn.init.zeros_(self.cross.q_proj_weight)", CROSS),
    ("nn.init.zeros_(self.att.in_proj_weight[16:])", SELF),
    ("nn.init.zeros_(self.att.in_proj_weight.data[32:])", SELF),
    ("nn.init.zeros_(self.att.in_proj_weight); nn.init.normal_(self.att.in_proj_weight[:16])", SELF),
    ("nn.init.zeros_(self.att.in_proj_weight); nn.init.normal_(self.att.in_proj_bias)", SELF),
    ("nn.init.zeros_(self.cross.v_proj_weight); nn.init.zeros_(self.cross.k_proj_weight)", CROSS),
]


@pytest.mark.parametrize(("init", "parts", "rows"), SLICES)
def test_parts_of_a_packed_projection(init: str, parts: str, rows: slice) -> None:
    ((code, severity, message),) = found(init, SELF)
    assert (code, severity) == ("INI202", "error")
    assert message.startswith(f"the {parts} both start at zero")
    torch = pytest.importorskip("torch")
    assert not trained(torch, init, SELF).att.in_proj_weight[rows].any()


@pytest.mark.parametrize(("init", "forward", "parts", "_names"), STUCK)
def test_stuck_attention(init: str, forward: str, parts: str, _names: set[str]) -> None:
    ((code, severity, message),) = found(init, forward)
    assert (code, severity) == ("INI202", "error")
    assert message.startswith(f"the {parts} {'all' if ',' in parts else 'both'} start at zero, and ")


@pytest.mark.parametrize(("init", "forward"), LEARNS)
def test_attention_that_learns(init: str, forward: str) -> None:
    assert "INI202" not in {code for code, _, _ in found(init, forward)}


@pytest.mark.parametrize(
    ("init", "forward", "names"),
    [*((init, forward, names) for init, forward, _, names in STUCK), *((*case, set[str]()) for case in LEARNS)],
)
def test_torch_agrees(init: str, forward: str, names: set[str]) -> None:
    torch = pytest.importorskip("torch")
    net = trained(torch, init, forward)
    attention = net.att if forward == SELF else net.cross
    parts = dict(attention.named_parameters())
    if "in_proj_weight" in names and "out_proj.weight" not in names:
        assert not parts["in_proj_weight"][:32].any()  # the value learns
        return
    assert {name for name, p in parts.items() if name.endswith("weight") and not p.any()} == names


def trained(torch: Any, init: str, forward: str) -> Any:
    """The model after a few steps."""
    torch.manual_seed(0)
    scope: dict[str, Any] = {}
    exec(HEAD.format(init=init, forward=forward), scope)
    net = scope["Net"]()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.5)
    x, y = torch.randn(6, 5, 16), torch.randn(6, 5, 3)
    for _ in range(8):
        optimizer.zero_grad()
        (net(x) - y).pow(2).mean().backward()
        optimizer.step()
    return net


@pytest.mark.parametrize("type", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("value", [0.0, 0.1, 1.0])
def test_constant_recurrent_weights(type: str, value: float) -> None:
    ((code, severity, message),) = found(ALL.format(type, value), f"self.{type}(x)[0]")
    assert (code, severity) == ("INI203", "warning")
    assert message.startswith(f"the recurrent weights of `{type}` are one constant: all its units start as copies")


def test_a_constant_head_after_constant_recurrent_weights() -> None:
    init = ALL.format("rnn", 0.1) + "\n        nn.init.constant_(self.out.weight, 0.5)"
    assert [(code, severity) for code, severity, _ in found(init, "self.rnn(x)[0]")] == [("INI203", "error")]
    random_bias = WEIGHTS.format("rnn", "constant_(p, 0.1)") + "\n        nn.init.constant_(self.out.weight, 0.5)"
    assert [(code, severity) for code, severity, _ in found(random_bias, "self.rnn(x)[0]")] == [("INI203", "warning")]


@pytest.mark.parametrize(
    "init",
    [
        "nn.init.zeros_(self.lstm.weight_hh_l0)",
        "nn.init.ones_(self.lstm.bias_ih_l0)",
        "nn.init.eye_(self.lstm.weight_hh_l0)",
        "nn.init.constant_(self.lstm.weight_ih_l0, 0.1)",
        WEIGHTS.format("lstm", "orthogonal_(p)"),
        WEIGHTS.format("lstm", "xavier_uniform_(p)"),
        WEIGHTS.format("lstm", "uniform_(p, -0.1, 0.1)"),
        "self.lstm.bias_hh_l0.data[16:32].fill_(1.0)",
        "nn.init.xavier_uniform_(self.att.in_proj_weight)",
    ],
)
def test_usual_init(init: str) -> None:
    assert found(init, LSTM) == []


@pytest.mark.parametrize(("type", "call"), [("lstm", LSTM), ("gru", "self.gru(x)[0]"), ("cell", "self.cell(x)[0]")])
def test_scale_of_recurrent_weights(type: str, call: str) -> None:
    ((code, _, message),) = found(WEIGHTS.format(type, "normal_(p)"), call)
    assert code == "INI401"
    assert f"of `{type}` with a standard deviation of 1, whatever the number of inputs" in message
    assert "use `" not in message
    ((code, _, message),) = found(WEIGHTS.format(type, "uniform_(p)"), call)
    assert code == "INI402"


def test_scale_of_attention_weights() -> None:
    assert [code for code, _, _ in found("nn.init.normal_(self.att.in_proj_weight)", SELF)] == ["INI401"]
    assert [code for code, _, _ in found("nn.init.uniform_(self.cross.q_proj_weight)", CROSS)] == ["INI402"]
