"""Parameters that nothing in the project writes to."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

import pytest

from initlint.tracers.references import project_index
from initlint.tracers.references.bulk_writes import BULK_WRITE_PATTERNS
from tests.support.reference_projects import findings_in_project

NET = """
    import torch
    from torch import nn

    class Net({base}):
        def __init__(self):
            super().__init__()
            self.table = nn.Parameter({made})
            self.fc = nn.Linear(4, 4)
            {more}

        def forward(self, x):
            return self.fc(x) + self.table
"""


def net(made: str = "torch.empty(4)", more: str = "pass", base: str = "nn.Module") -> str:
    return NET.format(made=made, more=more, base=base)


@pytest.mark.parametrize(
    "made", ["torch.empty(4)", "torch.Tensor(2, 4)", "torch.FloatTensor(2, 4)", "torch.empty_like(x)"]
)
def test_memory_as_it_was(tmp_path: Path, made: str) -> None:
    text = net(made).replace("def __init__(self)", "def __init__(self, x=torch.zeros(4))")
    assert [(level, row) for level, row, _ in findings_in_project(tmp_path, "INI108", {"net.py": text})] == [
        ("error", 7)
    ]


@pytest.mark.parametrize(
    "made",
    [
        "torch.zeros(4)",
        "torch.empty(4).normal_()",
        "torch.Tensor([1.0, 2.0])",
        "torch.empty(0)",
        "torch.empty(4, device='meta')",
        "torch.empty(4), requires_grad=False",
        "other.make(torch.empty(4))",
    ],
)
def test_other_memory(tmp_path: Path, made: str) -> None:
    assert (
        findings_in_project(tmp_path, "INI108", {"net.py": "import other\n" + net(made).replace("\n    ", "\n")}) == []
    )


@pytest.mark.parametrize(
    "more",
    [
        "nn.init.normal_(self.table)",
        "self.table.data.zero_()",
        "self.table[0] = 1",
        "for p in self.parameters(): nn.init.normal_(p)",
        "for p in [self.table, self.fc.weight]: nn.init.normal_(p)",
        "nn.init.normal_(getattr(self, 'table'))",
        "nn.init.normal_(getattr(self, f'tabl{self.kind}'))",
        "init_all(self)",
        "self.reset()",
    ],
)
def test_what_the_class_does(tmp_path: Path, more: str) -> None:
    text = "from elsewhere import init_all\n" + net(more=more).replace("\n    ", "\n")
    text += "\n    def reset(self):\n        load(self.table)\n" if "reset" in more else ""
    assert findings_in_project(tmp_path, "INI108", {"net.py": text}) == []


@pytest.mark.parametrize(
    "other",
    [
        "from net import Net\nnet = Net()\nfor p in net.parameters():\n    nn.init.normal_(p)\n",
        "from net import Net\nclass Two(nn.Module):\n    def __init__(self):\n        self.net = Net()\n"
        "        for p in self.parameters():\n            nn.init.normal_(p)\n",
        "from net import Net\nclass Two(Net):\n    def fill(self):\n        nn.init.normal_(self.table)\n",
        "def fill(m):\n    for p in m.parameters():\n        nn.init.normal_(p)\n\n"
        "def main():\n    from net import Net\n    fill(Net())\n",
        "def fill(m):\n    nn.init.normal_(m.table)\n\ndef main():\n    from net import Net\n    fill(Net())\n",
        "from net import Net\nnet = Net()\nnet.table = load()\n",
    ],
    ids=["loop", "holder", "subclass", "helper loop", "helper", "assignment"],
)
def test_a_file_beside_it_may_write(tmp_path: Path, other: str) -> None:
    assert (
        findings_in_project(tmp_path, "INI108", {"net.py": net(), "other.py": f"from torch import nn\n{other}"}) == []
    )


@pytest.mark.parametrize(
    "other",
    [
        "class Two(nn.Module):\n    def fill(self):\n        nn.init.normal_(self.table)\n",
        "class Two(nn.Module):\n    def fill(self):\n        for p in self.parameters():\n            nn.init.normal_(p)\n",
        "class Net(nn.Module):\n    def __init__(self):\n        self.table = nn.init.normal_(nn.Parameter(torch.empty(4)))\n",
        "def fill(m):\n    nn.init.normal_(m.table)\n",
        "from net import Net\ndef fill(m):\n    if isinstance(m, nn.Linear):\n        nn.init.normal_(m.table)\nfill(Net())\n",
        "from net import Net\ntable = nn.init.normal_(nn.Linear(2, 2).weight)\nprint(Net(), 'the table is here')\n",
        "from net import Net\nprint(Net().table)\n",
        "from net import Net\nfor p in Net().parameters():\n    p.requires_grad = False\n",
    ],
    ids=[
        "another class",
        "another loop",
        "a namesake",
        "not connected",
        "told apart",
        "a name",
        "read",
        "a loop that fills nothing",
    ],
)
def test_a_file_beside_it_does_not_write(tmp_path: Path, other: str) -> None:
    files = {"net.py": net(), "other.py": f"from torch import nn\n{other}"}
    assert [row for _, row, _ in findings_in_project(tmp_path, "INI108", files)] == [7]


FROM_NET = "from torch import nn\nfrom net import Net\n"
FILL = "def fill(m):\n    for p in m.parameters():\n        nn.init.normal_(p)\n"


@pytest.mark.parametrize(
    "other",
    [
        "[nn.init.normal_(p) for p in Net().parameters()]\n",
        "list(map(nn.init.normal_, Net().parameters()))\n",
        "torch._foreach_zero_(list(Net().parameters()))\n",
        "nn.utils.vector_to_parameters(v, Net().parameters())\n",
        "ps = list(Net().parameters())\nfor p in ps:\n    p.data.normal_(0, 0.02)\n",
        "for p, q in zip(Net().parameters(), given):\n    p.data = q.clone()\n",
        "for m in Net().modules():\n    for name, p in m._parameters.items():\n        p.data.zero_()\n",
        "state = Net().state_dict()\nfor key in state:\n    state[key].normal_(0, 0.02)\n",
        "for value in Net().state_dict().values():\n    value.copy_(torch.randn_like(value))\n",
        "Net().apply(lambda m: [nn.init.normal_(p) for p in m.parameters()])\n",
        "import copy\nnet = copy.deepcopy(Net())\nfor p in net.parameters():\n    nn.init.normal_(p)\n",
    ],
)
def test_code_that_fills_all_parameters(tmp_path: Path, other: str) -> None:
    assert findings_in_project(tmp_path, "INI108", {"net.py": net(), "other.py": FROM_NET + other}) == []


@pytest.mark.parametrize(
    "other",
    [
        "from elsewhere import start\nNet().apply(start)\n",
        "from elsewhere import init_model\ninit_model(Net())\n",
        "import elsewhere\nelsewhere.init_model(model=Net())\n",
        "from elsewhere import start\nnet = FSDP(Net(), param_init_fn=start)\n",
    ],
)
def test_functions_of_other_libraries_that_may_fill(tmp_path: Path, other: str) -> None:
    assert findings_in_project(tmp_path, "INI108", {"net.py": net(), "other.py": FROM_NET + other}) == []


@pytest.mark.parametrize(
    "other",
    [
        "optimizer = torch.optim.SGD(Net().parameters(), 0.1)\n",
        "net = Net()\nfor p in net.parameters():\n    p.requires_grad_(False)\n    p.grad.zero_()\n",
        "ema = Net()\nfor p, q in zip(ema.parameters(), net.parameters()):\n    p.data.mul_(0.9).add_(q.data, alpha=0.1)\n",
        "nn.utils.clip_grad_norm_(Net().parameters(), 1.0)\n",
        "print(sum(p.numel() for p in Net().parameters()))\n",
        "ok = all(torch.isfinite(p).all() for p in Net().parameters())\n",
        "def start(m):\n    if isinstance(m, nn.Linear):\n        nn.init.normal_(m.weight)\nNet().apply(start)\n",
        "def init_model(m):\n    nn.init.normal_(m.fc.weight)\ninit_model(Net())\n",
        "import lightning\nlightning.Trainer().fit(Net())\n",
    ],
)
def test_code_that_takes_all_parameters_and_fills_none(tmp_path: Path, other: str) -> None:
    files = {"net.py": net(), "other.py": FROM_NET + other}
    assert [(level, row) for level, row, _ in findings_in_project(tmp_path, "INI108", files)] == [("error", 7)]


@pytest.mark.parametrize(
    ("files", "reported"),
    [
        ({"train.py": FROM_NET + "def main():\n    start(Net())\ndef start(m):\n    fill(m)\n" + FILL}, False),
        ({"train.py": f"import importlib\nnet = importlib.import_module(name).Net()\nfill(net)\n{FILL}"}, False),
        ({"train.py": "from net import Net as N\ndef fill(m):\n    nn.init.normal_(m.table)\nfill(N())\n"}, False),
        (
            {
                "table.py": "from net import Net\nMODELS = {'net': Net}\n",
                "train.py": "from table import MODELS\ndef main(name):\n    fill(MODELS[name]())\n"
                "def fill(m):\n    nn.init.normal_(m.table)\n",
            },
            False,
        ),
        (
            {
                "wrap.py": "class Wrap(nn.Module):\n    def __init__(self, inner):\n        self.inner = inner\n"
                "        for p in self.parameters():\n            nn.init.normal_(p)\n",
                "train.py": "from net import Net\nfrom wrap import Wrap\nnet = Wrap(Net())\n",
            },
            False,
        ),
        ({"hydra.yaml": "_target_: net.Net\ntable: 3\n"}, True),
    ],
    ids=["through two functions", "dynamic import", "renamed", "table of classes", "wrapped", "configuration"],
)
def test_ways_from_the_class_to_what_fills_it(tmp_path: Path, files: dict[str, str], reported: bool) -> None:
    assert bool(findings_in_project(tmp_path, "INI108", {"net.py": net(), "setup.cfg": "", **files})) is reported


@pytest.mark.parametrize(
    "more",
    [
        "torch.randn(4, out=self.table)",
        "self.fill()\n\n        def fill(self):\n            kernel[(1,)](self.table, 4)",
        "self.fill()\n\n        def fill(self):\n            for w in self.own():\n                nn.init.normal_(w)\n\n"
        "        def own(self):\n            return [self.table]",
        "self.fill(print)\n\n        def fill(self, init_fn):\n            init_fn(self.table)",
        "self.fill()\n\n        def fill(self):\n            f = functools.partial(nn.init.normal_, std=0.02)\n"
        "            f(self.table)",
        "self.fill()\n\n        def fill(self):\n            for p in self.__dict__['_parameters'].values():\n"
        "                p.data.zero_()",
        "self.start = None\n\n        def setup(self, stage):\n            w = self.table\n            w.data[:] = 0",
    ],
)
def test_ways_within_the_class(tmp_path: Path, more: str) -> None:
    assert findings_in_project(tmp_path, "INI108", {"net.py": net(more=more)}) == []


def test_a_tensor_filled_before_it_becomes_a_parameter(tmp_path: Path) -> None:
    made = "torch.empty(4)\n            torch.randn(4, out=w)\n            self.table = nn.Parameter(w)"
    text = net().replace("self.table = nn.Parameter(torch.empty(4))", f"w = {made}")
    assert findings_in_project(tmp_path, "INI108", {"net.py": text}) == []


@pytest.mark.parametrize(
    ("base", "levels"),
    [("nn.Module, Theirs", []), ("Theirs", []), ("lightning.LightningModule", ["error"]), ("nn.Module", ["error"])],
)
def test_base_classes_that_may_fill(tmp_path: Path, base: str, levels: list[str]) -> None:
    text = "import lightning\nfrom elsewhere import Theirs\n" + net(base=base).replace("\n    ", "\n")
    assert [level for level, _, _ in findings_in_project(tmp_path, "INI108", {"net.py": text})] == levels


def test_a_file_that_cannot_be_read_may_write(tmp_path: Path) -> None:
    assert findings_in_project(tmp_path, "INI108", {"net.py": net(), "other.py": "print Net().table\n"}) == []


def test_a_checkpoint_makes_it_a_warning(tmp_path: Path) -> None:
    build = "def build(path):\n    from net import Net\n    net = Net()\n    net.load_state_dict(torch.load(path))\n"
    assert [level for level, _, _ in findings_in_project(tmp_path, "INI108", {"net.py": net(), "build.py": build})] == [
        "warning"
    ]
    resume = "def resume(model, path):\n    model.load_state_dict(torch.load(path))\n"
    assert [
        d[0] for d in findings_in_project(tmp_path / "resume", "INI108", {"net.py": net(), "resume.py": resume})
    ] == ["warning"]
    holder = "from net import Net\nclass Two(ModelMixin):\n    def __init__(self):\n        self.net = Net()\n"
    assert [d[0] for d in findings_in_project(tmp_path / "two", "INI108", {"net.py": net(), "two.py": holder})] == [
        "warning"
    ]
    hub = net(base="nn.Module, PyTorchModelHubMixin")
    text = "from huggingface_hub import PyTorchModelHubMixin\n" + hub.replace("\n    ", "\n")
    assert [level for level, _, _ in findings_in_project(tmp_path / "hub", "INI108", {"net.py": text})] == ["warning"]


def test_one_that_nothing_uses_is_a_note(tmp_path: Path) -> None:
    text = net().replace(" + self.table", "")
    ((level, row, message),) = findings_in_project(tmp_path, "INI108", {"net.py": text})
    assert (level, row) == ("info", 7)
    assert message == (
        "nothing in the project initializes the parameter `table` of `Net`: nothing uses it either; remove it"
    )


def test_a_number_that_nothing_uses_is_a_placeholder(tmp_path: Path) -> None:
    text = net("torch.empty(1)")
    assert findings_in_project(tmp_path, "INI108", {"net.py": text.replace(" + self.table", "")}) == []
    assert findings_in_project(tmp_path, "INI108", {"net.py": text}) != []


def test_a_project_in_a_hidden_folder_of_another_is_its_own(tmp_path: Path) -> None:
    files = {".cache/theirs/net.py": net(), ".cache/theirs/use.py": "from net import Net\nNet().table.data.zero_()\n"}
    assert findings_in_project(tmp_path, "INI108", {**files, "pyproject.toml": ""}) == []


def test_folders_that_are_no_part_of_the_project_are_not_read(tmp_path: Path) -> None:
    other = "from net import Net\nNet().table.data.zero_()\n"
    assert (
        findings_in_project(
            tmp_path, "INI108", {"net.py": net(), ".venv/other.py": other, "node_modules/other.py": other}
        )
        != []
    )


def test_what_is_asked_of_a_file_for_each_parameter_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few trees are kept, so that the cost does not grow with parameters times files."""
    monkeypatch.setattr(project_index, "_MAX_CACHED_SOURCE", 0)
    parsed: list[str] = []
    parse = project_index.parse_index
    monkeypatch.setattr(project_index, "parse_index", lambda path, data: parsed.append(path.name) or parse(path, data))
    more = "; ".join(f"self.table{number} = nn.Parameter(torch.empty(4))" for number in range(5))
    tools = {f"tool{n}.py": "def take(things, name):\n    return getattr(things, name)\n" for n in range(10)}
    assert len(findings_in_project(tmp_path, "INI108", {"net.py": net(more=more), **tools})) == 6
    assert sorted(name for name in parsed if name != "net.py") == sorted(tools)


