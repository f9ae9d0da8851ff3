"""INI404 where a norm removes the scale behind further layers, and what torch says of the gradients there."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.fixing import findings_of

NET = """
import torch
from torch import nn


class Factorized(nn.Module):
    def __init__(self):
        super().__init__()
        self.reduce = nn.Conv1d(64, 32, 3, padding=1)
        self.expand = nn.Conv1d(32, 64, 1)
        self.again = nn.Conv1d(64, 64, 1)
        self.norm = {norm}
        self.head = nn.Conv1d(64, 4, 1)
        {init}

    def forward(self, x):
        {forward}
"""
LARGE = "nn.init.normal_(self.reduce.weight, 0.0, 0.5)"
LINEAR = "return self.head(self.norm(self.expand(self.reduce(x))).relu())"


def program(forward: str = LINEAR, norm: str = "nn.BatchNorm1d(64)", init: str = LARGE) -> str:
    return NET.format(forward=forward, norm=norm, init=init)


@pytest.mark.parametrize(
    "forward",
    [
        LINEAR,
        "return self.head(self.norm(self.again(self.expand(self.reduce(x)))).relu())",
        "return self.head(self.norm(self.expand(self.reduce(x)).relu()))",
        "return self.head(self.norm(self.expand(self.reduce(x).relu())).relu())",
    ],
)
@pytest.mark.parametrize("norm", ["nn.BatchNorm1d(64, affine=False)", "nn.GroupNorm(4, 64)"])
def test_a_norm_behind_linear_layers_and_relus(forward: str, norm: str) -> None:
    assert findings_of(program(forward, norm), ("INI404",)) == ()
    assert findings_of(program(forward, "nn.Identity()"), ("INI404",)) != ()


def test_all_layers_before_the_norm() -> None:
    init = f"{LARGE}; nn.init.normal_(self.expand.weight, std=1.5)"
    assert findings_of(program(init=init), ("INI404",)) == ()
    found = findings_of(program("return self.head(self.expand(self.reduce(x)).relu())", init=init), ("INI404",))
    assert [finding.layers for finding in found] == [("reduce",), ("expand",)]


@pytest.mark.parametrize(
    "forward",
    [
        "h = self.reduce(x).relu(); return self.head(self.norm(self.expand(h)).relu()), self.again(self.expand(h))",
        "return self.head(self.norm(self.expand(nn.functional.gelu(self.reduce(x)))))",
        "y = self.expand(self.reduce(x))\n        if torch.rand(1) > 0.5: y = self.norm(y)\n        return self.head(y)",
    ],
    ids=["a way around", "GELU", "a norm under a condition"],
)
def test_a_norm_that_does_not_remove_the_scale_everywhere(forward: str) -> None:
    (finding,) = findings_of(program(forward.replace("; ", "\n        ")), ("INI404",))
    assert finding.layers == ("reduce",)


def test_before_a_norm_the_gradients_do_not_grow() -> None:
    """The output does not depend on the scale of the weight. Without the norm, the gradients grow with it."""
    torch = pytest.importorskip("torch")
    relu = LINEAR.replace("self.reduce(x)", "self.reduce(x).relu()")
    for forward in (LINEAR, relu):
        default, large = (gradients(torch, program(forward, init=init)) for init in ("pass", LARGE))
        assert large["reduce"] < default["reduce"] / 5
        assert large["expand"] < 1.3 * default["expand"]
    default, large = (gradients(torch, program(norm="nn.Identity()", init=init)) for init in ("pass", LARGE))
    assert large["reduce"] > 2 * default["reduce"]
    assert large["expand"] > 10 * default["expand"]


def gradients(torch: Any, source: str) -> dict[str, float]:
    """The norm of the gradient of each convolution's weight, for a squared error."""
    torch.manual_seed(0)
    scope: dict[str, Any] = {}
    exec(source, scope)
    net = scope["Factorized"]()
    x, y = torch.randn(16, 64, 12), torch.randn(16, 4, 12)
    (net(x) - y).pow(2).mean().backward()
    return {name: float(getattr(net, name).weight.grad.norm()) for name in ("reduce", "expand")}
