from __future__ import annotations

from pathlib import Path

import pytest

from initlint.linter.pipeline import check
from initlint.project.settings import Settings

HEAD = """
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.g = nn.Linear(256, 256), nn.Linear(256, 256), nn.Linear(256, 256)
        self.few, self.norm, self.out = nn.Linear(8, 256, bias=False), nn.LayerNorm(256), nn.Linear(256, 10)
        self.conv = nn.Conv2d(64, 256, 3, bias=False)
        for layer in (self.a, self.b, self.g):
            nn.init.zeros_(layer.bias)
        {init}

    def forward(self, x):
        return {forward}
"""
TINY = "nn.init.normal_(self.{}.weight, std=1e-4)"
VANISHING = [
    (TINY.format("a"), "self.out(F.relu(self.a(x)))"),
    (TINY.format("a"), "self.out(self.b(self.a(x)))"),
    (TINY.format("a"), "self.out(F.gelu(self.a(x)))"),
    (TINY.format("conv"), "self.out(F.silu(self.conv(x)).mean((2, 3)))"),
    ("nn.init.xavier_uniform_(self.a.weight, gain=1 / 256)", "self.out(torch.tanh(self.a(x)))"),
    ("nn.init.uniform_(self.a.weight, -1e-3, 1e-3)", "self.out(F.relu(self.a(x)))"),
    ("self.a.weight.data.normal_(0, 1e-3)", "self.out(F.relu(self.a(x)))"),
    ("nn.init.orthogonal_(self.a.weight, gain=0.01)", "self.out(F.relu(self.a(x)))"),
    ("self.a.weight = nn.Parameter(torch.randn(256, 256) * 1e-4)", "self.out(F.elu(self.a(x)))"),
    (TINY.format("b"), "self.out(F.relu(self.b(F.relu(self.a(x)))))"),
]
SILENT = [
    ("nn.init.xavier_uniform_(self.a.weight)", "self.out(F.relu(self.a(x)))"),
    ("nn.init.normal_(self.a.weight, std=0.02)", "self.out(F.relu(self.a(x)))"),
    (TINY.format("a"), "self.out(self.norm(F.relu(self.a(x))))"),
    (TINY.format("a"), "self.out(F.relu(self.norm(self.a(x))))"),
    (TINY.format("a"), "self.out(x + F.relu(self.a(x)))"),
    (TINY.format("a"), "self.out(x + self.b(F.relu(self.a(x))))"),
    (TINY.format("a"), "self.out(x * torch.sigmoid(self.a(x)))"),
    (TINY.format("a"), "self.out(F.relu(self.b(x)) * F.relu(self.a(x)))"),
    (TINY.format("a"), "self.out(F.relu(self.a(x)) * 1e3)"),
    (TINY.format("out"), "self.out(F.relu(self.a(x)))"),
    (TINY.format("out"), "torch.tanh(self.out(F.relu(self.a(x))))"),
    (TINY.format("few"), "self.out(F.relu(self.few(x)))"),
    ("nn.init.zeros_(self.a.weight)", "self.out(F.relu(self.a(x)))"),
    (TINY.format("a") + "; nn.init.zeros_(self.b.weight)", "self.b(self.a(x))"),
    (TINY.format("a") + "; nn.init.normal_(self.b.weight, std=1e3)", "self.out(F.relu(self.b(F.relu(self.a(x)))))"),
    (TINY.format("a") + "; self.a.reset_parameters()", "self.out(F.relu(self.a(x)))"),
    (TINY.format("a") + "; nn.init.uniform_(self.a.bias)", "self.out(F.relu(self.a(x)))"),
]


def messages(init: str, forward: str) -> list[str]:
    source = HEAD.format(init=init, forward=forward).encode()
    result = check([Path("net.py")], Settings(select=("INI409",)), {"net.py": source})
    assert result.failures == ()
    return [found.message.removeprefix("in `Net`: ") for found in result.diagnostics]


@pytest.mark.parametrize(("init", "forward"), VANISHING)
def test_vanishing(init: str, forward: str) -> None:
    assert len(messages(init, forward)) == 1


@pytest.mark.parametrize(("init", "forward"), SILENT)
def test_silent(init: str, forward: str) -> None:
    assert messages(init, forward) == []


def test_the_message() -> None:
    assert messages("nn.init.xavier_normal_(self.a.weight, gain=1 / 256)", "self.out(F.relu(self.a(x)))") == [
        "`xavier_normal_` with a gain of 0.0039 in `a`: the layer passes on 7.6e-06 of the signal's mean square; "
        "use `kaiming_normal_(..., nonlinearity='relu')`"
    ]


