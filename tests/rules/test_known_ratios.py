"""Layers of unknown sizes whose number of outputs for each input the source fixes."""

from __future__ import annotations

import pytest

from tests.support.fixing import findings_of

CONDITION = "as many outputs as inputs"


def messages(layer: str, before: str = "pass") -> list[str]:
    """What INI301 says of a layer that Xavier initializes before a ReLU, if `h`, `w` and `cfg` are unknown."""
    source = f"""
import torch
from torch import nn
class Net(nn.Module):
    def __init__(self, h, w, cfg):
        super().__init__()
        self.cfg = cfg
        self.wide = 2 * h
        {before}
        self.hidden = {layer}
        self.last = nn.LazyLinear(4)
        nn.init.xavier_uniform_(self.hidden.weight)
    def forward(self, x):
        return self.last(torch.relu(self.hidden(x)))
"""
    return [finding.message for finding in findings_of(source, ("INI301",))]


@pytest.mark.parametrize(
    ("layer", "factor"),
    [
        ("nn.Linear(h, 2 * h)", "0.33"),
        ("nn.Linear(h, h * 3)", "0.25"),
        ("nn.Linear(out_features=h + h, in_features=h)", "0.33"),
        ("nn.Linear(h, h)", "0.50"),
        ("nn.Linear(2 * h, h)", "0.67"),
        ("nn.Linear(h, h // 2)", "0.67"),
        ("nn.Linear(h, int(h * 0.5))", "0.67"),
        ("nn.Linear(h * w // 4, h * w)", "0.20"),
        ("nn.Linear(h + w, 2 * (w + h))", "0.33"),
        ("nn.Linear(self.wide, self.wide * 2)", "0.33"),
        ("nn.Linear(h, self.wide)", "0.33"),
        ("nn.Linear(cfg.dim, cfg.dim * 4)", "0.20"),
        ("nn.Linear(self.cfg['dim'], cfg['dim'] * 4)", "0.20"),
        ("nn.Conv2d(h, 2 * h, 3)", "0.33"),
        ("nn.Conv1d(4, 8, w)", "0.33"),
    ],
)
def test_the_number_is_that_of_the_ratio(layer: str, factor: str) -> None:
    (text,) = messages(layer)
    assert f"the layer passes on {factor} of the signal's mean square" in text
    assert CONDITION not in text


@pytest.mark.parametrize(
    "layer",
    [
        "nn.Linear(h, w)",
        "nn.Linear(h, h + w)",
        "nn.Linear(h, h + 1)",
        "nn.Linear(h + w, h - w)",
        "nn.Linear(cfg.a, cfg.b)",
        "nn.Linear(64, h)",
        "nn.Conv2d(h, 2 * h, 3, groups=w)",
        "nn.Conv2d(h, 2 * h, 3, groups=h)",
        "nn.Linear(h if w else 3, 2 * h)",
        "nn.Linear(h, cfg(h) * 2)",
        "nn.Linear(h, h * h)",
    ],
)
def test_no_ratio(layer: str) -> None:
    (text,) = messages(layer)
    assert f"passes on 0.50 of the signal's mean square if it has {CONDITION}" in text


def test_a_ratio_at_which_xavier_is_right() -> None:
    assert messages("nn.Linear(16 * h, h)") == []
    assert messages("nn.Linear(h, h)") != []


def test_a_size_that_a_branch_sets() -> None:
    (text,) = messages("nn.Linear(h, d)", "d = 2 * h if cfg.wide else w")
    assert CONDITION in text


def test_several_layers_in_a_row() -> None:
    source = """
import torch
from torch import nn
class Net(nn.Module):
    def __init__(self, inputs, hidden):
        super().__init__()
        self.one = nn.Linear(inputs, hidden)
        self.two = nn.Linear(hidden, 2 * hidden)
        self.three = nn.Linear(2 * hidden, 2 * hidden)
        self.last = nn.Linear(2 * hidden, 1)
        for layer in (self.two, self.three):
            nn.init.xavier_normal_(layer.weight)
    def forward(self, x):
        x = torch.relu(self.one(x))
        return self.last(torch.relu(self.three(torch.relu(self.two(x)))))
"""
    (finding,) = findings_of(source, ("INI301",))
    assert "each of these 2 layers passes on 0.33 to 0.50 of the signal's mean square; 0.17 of it is left" in (
        finding.message
    )
    assert CONDITION not in finding.message


def test_the_gradient() -> None:
    (text,) = messages("nn.Linear(2 * h, h)")
    assert "the layer passes back 0.33 of the gradient's mean square" in text
    (text,) = messages("nn.Conv2d(2 * h, h, 3, stride=w)")
    assert "passes on 0.67" in text
    assert "passes back" not in text


@pytest.mark.parametrize(("size", "number"), [("width", 0), ("4096", 1)])
def test_the_part_of_default_biases_is_not_known_from_a_ratio(size: str, number: int) -> None:
    source = f"""
import torch
from torch import nn
class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.layers = nn.Sequential(*[m for _ in range(12) for m in (nn.Linear({size}, {size}), nn.ReLU())])
        self.last = nn.Linear({size}, 1)
    def forward(self, x):
        return self.last(self.layers(x))
"""
    assert len(findings_of(source, ("INI306",))) == number
