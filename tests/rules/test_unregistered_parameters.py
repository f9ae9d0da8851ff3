"""INI111 reports what `parameters()` misses, and nothing that it yields."""

from __future__ import annotations

import pytest

from tests.support.fixing import findings_of, fixed

HEAD = """import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, n=8, depth=2, device=None, other=None):
        super().__init__()
        self.fc = nn.Linear(n, n)
"""
TAIL = """

    def forward(self, x):
        return self.fc(x)
"""


def program(statement: str, tail: str = TAIL) -> str:
    return HEAD + "\n".join(" " * 8 + line for line in statement.split("\n")) + tail


def messages(statement: str, tail: str = TAIL) -> list[str]:
    return [d.message for d in findings_of(program(statement, tail), ("INI111",))]


def test_message() -> None:
    assert messages("self.x = [nn.Linear(n, n) for _ in range(3)]") == [
        "`x` of `Net` is a plain list: `apply`, `parameters()` and the optimizer miss its 3 layers (Linear x 3); use "
        "`nn.ModuleList`"
    ]


def test_one_layer_several_times_is_counted_once() -> None:
    (message,) = messages("self.x = [nn.Sequential(nn.Linear(n, n), nn.ReLU(), nn.Linear(n, n))] * 8")
    assert "miss its 2 layers (Linear x 2)" in message


@pytest.mark.parametrize(
    "statement",
    [
        "self.x = []\nfor _ in range(depth):\n    self.x.append(nn.Linear(n, n))",
        "self.x = [nn.Linear(n, n) for _ in range(other)]",
        "self.x = (nn.Linear(n, n), nn.Conv2d(n, n, 3))",
        "self.x = {'a': nn.Linear(n, n), 'b': nn.Linear(n, n)}",
        "self.x = {}\nfor key in ('a', 'b'):\n    self.x[key] = nn.Linear(n, n)",
        "layers = [nn.Linear(n, n), nn.ReLU()]\nself.x = layers",
        "self.x = [[nn.Linear(n, n), nn.ReLU()], [nn.Linear(n, n), nn.ReLU()]]",
        "self.x = [nn.Sequential(nn.Linear(n, n), nn.ReLU()) for _ in range(depth)]",
        "self.x = nn.Parameter(torch.randn(n, n)).to(device)",
        "self.x = nn.Parameter(torch.randn(n, n)).cuda()",
        "self.x = nn.Parameter(torch.randn(n, n)).to(torch.float16)",
        "self.x = nn.Parameter(torch.randn(n, n)).to(device=device)",
        "self.x = nn.Parameter(torch.randn(n, n)).half()",
        "self.x = nn.Parameter(torch.randn(n, n) * 0.1).to(device)",
        "w = nn.Parameter(torch.randn(n, n))\nself.x = w.to(torch.device('cuda'))",
        "self.x = torch.empty(n, n, requires_grad=True)\nnn.init.xavier_uniform_(self.x)",
        "self.x = torch.empty(n, n).requires_grad_()\nnn.init.xavier_uniform_(self.x)",
    ],
)
def test_not_registered(statement: str) -> None:
    assert len(messages(statement)) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "self.x = [nn.Linear(n, n) for _ in range(3)]\nself.y = nn.ModuleList(self.x)",
        "self.x = [nn.Linear(n, n) for _ in range(3)]\nself.x = nn.ModuleList(self.x)",
        "self.x = [nn.Linear(n, n) for _ in range(3)]\nself.y = nn.Sequential(*self.x)",
        "self.x = [nn.Linear(n, n) for _ in range(3)]\nfor i, m in enumerate(self.x):\n    self.add_module(str(i), m)",
        "self.x = [nn.Linear(n, n) for _ in range(3)]\nfor i, m in enumerate(self.x):\n    setattr(self, f'x{i}', m)",
        "self.x = [nn.Linear(n, n) for _ in other]\nfor m in self.x:\n    setattr(self, other(m), m)",
        "self.x = [nn.Linear(n, n) for _ in range(3)]\nfor m in self.x:\n    self._modules[other] = m",
        "self.x = [nn.Linear(n, n) for _ in range(3)]\nother(self, self.x)",
        "self.x = [self.fc, self.fc]",
        "self.x = (nn.Linear(n, n),)",
        "self.x = [nn.ReLU(), nn.Dropout()]",
        "self.x = [other, other]",
        "self.x = [nn.Linear(n, n) for _ in range(3)]\nfor m in self.x:\n    m.requires_grad_(False)",
        "self.x = [nn.Linear(n, n) for _ in range(3)]\n"
        "self.o = torch.optim.SGD([p for m in self.x for p in m.parameters()])",
        "self.x = {'a': nn.Linear(n, n), 'b': nn.Linear(n, n)}\n"
        "weights = list(self.parameters())\nfor key in self.x:\n    weights += list(self.x[key].parameters())\n"
        "self.o = torch.optim.Adam(weights)",
        "self.x = [nn.Linear(n, n) for _ in range(3)]\nmine = []\nfor m in self.x:\n    mine.extend(m.parameters())\n"
        "groups = [{'params': mine}]\nself.o = torch.optim.SGD(groups, 0.1)",
        "self.x = []\nweights = []\nfor _ in range(depth):\n    m = nn.Linear(n, n)\n    self.x.append(m)\n"
        "    weights += list(m.parameters())\nself.w = nn.ParameterList(weights)",
        "self.x = []\nself.w = []\nfor _ in range(depth):\n    m = [nn.Linear(n, n), nn.ReLU()]\n"
        "    self.w += list(m[0].parameters())\n    self.x.append((nn.Sequential(*m), nn.ReLU()))\n"
        "self.w = nn.ParameterList(self.w)",
        "self.x = nn.Parameter(torch.randn(n, n).to(device))",
        "self.x = nn.Parameter(torch.randn(n, n).to(device)).to(device)",
        "self.x = nn.Parameter(torch.randn(n, n).to(device) * 0.1, requires_grad=True).to(device)",
        "self.x = nn.Parameter(torch.randn(n, n, device=device)).to(device)",
        "self.x = nn.Parameter(torch.randn(n, n).cuda()).cuda()",
        "self.x = nn.Parameter(torch.randn(n, n).half()).half()",
        "self.x = nn.Parameter(torch.randn(n, n, dtype=torch.float16)).half()",
        "self.x = nn.Parameter(torch.zeros_like(other)).to(device)",
        "self.x = nn.Parameter(other(n)).to(device)",
        "self.x = nn.Parameter(torch.randn(n, n)).to('cpu')",
        "self.x = nn.Parameter(torch.randn(n, n)).to(torch.device('cpu'))",
        "self.x = nn.Parameter(torch.randn(n, n)).to(torch.float32)",
        "self.x = nn.Parameter(torch.randn(n, n)).float()",
        "self.x = nn.Parameter(torch.randn(n, n), requires_grad=False).to(device)",
        "self.x = self.fc.weight.to(device)",
        "self.x = self.fc.weight.half()",
        "self.x = nn.Parameter(torch.randn(n, n), requires_grad=False).half()",
        "self.x = torch.randn(n, n)",
        "self.x = torch.zeros(1, requires_grad=True)",
        "x = torch.empty(n, n, requires_grad=True)\nnn.init.zeros_(x)\nself.x = nn.Parameter(x)",
    ],
)
def test_registered_or_not_trained_on_purpose(statement: str) -> None:
    assert messages(statement) == []


