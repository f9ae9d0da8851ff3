"""What INI301 advises where one call initializes layers of several activations."""

from __future__ import annotations

import pytest

from tests.support.fixing import findings_of

HEAD = """
import torch
import torch.nn.functional as F
from torch import nn
"""


def message(source: str) -> str:
    (finding,) = findings_of(HEAD + source, ("INI301",))
    return finding.message


def advice(source: str) -> str:
    return message(source).partition("; use ")[2]


WRAPPER = """
class Dense(nn.Module):
    def __init__(self, inputs, outputs, init='linear'):
        super().__init__()
        self.fc = nn.Linear(inputs, outputs)
        nn.init.xavier_uniform_(self.fc.weight, gain=nn.init.calculate_gain(init))
    def forward(self, x):
        return self.fc(x)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = Dense(64, 64), Dense(64, 64), Dense(64, 4)
    def forward(self, x):
        {forward}
"""


def test_a_wrapper_that_is_used_before_relu_and_before_nothing() -> None:
    text = advice(WRAPPER.format(forward="return self.c(self.b(F.relu(self.a(x))))"))
    assert text == (
        "`kaiming_uniform_(..., nonlinearity='relu')` for `a.fc` alone: the call also initializes 1 other layer"
    )


def test_all_layers_but_the_output_need_it() -> None:
    text = advice(WRAPPER.format(forward="return self.c(F.relu(self.b(F.relu(self.a(x)))))"))
    assert text == "`kaiming_uniform_(..., nonlinearity='relu')`"


def test_a_layer_that_is_not_used_needs_nothing() -> None:
    text = advice(WRAPPER.format(forward="return self.c(F.relu(self.a(x)))"))
    assert text == "`kaiming_uniform_(..., nonlinearity='relu')`"


def test_layers_before_relu_and_tanh() -> None:
    text = advice(WRAPPER.format(forward="return self.c(torch.tanh(self.b(F.relu(self.a(x)))))"))
    assert "for `a.fc`" in text
    assert "`xavier_uniform_(..., gain=nn.init.calculate_gain('tanh'))` for `b.fc`" in text


@pytest.mark.parametrize(
    "gate",
    [
        "y, z = self.gate(h).chunk(2, dim=1); h = torch.tanh(y) * torch.sigmoid(z)",
        "h = torch.tanh(self.gate(h)) * self.other(x)",
        "h = torch.tanh(self.gate(h) * self.other(x))",
    ],
)
def test_gates_are_not_given_the_gain_of_tanh(gate: str) -> None:
    source = f"""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(64, 64)
        self.gate = nn.Linear(64, {128 if "chunk" in gate else 64})
        self.other = nn.Linear(64, 64)
        self.last = nn.Linear(64, 4)
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.xavier_uniform_(m.weight)
    def forward(self, x):
        h = F.relu(self.first(x))
        {gate}
        return self.last(h)
"""
    text = advice(source)
    assert "tanh" not in text
    assert text.startswith("`kaiming_uniform_(..., nonlinearity='relu')` for `first` alone: the call also initializes ")
