from __future__ import annotations

from pathlib import Path

import pytest

from initlint.diagnostics import Diagnostic, Severity
from tests.support.fixing import findings_of, fixed
from tests.support.reference_projects import findings_in_project

HEADER = "import copy\nimport torch\nimport torch.nn as nn\n\n"


def source(init: str, forward: str, inputs: str = "x") -> str:
    """A module with these statements; `inputs` of `forward`."""

    def indented(lines: str) -> str:
        return "".join(f"        {line}\n" for line in lines.splitlines())

    return (
        f"{HEADER}class Net(nn.Module):\n    def __init__(self, n=3):\n        super().__init__()\n{indented(init)}\n"
        f"    def forward(self, {inputs}):\n{indented(forward)}"
    )


def _text(finding: Diagnostic) -> str:
    return finding.message.removeprefix("in `Net`: ")


def messages(init: str, forward: str, inputs: str = "x") -> list[str]:
    return [_text(finding) for finding in findings_of(source(init, forward, inputs), ("INI205",))]


LOOP = "for layer in self.layers:\n    x = layer(x)\nreturn x"
PAIR = "self.a = nn.Linear(8, 8)\nself.b = copy.deepcopy(self.a)"
CLONES = "a = nn.Linear(8, 8)\nself.layers = nn.ModuleList([copy.deepcopy(a) for _ in range(n)])"


def test_one_layer_several_times() -> None:
    init = "self.layers = nn.ModuleList([nn.Linear(8, 8)] * 4)"
    (finding,) = findings_of(source(init, LOOP), ("INI205",))
    assert finding.severity is Severity.ERROR
    assert _text(finding) == (
        "`layers` holds one `Linear` 4 times: 2 parameters in place of 8; construct each in a comprehension"
    )


def test_an_unknown_number_of_times() -> None:
    init = "layer = nn.Linear(8, 8)\nself.layers = nn.ModuleList([layer] * options.depth)"
    assert messages(init, LOOP) == [
        "every `Linear` of `layers` is the same module, with one set of parameters; construct each in a comprehension"
    ]


@pytest.mark.parametrize(
    ("fill", "start"),
    [
        ("self.layers = nn.ModuleList([layer for _ in range(4)])", "`layers` holds one `Linear` 4 times"),
        ("self.layers = nn.ModuleList(layer for _ in range(4))", "`layers` holds one `Linear` 4 times"),
        (
            "self.layers = nn.ModuleList()\nfor _ in range(4):\n    self.layers.append(layer)",
            "`layers` holds one `Linear` 4 times",
        ),
        (
            "items = []\nwhile len(items) < 4:\n    items.append(layer)\nself.layers = nn.Sequential(*items)",
            "`layers` holds one `Linear` 4 times",
        ),
        (
            "items = []\nfor _ in options.sizes:\n    items.append(layer)\nself.layers = nn.ModuleList(items)",
            "every `Linear` of `layers` is the same module",
        ),
        (
            "self.layers = nn.ModuleList([layer for _ in options.sizes])",
            "every `Linear` of `layers` is the same module",
        ),
    ],
)
def test_one_layer_that_a_loop_adds_several_times(fill: str, start: str) -> None:
    (message,) = messages(f"layer = nn.Linear(8, 8)\n{fill}", LOOP)
    assert message.startswith(start)


@pytest.mark.parametrize(
    "fill",
    [
        "items = []\nfor _ in range(4):\n    layer = nn.Linear(8, 8)\n    items.append(layer)",
        "layer = nn.Linear(8, 8)\nitems = [copy.deepcopy(layer) if i else layer for i in range(4)]",
        "layer = nn.Linear(8, 8)\nitems = [layer, nn.ReLU(), layer]",
        "layer = nn.Linear(8, 8)\nitems = []\nitems.append(layer)\nitems.append(layer)",
        "shared = nn.Linear(8, 8)\nitems = [shared for _ in range(4)]",
        "self.one = nn.Linear(8, 8)\nitems = []\nfor _ in range(4):\n    items.append(self.one)",
        "act = nn.ReLU()\nitems = []\nfor _ in range(4):\n    items += [nn.Linear(8, 8)]\n    items.append(act)",
        "layer = nn.Linear(8, 8)\nlayers = [layer for _ in range(4)]\nitems = [nn.Linear(8, 8) for _ in layers]",
    ],
)
def test_layers_that_are_meant_or_new_each_time(fill: str) -> None:
    assert not [
        m
        for m in messages(f"{fill}\nself.layers = nn.ModuleList(items)", LOOP)
        if "is the same" in m or "holds one" in m
    ]