@pytest.mark.parametrize(
    "statement",
    [
        "a = nn.Linear(n, n)\nself.x = [a, nn.Linear(n, n)]\nself.w = nn.ParameterList([a.weight])",
        "self.x = [nn.Linear(n, n), nn.Linear(n, n)]\nweights = list(self.parameters())\n"
        "self.o = torch.optim.Adam(weights)",
        "self.x = [nn.Linear(n, n), nn.Linear(n, n)]\nself.n = len(self.x)\n"
        "self.o = torch.optim.Adam(self.parameters())",
    ],
)
def test_a_part_of_the_weights_is_registered_or_trained(statement: str) -> None:
    assert len(messages(statement)) == 1


@pytest.mark.parametrize(
    ("forward", "main", "number"),
    [
        ("for model in self.x:\n            x = model(x)", "model = Net()\n    opt = Adam(model.parameters())", 1),
        ("params = self.x[0](x)", "params = list(Net().parameters())\n    opt = Adam(params)", 1),
        ("for p in self.x:\n            x = p(x)", "opt = Adam([p for p in Net().parameters()])", 1),
        ("pass", "for p in net.x: print(p)\n    opt = Adam([p for p in net.parameters() if p.requires_grad])", 1),
        ("pass", "for p in net.x: print(p)\n    opt = Adam(filter(lambda p: p.grad, net.parameters()))", 1),
        ("pass", "net = Net(args.x)\n    opt = Adam(net.parameters())", 1),
        ("pass", "opt = Adam([p for m in net.x for p in m.parameters()])", 0),
        ("pass", "p = net.x\n    opt = Adam([p for m in p for p in m.parameters()])", 0),
        ("pass", "p = net.x\n    opt = Adam([p for p in p])", 0),
        ("pass", "mine = nn.ModuleList(net.x)\n    opt = Adam(mine.parameters())", 0),
        ("pass", "mine = []\n    for m in net.x:\n        mine += list(m.parameters())\n    opt = Adam(mine)", 0),
    ],
)
def test_only_variables_of_the_function_with_the_optimizer_lead_to_it(forward: str, main: str, number: int) -> None:
    tail = f"""

    def forward(self, x):
        {forward}
        return self.fc(x)


def main(args, net):
    {main}
"""
    assert len(messages("self.x = [nn.Linear(n, n) for _ in range(3)]", tail)) == number


