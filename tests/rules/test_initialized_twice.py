"""INI112 reports a repeated init beside a parameter without one, and no other repetition."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.linter.pipeline import check
from initlint.project.settings import Settings

NET = """
import torch
from torch import nn


def start(layer, gain=1.0):
    nn.init.orthogonal_(layer.weight, gain)
    nn.init.zeros_(layer.bias)


def twice(layer):
    nn.init.kaiming_normal_(layer.weight)
    nn.init.zeros_(layer.weight)


class Net(nn.Module):
    def __init__(self, padding_idx=None):
        super().__init__()
        self.table = nn.Embedding(10, 8, padding_idx=padding_idx)
        self.query = nn.Linear(8, 8)
        self.key = nn.Linear(8, 8)
        self.left = nn.ModuleList(nn.Linear(8, 8) for _ in range(2))
        self.right = nn.ModuleList(nn.Linear(8, 8) for _ in range(2))
        self.seq = nn.Sequential(nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 8))
{init}

    def forward(self, x):
        x = self.table(x)
        x = (self.query(x) * self.key(x)).tanh()
        for one, other in zip(self.left, self.right):
            x = other(one(x).tanh()).tanh()
        return self.seq(x)
"""


def messages(init: str) -> list[str]:
    source = NET.format(init="\n".join(f"        {line}" for line in init.splitlines()))
    result = check([Path("net.py")], Settings(select=("INI112",)), {"net.py": source.encode()})
    assert result.failures == ()
    return [finding.message for finding in result.diagnostics]


TWICE = [
    ("nn.init.xavier_uniform_(self.query.weight)\nnn.init.xavier_uniform_(self.query.weight)", "its bias keeps"),
    ("nn.init.xavier_uniform_(self.query.weight)\nnn.init.zeros_(self.query.weight)", "its bias keeps"),
    (
        "nn.init.xavier_uniform_(self.query.weight)\nnn.init.zeros_(self.query.bias)\n"
        "nn.init.xavier_uniform_(self.query.weight)\nnn.init.zeros_(self.query.bias)",
        "that of `key` keeps",
    ),
    ("self.query.bias.data.zero_()\nself.query.bias.data.zero_()", "that of `key` keeps"),
    ("self.query.weight.data.normal_(0, 0.02)\nself.query.weight.data.fill_(0)", "its bias keeps"),
    ("start(self.query)\nstart(self.query, 0.01)", "that of `key` keeps"),
    ("start(self.seq[0])\nstart(self.seq[0])", "that of `seq.2` keeps"),
    (
        "for layer in self.left:\n    start(layer)\nfor layer in self.left:\n    start(layer)",
        "that of `right.0` keeps",
    ),
    (
        "nn.init.xavier_uniform_(self.query.weight)\n"
        "nn.init.xavier_uniform_(self.left[0].weight)\nnn.init.xavier_uniform_(self.left[0].weight)",
        "that of `left.1` keeps",
    ),
    (
        "start(self.query)\nnn.init.xavier_uniform_(self.left[0].weight)\nnn.init.xavier_uniform_(self.left[0].weight)",
        "its bias keeps",
    ),
    ("for layer in self.left:\n    twice(layer)", "its bias keeps"),
    ("self.apply(lambda m: twice(m) if isinstance(m, nn.Linear) else None)", "its bias keeps"),
    ("nn.init.xavier_uniform_(tensor=self.query.weight)\nnn.init.zeros_(tensor=self.query.weight)", "its bias keeps"),
    (
        "nn.init.xavier_uniform_(self.query.weight)\nnn.init.normal_(std=0.1, tensor=self.query.weight)",
        "its bias keeps",
    ),
    ("nn.init.uniform_(tensor=self.query.weight)\nself.query.weight.data.zero_()", "its bias keeps"),
    ("start(layer=self.query)\nstart(layer=self.query, gain=0.01)", "that of `key` keeps"),
    ("start(gain=2.0, layer=self.query)\nstart(layer=self.query, gain=0.01)", "that of `key` keeps"),
    (
        "nn.init.normal_(self.table.weight)\nnn.init.zeros_(tensor=self.table.weight[padding_idx])",
        "`padding_idx` is None",
    ),
    ("nn.init.normal_(self.table.weight)\nnn.init.zeros_(self.table.weight[padding_idx])", "`padding_idx` is None"),
    ("nn.init.normal_(self.table.weight)\nself.table.weight.data[padding_idx].zero_()", "`padding_idx` is None"),
]
ONCE = [
    "nn.init.xavier_uniform_(self.query.weight)\nnn.init.xavier_uniform_(self.key.weight)",
    # All neighbours are initialized: a leftover without consequences.
    "for m in self.modules():\n    if isinstance(m, nn.Linear):\n        start(m)\nstart(self.query)\nstart(self.query)",
    "for layer in self.left:\n    start(layer)\nnn.init.zeros_(self.left[0].weight)",
    "for m in self.modules():\n    if isinstance(m, nn.Linear):\n        nn.init.xavier_uniform_(m.weight)\n"
    "for m in self.left:\n    nn.init.zeros_(m.weight)",
    "nn.init.xavier_uniform_(self.query.weight)\nwith torch.no_grad():\n    self.query.weight.mul_(0.1)",
    "nn.init.xavier_uniform_(self.query.weight)\nnn.init.zeros_(self.query.weight[0])",
    "nn.init.uniform_(self.query.weight)\nself.query.weight.data.copy_(self.query.weight.exp())",
    "nn.init.uniform_(self.query.weight)\nvalues = self.query.weight.exp()\nself.query.weight.data.copy_(values)",
    "for layer in self.left:\n    nn.init.ones_(layer.weight)\n"
    "for layer in self.left:\n    layer.weight.data.copy_(layer.weight.exp())",
    "for n, p in self.named_parameters():\n    if 'query' in n or 'left' in n:\n        nn.init.normal_(p)\n"
    "for n, p in self.named_parameters():\n    if 'query' in n:\n        nn.init.zeros_(p)",
    "if torch.cuda.is_available():\n    nn.init.zeros_(self.query.weight)\nnn.init.ones_(self.query.weight)",
    "nn.init.normal_(self.table.weight)\nif padding_idx is not None:\n"
    "    nn.init.zeros_(self.table.weight[padding_idx])",
    "nn.init.normal_(self.table.weight)\nnn.init.zeros_(self.table.weight[0])",
    "self.query.weight = nn.Parameter(torch.zeros(8, 8))\nnn.init.xavier_uniform_(self.query.weight)",
]


BETWEEN_NOT_READING = [
    "nn.init.zeros_(self.key.bias)",
    "self.hidden = nn.Linear(8, 8)",
    "self.register_buffer('steps', torch.zeros(1))",
    "self.net = nn.Sequential(self.query, nn.Tanh())",
    "print(self)",
    "y = self.key.weight.std()",
    "start(self.seq[0])",
]
BETWEEN_READING = [
    "y = self.query(torch.ones(1, 8))",
    "y = self(torch.ones(1, 8).long())",
    "y = self.forward(torch.ones(1, 8).long())",
    "self.saved = self.state_dict()",
    "self.saved = {k: v.clone() for k, v in self.state_dict().items()}",
    "torch.save(self.query, 'query.pt')",
    "torch.save(self.state_dict(), 'model.pt')",
    "fit(model=self)",
    "total = sum(p.norm() for p in self.parameters())",
    "for p in self.parameters():\n    print(p.norm())",
    "optimizer.step()",
    "if verbose:\n    print(self.query(x).std())",
]


@pytest.mark.parametrize("between", BETWEEN_NOT_READING)
def test_statement_between_that_reads_nothing(between: str) -> None:
    init = f"nn.init.orthogonal_(self.query.weight)\n{between}\nnn.init.zeros_(self.query.weight)"
    assert len(messages(init)) == 1


@pytest.mark.parametrize("between", BETWEEN_READING)
def test_statement_between_that_uses_the_module(between: str) -> None:
    assert messages(f"nn.init.orthogonal_(self.query.weight)\n{between}\nnn.init.zeros_(self.query.weight)") == []
    loop = "for layer in self.left:\n    nn.init.orthogonal_(layer.weight)"
    if "self.query" not in between:
        assert messages(f"{loop}\n{between}\n{loop}") == []
        assert len(messages(f"{loop}\n{loop}")) == 1


SCRIPT = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.query = nn.Linear(8, 8)
        self.key = nn.Linear(8, 8)

    def forward(self, x):
        return self.key(self.query(x).tanh())


def score():
    return net(torch.ones(1, 8)).std()


def greet():
    print("start")


net = Net()
nn.init.orthogonal_(net.query.weight)
{between}
nn.init.xavier_uniform_(net.query.weight)
"""