@pytest.mark.parametrize(
    ("init", "forward"),
    [
        ("self.shared = nn.ModuleList([nn.Linear(8, 8)] * 4)", LOOP.replace("layers", "shared")),
        ("tied = nn.Linear(8, 8)\nself.layers = nn.ModuleList([tied] * 4)", LOOP),
        ("self.one = nn.Linear(8, 8)\nself.layers = nn.ModuleList([self.one] * 4)", LOOP),
        (
            "items = []\nfor i in range(4):\n    if conf.weight_sharing and i:\n        items.append(items[0])\n"
            "        continue\n    items.append(nn.Linear(8, 8))\nself.layers = nn.ModuleList(items)",
            LOOP,
        ),
        (
            "items = []\nfor i in range(4):\n    if i:\n        # all layers share their weights\n"
            "        items.append(items[0])\n        continue\n"
            "    items.append(nn.Linear(8, 8))\nself.layers = nn.ModuleList(items)",
            LOOP,
        ),
        ("self.layers = nn.ModuleList([nn.Linear(8, 8)] * 4)", "return self.layers[0](x)"),
        ("self.layers = nn.ModuleList([nn.Linear(8, 8)] * 1)", LOOP),
        ("self.layers = nn.ModuleList([nn.ReLU()] * 4)", LOOP),
        ("self.layers = nn.ModuleList([nn.Linear(8, 8) for _ in range(4)])", LOOP),
        ("self.layer = nn.Linear(8, 8)", "for _ in range(4):\n    x = self.layer(x)\nreturn x"),
        (
            "head = nn.Linear(8, 8)\nself.layers = nn.ModuleList([head] * 2)",
            "return self.layers[0](x), self.layers[1](x)",
        ),
    ],
)
def test_sharing_that_is_meant(init: str, forward: str) -> None:
    assert messages(init, forward) == []


BRANCHES = {
    "the option": (
        "if conf.shared:",
        "layer = nn.Linear(8, 8)\nself.layers = nn.ModuleList([layer for _ in range(4)])",
    ),
    "an option of some lines": (
        "if (\n    n  # all layers share their weights\n    and conf.deep\n):",
        "layer = nn.Linear(8, 8)\nself.layers = nn.ModuleList([layer for _ in range(4)])",
    ),
    "a comment after the test": (
        "if n:  # all layers share their weights",
        "layer = nn.Linear(8, 8)\nself.layers = nn.ModuleList([layer for _ in range(4)])",
    ),
    "a comment below the test": (
        "if n:",
        "# all layers share their weights\n# (see the paper)\nlayer = nn.Linear(8, 8)\n"
        "self.layers = nn.ModuleList([layer for _ in range(4)])",
    ),
    "a comment above the statement": (
        "if n:",
        "layer = nn.Linear(8, 8)\n# all layers share their weights\n# (see the paper)\nself.layers = nn.ModuleList(\n"
        "    [layer for _ in range(4)]\n)",
    ),
    "one row": ("layer = nn.Linear(8, 8)\nif conf.shared: items = [layer for _ in range(4)]", "items = items"),
}


