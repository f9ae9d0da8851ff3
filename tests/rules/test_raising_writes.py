"""INI109 and INI114 report statements on parameters exactly if torch raises for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.linter.pipeline import check
from initlint.project.settings import Settings
from tests.support.fixing import findings_of, fixed

HEAD = """import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, flag=None):
        super().__init__()
        self.w = nn.Parameter(torch.empty(8, 8))
        self.fixed = nn.Parameter(torch.empty(8, 8), requires_grad=False)
        self.fc = nn.Linear(8, 8)
        self.norm = nn.utils.parametrizations.weight_norm(nn.Linear(8, 8))
        self.items = nn.ParameterList([nn.Parameter(torch.zeros(8))])
        self.register_buffer("offset", torch.zeros(8))
"""
TAIL = """

    def forward(self, x):
        return self.norm(self.fc(x) @ self.w @ self.fixed)
"""


def program(*statements: str) -> str:
    return HEAD + "\n".join(" " * 8 + line for statement in statements for line in statement.split("\n")) + TAIL


def codes(*statements: str) -> list[str]:
    return [d.code for d in findings_of(program(*statements), ("INI109", "INI114"))]


@pytest.mark.parametrize(
    "statement",
    [
        "self.w[0] = 1",
        "self.w[:, 1:] = torch.ones(8, 7)",
        "self.w[self.w > 0] = 0",
        "self.w *= 0.1",
        "self.w[:2] += 1",
        "torch.set_grad_enabled(True)\nself.w[0] = 1",
        "torch.set_grad_enabled(False)\ntorch.set_grad_enabled(True)\nself.w[0] = 1",
        "before = torch.is_grad_enabled()\ntorch.set_grad_enabled(False)\ntorch.set_grad_enabled(before)\nself.w *= 2",
        "with torch.set_grad_enabled(False):\n    pass\nself.w *= 2",
        "with torch.set_grad_enabled(True):\n    self.w *= 2",
        "with torch.no_grad():\n    with torch.enable_grad():\n        self.w *= 2",
        "with torch.inference_mode(False):\n    self.w *= 2",
        "if torch.rand(1) > 0.5:\n    torch.set_grad_enabled(False)\n    torch.set_grad_enabled(True)\nself.w *= 2",
        "self.w[[0, 2]] *= 2",
        "self.w.mul_(0.1)",
        "self.w.copy_(torch.eye(8))",
        "self.w.masked_fill_(self.w > 1, 0)",
        "self.w[0].normal_()",
        "self.w.view(-1).zero_()",
        "self.w.T.fill_(1)",
        "self.fc.bias[2:4].fill_(1.0)",
        "for p in self.fc.parameters():\n    p *= 2",
        "for m in self.modules():\n    if isinstance(m, nn.Linear):\n        m.bias.clamp_(-1, 1)",
    ],
)
def test_writes_in_place_that_raise(statement: str) -> None:
    assert set(codes(statement)) == {"INI109"}


@pytest.mark.parametrize(
    "statement",
    [
        "with torch.no_grad():\n    self.w[0] = 1",
        "with torch.set_grad_enabled(flag):\n    self.w[0] = 1",
        "torch.set_grad_enabled(False)\nself.w[0] = 1",
        "torch.set_grad_enabled(mode=False)\nself.w *= 2\ntorch.set_grad_enabled(True)",
        "torch.autograd.set_grad_enabled(False)\nself.fc.weight.normal_()",
        "torch.set_grad_enabled(unknown(self))\nself.fc.weight.normal_()",
        "before = torch.is_grad_enabled()\ntorch.set_grad_enabled(False)\nself.w *= 2\ntorch.set_grad_enabled(before)",
        "torch.set_grad_enabled(False)\nbefore = torch.is_grad_enabled()\nwith torch.set_grad_enabled(True):\n"
        "    torch.set_grad_enabled(before)\n    self.w *= 2",
        "if torch.rand(1) > 0.5:\n    torch.set_grad_enabled(False)\nself.w *= 2",
        "with torch.no_grad():\n    with torch.set_grad_enabled(True):\n        pass\n    self.w *= 2",
        "torch.set_grad_enabled(False)\nwith torch.enable_grad():\n    pass\nself.w *= 2",
        "with torch.inference_mode():\n    self.w *= 2",
        "with context():\n    self.w *= 2",
        "try:\n    self.w.mul_(2)\nexcept RuntimeError:\n    pass",
        "self.w.data[0] = 1",
        "self.w.data *= 2",
        "self.w.detach().mul_(2)",
        "self.w[self.w > 0].normal_()",
        "self.fixed[0] = 1",
        "self.fixed *= 2",
        "self.fc.weight.requires_grad_(False)\nself.fc.weight[0] = 1",
        "self.fc.requires_grad_(False)\nself.fc.weight *= 2",
        "self.fc.weight.requires_grad = flag\nself.fc.weight[0] = 1",
        "copy = self.w.clone()\ncopy[0] = 1",
        "scaled = self.w * 2\nscaled *= 2",
        "nn.init.zeros_(self.w[0])",
        "self.offset[0] = 1",
    ],
)
def test_writes_in_place_that_do_not_raise(statement: str) -> None:
    assert codes(statement) == []


@pytest.mark.parametrize(
    "statement",
    [
        "self.fc.weight = torch.randn(8, 8)",
        "self.fc.bias = torch.zeros(8) + 0.1",
        "self.w = torch.eye(8)",
        "setattr(self.fc, 'bias', torch.zeros(8))",
        "self.fc.weight = self.fc.weight * 0.5",
        "self.fc.weight = self.fc.weight.data.mul(0.5)",
        "self.fc.weight = self.w.data",
        "self.fc.weight = self.w @ self.fc.weight",
        "self.fc.weight = torch.tensor([[1.0] * 8] * 8)",
        "self.fc.weight = torch.from_numpy(flag)",
        "self.fc.weight = torch.from_numpy(flag).float()",
        "self.fc.weight = torch.as_tensor([[1.0] * 8] * 8)",
        "self.fc.bias = torch.arange(8)",
        "self.fc.bias = torch.arange(8).float() / 8",
        "self.fc.bias = torch.linspace(-1, 1, 8)",
        "self.fc.bias = torch.linspace(-1, 1, 8) * 2",
        "self.fc.bias = torch.linspace(-1, 1, 8).view(8)",
        "self.fc.bias = torch.exp(torch.ones(8))",
        "self.fc.bias = torch.exp(flag)",
        "self.fc.bias = torch.rand(8).log()",
        "self.fc.bias = torch.ones(8).sqrt().clamp(0, 1)",
        "self.fc.weight = torch.cat([torch.ones(4, 8), torch.zeros(4, 8)])",
        "self.fc.weight = torch.stack([torch.ones(8)] * 8, dim=0)",
        "self.fc.weight = self.w.detach()",
        "self.fc.weight = self.w[:8]",
        "self.fc.weight = self.w.t()",
        "self.fc.weight = self.w.view(8, 8)",
        "self.fc.weight = torch.linalg.qr(torch.randn(8, 8))[0]",
        "q, r = torch.linalg.qr(torch.randn(8, 8))\nself.fc.weight = q",
        "u, s, v = torch.svd(self.w)\nself.fc.weight = u @ v.t()",
        "self.fc.weight = nn.functional.normalize(torch.rand(8, 8), dim=0)",
        "self.fc.weight = nn.functional.one_hot(torch.arange(8)).float()",
        "g = torch.arange(8).float() - 4\ng = torch.exp(-g ** 2 / 2)\ng = g / g.sum()\n"
        "self.fc.weight = torch.outer(g, g).expand(8, 8).contiguous()",
        "g = torch.tensor([1.0, 2.0])\ng /= g.sum()\nself.fc.weight = g[None, :].repeat(8, 4).to('cpu')",
        "g = torch.tensor([1.0, 2.0])\nself.fc.bias = -g.T",
        "self.register_parameter('scale', torch.arange(8).float())",
        "for m in self.modules():\n    if isinstance(m, nn.Linear):\n        m.bias = -m.bias",
        "self.fc.weight = nn.init.orthogonal_(torch.empty(8, 8))",
        "self.register_parameter('scale', torch.ones(8))",
        "for m in self.children():\n    if isinstance(m, nn.LayerNorm) or isinstance(m, nn.Linear):\n"
        "        self.fc.bias = torch.zeros(8)",
    ],
)
def test_tensors_that_raise(statement: str) -> None:
    assert codes(statement) == ["INI114"]


@pytest.mark.parametrize(
    "statement",
    [
        "self.fc.weight = nn.Parameter(torch.randn(8, 8))",
        "self.fc.weight = nn.init.zeros_(self.fc.weight)",
        "self.fc.weight = self.fc.weight.to('cpu')",
        "self.fc.weight = torch.as_tensor(self.w)",
        "self.fc.weight = torch.as_tensor(build())",
        "self.fc.weight = torch.clone(self)",
        "self.fc.weight = flag.clone()",
        "self.fc.weight = build(flag).exp()",
        "self.fc.weight = nn.functional.relu_(self.fixed)",
        "self.fc.weight = nn.functional.dropout(self.w, 0.5, False)",
        "self.fc.weight = self.w.flatten(1)",
        "self.fc.weight = self.w.float()",
        "self.fc.weight = nn.Parameter(torch.exp(self.w))",
        "self.fc.weight = nn.Parameter(torch.tensor([1.0, 2.0]))",
        "w = torch.tensor([1.0])\nw = nn.Parameter(w)\nself.fc.bias = w",
        "self.fc.bias = unknown(torch.tensor([1.0]))",
        "self.fc.bias = torch.arange(8).float() if torch.rand(1) > 0.5 else self.w",
        "self.fc.bias = [nn.Parameter(torch.ones(8))][0]",
        "self.offset = torch.arange(8)",
        "self.other = torch.linspace(0, 1, 8)",
        "other = Plain()\nother.weight = torch.arange(8)",
        "self.fc.weight = self.w.contiguous()",
        "self.fc.weight = self.fc.weight or self.w * 2",
        "self.norm.weight = self.norm.weight * 2",
        "self.fc.bias = None",
        "self.fc.bias = flag",
        "self.offset = torch.ones(8)",
        "self.other = torch.ones(8)",
        "self.items[0] = torch.ones(8)",
        "self.norm.weight = torch.randn(8, 8)",
        "del self.fc.weight\nself.fc.weight = torch.randn(8, 8)",
        "delattr(self.fc, 'weight')\nself.fc.weight = torch.randn(8, 8)",
        "self.fc._parameters.pop('weight')\nself.fc.weight = torch.randn(8, 8)",
        "try:\n    self.fc.bias = torch.zeros(8)\nexcept TypeError:\n    pass",
        "self.register_parameter('scale', None)",
    ],
)
def test_assignments_that_do_not_raise(statement: str) -> None:
    assert codes(statement) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("self.fc.bias = torch.zeros(8)", "self.fc.bias = nn.Parameter(torch.zeros(8))"),
        ("self.fc.bias = (torch.zeros(8))", "self.fc.bias = (nn.Parameter(torch.zeros(8)))"),
        ("self.fc.bias: torch.Tensor = torch.zeros(8)", "self.fc.bias: torch.Tensor = nn.Parameter(torch.zeros(8))"),
        ("setattr(self.fc, 'bias', torch.zeros(8))", "setattr(self.fc, 'bias', nn.Parameter(torch.zeros(8)))"),
        ("self.register_parameter('s', torch.ones(8))", "self.register_parameter('s', nn.Parameter(torch.ones(8)))"),
        ("self.fc.bias = self.b = torch.zeros(8)", "self.fc.bias = self.b = torch.zeros(8)"),
    ],
)
def test_fix(before: str, after: str) -> None:
    assert fixed({"net.py": program(before)}, select=("INI114",)) == {"net.py": program(after)}


SCRIPT = """import torch
from torch import nn
{before}

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)
        self.fc.weight.normal_()

    def forward(self, x):
        return self.fc(x)