@pytest.mark.parametrize(
    ("between", "expected"),
    [("print(net(torch.ones(1, 8)))", 0), ("score()", 0), ("evaluate(net.query)", 0), ("greet()", 1), ("x = 1", 1)],
)
def test_script_that_compares_inits(between: str, expected: int) -> None:
    contents = {"net.py": SCRIPT.format(between=between).encode()}
    assert len(check([Path("net.py")], Settings(select=("INI112",)), contents).diagnostics) == expected


def test_helper_of_another_file() -> None:
    model = """
from torch import nn

from inits import start


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.actor = nn.Linear(8, 2)
        self.critic = nn.Linear(8, 1)
        start(self.critic, 0.1)
        start(self.critic, 1.0)

    def forward(self, x):
        return self.actor(x), self.critic(x)
"""
    helper = "from torch import nn\n\n\ndef start(layer, gain):\n    nn.init.orthogonal_(layer.weight, gain)\n"
    contents = {"model.py": model.encode(), "inits.py": (helper + "    nn.init.zeros_(layer.bias)\n").encode()}
    result = check([Path(file) for file in contents], Settings(select=("INI112",)), contents)
    (finding,) = result.diagnostics
    assert (Path(finding.span.file).name, finding.span.row) == ("model.py", 13)
    assert finding.message == (
        "in `Net`: `orthogonal_`, called in line 12, has no effect on the weight of `critic`: `orthogonal_`, called in"
        " line 13, sets it again, and that of `actor` keeps PyTorch's default: one of the two was meant for it"
    )
    assert [Path(related.span.file).name for related in finding.related][:2] == ["model.py", "inits.py"]