@pytest.mark.parametrize(("test", "body"), BRANCHES.values(), ids=BRANCHES)
def test_a_branch_for_sharing(test: str, body: str) -> None:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    if "items" in test:
        init = f"{test}\nelse: items = [nn.Linear(8, 8)]\nself.layers = nn.ModuleList(items)"
    else:
        init = f"{test}\n{lines}else:\n    self.layers = nn.ModuleList([nn.Linear(8, 8)])"
    assert messages(init, LOOP) == []


@pytest.mark.parametrize(
    ("test", "other"),
    [
        ("if n:", "self.shared_norm = nn.LayerNorm(8)"),
        ("if n:", "x = 1\n# the norm is shared\nself.norm = nn.LayerNorm(8)"),
        ("if n:", "if conf.shared:\n    self.norm = nn.LayerNorm(8)"),
        ("if n: shared = 1\nif n:", "x = 1"),
    ],
)
def test_sharing_of_something_else_in_the_branch(test: str, other: str) -> None:
    body = f"{other}\nlayer = nn.Linear(8, 8)\nself.layers = nn.ModuleList([layer for _ in range(4)])"
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    (message,) = messages(f"{test}\n{lines}else:\n    self.layers = nn.ModuleList()", LOOP)
    assert message.startswith("`layers` holds one `Linear` 4 times")


@pytest.mark.parametrize("around", ["if nn.SHARED:\n", "if nn:\n    # the cache is shared\n"])
def test_a_branch_around_the_class(around: str) -> None:
    code = source("layer = nn.Linear(8, 8)\nself.layers = nn.ModuleList([layer for _ in range(4)])", LOOP)
    header, _, body = code.partition("class ")
    lines = "".join(f"    {line}\n" for line in f"class {body}".splitlines())
    (finding,) = findings_of(f"{header}{around}{lines}", ("INI205",))
    assert "`layers` holds one `Linear` 4 times" in finding.message


def test_the_other_branch_of_a_test_for_sharing() -> None:
    init = (
        "layer = nn.Linear(8, 8)\nif conf.shared:\n    items = [layer for _ in range(conf.depth)]\nelse:\n"
        "    items = []\n    for _ in range(conf.depth):\n        items.append(layer)\n"
        "self.layers = nn.ModuleList(items)"
    )
    (finding,) = findings_of(source(init, LOOP), ("INI205",))
    assert finding.span.row == source(init, LOOP).splitlines().index("                items.append(layer)") + 1


@pytest.mark.parametrize(
    "result",
    [
        "self.a(x) + self.b(x)",
        "self.a(x) * self.b(x)",
        "x + self.a(x) + self.b(x)",
        "torch.relu(self.a(x)) + torch.relu(self.b(x))",
        "torch.stack([self.a(x), self.b(x)]).mean(0)",
        "torch.stack([self.a(x), self.b(x)], dim=1).sum(dim=1)",
        "(self.a(x) + self.b(x)) / 2",
    ],
)
def test_branches_that_stay_equal(result: str) -> None:
    (finding,) = findings_of(source(PAIR, f"return {result}"), ("INI205",))
    assert finding.severity is Severity.ERROR
    assert _text(finding) == (
        "`a`, `b` start equal, get the same input and only meet in one symmetric operation: their gradients are equal, "
        "and they stay equal forever; construct each anew"
    )


@pytest.mark.parametrize(
    "result",
    [
        "self.a(x) - self.b(x)",
        "self.a(x) / self.b(x)",
        "2 * self.a(x) + self.b(x)",
        "0.3 * self.a(x) + 0.7 * self.b(x)",
        "torch.add(self.a(x), self.b(x), alpha=2)",
        "self.a(x) * torch.sigmoid(self.b(x))",
        "self.a(x) + self.b(y)",
        "self.a(x) + self.b(x.flip(1)).flip(1)",
        "self.a(x[:, :8]) + self.b(x[:, 8:])",
        "(self.a(x) + self.b(x), self.a(x))",
        "(self.a(x), self.b(x))",
        "torch.cat([self.a(x), self.b(x)], -1)",
        "torch.cat([self.a(x), self.b(x)], 1).mean(1)",
        "torch.stack([self.a(x), self.b(x)], 1).mean(0)",
        "self.a(x) @ self.b(x)",
        "merge(self.a(x), self.b(x))",
    ],
)
def test_branches_whose_gradients_differ(result: str) -> None:
    assert messages(PAIR, f"return {result}", "x, y") == []