def test_the_default_bias_counts() -> None:
    """It draws U(-1 / 8, 1 / 8) for 64 inputs: 0.0052, half of which passes a ReLU."""
    source = """
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(64, 64{}), nn.ReLU(), nn.Linear(64, 3))
        nn.init.normal_(self.net[0].weight, std=1e-4)

    def forward(self, x):
        return self.net(x)
"""
    for bias, count in (("", 0), (", bias=False", 1)):
        text = source.format(bias).encode()
        assert len(check([Path("n.py")], Settings(select=("INI409",)), {"n.py": text}).diagnostics) == count


@pytest.mark.parametrize(("init", "forward"), VANISHING)
def test_torch_agrees(init: str, forward: str) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    names: dict[str, object] = {}
    exec(HEAD.format(init=init, forward=forward), names)
    net = names["Net"]()  # type: ignore[operator]
    inner = forward.removeprefix("self.out(").removesuffix(")")
    x = torch.randn(4, 64, 8, 8) if "conv" in forward else torch.randn(256, 256)
    scope = {**names, "self": net, "x": x}
    before = torch.relu(net.a(x)) if "self.b(F.relu" in forward else x
    after = eval(inner.removesuffix(".mean((2, 3))").replace("self.b(self.a(x))", "self.a(x)"), scope)
    assert after.pow(2).mean() < 1e-3 * before.pow(2).mean()


@pytest.mark.parametrize("init", ["nn.init.orthogonal_(self.w)", "nn.init.normal_(self.w, std=1e-3)"])
@pytest.mark.parametrize(
    ("sizes", "forward", "advice"),
    [
        ("8, 64, 1024", "torch.bmm(F.relu(torch.bmm(x, self.w)), self.v)", False),
        ("8, 64, 1024", "torch.einsum('ebh,ehd->ebd', F.relu(torch.einsum('ebd,edh->ebh', x, self.w)), self.v)", False),
        ("256, 128", "self.out(F.relu(F.linear(x, self.w)))", True),
    ],
)
def test_a_call_that_takes_stacked_matrices_for_one_is_not_advised(
    init: str, sizes: str, forward: str, advice: bool
) -> None:
    weights = (
        f"self.w, self.v = nn.Parameter(torch.empty({sizes})), nn.Parameter(torch.randn(8, 1024, 64) * 0.1)\n        "
    )
    code = HEAD.format(init=weights + init.replace("1e-3", "1e-4"), forward=forward)
    found = [
        d for d in check([Path("net.py")], Settings(), {"net.py": code.encode()}).diagnostics if d.code == "INI409"
    ]
    if advice and "orthogonal" in init:
        assert found == []  # of one matrix it keeps the scale
        return
    assert [("kaiming" in d.message, d.fix is not None) for d in found] == [(advice, advice)]


POLICY = """
from torch import nn


class Policy(nn.Module):
    def __init__(self, moves=6):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(64, 128), nn.Tanh(), nn.Linear(128, 128), nn.ReLU())
        self.pi = nn.Sequential(nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, moves))
        for layer in {looped}:
            if isinstance(layer, nn.Linear):
                nn.init.{call}
                nn.init.zeros_(layer.bias)

    def forward(self, x):
        return {returned}
"""
SMALL = "orthogonal_(layer.weight, gain=0.01)"


@pytest.mark.parametrize(
    ("looped", "call", "returned", "advice", "has_fix"),
    [
        ("self.pi", SMALL, "self.pi(self.trunk(x))", " for `pi.0`, and keep this call for `pi.2`", False),
        ("self.pi", SMALL, "self.pi(self.trunk(x)).softmax(-1)", " for `pi.0`, and keep this call for `pi.2`", False),
        ("self.pi", "normal_(layer.weight, std=1e-3)", "self.pi(self.trunk(x))", " for `pi.0`, and keep", False),
        ("self.pi[:1]", SMALL, "self.pi(self.trunk(x))", "", True),
        ("self.pi[2:]", SMALL, "self.pi(self.trunk(x))", None, False),
    ],
)
def test_a_call_that_also_sets_an_output_layer(
    looped: str, call: str, returned: str, advice: str | None, has_fix: bool
) -> None:
    source = POLICY.format(looped=looped, call=call, returned=returned).encode()
    found = check([Path("net.py")], Settings(select=("INI409",)), {"net.py": source}).diagnostics
    assert len(found) == (advice is not None)
    for diagnostic in found:
        assert "; use `" in diagnostic.message
        assert f"`{advice}" in diagnostic.message
        assert (diagnostic.fix is not None) is has_fix
