"""What messages say about the signal after the fix, against torch."""

from __future__ import annotations

import math

import pytest
import torch

from tests.support.rule_models import chain, message


@pytest.mark.parametrize(
    ("op", "depth", "module"),
    [("silu", 8, torch.nn.SiLU()), ("gelu", 8, torch.nn.GELU()), ("mish", 14, torch.nn.Mish())],
)
def test_what_is_left_is_what_torch_measures(op: str, depth: int, module: torch.nn.Module) -> None:
    text = message("INI301", chain(op, depth, "xavier_normal_"))
    stated = float(text.rpartition("with that, ")[2].split()[0])
    torch.manual_seed(0)
    draws, width = 2000, 64  # that of the chain: it decides about a third of what SiLU leaves
    x = torch.randn(draws, 8, width)
    for _ in range(depth):
        x = module(torch.bmm(x, torch.randn(draws, width, width) * math.sqrt(2 / width)))
    assert stated == pytest.approx(x.square().mean().item(), rel=0.25)


@pytest.mark.parametrize("graph", [chain("relu", 8, "xavier_normal_"), chain("silu", 1, "xavier_normal_")], ids=str)
def test_nothing_is_said_where_the_signal_keeps_its_size(graph: object) -> None:
    assert message("INI301", graph).endswith("nonlinearity='relu')`")  # type: ignore[arg-type]


def test_the_fix_of_an_exploding_scale_is_judged_too() -> None:
    assert message("INI404", chain("silu", 8, "normal_", std=1.0)).endswith(
        "; use `kaiming_normal_(..., nonlinearity='relu')`; with that, 0.094 of the signal's mean square is left after "
        "the last of them"
    )