@pytest.mark.parametrize(
    "later",
    [
        "nn.init.xavier_uniform_(self.b.weight)",
        "self.apply(lambda m: isinstance(m, nn.Linear) and nn.init.orthogonal_(m.weight))",
        "self.b.requires_grad_(False)",
        "self.b.weight.data.mul_(0.5)",
        "self.a.reset_parameters()",
        "self.b.load_state_dict(torch.load('b.pt'))",
    ],
)
def test_copies_that_a_later_statement_changes(later: str) -> None:
    assert messages(f"{PAIR}\n{later}", "return self.a(x) + self.b(x)") == []


def test_copies_of_a_constant_or_a_norm() -> None:
    zero = PAIR.replace("\n", "\nnn.init.zeros_(self.a.weight)\n")
    assert messages(zero, "return self.a(x) + self.b(x)") == []
    assert messages(PAIR.replace("Linear(8, 8)", "LayerNorm(8)"), "return self.a(x) + self.b(x)") == []


def test_copies_in_series() -> None:
    (finding,) = findings_of(source(CLONES, LOOP), ("INI205",))
    assert finding.severity is Severity.INFO
    assert _text(finding) == (
        "`layers.0`, `layers.1`, `layers.2` are copies of one `Linear`: they start equal, and training makes "
        "them differ only slowly; draw the weights of each again"
    )


@pytest.mark.parametrize(("count", "expected"), [("6", 1), ("n", 1), ("1", 0), ("options.depth", 0)])
def test_stacks_of_torch(count: str, expected: int) -> None:
    init = (
        f"self.head = nn.Linear(8, 8)\nself.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2), {count})"
    )
    assert len(messages(init, "return self.head(self.encoder(x))")) == expected
    by_layer = f"{init}\nfor layer in self.encoder.layers:\n    nn.init.orthogonal_(layer.linear1.weight)"
    assert messages(by_layer, "return self.head(self.encoder(x))") == []
    again = f"{init}\nfor p in self.encoder.parameters():\n    if p.dim() > 1:\n        nn.init.xavier_uniform_(p)"
    assert messages(again, "return self.head(self.encoder(x))") == []


@pytest.mark.parametrize(
    ("product", "comprehension"),
    [
        ("[nn.Linear(8, 8)] * n", "[nn.Linear(8, 8) for _ in range(n)]"),
        ("n * [nn.Linear(8, 8)]", "[nn.Linear(8, 8) for _ in range(n)]"),
        ("[nn.Linear(8, 8), nn.ReLU()] * (n + 1)", "[m for _ in range(n + 1) for m in (nn.Linear(8, 8), nn.ReLU())]"),
    ],
)
def test_fix(product: str, comprehension: str) -> None:
    text = source(f"self.layers = nn.ModuleList({product})", LOOP)
    assert fixed({"net.py": text}, select=("INI205",))["net.py"] == text
    changed = fixed({"net.py": text}, unsafe=True, select=("INI205",))["net.py"]
    assert changed == text.replace(product, comprehension)
    assert findings_of(changed, ("INI205",)) == ()


MEMBER = """
class Member(nn.Module):
    def __init__(self, dim=8, seed=0):
        super().__init__()
        {first}
        self.fc = nn.Linear(dim, 8)
        {after}

    def forward(self, x):
        return self.fc(x).relu()


"""
ENSEMBLE = "self.layers = nn.ModuleList([Member() for _ in range(4)])"
MEAN = "return torch.stack([layer(x) for layer in self.layers]).mean(0)"


def seeded(init: str, forward: str, first: str = "torch.manual_seed(0)", after: str = "pass") -> list[str]:
    text = source(init, forward).replace(HEADER, HEADER + MEMBER.format(first=first, after=after))
    return [_text(finding) for finding in findings_of(text, ("INI205",))]


