"""INI103 reports uses of parameters that are missing, and what it reports raises in torch."""

from __future__ import annotations

import pytest

from tests.support.fixing import findings_of, fixed

HEAD = """import torch
from torch import nn


class LinearBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)

    def forward(self, x):
        return self.fc(x).relu()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, bias=False)
        self.bn = nn.BatchNorm2d(8, affine=False)
        self.ln = nn.LayerNorm(8, elementwise_affine=False)
        self.fc = nn.Linear(8, 8)
        self.one = nn.Linear(8, 1)
        self.lstm = nn.LSTM(8, 8)
        self.emb = nn.Embedding(4, 8)
        self.attention = nn.MultiheadAttention(8, 2, bias=False)
        self.mixed = nn.MultiheadAttention(8, 2, kdim=4, vdim=4)
        self.gru = nn.GRU(8, 8, bias=False)
        self.cell = nn.GRUCell(8, 8, bias=False)
        self.block = LinearBlock()
        self.lazy = nn.LazyLinear(3)
"""
TAIL = """

    def forward(self, x):
        return self.block(self.fc(x))


net = Net()
"""


def program(statement: str) -> str:
    return HEAD + "".join(f"        {line}\n" for line in statement.split("\n")) + TAIL


def messages(statement: str) -> list[str]:
    return [d.message.removeprefix("in `Net`: ") for d in findings_of(program(statement), ("INI103",))]


@pytest.mark.parametrize(
    ("statement", "start", "end"),
    [
        ("self.conv.bias.data.zero_()", "`self.conv.bias.data` raises AttributeError", "no bias (`bias=False`)"),
        ("self.conv.bias.fill_(0)", "`self.conv.bias.fill_` raises AttributeError", "no bias (`bias=False`)"),
        ("nn.init.zeros_(self.conv.bias.data)", "`self.conv.bias.data` raises", "no bias (`bias=False`)"),
        ("nn.init.zeros_(self.conv.bias)", "`zeros_` raises AttributeError", "no bias (`bias=False`)"),
        ("nn.init.ones_(self.bn.weight)", "`ones_` raises", "BatchNorm2d has no weight (`affine=False`)"),
        ("self.bn.weight.data.fill_(1)", "`self.bn.weight.data` raises", "has no weight (`affine=False`)"),
        ("self.ln.weight.data.normal_()", "`self.ln.weight.data` ", "no weight (`elementwise_affine=False`)"),
        ("self.bn.bias.data = torch.zeros(8)", "`self.bn.bias.data` ", "(`affine=False` or `bias=False`)"),
        ("self.conv.bias[0] = 1", "`self.conv.bias[0]` raises TypeError", "(`bias=False`)"),
        ("self.conv.bias *= 0.1", "`self.conv.bias *= 0.1` raises TypeError", "(`bias=False`)"),
        ("b = self.conv.bias\nb.data.zero_()", "`b.data` raises", "(`bias=False`)"),
        ("getattr(self.conv, 'bias').data.zero_()", "`getattr(self.conv, 'bias').data` ", "(`bias=False`)"),
        ("for m in self.modules():\n    if isinstance(m, nn.Conv2d):\n        m.bias.data.zero_()", "`m.bias.data` ",
         "(`bias=False`)"),
        ("self.emb.bias.data.zero_()", "`self.emb.bias` raises AttributeError", "Embedding has no bias"),
        ("self.lstm.weight.data.normal_()", "`self.lstm.weight` raises AttributeError", "LSTM has no weight"),
        ("nn.init.orthogonal_(self.lstm.weight_hh)", "`self.lstm.weight_hh` raises AttributeError", "LSTM has no weight_hh"),
        ("for m in self.modules():\n    if type(m).__name__.startswith('Linear'):\n        m.weight.data.normal_()",
         "`m.weight` raises AttributeError: LinearBlock", "as `isinstance(m, nn.Linear)`"),
        ("for m in self.children():\n    if m.__class__.__name__.find('Block') >= 0:\n        nn.init.ones_(m.weight)",
         "`m.weight` raises AttributeError: LinearBlock", "as `isinstance(m, nn.Linear)`"),
        ("self.attention.in_proj_bias.data.zero_()", "`self.attention.in_proj_bias.data` raises", "is None"),
        ("nn.init.xavier_uniform_(self.mixed.in_proj_weight)", "`xavier_uniform_` raises", "MultiheadAttention is None"),
        ("nn.init.zeros_(self.gru.bias_ih_l0)", "`self.gru.bias_ih_l0` raises AttributeError", "GRU has no bias_ih_l0"),
        ("self.cell.bias_hh.data.fill_(1)", "`self.cell.bias_hh.data` raises", "GRUCell is None"),
        ("if self.fc.bias:\n    pass", "the truth value of the `bias` of Linear", "use `is not None`"),
        ("while not self.fc.weight:\n    break", "the truth value of the `weight` of Linear", "use `is not None`"),
        ("nn.init.xavier_uniform_(self.lazy.weight)", "`xavier_uniform_` raises ValueError", "the first forward; initialize after it"),
        ("nn.init.zeros_(self.lazy.bias)", "`zeros_` raises ValueError", "the first forward; initialize after it"),
    ],
)  # fmt: skip
def test_raises(statement: str, start: str, end: str) -> None:
    found = messages(statement)
    assert len(found) == 1
    assert found[0].startswith(start)
    assert found[0].endswith(end)
    torch = pytest.importorskip("torch")
    assert torch
    with pytest.raises((AttributeError, TypeError, RuntimeError, ValueError)):
        exec(compile(program(statement), "net.py", "exec"), {})