def test_norm_beside_another_of_its_type() -> None:
    (message,) = messages(
        "self.norm1 = nn.LayerNorm(8)\nself.norm2 = nn.LayerNorm(8)\n"
        "nn.init.constant_(self.norm1.weight, 0.5)\nnn.init.zeros_(self.norm1.weight)"
    )
    assert message.endswith(
        "and its bias and the weight of `norm2` keep PyTorch's default: one of the two was meant for one of these"
    )


@pytest.mark.parametrize(("init", "end"), TWICE)
def test_a_parameter_is_initialized_twice(init: str, end: str) -> None:
    (message,) = messages(init)
    assert end in message


@pytest.mark.parametrize("init", ONCE)
def test_silent(init: str) -> None:
    assert messages(init) == []


RAW = """
import torch
from torch import nn


def start(p, std):
    nn.init.normal_(p, std=std)


class Scores(nn.Module):
    def __init__(self):
        super().__init__()
        self.q = nn.Parameter(torch.{q})
        self.k = nn.Parameter(torch.{k})
        self.left = nn.ParameterList([nn.Parameter(torch.zeros(8, 8)) for _ in range(2)])
        self.right = nn.ParameterList([nn.Parameter(torch.zeros(8, 8)) for _ in range(2)])
{init}

    def forward(self, x):
        for one, other in zip(self.left, self.right):
            x = torch.tanh(x @ one) + x @ other
        return (x @ self.q) * (x @ self.k)
"""
TWO = "nn.init.xavier_uniform_(self.q)\nnn.init.xavier_uniform_(self.q)"


def of_raw(q: str, k: str, init: str) -> list[str]:
    source = RAW.format(q=q, k=k, init="\n".join(f"        {line}" for line in init.splitlines()))
    result = check([Path("net.py")], Settings(select=("INI112",)), {"net.py": source.encode()})
    assert result.failures == ()
    return [finding.message for finding in result.diagnostics]