def test_a_seed_in_the_constructor() -> None:
    (message,) = seeded(ENSEMBLE, MEAN)
    assert message.startswith("`layers.0`, `layers.1`, `layers.2` and 1 more start equal, get the same input")
    assert seeded(ENSEMBLE, MEAN, first="torch.manual_seed(seed)")
    assert seeded(ENSEMBLE, MEAN, after="nn.init.orthogonal_(self.fc.weight)")
    assert seeded("self.one, self.two = Member(), Member()", "return self.one(x) + self.two(x)")


@pytest.mark.parametrize(
    ("init", "forward", "first", "after"),
    [
        ("self.layers = nn.ModuleList([Member(seed=i) for i in range(4)])", MEAN, "torch.manual_seed(seed)", "pass"),
        (ENSEMBLE, "return [layer(x) for layer in self.layers]", "torch.manual_seed(0)", "pass"),
        (ENSEMBLE, "for layer in self.layers:\n    x = layer(x)\nreturn x", "torch.manual_seed(0)", "pass"),
        (ENSEMBLE, MEAN, "pass", "torch.manual_seed(0)"),
        (ENSEMBLE, MEAN, "pass", "pass"),
        (ENSEMBLE, MEAN, "torch.manual_seed(0)", "nn.init.eye_(self.fc.weight)"),
        (ENSEMBLE + "\nself.apply(draw)", MEAN, "torch.manual_seed(0)", "pass"),
        (ENSEMBLE, MEAN, "if seed > options.least: torch.manual_seed(0)", "pass"),
    ],
)
def test_members_that_differ(init: str, forward: str, first: str, after: str) -> None:
    assert seeded(init, forward, first, after) == []


CLONES_OF_LAYERS = """
import copy
from torch import nn
def clones(module, count):
    return nn.ModuleList([copy.deepcopy(module) for _ in range(count)])
class Layer(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.fc = nn.Linear(size, size)
    def forward(self, x):
        return x + self.fc(x).relu()
class Net(nn.Module):
    def __init__(self, size, count):
        super().__init__()
        self.layers, self.count = clones(Layer(size), count), count
    def forward(self, x):
        for at in range(self.count):
            x = self.layers[at](x)
        return x
"""
BUILDER = """
def build(options):
    net = Net(options.size, options.count)
    if options.path:
        net.load_state_dict(torch.load(options.path))
    else:
        {start}
    return net
"""
XAVIER = "for p in net.parameters():\n            if p.dim() > 1:\n                nn.init.xavier_uniform_(p)"


@pytest.mark.parametrize(
    ("start", "number"),
    [
        (XAVIER, 0),
        ("for p in net.parameters():\n            if p.dim() == 1:\n                nn.init.zeros_(p)", 1),
        ("print(sum(p.numel() for p in net.parameters()))", 1),
    ],
)
def test_a_builder_that_draws_the_weights_again(tmp_path: Path, start: str, number: int) -> None:
    builder = BUILDER.format(start=start)
    one_file = {"net.py": CLONES_OF_LAYERS + builder}
    assert len(findings_in_project(tmp_path / "one", "INI205", one_file)) == number
    two_files = {"net.py": CLONES_OF_LAYERS, "train.py": f"from torch import nn\nfrom net import Net\n{builder}"}
    assert len(findings_in_project(tmp_path / "two", "INI205", two_files)) == number


TWO_INPUTS = """
class Member(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(16, 32), nn.Tanh(), nn.Linear(32, 1))

    def forward(self, s, a):
        {joined}
        return self.inner(h)


class Net(nn.Module):
    def __init__(self, n=3):
        super().__init__()
        first = Member()
        self.members = nn.ModuleList([first, *(copy.deepcopy(first) for _ in range(n - 1))])

    def forward(self, s, a, b):
        {result}


{script}
"""


