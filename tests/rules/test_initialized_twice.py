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
