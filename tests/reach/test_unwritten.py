"""Parameters that nothing in the project writes to."""

from __future__ import annotations

from pathlib import Path

import pytest
from project import found

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
    assert [(level, row) for level, row, _ in found(tmp_path, "INI108", {"net.py": text})] == [("error", 7)]


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
    assert found(tmp_path, "INI108", {"net.py": "import other\n" + net(made).replace("\n    ", "\n")}) == []


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
    assert found(tmp_path, "INI108", {"net.py": text}) == []


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
    assert found(tmp_path, "INI108", {"net.py": net(), "other.py": f"from torch import nn\n{other}"}) == []


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
    assert [row for _, row, _ in found(tmp_path, "INI108", files)] == [7]


def test_a_file_that_cannot_be_read_may_write(tmp_path: Path) -> None:
    assert found(tmp_path, "INI108", {"net.py": net(), "other.py": "print Net().table\n"}) == []


def test_a_checkpoint_makes_it_a_warning(tmp_path: Path) -> None:
    build = "def build(path):\n    from net import Net\n    net = Net()\n    net.load_state_dict(torch.load(path))\n"
    assert [level for level, _, _ in found(tmp_path, "INI108", {"net.py": net(), "build.py": build})] == ["warning"]
    holder = "from net import Net\nclass Two(ModelMixin):\n    def __init__(self):\n        self.net = Net()\n"
    assert [d[0] for d in found(tmp_path / "two", "INI108", {"net.py": net(), "two.py": holder})] == ["warning"]
    hub = net(base="nn.Module, PyTorchModelHubMixin")
    text = "from huggingface_hub import PyTorchModelHubMixin\n" + hub.replace("\n    ", "\n")
    assert [level for level, _, _ in found(tmp_path / "hub", "INI108", {"net.py": text})] == ["warning"]


def test_one_that_nothing_uses_is_a_note(tmp_path: Path) -> None:
    text = net().replace(" + self.table", "")
    ((level, row, message),) = found(tmp_path, "INI108", {"net.py": text})
    assert (level, row) == ("info", 7)
    assert message == "nothing in the project initialises the parameter `table` of `Net`: nothing uses it either"


def test_a_number_that_nothing_uses_is_a_placeholder(tmp_path: Path) -> None:
    text = net("torch.empty(1)")
    assert found(tmp_path, "INI108", {"net.py": text.replace(" + self.table", "")}) == []
    assert found(tmp_path, "INI108", {"net.py": text}) != []


def test_a_project_in_a_hidden_folder_of_another_is_its_own(tmp_path: Path) -> None:
    files = {".cache/theirs/net.py": net(), ".cache/theirs/use.py": "from net import Net\nNet().table.data.zero_()\n"}
    assert found(tmp_path, "INI108", {**files, "pyproject.toml": ""}) == []


def test_folders_that_are_no_part_of_the_project_are_not_read(tmp_path: Path) -> None:
    other = "from net import Net\nNet().table.data.zero_()\n"
    assert found(tmp_path, "INI108", {"net.py": net(), ".venv/other.py": other, "node_modules/other.py": other}) != []
