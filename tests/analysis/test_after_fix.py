"""What messages say about the signal after the fix, against torch."""

from __future__ import annotations

import pytest
import torch

from tests.support.rule_models import chain, message


@pytest.mark.parametrize(
    ("op", "depth", "module"),
    [("silu", 8, torch.nn.SiLU()), ("gelu", 8, torch.nn.GELU()), ("mish", 14, torch.nn.Mish())],
)
def test_what_is_left_is_what_torch_measures(op: str, depth: int, module: torch.nn.Module) -> None:
    text = message("INI301", chain(op, depth, "xavier_normal_"))
    stated = float(text.rpartition("which leaves ")[2].split()[0])
    torch.manual_seed(0)
    measured = []
    for _ in range(10):  # wide layers: the statement is about these
        x = torch.randn(64, 512)
        for _ in range(depth):
            weight = torch.nn.init.kaiming_normal_(torch.empty(512, 512), nonlinearity="relu")
            x = module(x @ weight.T)
        measured.append(x.square().mean().item())
    assert stated == pytest.approx(sum(measured) / len(measured), rel=0.2)


@pytest.mark.parametrize("graph", [chain("relu", 8, "xavier_normal_"), chain("silu", 1, "xavier_normal_")], ids=str)
def test_nothing_is_said_where_the_signal_keeps_its_size(graph: object) -> None:
    assert message("INI301", graph).endswith("nonlinearity='relu')`")  # type: ignore[arg-type]


def test_the_fix_of_an_exploding_scale_is_judged_too() -> None:
    assert message("INI404", chain("silu", 8, "normal_", std=1.0)).endswith(
        "; use `kaiming_normal_(..., nonlinearity='relu')`, which leaves 0.041 of the signal's mean square"
    )