def members(joined: str, result: str, script: str = "") -> list[str]:
    code = HEADER + TWO_INPUTS.format(joined=joined, result=result, script=script)
    return [finding.message for finding in findings_of(code, ("INI205",))]


SUM = "out = 0\n        for m in self.members:\n            out {}\n        return out"


@pytest.mark.parametrize(
    ("joined", "result", "number"),
    [
        ("h = torch.cat([s, a], -1)", "return sum(m(s, a) for m in self.members)", 1),
        ("h = torch.tanh(s + a)", "return torch.stack([m(s, a) for m in self.members]).mean(0)", 1),
        ("h = s + a", SUM.format("= out + m(s, a)"), 1),
        ("h = s * a", SUM.format("+= m(s, a)"), 1),
        (
            "h = torch.cat([s, a], -1)",
            "return self.members[0](s, a) + self.members[1](s, b) + self.members[2](s, a)",
            0,
        ),
        ("h = s + a", "return self.members[0](s, a) + self.members[1](b, a) + self.members[2](s, b)", 0),
        ("h = s + a", SUM.format("= out - m(s, a)"), 0),
        ("h = s + a * torch.rand(1)", SUM.format("= out + m(s, a)"), 0),
    ],
)
def test_copies_with_two_inputs(joined: str, result: str, number: int) -> None:
    assert len(members(joined, result)) == number


@pytest.mark.parametrize(
    ("script", "number"),
    [
        ("print(Net()(torch.randn(2, 16), torch.ones(2, 16), None))", 1),
        ("net = Net()\nx = torch.load('x.pt')\nfor _ in range(50):\n    net(x, x, x).sum().backward()", 1),
        (
            "def main():\n    net = Net()\n    for s, a in loader:\n        loss = net(s, a, a).mean()\n\n\n"
            "if __name__ == '__main__':\n    main()",
            1,
        ),
        ("net = Net()\nprint(net.members[0](torch.ones(2, 16), torch.ones(2, 16)))", 0),
    ],
)
def test_a_script_that_calls_the_model(script: str, number: int) -> None:
    assert len(set(members("h = s + a", "return sum(m(s, a) for m in self.members)", script))) == number


STACK = """
import torch
import torch.nn as nn
from torch import optim


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(32, 4), 6)
        self.head = nn.Linear(32, 4)

    def forward(self, x):
        return self.head(self.encoder(x))


def main():
    net = Net()
    {use}


main()
"""


@pytest.mark.parametrize(
    ("use", "number"),
    [
        ("optim.Adam(net.parameters())", 1),
        ("optim.SGD([{'params': net.encoder.parameters()}, {'params': net.head.parameters()}])", 1),
        ("print(sum(p.numel() for p in net.parameters() if p.requires_grad))", 1),
        ("params = list(net.parameters())\n    opt = optim.AdamW(params)", 1),
        ("opt = optim.Adam(filter(lambda p: p.requires_grad, net.parameters()))", 1),
        ("for n, p in net.named_parameters():\n        print(n, p.shape)", 1),
        ("torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)", 1),
        ("torch.save(net.state_dict(), 'net.pt')", 1),
        ("for p in net.parameters():\n        p.grad.zero_()", 1),
        ("for p in net.parameters():\n        if p.dim() > 1: nn.init.xavier_uniform_(p)", 0),
        ("for p in net.encoder.parameters():\n        p.data.normal_(0, 0.02)", 0),
        ("params = list(net.parameters())\n    for p in params: p.data = torch.randn_like(p)", 0),
        ("[nn.init.normal_(p, std=0.02) for p in net.parameters() if p.ndim > 1]", 0),
        ("initialize(net.parameters())", 0),
        ("state = net.state_dict()\n    for k in state: nn.init.normal_(state[k])", 0),
        ("net.apply(initialize)", 0),
    ],
)
def test_reading_the_parameters_of_a_stack(use: str, number: int) -> None:
    assert len(findings_of(STACK.format(use=use), ("INI205",))) == number
