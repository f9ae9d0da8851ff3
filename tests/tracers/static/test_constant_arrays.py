"""Arrays and tensors of constants are no data: what adds one to data is a shift, no skip connection."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.project.reading import parse_source
from initlint.tracers.static.project import Project

FILE = Path("/nowhere/net.py")
NET = """
import numpy as np
import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self, other):
        super().__init__()
        self.fc = nn.Linear(8, 9)
        self.other = other
        self.register_buffer("steps", torch.arange(9))

    def forward(self, x, y):
        n = x.size(0)
        return self.fc(x) + {constant}
"""


def between(constant: str) -> tuple[str, ...]:
    source = parse_source(str(FILE), NET.format(constant=constant).encode())
    (model,) = Project([FILE]).graph(source).models
    (consumer,) = model.by_path["fc"].followed_by
    return consumer.between


@pytest.mark.parametrize(
    "constant",
    [
        "torch.from_numpy(np.eye(3).flatten().astype(np.float32)).view(1, 9).repeat(n, 1)",
        "torch.tensor([1.0] * 9, device=x.device)",
        "torch.arange(n).to(x)",
        "torch.sin(torch.arange(9) * 0.5)",
        "torch.as_tensor(np.linspace(0, 1, 9))",
        "(2 * np.ones(9))[None]",
        "torch.tensor(np.array([[1, 2, 3]])).T.float().exp()",
        "self.steps",
    ],
)
def test_a_constant_is_a_shift(constant: str) -> None:
    assert between(constant) == ("shift",)


@pytest.mark.parametrize(
    "value", ["y", "torch.from_numpy(y.numpy())", "torch.tensor(self.other)", "np.asarray(self.other)", "np.exp(y)"]
)
def test_what_may_be_data_is_added(value: str) -> None:
    assert between(value) == ("add",)
