"""Uninitialized parameters that containers hold, functions return, or classes add to layers of torch."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

import pytest

from tests.support.reference_projects import findings_in_project


def net(build: str, forward: str, base: str = "nn.Module", methods: str = "", top: str = "") -> str:
    return (
        f"import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n\n{dedent(top)}\n\n"
        f"class Net({base}):\n    def __init__(self, d=8):\n"
        f"        super().__init__({'d, d' if base != 'nn.Module' else ''})\n"
        f"{indent(dedent(build).strip(), ' ' * 8)}\n\n    def forward(self, x):\n        return {forward}\n\n"
        f"{indent(dedent(methods).strip(), ' ' * 4)}\n"
    )


LITERAL = "self.ws = nn.ParameterList([nn.Parameter(torch.empty(d, d)), nn.Parameter(torch.empty(d, d))])"
COMPREHENSION = "self.ws = nn.ParameterList([nn.Parameter(torch.Tensor(d, d)) for _ in range(d)])"
APPENDED = """
    self.ws = nn.ParameterList()
    for _ in range(3):
        self.ws.append(nn.Parameter(torch.empty(d, d)))
"""
DICTIONARY = "self.ws = nn.ParameterDict({'a': nn.Parameter(torch.empty(d, d))})"
ITEM = """
    self.ws = nn.ParameterDict()
    for key in ('a', 'b'):
        self.ws[key] = nn.Parameter(torch.empty(d, d))
