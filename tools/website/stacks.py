"""The networks of the theory page: stacks of equal layers, as source text for both initlint and torch."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

WIDTH, DEPTH = 256, 24

_SOURCE = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear({width}, {width}) for _ in range({depth})])
        for layer in self.layers:
            {init}

    def forward(self, x):
        for layer in self.layers:
            x = {step}
        return x
"""

_ZERO_BIAS = "nn.init.zeros_(layer.bias); "
_STEP = "torch.{activation}(layer(x))"

STACKS: Mapping[str, Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "relu": {
            "Kaiming": (_ZERO_BIAS + "nn.init.kaiming_normal_(layer.weight, nonlinearity='relu')", _STEP),
            "Xavier": (_ZERO_BIAS + "nn.init.xavier_normal_(layer.weight)", _STEP),
            "PyTorch default": ("pass", _STEP),
            "normal, std 0.05": (_ZERO_BIAS + "nn.init.normal_(layer.weight, std=0.05)", _STEP),
        },
        "tanh": {
            "Kaiming": (_ZERO_BIAS + "nn.init.kaiming_normal_(layer.weight, nonlinearity='relu')", _STEP),
            "Xavier, gain 5/3": (_ZERO_BIAS + "nn.init.xavier_normal_(layer.weight, gain=5 / 3)", _STEP),
            "Xavier": (_ZERO_BIAS + "nn.init.xavier_normal_(layer.weight)", _STEP),
            "PyTorch default": ("pass", _STEP),
        },
        "residual": {
            "Kaiming": (
                _ZERO_BIAS + "nn.init.kaiming_normal_(layer.weight, nonlinearity='relu')",
                "x + layer(torch.{activation}(x))",
            ),
            "Xavier": (_ZERO_BIAS + "nn.init.xavier_normal_(layer.weight)", "x + layer(torch.{activation}(x))"),
        },
    }
)
"""The init of each layer and one step of `forward`, by plot and curve."""


def source(plot: str, curve: str) -> str:
    """The source of one stack."""
    init, step = STACKS[plot][curve]
    activation = "tanh" if plot == "tanh" else "relu"
    return _SOURCE.format(width=WIDTH, depth=DEPTH, init=init, step=step.format(activation=activation))