{after}"""


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("torch.set_grad_enabled(False)", "", []),
        ("from torch import set_grad_enabled\nset_grad_enabled(False)", "", []),
        ("", "torch.set_grad_enabled(False)", []),
        ("torch.set_grad_enabled(False)", "net = Net()", []),
        ("", "torch.set_grad_enabled(False)\nnet = Net()", []),
        ("", "net = Net()\ntorch.set_grad_enabled(False)", ["INI109"]),
        ("torch.set_grad_enabled(False)\ntorch.set_grad_enabled(True)", "", ["INI109"]),
        ("torch.set_grad_enabled(True)", "net = Net()", ["INI109"]),
        ("", "if __name__ == '__main__':\n    torch.set_grad_enabled(False)\n    net = Net()", []),
        ("", "def evaluate():\n    torch.set_grad_enabled(False)", ["INI109"]),
        ("", "def build():\n    torch.set_grad_enabled(False)\n    return Net()", []),
    ],
)
def test_gradients_disabled_at_module_level(before: str, after: str, expected: list[str]) -> None:
    text = SCRIPT.format(before=before, after=after)
    assert [finding.code for finding in findings_of(text, ("INI109",))] == expected


@pytest.mark.parametrize(
    ("decorator", "expected"),
    [
        ("torch.no_grad()", []),
        ("torch.set_grad_enabled(False)", []),
        ("torch.enable_grad()", ["INI109"]),
    ],
)
def test_gradients_set_by_a_decorator(decorator: str, expected: list[str]) -> None:
    text = SCRIPT.format(before="", after="").replace(
        "self.fc.weight.normal_()",
        f"self.start()\n\n    @{decorator}\n    def start(self):\n        self.fc.weight.normal_()",
    )
    assert [finding.code for finding in findings_of(text, ("INI109",))] == expected


def test_gradients_disabled_by_an_imported_module() -> None:
    files = {
        "layers.py": SCRIPT.format(before="torch.set_grad_enabled(False)", after="").encode(),
        "train.py": b"from layers import Net\nnet = Net()\n",
    }
    assert check([Path(name) for name in files], Settings(select=("INI109",)), files).diagnostics == ()


RECURRENT = """import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.rnn = nn.{layer}
        {statement}

    def forward(self, x):
        return self.rnn(x)[0]