CHILDREN = """
def restart(model):
    for child in model.{children}():
        for p in child.parameters():
            nn.init.normal_(p, 0, 0.02)


{use}
"""


@pytest.mark.parametrize(
    ("children", "use", "reported"),
    [
        ("children", "net = Net()\nrestart(net)", True),
        ("children", "restart(Net())", True),
        ("children", "def main():\n    net = Net()\n    restart(net)\n    net(1)\n\nmain()", True),
        ("modules", "net = Net()\nrestart(net)", False),
        ("children", "restart(nn.Sequential(Net()))", False),
        ("children", "net = Net()\nrestart(nn.ModuleList([net]))", False),
        ("children", "def make():\n    return Net()\n\nrestart(nn.Sequential(make()))", False),
        ("children", "class Outer(Net):\n    pass\n\nrestart(nn.Sequential(Outer()))", False),
        ("children", "box = nn.Module()\nbox.net = Net()\nrestart(box)", False),
    ],
)
def test_a_loop_over_children_leaves_out_the_root(tmp_path: Path, children: str, use: str, reported: bool) -> None:
    text = dedent(net()) + CHILDREN.format(children=children, use=use)
    assert bool(findings_in_project(tmp_path, "INI108", {"net.py": text})) is reported


@pytest.mark.parametrize("call", ["nn.init.orthogonal(self.fc.weight)", "nn.init.orthogonal_(self.fc.weight)"])
def test_a_deprecated_name_of_torch_takes_no_model(tmp_path: Path, call: str) -> None:
    assert len(findings_in_project(tmp_path, "INI108", {"net.py": net(more=call)})) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("for p in net.parameters(): nn.init.normal_(p)", True),
        ("x = 1\nfor p in net.parameters():\n    p.data.mul_(2)\n", True),
        ("x = 1\nreset(list(net.parameters()))\n", True),
        ("x = 1\nlog(net.parameters())\nreset_all(net.parameters())\n", True),
        ("x = 1\noptimizer = SGD(net.parameters())\n" + "step()\n" * 14 + "reset(x)\n", False),
        ("reset(x)\noptimizer = SGD(net.parameters())\n", False),
        ("reset(net.my_parameters_of())\n", False),
    ],
)
def test_texts_that_may_write_all_parameters(text: str, expected: bool) -> None:
    assert bool(re.search(BULK_WRITE_PATTERNS["parameters"], text)) is expected
