"""INI107 for inits of some layers that a loop lists, of one layer's parameters, of slices, and through helpers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.program_forms import net
from tests.support.reference_projects import findings_in_project

GENERIC = "self.apply(self._init_weights)"
METHOD = """
def _init_weights(self, m):
    if isinstance(m, nn.Linear):
        init.normal_(m.weight, std=0.02)
        init.zeros_(m.bias)
"""
BUILD = """
self.a = nn.Linear(64, 64)
self.gates = nn.ModuleList([nn.Linear(64, 64) for _ in range(3)])
self.head = nn.Linear(64, 80)
"""
FORWARD = "self.head(self.gates[0](self.a(x).tanh()).tanh())"
HEAD = "import torch\nimport torch.nn as nn\nfrom torch.nn import init\n\n"
HELPER = """
def make(layer, std=1.0, bias=0.0):
    init.orthogonal_(layer.weight, std)
    init.constant_(layer.bias, bias)
    return layer


def zero_module(module):
    for p in module.parameters():
        p.detach().zero_()
    return module


"""


def findings(folder: Path, code: str, build: str = BUILD, forward: str = FORWARD, generic: str = GENERIC) -> list[str]:
    text = HEAD + HELPER + net(f"{build.strip()}\n{code}\n{generic}", forward, methods=METHOD)
    return [message for _, _, message in findings_in_project(folder, "INI107", {"net.py": text})]


@pytest.mark.parametrize(
    "code",
    [
        "for g in self.gates:\n    g.bias.data.fill_(-2.0)",
        "for g in self.gates:\n    init.constant_(g.bias, -2.0)",
        "for i in range(3):\n    init.constant_(self.gates[i].bias, -2.0)",
        "for i, g in enumerate(self.gates):\n    init.constant_(g.bias, -2.0)",
        "for layer in (self.a, self.head):\n    init.zeros_(layer.weight)",
        "for layer in [self.a, self.head]:\n    layer.weight.data.mul_(0.1)",
        "for g in self.gates:\n    zero_module(g)",
        "for p in self.head.parameters():\n    init.zeros_(p)",
        "zero_module(self.head)",
        "for name, p in self.head.named_parameters():\n    init.zeros_(p)",
        "make(self.head, 0.01)",
        "make(self.a)\nmake(self.head, 0.01)",
        "init.constant_(self.head.bias[:40], 1.0)",
        "self.head.bias.data[:40].fill_(1)",
    ],
)
def test_chosen_layers(tmp_path: Path, code: str) -> None:
    assert len(findings(tmp_path, code)) == 1


@pytest.mark.parametrize(
    "code",
    [
        "for m in self.modules():\n    if isinstance(m, nn.Linear):\n        init.constant_(m.bias, 0.5)",
        "for p in self.parameters():\n    init.constant_(p, 0.5)",
        "for g in (*self.gates, self.a, self.head):\n    init.constant_(g.bias, 0.5)",
        "for g in self.gates:\n    init.zeros_(g.bias)",
        "for g in self.gates:\n    init.orthogonal_(g.weight)",
        "make(self.a)\nmake(self.head)\nfor g in self.gates:\n    make(g)",
        "self.gates.apply(lambda m: init.constant_(m.bias, 0.5) if isinstance(m, nn.Linear) else None)",
        "self.head.bias.data[:40].fill_(0)",
    ],
)
def test_general_inits(tmp_path: Path, code: str) -> None:
    assert findings(tmp_path, code) == []


@pytest.mark.parametrize(
    "code",
    [
        "for g in self.gates:\n    g.bias.data.fill_(-2.0)",
        "zero_module(self.head)",
        "make(self.head, 0.01)",
        "self.head.bias.data[:40].fill_(1)",
    ],
)
def test_the_general_init_is_first(tmp_path: Path, code: str) -> None:
    assert findings(tmp_path, "", generic=f"{GENERIC}\n{code}") == []


@pytest.mark.parametrize(
    ("body", "call"),
    [
        ("nn.LSTM(64, 64)", "self.body(x)[0]"),
        ("nn.TransformerEncoderLayer(64, 4)", "self.body(x)"),
        ("nn.MultiheadAttention(64, 4)", "self.body(x, x, x)[0]"),
    ],
)
def test_beside_composite_modules(tmp_path: Path, body: str, call: str) -> None:
    build = f"self.body = {body}\nself.head = nn.Linear(64, 80)"
    code, forward = "init.constant_(self.head.bias, -4.6)", f"self.head({call}.tanh())"
    assert len(findings(tmp_path, code, build, forward)) == 1
    assert findings(tmp_path, code, build, forward, generic="self.head.apply(self._init_weights)") == []
    assert findings(tmp_path, GENERIC, build, forward, generic=code) == []


@pytest.mark.parametrize(
    "code",
    [
        "self.body.bias_ih_l0.data[64:128].fill_(1)",
        "init.constant_(self.body.bias_ih_l0[64:128], 1)",
        "for name, b in self.body.named_parameters():\n    if 'bias' in name:\n        b.data[64:128].fill_(1)",
    ],
)
@pytest.mark.parametrize(("bias", "number"), [("zeros_(p)", 1), ("constant_(p, 1.0)", 0)])
def test_forget_gates(tmp_path: Path, code: str, bias: str, number: int) -> None:
    build = "self.body = nn.LSTM(64, 64)\nself.head = nn.Linear(64, 80)"
    loop = f"for name, p in self.named_parameters():\n    if 'bias' in name:\n        init.{bias}"
    forward = "self.head(self.body(x)[0])"
    assert len(findings(tmp_path, code, build, forward, loop)) == number
    assert findings(tmp_path, loop, build, forward, code) == []


def test_a_row_of_an_embedding_is_another_matter(tmp_path: Path) -> None:
    build = "self.emb = nn.Embedding(9, 64)\nself.head = nn.Linear(64, 80)"
    loop = "for p in self.parameters():\n    init.normal_(p, std=0.02)"
    assert findings(tmp_path, "init.ones_(self.emb.weight[0])", build, "self.head(self.emb(x))", loop) == []
