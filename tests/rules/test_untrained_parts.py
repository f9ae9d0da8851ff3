"""Parts that get no gradient: nothing is said about the values of their weights, which are never trained."""

from __future__ import annotations

import pytest

from tests.support.fixing import findings_of

INITS = {
    "INI201": "nn.init.zeros_(m.weight)",
    "INI203": "nn.init.constant_(m.weight, 0.1)",
    "INI301": "nn.init.xavier_uniform_(m.weight)",
    "INI401": "nn.init.normal_(m.weight)",
    "INI402": "nn.init.uniform_(m.weight)",
}


def codes(init: str, use: str, freeze: str = "pass", more: str = "") -> list[str]:
    """What is found in an encoder that is a part of a model."""
    source = f"""
import contextlib
import torch
import torch.nn.functional as F
from torch import nn
class Whole(nn.Module):
    def __init__(self, tuned):
        super().__init__()
        self.tuned = tuned
        self.encoder = Encoder()
        {freeze}
        self.head = nn.Linear(64, 64)
        self.last = nn.Linear(64, 4)
    @torch.no_grad()
    def encode(self, x):
        return self.encoder(x)
    def forward(self, x):
        {use}
        return self.last(F.relu(self.head(z)))
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(64, 64), nn.Linear(64, 64), nn.Linear(64, 64)
        for m in (self.a, self.b):
            {init}
    def forward(self, x):
        return self.c(F.relu(self.b(F.relu(self.a(x)))))
{more}
"""
    return [finding.code for finding in findings_of(source)]


@pytest.mark.parametrize("code", INITS)
@pytest.mark.parametrize(
    ("use", "freeze"),
    [
        ("z = self.encoder(x)", "self.encoder.requires_grad_(False)"),
        ("z = self.encoder(x)", "for p in self.encoder.parameters(): p.requires_grad = False"),
        ("with torch.no_grad(): z = self.encoder(x)", "pass"),
        ("with torch.inference_mode(): z = self.encoder(x)", "pass"),
        ("z = self.encode(x)", "pass"),
    ],
)
def test_silent(code: str, use: str, freeze: str) -> None:
    assert codes(INITS[code], use, freeze) == []


@pytest.mark.parametrize("code", INITS)
@pytest.mark.parametrize(
    "use",
    [
        "z = self.encoder(x)",
        "with torch.enable_grad(): z = self.encoder(x)",
        "with torch.no_grad() if x.sum() > 0 else contextlib.nullcontext(): z = self.encoder(x)",
        "with torch.set_grad_enabled(self.tuned): z = self.encoder(x)",
        "z = self.encode(x) + self.encoder(x + 1)",
    ],
)
def test_reported(code: str, use: str) -> None:
    assert codes(INITS[code], use) == [code]


def test_what_raises_is_reported() -> None:
    raising = "nn.init.xavier_uniform_(m.bias)"
    assert codes(raising, "with torch.no_grad(): z = self.encoder(x)") == ["INI101"]


def test_another_model_that_trains_it() -> None:
    more = """
class Other(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder()
        self.last = nn.Linear(64, 2)
    def forward(self, x):
        return self.last(self.encoder(x))
"""
    assert codes(INITS["INI301"], "with torch.no_grad(): z = self.encoder(x)", more=more) == ["INI301"]


def test_a_model_that_computes_no_gradient_at_all_is_code_for_inference() -> None:
    use = "with torch.no_grad(): z = self.head(self.encoder(x)); return self.last(z)"
    assert codes(INITS["INI301"], use) == ["INI301"]
