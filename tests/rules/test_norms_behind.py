"""Xavier before ReLU where a norm further on removes the scale of the layer."""

from __future__ import annotations

import pytest

from tests.support.fixing import findings_of


def layers_found(*modules: str, forward: str = "self.net(x)") -> list[str]:
    """The layers that INI301 names in a Sequential whose convolutions and linear layers Xavier initializes."""
    source = f"""
import torch
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential({", ".join(modules)})
        self.apply(self.init)
    def init(self, m):
        if isinstance(m, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(m.weight)
            nn.init.zeros_(m.bias)
    def forward(self, x):
        return {forward}
"""
    return [path for finding in findings_of(source, ("INI301",)) for path in finding.layers]


CONV, RELU, LAST = "nn.Conv2d(8, 8, 3)", "nn.ReLU()", "nn.Conv2d(8, 1, 1)"


@pytest.mark.parametrize("norm", ["nn.BatchNorm2d(8)", "nn.GroupNorm(2, 8)", "nn.LayerNorm((8, 4, 4))"])
def test_a_norm_behind_the_next_layer(norm: str) -> None:
    assert layers_found(CONV, RELU, CONV, norm, RELU, LAST) == []
    assert layers_found(CONV, RELU, CONV, RELU, norm, LAST) == []
    assert layers_found(CONV, RELU, CONV, RELU, LAST) == ["net.0", "net.2"]


def test_a_norm_that_comes_before() -> None:
    assert layers_found(CONV, "nn.BatchNorm2d(8)", RELU, CONV, RELU, LAST) == ["net.3"]
    assert layers_found("nn.BatchNorm2d(8)", CONV, RELU, LAST) == ["net.1"]


@pytest.mark.parametrize(("activation", "found"), [("nn.LeakyReLU(0.1)", []), ("nn.GELU()", ["net.0"])])
def test_only_piecewise_linear_activations_keep_the_scale_apart(activation: str, found: list[str]) -> None:
    assert layers_found(CONV, activation, CONV, "nn.BatchNorm2d(8)", RELU, LAST) == found


def test_a_second_way_around_the_norm() -> None:
    source = (CONV, RELU, CONV, "nn.BatchNorm2d(8)", LAST)
    forward = "(self.net[3](self.net[2](torch.relu(self.net[0](x)))), self.net[4](torch.relu(self.net[0](x))))"
    assert layers_found(*source, forward=forward) == ["net.0"]


@pytest.mark.parametrize(
    "forward",
    [
        "self.net[3](wrapped(self.net[2](torch.relu(self.net[0](x)))))",
        "self.net[2](torch.relu(self.net[0](x)))",
    ],
)
def test_no_norm_that_removes_the_scale_for_certain(forward: str) -> None:
    found = layers_found(CONV, RELU, CONV, "nn.BatchNorm2d(8)", LAST, forward=f"self.net[4]({forward})")
    assert found == ["net.0"]


def test_a_norm_that_does_not_remove_the_scale() -> None:
    assert layers_found(CONV, RELU, CONV, "nn.LocalResponseNorm(2)", LAST) == ["net.0"]


def test_after_too_many_layers_the_norm_is_too_late() -> None:
    assert layers_found(*(CONV, RELU) * 4, "nn.BatchNorm2d(8)", LAST) == []
    found = layers_found(*(CONV, RELU) * 9, "nn.BatchNorm2d(8)", LAST)
    assert found == [f"net.{2 * at}" for at in range(8)]
