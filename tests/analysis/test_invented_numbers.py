"""Messages count the layers of a model only where the code says how many there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.linter.pipeline import check
from initlint.project.settings import Settings

DEEP = """
from torch import nn


class Deep(nn.Module):
    def __init__(self, widths, depth=5):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(64, 64) for _ in {items}])
        self.out = nn.Linear(64, 4)
        for layer in self.layers:
            nn.init.{call}

    def forward(self, x):
        for layer in self.layers:
            x = layer(x).relu()
        return self.out(x)
"""


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("INI301", "xavier_uniform_(layer.weight)"),
        ("INI304", "kaiming_normal_(layer.weight, nonlinearity='tanh')"),
        ("INI401", "normal_(layer.weight)"),
        ("INI404", "normal_(layer.weight, std=2.0)"),
        ("INI409", "normal_(layer.weight, std=1e-4); nn.init.zeros_(layer.bias)"),
    ],
)
@pytest.mark.parametrize(("items", "is_known"), [("range(depth)", True), ("widths", False), ("zip(widths)", False)])
def test_the_number_of_layers(code: str, call: str, items: str, is_known: bool) -> None:
    text = DEEP.format(items=items, call=call)
    found = check([Path("net.py")], Settings(select=(code,)), {"net.py": text.encode()}).diagnostics
    assert found or not is_known
    for diagnostic in found:
        numbers = [f" {number} " in diagnostic.message for number in ("these 5", "2 more", "these 2")]
        assert any(numbers) is is_known, diagnostic.message