"""


@pytest.mark.parametrize(
    ("layer", "statement"),
    [
        ("LSTM(8, 8)", "self.rnn.all_weights[0][2][8:16].fill_(1)"),
        ("GRU(8, 8, 2)", "for w in self.rnn._flat_weights: w.uniform_(-1, 1)"),
        ("LSTM(8, 8, bias=False)", "self.rnn.all_weights[0][1].zero_()"),
        ("RNN(8, 8, bidirectional=True)", "self.rnn.all_weights[1][3].zero_()"),
        ("LSTM(8, 8, 3)", "for group in self.rnn._all_weights: getattr(self.rnn, group[2]).zero_()"),
        ("LSTM(8, 8)", "[getattr(self.rnn, n).zero_() for n in self.rnn._flat_weights_names if 'bias' in n]"),
    ],
)
def test_lists_of_recurrent_weights(layer: str, statement: str) -> None:
    text = RECURRENT.format(layer=layer, statement=statement)
    assert [finding.code for finding in findings_of(text, ("INI109",))] == ["INI109"]


@pytest.mark.parametrize(
    ("layer", "statement"),
    [
        ("LSTM(8, 8, layers)", "self.rnn.all_weights[1][2].fill_(1)"),
        ("LSTM(8, 8)", "for group in self.rnn.all_weights: nn.init.zeros_(group[2])"),
        ("LSTM(8, 8)", "for w in self.rnn._flat_weights: w.data.zero_()"),
        (
            "LSTM(8, 8, bias=False)",
            "for n in self.rnn._all_weights[0]: n.startswith('bias') and getattr(self.rnn, n).zero_()",
        ),
    ],
)
def test_lists_of_recurrent_weights_that_do_not_raise(layer: str, statement: str) -> None:
    text = RECURRENT.format(layer=layer, statement=statement)
    assert findings_of(text, ("INI109",)) == ()
