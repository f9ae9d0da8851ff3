"""What INI301 advises where one call initializes layers of several activations."""

from __future__ import annotations

import pytest

from initlint.diagnostics import Applicability
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


ENDS = {
    "returned": "return self.mean(x), self.spread(x)",
    "a distribution": "return torch.distributions.Normal(self.mean(x), self.spread(x).exp())",
    "a clamp": "return self.mean(x), self.spread(x).clamp(-20, 2).exp()",
    "a sample": "return torch.distributions.Categorical(logits=self.mean(x)).sample(), self.spread(x).argmax(-1)",
    "losses": "return F.cross_entropy(self.mean(x), y) + F.mse_loss(self.spread(x), y)",
    "a gather": "return F.log_softmax(self.mean(x), -1).gather(1, y), self.spread(x).topk(2)",
    "a loss after softmax": "return F.nll_loss(F.log_softmax(self.mean(x), -1), y), self.spread(x).abs()",
    "data": "return self.mean(x) @ y, torch.where(y > 0, self.spread(x), y)",
}
TRUNK = """
class Actor(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two, self.three = nn.Linear(64, 64), nn.Linear(64, 64), nn.Linear(64, 64)
        self.mean, self.spread = nn.Linear(64, 4), nn.Linear(64, 4)
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.xavier_uniform_(m.weight)
                nn.init.zeros_(m.bias)
    def forward(self, x, y):
        x = F.relu(self.two(F.relu(self.one(x))))
        {rest}
"""


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_output_layers_are_not_counted(end: str) -> None:
    text = advice(TRUNK.format(rest=f"x = torch.sigmoid(self.three(x)); {end}"))
    assert text.endswith("for `one`, `two` alone: the call also initializes 1 other layer")


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_the_fix_is_safe_beside_output_layers(end: str) -> None:
    (finding,) = findings_of(HEAD + TRUNK.format(rest=f"x = F.relu(self.three(x)); {end}"), ("INI301",))
    assert "alone" not in finding.message
    assert finding.fix is not None
    assert finding.fix.applicability is Applicability.SAFE


@pytest.mark.parametrize(
    ("end", "others"),
    [
        ("return self.three(torch.exp(self.mean(x))), self.spread(x)", "1 other layer"),
        ("return self.three(torch.bmm(self.mean(x), self.spread(x)))", "2 other layers"),
        ("return self.three(self.mean(x).abs()), self.three(self.spread(x).clamp(0, 1))", "2 other layers"),
    ],
)
def test_layers_before_others_are_counted(end: str, others: str) -> None:
    assert advice(TRUNK.format(rest=end)).endswith(f"for `one`, `two` alone: the call also initializes {others}")


def test_what_an_unknown_function_gets_is_not_counted_and_makes_the_fix_unsafe() -> None:
    (finding,) = findings_of(HEAD + TRUNK.format(rest="return decode(self.mean(x)), self.spread(x)"), ("INI301",))
    assert "alone" not in finding.message
    assert finding.fix is not None
    assert finding.fix.applicability is Applicability.UNSAFE
