"""A call that is commented out says that the init function is switched off on purpose."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

import pytest

from tests.support.reference_projects import findings_in_project

CLASS = """class {name}(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        {comment}

    def init_weights(self):
        nn.init.normal_(self.fc.weight)

    def forward(self, x):
        return self.fc(x)
"""
FUNCTION = "def init_weights(m):\n    nn.init.normal_(m.weight)\n\n"
PLAIN = "class Net(nn.Module):\n    pass\n"


def cls(name: str, comment: str = "") -> str:
    return CLASS.format(name=name, comment=comment)


def reported(folder: Path, *parts: str) -> list[str]:
    """The lines above the findings, stripped: the class or what is the text before a method."""
    text = "import torch.nn as nn\n\n" + "\n".join(parts)
    lines = text.split("\n")
    found = findings_in_project(folder, "INI106", {"net.py": text})
    return [next(line for line in lines[row - 1 :: -1] if line.lstrip().startswith("class")) for _, row, _ in found]


@pytest.mark.parametrize(
    ("comment", "is_reported"),
    [
        ("# self.init_weights()", False),
        ("#self.fc.init_weights(0.1)", False),
        ("# self.apply(self.init_weights)", False),
        ("# init_weights is for experiments", True),
        ("# self.other_init_weights()", True),
        ("'''\n        # self.init_weights()\n        '''", True),
        ("note = '''\n        # self.init_weights()\n        '''  # self.init_weights()", True),
        ("f'{self.fc}'\n        # self.init_weights()", False),
    ],
)
def test_a_method_whose_call_is_commented_out(tmp_path: Path, comment: str, is_reported: bool) -> None:
    assert bool(reported(tmp_path, cls("Net", comment))) is is_reported


def test_the_comment_is_about_the_class_that_it_stands_in(tmp_path: Path) -> None:
    first, second = cls("One"), cls("Two", "# self.init_weights()")
    assert reported(tmp_path / "first", first, second) == ["class One(nn.Module):"]
    assert reported(tmp_path / "second", second, first) == ["class One(nn.Module):"]
    assert reported(tmp_path / "neither", cls("One"), cls("Two")) == ["class One(nn.Module):", "class Two(nn.Module):"]


@pytest.mark.parametrize(
    ("below", "is_reported"),
    [
        ("\n        # self.init_weights()\n", False),
        ("    # why not\n\n    # self.init_weights()\n", False),
        ("# self.init_weights()\n", True),
        ("# net.init_weights()\n", False),
        ("net = 1\n# net.init_weights()\n", False),
        ("note = '''\n# net.init_weights()\n'''\n", True),
    ],
)
def test_a_comment_below_the_last_statement(tmp_path: Path, below: str, is_reported: bool) -> None:
    assert bool(reported(tmp_path, cls("Net").rstrip("\n") + "\n" + below)) is is_reported


def test_a_comment_in_a_class_within_the_class(tmp_path: Path) -> None:
    inner = indent(cls("Inner", "# self.init_weights()").replace("def init_weights", "def other"), "    ")
    assert reported(tmp_path / "inner", cls("Net") + "\n" + inner) == ["class Net(nn.Module):"]
    assert reported(tmp_path / "outer", cls("Net", "# self.init_weights()") + "\n" + inner) == []


@pytest.mark.parametrize(
    ("comment", "is_reported"),
    [
        ("# net.apply(init_weights)", False),
        ("# init_weights(net)", False),
        ("# self.apply(init_weights)", False),
        ("# self.init_weights()", True),
        ("# self.apply(self.init_weights)", True),
    ],
)
def test_a_function_whose_call_is_commented_out(tmp_path: Path, comment: str, is_reported: bool) -> None:
    assert bool(reported(tmp_path, PLAIN, FUNCTION, comment)) is is_reported


@pytest.mark.parametrize(("place", "is_reported"), [("build", False), ("other", True)])
def test_a_function_in_a_function(tmp_path: Path, place: str, is_reported: bool) -> None:
    comment = "    # net.apply(init_weights)\n"
    build = f"def build(net):\n{indent(FUNCTION, '    ')}    return net\n{comment if place == 'build' else ''}"
    other = f"def other(net):\n    return net\n{comment if place == 'other' else ''}"
    assert bool(reported(tmp_path, PLAIN, build, other)) is is_reported


def test_a_call_of_an_object_may_mean_another_class_of_the_file(tmp_path: Path) -> None:
    lines = reported(tmp_path, cls("One"), cls("Two"), "# net.init_weights()")
    assert lines == ["class One(nn.Module):", "class Two(nn.Module):"]


OTHER_CLASS = "import torch.nn as nn\n\n" + CLASS.format(name="Other", comment="")


@pytest.mark.parametrize(
    ("train", "other", "is_reported"),
    [
        ("from net import Net\nnet = Net()\n#net.init_weights()\n", "", False),
        ("from net import Net\nnet = Net()\n# self.net.init_weights(0.1)\n", OTHER_CLASS, False),
        ("from net import Net\nnet = Net()\n# net.apply(net.init_weights)\n", "", False),
        ("from build import make\nnet = make()\n# net.init_weights()\n", "", False),
        ("from build import make\nnet = make()\n# net.init_weights()\n", OTHER_CLASS, True),
        ("from other import Other\nnet = Other()\n# net.init_weights()\n", OTHER_CLASS, True),
        ("from net import Net\nnet = Net()\n# self.init_weights()\n", "", True),
        ("from net import Net\nnet = Net()\n# init_weights(net)\n", "", True),
        ("from net import Net\nnet = Net()\n# then net.init_weights() is called\n", "", True),
        ("from net import Net\nnet = Net()\n# net.other_init_weights()\n", "", True),
        ("from net import Net\nnet = Net()\nnote = '''\n# net.init_weights()\n'''\n", "", True),
        ("from net import Net\nnet = Net()\n", "", True),
    ],
)
def test_a_method_whose_call_another_file_has_in_a_comment(
    tmp_path: Path, train: str, other: str, is_reported: bool
) -> None:
    files = {"net.py": "import torch.nn as nn\n\n" + cls("Net"), "train.py": train, "other.py": other}
    assert bool(findings_in_project(tmp_path, "INI106", files)) is is_reported


@pytest.mark.parametrize(
    ("train", "is_reported"),
    [
        ("import utils\n# encoder.apply(utils.init_weights)\n", False),
        ("from utils import init_weights\n# init_weights(net)\n", False),
        ("from . import init_weights\n# net.apply(init_weights)\n", False),
        ("from other import init_weights\n# net.apply(init_weights)\n", True),
        ("def init_weights(m):\n    pass\n\n# net.apply(init_weights)\n", True),
        ("import utils\n# self.init_weights()\n", True),
        ("import utils\n# net.apply(self.init_weights)\n", True),
        ("import utils\n# utils.init_weights is slow (now)\n", True),
        ("import utils\n", True),
    ],
)
def test_a_function_whose_call_another_file_has_in_a_comment(tmp_path: Path, train: str, is_reported: bool) -> None:
    files = {"utils.py": f"import torch.nn as nn\n\n{PLAIN}\n{FUNCTION}", "train.py": train}
    assert bool(findings_in_project(tmp_path, "INI106", files)) is is_reported


@pytest.mark.parametrize(("origin", "is_reported"), [("tools", False), ("tools.start", False), ("others", True)])
def test_a_function_that_is_imported_from_its_package(tmp_path: Path, origin: str, is_reported: bool) -> None:
    files = {
        "tools/start.py": f"import torch.nn as nn\n\n{PLAIN}\n{FUNCTION}",
        "train.py": f"from {origin} import init_weights\n# net.apply(init_weights)\n",
    }
    assert bool(findings_in_project(tmp_path, "INI106", files)) is is_reported
