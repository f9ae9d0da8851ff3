"""INI403 for stacks of matrices: the number in the message is that of each matrix, as torch draws it."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest

from tests.support.fixing import findings_of

NET = """
import torch
import torch.nn.functional as F
from torch import nn


class Experts(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.empty{shape})
        {init}

    def forward(self, x, z):
        return {forward}
"""
XAVIER, KAIMING = "nn.init.xavier_normal_(self.w{})", "nn.init.kaiming_normal_(self.w{})"
IN_OUT, OUT_IN = ((-2,), (-1,)), ((-1,), (-2,))
"""The axes of the inputs and of the outputs."""

STACKS = [
    ((8, 64, 128), XAVIER, "torch.matmul(x, self.w)", IN_OUT),
    ((8, 64, 128), KAIMING, "torch.bmm(x, self.w)", IN_OUT),
    ((8, 128, 64), XAVIER, "torch.bmm(x, self.w.transpose(1, 2))", OUT_IN),
    ((8, 128, 64), KAIMING, "x @ self.w.mT", OUT_IN),
    ((8, 128, 64), KAIMING, "torch.matmul(self.w, x)", OUT_IN),
    ((8, 64, 128), KAIMING, "torch.einsum('ebi,eio->ebo', x, self.w)", IN_OUT),
    ((64, 128, 8), KAIMING, "torch.einsum('ebi,ioe->ebo', x, self.w)", ((0,), (1,))),
    ((64, 8, 128), KAIMING, "torch.bmm(x, self.w.permute(1, 0, 2))", ((0,), (2,))),
    ((8, 128, 64), KAIMING, "torch.stack([F.linear(x[i], self.w[i]) for i in range(8)])", OUT_IN),
    ((3, 8, 64, 128), XAVIER, "torch.matmul(x, self.w)", IN_OUT),
    ((3, 8, 128, 64), KAIMING, "torch.matmul(x, self.w.transpose(-1, -2))", OUT_IN),
    ((6, 64, 8, 32), XAVIER, "torch.einsum('ebi,eihd->ebhd', x, self.w)", ((1,), (2, 3))),
    ((6, 8, 32, 64), KAIMING, "torch.einsum('ebhd,ehdo->ebo', x, self.w)", ((1, 2), (3,))),
    ((10, 32, 8, 16), XAVIER, "torch.einsum('bni,cnio->bcno', x, self.w)", ((2,), (0, 3))),
    ((4, 32, 16, 3), KAIMING, "torch.stack([F.conv1d(x, self.w[i]) for i in range(4)])", ((2, 3), (1,))),
    ((2, 3, 8, 64, 128), KAIMING, "torch.matmul(x, self.w)", IN_OUT),
    ((2, 3, 8, 128, 64), XAVIER, "torch.matmul(x, self.w.transpose(3, 4))", OUT_IN),
    ((1, 4, 1, 96, 96), XAVIER, "torch.matmul(x, self.w)", IN_OUT),
]
OF_VIEWS = [
    ((8, 64, 128), KAIMING.format(".transpose(1, 2)"), "torch.matmul(x, self.w)", IN_OUT),
    ((8, 64, 128), XAVIER.format(".permute(1, 2, 0)"), "torch.matmul(x, self.w)", IN_OUT),
    ((8, 64, 128), XAVIER.format(".view(8, -1)"), "torch.matmul(x, self.w)", IN_OUT),
    ((8, 64, 128), KAIMING.format(".flatten(1)"), "torch.matmul(x, self.w)", IN_OUT),
    ((512, 8), KAIMING.format(".unsqueeze(0)"), "x @ self.w", IN_OUT),
    ((3, 8, 64, 128), "for i in range(3): nn.init.xavier_normal_(self.w[i])", "torch.matmul(x, self.w[0])", IN_OUT),
    ((8, 16, 256), "for i in range(8): nn.init.kaiming_normal_(self.w[i])", "torch.matmul(x, self.w)", IN_OUT),
]


def program(shape: tuple[int, ...], init: str, forward: str) -> str:
    return NET.format(shape=shape, init=init.format(""), forward=forward)


@pytest.mark.parametrize(("shape", "init", "forward", "roles"), [*STACKS, *OF_VIEWS])
def test_the_number_holds_for_each_matrix(shape: tuple[int, ...], init: str, forward: str, roles: Any) -> None:
    torch = pytest.importorskip("torch")
    source = program(shape, init, forward)
    (finding,) = findings_of(source, ("INI403",))
    match = re.search(r"the variance is (\S+) times the intended one", finding.message)
    assert match is not None
    torch.manual_seed(0)
    scope: dict[str, Any] = {}
    exec(source, scope)
    summed, kept = (tuple(axis % len(shape) for axis in axes) for axes in roles)
    inputs, outputs = (math.prod(shape[axis] for axis in axes) for axes in (summed, kept))
    others = [axis for axis in range(len(shape)) if axis not in (*summed, *kept)]
    matrices = scope["Experts"]().w.detach().permute(*others, *summed, *kept).reshape(-1, inputs * outputs)
    intended = 2 / inputs if "kaiming" in init else 2 / (inputs + outputs)
    for variance in (matrices.var(1) / intended).tolist():
        assert variance == pytest.approx(float(match[1]), rel=0.15)


@pytest.mark.parametrize(
    ("shape", "init", "forward"),
    [
        ((8, 64, 128), XAVIER.format(".view(-1, 128)"), "torch.matmul(x, self.w)"),
        ((8, 64, 128), XAVIER.format(".view(8 * 64, 128)"), "torch.matmul(x, self.w)"),
        ((8, 128, 64), KAIMING.format(".flatten(0, 1)"), "torch.matmul(x, self.w.mT)"),
        ((8, 128, 64), KAIMING.format(".data.reshape(-1, 64)"), "torch.matmul(x, self.w.mT)"),
        ((1, 64, 512), XAVIER.format(".squeeze(0)"), "torch.matmul(x, self.w)"),
        ((64, 8, 32), XAVIER.format(".view(64, 256)"), "torch.einsum('bi,ihd->bhd', x, self.w)"),
        ((64, 8, 32), XAVIER.format(".flatten(1)"), "torch.einsum('bi,ihd->bhd', x, self.w)"),
        ((8, 64, 128), KAIMING.format(".unfold(0, 2, 2)"), "torch.matmul(x, self.w)"),
    ],
)
def test_a_view_with_the_right_fans(shape: tuple[int, ...], init: str, forward: str) -> None:
    assert findings_of(program(shape, init, forward), ("INI403",)) == ()


@pytest.mark.parametrize(
    ("shape", "init", "forward", "advice"),
    [
        ((8, 64, 128), XAVIER, "torch.matmul(x, self.w)", "initialize each matrix by itself"),
        ((8, 64, 128), KAIMING, "torch.matmul(x, self.w)", "initialize each matrix by itself"),
        (
            (8, 16, 256),
            KAIMING,
            "torch.matmul(x, self.w)",
            "initialize each matrix by itself, with `mode='fan_out'`",
        ),
        ((8, 256, 16), KAIMING, "torch.matmul(x, self.w.mT)", "initialize each matrix by itself"),
        (
            (6, 64, 8, 32),
            XAVIER,
            "torch.einsum('ebi,eihd->ebhd', x, self.w)",
            "initialize each as one matrix of 64 inputs and 256 outputs",
        ),
        (
            (4, 32, 16, 3),
            KAIMING,
            "torch.stack([F.conv1d(x, self.w[i]) for i in range(4)])",
            "initialize each kernel by itself",
        ),
    ],
)
def test_the_advice_gives_the_intended_variance(shape: tuple[int, ...], init: str, forward: str, advice: str) -> None:
    (finding,) = findings_of(program(shape, init, forward), ("INI403",))
    assert finding.message.endswith(f"; {advice}")


@pytest.mark.parametrize(
    ("forward", "count"),
    [
        ("torch.einsum('bki,kij,bkj->bk', x, self.w, z)", 0),
        ("(torch.einsum('bki,kij->bkj', x, self.w) * z).sum(-1)", 0),
        ("x.unsqueeze(2) @ self.w @ z.unsqueeze(-1)", 0),
        ("torch.einsum('be,ebo->bo', torch.softmax(z, -1), torch.einsum('ebi,eio->ebo', x, self.w))", 1),
        ("torch.einsum('ebi,eio->ebo', x, self.w)", 1),
    ],
)
def test_a_bilinear_form_sums_over_both_axes(forward: str, count: int) -> None:
    source = program((8, 64, 64), KAIMING, forward)
    assert len(findings_of(source, ("INI403",))) == count


@pytest.mark.parametrize(("init", "count"), [(KAIMING, 0), (XAVIER, 1)])
def test_only_a_fan_of_both_axes_is_right_for_a_bilinear_form(init: str, count: int) -> None:
    source = program((8, 64, 64), init, "(torch.einsum('bki,kij->bkj', x, self.w) * z).sum(-1)")
    assert len(findings_of(source, ("INI403",))) == count


def test_torch_agrees_on_bilinear_forms() -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    weight = torch.nn.init.kaiming_normal_(torch.empty(8, 64, 64), nonlinearity="linear")
    x, z = torch.randn(500, 8, 64), torch.randn(500, 8, 64)
    assert torch.einsum("bki,kij,bkj->bk", x, weight, z).var().item() == pytest.approx(1.0, rel=0.15)