@pytest.mark.parametrize(
    ("q", "k", "init", "end"),
    [
        ("zeros(8, 8)", "zeros(8, 8)", TWO, "`k` keeps what it is made of"),
        ("randn(8, 8)", "randn(8, 4)", TWO, "`k` keeps what it is made of"),
        ("empty(8, 8)", "empty(8, 8)", TWO, "nothing initializes `k`"),
        (
            "zeros(8, 8)",
            "zeros(8, 8)",
            "self.q.data.normal_(0, 0.1)\nself.q.data.normal_(0, 0.1)",
            "`k` keeps what it is made of",
        ),
        ("zeros(8, 8)", "zeros(8, 8)", "start(self.q, 0.1)\nstart(self.q, 0.2)", "`k` keeps what it is made of"),
        (
            "zeros(8, 8)",
            "ones(8, 8)",
            "for p in self.left:\n    nn.init.orthogonal_(p)\nfor p in self.left:\n    nn.init.orthogonal_(p)",
            "`right.0` keeps what it is made of",
        ),
        (
            "zeros(8, 8)",
            "zeros(8, 8)",
            "nn.init.xavier_uniform_(self.q)\nself.q_scale = 8\nnn.init.xavier_uniform_(self.q)",
            "`k` keeps what it is made of",
        ),
    ],
)
def test_raw_parameter_is_initialized_twice(q: str, k: str, init: str, end: str) -> None:
    (message,) = of_raw(q, k, init)
    assert end in message


@pytest.mark.parametrize(
    ("q", "k", "init"),
    [
        ("zeros(8, 8)", "zeros(8, 8)", TWO.replace("self.q", "self.k", 1)),
        # The neighbour is complete as it is made, or is of another kind.
        ("empty(8, 8)", "zeros(8, 8)", TWO),
        ("randn(8, 8)", "randn(8)", TWO),
        ("randn(8, 8)", "randn(8, 8)", TWO + "\nself.k.data.copy_(torch.eye(8))"),
        ("randn(8, 8)", "randn(8, 8)", TWO + "\nself.k.data.mul_(0.1)"),
        # The second init depends on the first, or only changes a part.
        ("zeros(8, 8)", "zeros(8, 8)", "nn.init.uniform_(self.q, 1, 9)\nself.q.data.copy_(torch.log(self.q))"),
        ("zeros(8, 8)", "zeros(8, 8)", "nn.init.normal_(self.q)\nnn.init.zeros_(self.q[0])"),
        (
            "zeros(8, 8)",
            "zeros(8, 8)",
            "nn.init.normal_(self.q)\nself.register_buffer('old', self.q.clone())\nnn.init.normal_(self.q)",
        ),
        ("zeros(8, 8)", "zeros(8, 8)", "for p in (self.q, self.k):\n    nn.init.zeros_(p)\nnn.init.ones_(self.q)"),
    ],
)
def test_raw_parameter_beside_a_complete_one(q: str, k: str, init: str) -> None:
    assert of_raw(q, k, init) == []


def test_bias_of_a_raw_weight() -> None:
    model = """
import torch
from torch import nn
from torch.nn import functional as F


class Dense(nn.Module):
    def __init__(self, n, m):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(m, n))
        self.bias = nn.Parameter(torch.{bias}(m))
        nn.init.kaiming_normal_(self.weight)
        nn.init.zeros_(self.weight)

    def forward(self, x):
        return F.linear(x, self.weight, self.bias)
"""
    messages_by_bias = {
        bias: [
            found.message
            for found in check(
                [Path("net.py")], Settings(select=("INI112",)), {"net.py": model.format(bias=bias).encode()}
            ).diagnostics
        ]
        for bias in ("empty", "zeros")
    }
    assert messages_by_bias == {
        "empty": [
            "in `Dense`: `kaiming_normal_` in line 12 has no effect on `weight`: `zeros_` in line 13 sets it again, and"
            " nothing initializes `bias`: one of the two was meant for it"
        ],
        "zeros": [],
    }