@pytest.mark.parametrize(
    "statement",
    [
        "if self.conv.bias is not None:\n    self.conv.bias.data.zero_()",
        "if getattr(self.conv, 'bias', None) is not None:\n    self.conv.bias.data.zero_()",
        "if hasattr(self.conv.bias, 'data'):\n    self.conv.bias.data.zero_()",
        "data = getattr(self.conv.bias, 'data', None)\nif data is not None:\n    data.zero_()",
        "try:\n    self.conv.bias.data.zero_()\nexcept AttributeError:\n    pass",
        "for m in self.modules():\n    try:\n        m.weight\n    except AttributeError:\n        continue\n"
        "    if m.weight is not None:\n        m.weight.data",
        "other = LinearBlock()\nfor name, m in [('fc', self.fc), ('conv', self.conv)]:\n    try:\n"
        "        mine = getattr(other, name)\n    except AttributeError:\n        continue\n    m.bias.data.zero_()",
        "import contextlib\nwith contextlib.suppress(AttributeError):\n    self.conv.bias.data.zero_()",
        "self.conv.bias = nn.Parameter(torch.ones(8))\nself.conv.bias.data.zero_()",
        "for m in self.modules():\n    if hasattr(m, 'weight') and m.weight is not None and isinstance(m, nn.Linear)"
        " and m is not self.lazy:\n        m.weight.data.normal_()",
        "if self.lstm.bias:\n    self.lstm.bias_hh_l0.data.zero_()",
        "self.block.weight = nn.Parameter(torch.ones(8))\nself.block.weight.data.normal_()",
        "if self.one.bias:\n    pass",
        "self.lstm.bias_ih_l0.data.zero_()\nself.attention.in_proj_weight.data.normal_()",
        "nn.init.xavier_uniform_(self.mixed.k_proj_weight)\nnn.init.zeros_(self.mixed.in_proj_bias)",
        "self.lazy(torch.zeros(2, 8))\nnn.init.xavier_uniform_(self.lazy.weight)",
        "if not hasattr(self.block, 'weight'):\n    self.block.register_parameter('weight', None)",
    ],
)
def test_silent(statement: str) -> None:
    assert messages(statement) == []
    pytest.importorskip("torch")
    exec(compile(program(statement), "net.py", "exec"), {})


@pytest.mark.parametrize(
    "body",
    [
        "setattr(self, 'weight', nn.Parameter(torch.ones(8)))",
        "self.weight = self.fc.weight",
        "for name in ('weight', 'bias'):\n            setattr(self, name, None)",
    ],
)
def test_silent_where_a_class_may_set_it(body: str) -> None:
    source = program("self.block.weight.data.normal_()").replace(
        "        self.fc = nn.Linear(8, 8)\n\n", f"        self.fc = nn.Linear(8, 8)\n        {body}\n\n", 1
    )
    assert [d.message for d in findings_of(source, ("INI103",)) if "has no" in d.message] == []


def test_truth_of_a_bias_in_a_function_that_is_not_called() -> None:
    source = """from torch import nn


def init_all(net):
    for m in net.modules():
        if isinstance(m, (nn.Conv1d, nn.Linear)):
            nn.init.normal_(m.weight, std=0.02)
            if m.bias:
                nn.init.zeros_(m.bias)
"""
    (finding,) = findings_of(source, ("INI103",))
    assert finding.span.row == 8
    assert "would raise RuntimeError if it has several elements" in finding.message
    (finding,) = findings_of(f"{source}\n\nnet = nn.Sequential(nn.Linear(4, 4))\ninit_all(net)\n", ("INI103",))
    assert "raises RuntimeError: it has several elements" in finding.message


MODULE_INITS = """from torch import nn
from fvcore.nn import weight_init
from mmengine.model import kaiming_init


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)
        {call}

    def forward(self, x):
        return self.fc(x)
"""


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("weight_init.c2_xavier_fill(self.fc.weight)", 1),
        ("kaiming_init(self.fc.weight)", 1),
        ("weight_init.c2_xavier_fill(self.fc)", 0),
        ("kaiming_init(self.fc, bias=0.1)", 0),
    ],
)
def test_functions_of_libraries_that_take_a_module(call: str, expected: int) -> None:
    found = findings_of(MODULE_INITS.format(call=call), ("INI103",))
    assert ["` initializes nothing: it takes a module" in d.message for d in found] == [True] * expected


def test_fixes() -> None:
    before = "self.conv.bias.data.zero_()\nself.conv.bias[0] = 1\nnn.init.zeros_(self.fc)\nnn.init.normal_(self.fc)"
    after = (
        "if self.conv.bias is not None:\n    self.conv.bias.data.zero_()\n"
        "if self.conv.bias is not None:\n    self.conv.bias[0] = 1\n"
        "nn.init.zeros_(self.fc.weight)\nnn.init.normal_(self.fc.weight)"
    )
    files = {"net.py": program(before)}
    safe = before.replace("normal_(self.fc)", "normal_(self.fc.weight)")
    assert fixed(files, select=("INI103",)) == {"net.py": program(safe)}
    assert fixed(files, select=("INI103",), unsafe=True) == {"net.py": program(after)}