"""
FUNCTION = "def make(*shape):\n    return nn.Parameter(torch.empty(*shape))"


@pytest.mark.parametrize(
    ("build", "forward"),
    [
        (LITERAL, "x @ self.ws[0] @ self.ws[1]"),
        (COMPREHENSION, "sum(x @ w for w in self.ws)"),
        (COMPREHENSION, "sum(i * (x @ w) for i, w in enumerate(self.ws))"),
        (APPENDED, "sum(x @ w for w in self.ws)"),
        (DICTIONARY, "x @ self.ws['a']"),
        (DICTIONARY, "sum(x @ w for w in self.ws.values())"),
        (ITEM, "x @ self.ws['a'] @ self.ws['b']"),
    ],
)
def test_in_containers(tmp_path: Path, build: str, forward: str) -> None:
    found = findings_in_project(tmp_path, "INI108", {"net.py": net(build, forward)})
    assert [level for level, _, _ in found] == ["error"]
    assert "this parameter in `ws` of `Net`" in found[0][2]
    assert "`for p in self.ws.parameters(): nn.init.normal_(p, std=...)`" in found[0][2]


@pytest.mark.parametrize(
    "write",
    [
        "for w in self.ws:\n    nn.init.normal_(w)",
        "for i in range(len(self.ws)):\n    nn.init.xavier_uniform_(self.ws[i])",
        "for i, w in enumerate(self.ws):\n    w.data.fill_(i)",
        "for w in self.ws.parameters():\n    w.data.normal_()",
        "for p in self.parameters():\n    nn.init.normal_(p)",
        "list(map(nn.init.xavier_uniform_, self.ws))",
        "[nn.init.ones_(w) for w in self.ws]",
    ],
)
@pytest.mark.parametrize("called", [True, False])
def test_written_in_containers(tmp_path: Path, write: str, called: bool) -> None:
    """Where the constructor does not call the method, code that is not linted may."""
    call = "\nself.reset_parameters()" if called else ""
    method = "def reset_parameters(self):\n" + indent(write, "    ")
    text = net(COMPREHENSION + call, "sum(x @ w for w in self.ws)", methods=method)
    files = {"net.py": text, "train.py": "from net import Net\nmodel = Net()\nmodel.reset_parameters()\n"}
    assert findings_in_project(tmp_path, "INI108", files) == []


@pytest.mark.parametrize(
    "build",
    [
        "self.ws = nn.ParameterList([nn.Parameter(torch.zeros(d, d)) for _ in range(2)])",
        "self.ws = nn.ParameterList([nn.Parameter(torch.empty(d, d).normal_()) for _ in range(2)])",
        "self.ws = nn.ParameterList([nn.Parameter(torch.empty(d, d), requires_grad=False) for _ in range(2)])",
        LITERAL + "\nself.ws[0] = nn.Parameter(torch.ones(d, d))\nself.ws[1] = nn.Parameter(torch.ones(d, d))",
        LITERAL + "\nfor w in self.ws:\n    nn.init.eye_(w)",
    ],
)
def test_initialized_containers(tmp_path: Path, build: str) -> None:
    assert findings_in_project(tmp_path, "INI108", {"net.py": net(build, "x @ self.ws[0] @ self.ws[1]")}) == []


def test_container_filled_in_another_file(tmp_path: Path) -> None:
    train = "import torch.nn as nn\nfrom net import Net\nnet = Net()\nfor w in net.ws:\n    nn.init.normal_(w)\n"
    files = {"net.py": net(COMPREHENSION, "sum(x @ w for w in self.ws)"), "train.py": train}
    assert findings_in_project(tmp_path, "INI108", files) == []


@pytest.mark.parametrize(
    ("build", "top", "methods"),
    [
        ("self.w = make(d, d)", FUNCTION, ""),
        ("self.w = self.make(d)", "", "def make(self, d):\n    return nn.Parameter(torch.empty(d, d))"),
        ("self.w = make(d, d)", "def make(*shape):\n    p = nn.Parameter(torch.Tensor(*shape))\n    return p", ""),
        ("w = nn.Parameter(torch.empty(d, d))\nself.register_parameter('w', w)", "", ""),
        ("w = nn.Parameter(torch.empty(d, d))\nself.w = w", "", ""),
        ("setattr(self, 'w', nn.Parameter(torch.empty(d, d)))", "", ""),
        ("self.fc = nn.Linear(d, d)\nself.w = nn.Parameter(self.fc.weight.data.new(d, d))", "", ""),
        ("self.w = nn.Parameter(torch.empty(d, d).t().contiguous())", "", ""),
        ("self.w = nn.Parameter(torch.empty(d, d).clone())", "", ""),
    ],
)
def test_made_elsewhere(tmp_path: Path, build: str, top: str, methods: str) -> None:
    found = findings_in_project(tmp_path, "INI108", {"net.py": net(build, "x @ self.w", methods=methods, top=top)})
    assert [(level, "the parameter `w` of `Net`" in message) for level, _, message in found] == [("error", True)]


@pytest.mark.parametrize(
    ("build", "top"),
    [
        ("self.w = make(d, d)\nnn.init.xavier_uniform_(self.w)", FUNCTION),
        (
            "self.w = make(d)",
            "def make(d):\n    p = nn.Parameter(torch.empty(d, d))\n    p.data.normal_()\n    return p",
        ),
        (
            "self.w = make(d)",
            "from other import fill\n\ndef make(d):\n    return fill(nn.Parameter(torch.empty(d, d)))",
        ),
        ("self.w = make(d, d) if FLAG else nn.Parameter(torch.zeros(d, d))", "from other import FLAG\n\n" + FUNCTION),
        ("self.w = make(d, d)\nself.w = nn.Parameter(torch.ones(d, d))", FUNCTION),
        ("setattr(self, 'w', nn.Parameter(torch.empty(d, d)))\nnn.init.eye_(self.w)", ""),
        ("setattr(self, 'w', nn.Parameter(torch.empty(d, d)))\nnn.init.eye_(getattr(self, 'w'))", ""),
        ("self.w = nn.Parameter(torch.zeros(d, d).new([[1.0] * 8] * 8))", ""),
        ("self.w = nn.Parameter(torch.Tensor(torch.ones(d, d)))", ""),
        ("self.w = nn.Parameter(torch.empty(d, d).normal_().t().contiguous())", ""),
        ("self.w = nn.Parameter(torch.zeros(d).new(d, d).zero_())", ""),
    ],
)
def test_made_elsewhere_and_written(tmp_path: Path, build: str, top: str) -> None:
    assert findings_in_project(tmp_path, "INI108", {"net.py": net(build, "x @ self.w", top=top)}) == []


def test_one_of_two_from_a_function(tmp_path: Path) -> None:
    build = "self.v = make(d, d)\nself.w = make(d, d)\nnn.init.normal_(self.v)"
    text = net(build, "x @ self.v @ self.w", top=FUNCTION)
    row = text.splitlines().index("        self.w = make(d, d)") + 1
    found = findings_in_project(tmp_path, "INI108", {"net.py": text})
    assert [(at, "the parameter `w`" in message) for _, at, message in found] == [(row, True)]


@pytest.mark.parametrize("base", ["nn.Linear", "nn.Bilinear", "nn.Embedding"])
def test_added_to_a_layer(tmp_path: Path, base: str) -> None:
    build = "self.a = nn.Parameter(torch.empty(2, d))\nself.b = nn.Parameter(torch.zeros(d, 2))"
    text = net(build, "F.linear(x, self.weight) + x @ self.a.t() @ self.b.t()", base=base)
    text = text.replace("d, d)\n", "d, d, d)\n") if base == "nn.Bilinear" else text
    found = findings_in_project(tmp_path, "INI108", {"net.py": text})
    assert [(level, "the parameter `a` of `Net`" in message) for level, _, message in found] == [("error", True)]


@pytest.mark.parametrize(
    "build",
    [
        "self.a = nn.Parameter(torch.empty(2, d))\nnn.init.kaiming_uniform_(self.a)",
        "self.a = nn.Parameter(torch.zeros(2, d))",
        "self.a = None\nself.weight = nn.Parameter(torch.empty(d, d))\nself.reset_parameters()",
    ],
)
def test_layer_with_written_parameters(tmp_path: Path, build: str) -> None:
    text = net(build, "F.linear(x, self.weight) + (0 if self.a is None else self.a.sum())", base="nn.Linear")
    assert findings_in_project(tmp_path, "INI108", {"net.py": text}) == []


TABLE = net("self.prompt = nn.Parameter(torch.empty(d))", "x + self.prompt")


@pytest.mark.parametrize(
    "use",
    [
        "opt = torch.optim.SGD([p for n, p in net.named_parameters() if 'prompt' in n], 0.1)",
        "opt = torch.optim.SGD(filter(lambda pair: 'prompt' in pair[0], net.named_parameters()), 0.1)",
        "for n, p in net.named_parameters():\n    if 'prompt' not in n:\n        p.requires_grad = False",
        "a, b = [], []\nfor n, p in net.named_parameters():\n    if n.startswith('prompt'):\n        a.append(p)\n"
        "    else:\n        b.append(p)\nopt = torch.optim.SGD([{'params': a}, {'params': b}], 0.1)",
        "def no_weight_decay():\n    return {'prompt'}",
    ],
)
def test_names_that_choose_for_an_optimizer(tmp_path: Path, use: str) -> None:
    files = {"net.py": TABLE, "train.py": f"import torch\nfrom net import Net\n\nnet = Net()\n{use}\n"}
    assert [level for level, _, _ in findings_in_project(tmp_path, "INI108", files)] == ["error"]


@pytest.mark.parametrize(
    "use",
    [
        "for n, p in net.named_parameters():\n    if 'prompt' in n:\n        nn.init.normal_(p)",
        "for p in [p for n, p in net.named_parameters() if 'prompt' in n]:\n    nn.init.normal_(p)",
        "a = []\nfor n, p in net.named_parameters():\n    if 'prompt' in n:\n        a.append(p)\n"
        "for p in a:\n    p.data.normal_()",
        "for n, p in net.named_parameters():\n    if 'prompt' in n:\n        fill(p)",
        "for n, p in net.named_parameters():\n    if 'prompt' in n:\n        p.data = torch.zeros(8)",
        "getattr(net, 'prompt').data.normal_()",
        "with torch.no_grad():\n    dict(net.named_parameters())['prompt'].zero_()",
    ],
)
def test_names_that_choose_for_an_init(tmp_path: Path, use: str) -> None:
    train = f"import torch\nimport torch.nn as nn\nfrom net import Net\n\nnet = Net()\n{use}\n"
    assert findings_in_project(tmp_path, "INI108", {"net.py": TABLE, "train.py": train}) == []


@pytest.mark.parametrize(
    ("code", "number"),
    [
        ("def use(net):\n    for i, w in enumerate(net.ws):\n        draw(w)\n", 0),
        ("def use(net):\n    for w in net.ws:\n        draw(tensor=w)\n", 0),
        ("def use(net):\n    return [draw(w) for w in net.ws]\n", 0),
        ("def use(net):\n    return [torch.norm(w) for w in net.ws]\n", 1),
        ("def use(net):\n    for w in net.ws:\n        print(w)\n", 1),
        ("def use(net, x=1):\n    for w in net.ws:\n        x = x @ w\n    return x\n", 1),
    ],
)
def test_a_function_that_gets_the_items_of_a_container_may_write_to_them(
    tmp_path: Path, code: str, number: int
) -> None:
    files = {
        "net.py": net(LITERAL, "x @ self.ws[0] @ self.ws[1]"),
        "use.py": f"import torch\nfrom net import Net\n{code}use(Net())\n",
    }
    assert len(findings_in_project(tmp_path, "INI108", files)) == number