def test_other_methods_may_register_or_list_the_layers() -> None:
    layers = "self.x = [nn.Linear(n, n), nn.Linear(n, n)]"
    assert messages(layers, TAIL + "\n    def build(self):\n        self.y = nn.ModuleList(self.x)\n") == []
    assert messages(layers, TAIL + "\n    def parameters(self):\n        return [m.weight for m in self.x]\n") == []
    assert len(messages(layers, TAIL + "\n    def count(self):\n        return len(self.x)\n")) == 1


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("fc = nn.Linear(8, 8)\n        nn.init.xavier_uniform_(fc.weight)\n        return fc(self.fc(x))", 1),
        ("blur = nn.Linear(8, 8)\n        blur.weight.data = torch.ones(8, 8)\n        return blur(self.fc(x))", 0),
        ("self.a = nn.Linear(8, 8)\n        nn.init.xavier_uniform_(self.a.weight)\n        return self.a(x)", 0),
    ],
)
def test_layers_in_forward(body: str, count: int) -> None:
    assert len(messages("pass", f"\n\n    def forward(self, x):\n        {body}\n")) == count


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[nn.Linear(n, n), nn.Linear(n, n)]", "nn.ModuleList([nn.Linear(n, n), nn.Linear(n, n)])"),
        ("[nn.Linear(n, n) for _ in range(3)]", "nn.ModuleList([nn.Linear(n, n) for _ in range(3)])"),
        ("{'a': nn.Linear(n, n), 'b': nn.Linear(n, n)}", "nn.ModuleDict({'a': nn.Linear(n, n), 'b': nn.Linear(n, n)})"),
        ("{1: nn.Linear(n, n), 2: nn.Linear(n, n)}", "{1: nn.Linear(n, n), 2: nn.Linear(n, n)}"),
        ("[[nn.Linear(n, n)], [nn.Linear(n, n)]]", "[[nn.Linear(n, n)], [nn.Linear(n, n)]]"),
        ("nn.Parameter(torch.ones(n)).to(device)", "nn.Parameter(torch.ones(n).to(device))"),
        ("nn.Parameter(torch.ones(n) * 2).half()", "nn.Parameter((torch.ones(n) * 2).half())"),
    ],
)
def test_fix(before: str, after: str) -> None:
    result = fixed({"net.py": program(f"self.x = {before}")}, unsafe=True, select=("INI111",))
    assert result == {"net.py": program(f"self.x = {after}")}


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("import copy\nself.old = [copy.deepcopy(self.fc)]\nself.older = [copy.deepcopy(self.fc), None]", 0),
        ("import copy\nself.x = [copy.deepcopy(nn.Linear(n, n)) for _ in range(2)]", 1),
        ("import copy\nself.x = [copy.deepcopy(self.fc) for _ in range(2)]", 1),
    ],
)
def test_copies_of_registered_layers_are_older_states(statement: str, number: int) -> None:
    assert len(messages(statement)) == number


@pytest.mark.parametrize(("base", "number"), [("ABC", 0), ("theirs.Base", 0), ("nn.Module", 1), ("nn.Module, ABC", 1)])
def test_a_class_that_may_be_no_module(base: str, number: int) -> None:
    source = f"""
from abc import ABC
import theirs
from torch import nn
class Base({base}):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(4, 4), nn.Linear(4, 4)]
    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x
class Net(Base):
    def forward(self, x):
        return super().forward(x)
net = Net()
"""
    assert len(findings_of(source, ("INI111",))) == number
