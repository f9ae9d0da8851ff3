"""The arguments that models are built with: those of the configuration, and those of calls in the project."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from initlint.cli.commands import cli

NET = """
import torch
from torch import nn

SIZES = [8, 16]

class Net(nn.Module):
    def __init__(self, sizes, act, *, depth):
        super().__init__()
        self.first = nn.Linear(sizes[0], sizes[1])
        self.rest = nn.ModuleList(nn.Linear(sizes[1], sizes[1]) for _ in range(depth))
        for name in act:
            raise ValueError(name)
        vars(nn.init)["xavier" + "_uniform_"](self.first.weight)  # only torch sees it

    def forward(self, x):
        x = torch.relu(self.first(x))
        for layer in self.rest:
            x = layer(x)
        return x

class Other(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.only = nn.Linear(width, width)
        self.last = nn.Linear(width, width)
        vars(nn.init)["xavier" + "_uniform_"](self.only.weight)  # only torch sees it

    def forward(self, x):
        return self.last(torch.relu(self.only(x)))

class Stack(nn.Module):
    def __init__(self, block, widths, norm=None):
        super().__init__()
        assert norm is None or norm is nn.Identity
        self.blocks = nn.ModuleList(block(width) for width in widths)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x

def stack(**kwargs):
    return Stack(Other, [4, 4], norm=None, **kwargs)

class Unused(nn.Module):
    def __init__(self, width):
        super().__init__()
"""

TRAIN = """
import net
from net import SIZES, Net as Model, Net

WIDTHS = [12, 24]

def main(options):
    Net(options.sizes, "", depth=2)
    Net(WIDTHS, "", depth=3)
    net.Net(WIDTHS, "ab", depth=4)
"""

TESTS = """
from net import Net

def test_net():
    Net([2, 4], "", depth=1)
"""


@pytest.fixture
def project(in_directory: Path) -> Path:
    (in_directory / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    for name, source in (("net", NET), ("train", TRAIN), ("test_net", TESTS)):
        (in_directory / f"{name}.py").write_text(source)
    return in_directory


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments, env={"NO_COLOR": "1", "COLUMNS": "120"})


def test_a_call_of_the_project_gives_the_arguments(project: Path) -> None:
    result = run("trace", "net.py:Net")
    assert result.exit_code == 0, result.stderr
    _, note, _, first, *rest = result.stdout.splitlines()
    assert note == "  built as Net(WIDTHS, '', depth=3), train.py:9"
    assert first.split()[:3] == ["first", "Linear", "24x12"]
    assert len(rest) == 3
    document = json.loads(run("trace", "net.py:Net", "--output-format", "json").stdout)
    assert document["models"][0]["built_as"] == "Net(WIDTHS, '', depth=3), train.py:9"


def test_tests_come_last_and_calls_that_raise_are_skipped(project: Path) -> None:
    (project / "train.py").write_text(TRAIN.replace('WIDTHS, "", ', 'WIDTHS, "cd", '))
    assert "built as Net([2, 4], '', depth=1), test_net.py:5" in run("trace", "net.py:Net").stdout


def test_an_argument_may_be_a_class_of_the_same_module(project: Path) -> None:
    result = run("trace", "net.py:Stack")
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    row = next(row for row, line in enumerate(NET.splitlines(), 1) if "Stack(Other" in line)
    assert lines[1] == f"  built as Stack(Other, [4, 4], norm=None, **kwargs), net.py:{row}"
    assert [line.split()[0] for line in lines[3:]] == [
        f"blocks.{n}.{name}" for n in (0, 1) for name in ("only", "last")
    ]
    (project / "use.py").write_text("from net import Other, Stack\nmodel = Stack(Other, widths=[2], norm=None)\n")
    text = NET.replace("return Stack(Other, [4, 4], norm=None, **kwargs)", "pass")
    (project / "net.py").write_text(text)
    assert "  built as Stack(Other, widths=[2], norm=None), use.py:2" in run("trace", "net.py:Stack").stdout


def test_without_a_literal_call_the_missing_argument_is_named(project: Path) -> None:
    result = run("trace", "net.py:Unused")
    assert result.exit_code == 1
    assert "missing a required argument: 'width'" in result.stderr


def test_the_configuration_comes_first(project: Path) -> None:
    table = '[[trace]]\ntarget = "net.py:Net"\nargs = [[3, 5], ""]\nkwargs = { depth = 1 }\n'
    (project / "initlint.toml").write_text(table)
    result = run("trace", "net.py:Net")
    assert "built as" not in result.stdout
    assert "Linear 5x3" in result.stdout
    result = run("trace", "net.py:Net", "--arg", "[6, 7]", "--arg", "", "--kwarg", "depth=1")
    assert "Linear 7x6" in result.stdout


def findings(*options: str) -> list[tuple[str, int]]:
    result = run("check", "--trace", "--select", "INI301", "--output-format", "json", *options, "net.py")
    return [(d["model"], d["row"]) for d in json.loads(result.stdout)["diagnostics"]]


def test_the_rules_see_models_that_need_arguments(project: Path) -> None:
    (project / "net.py").write_text(NET.replace("return Stack(Other, [4, 4], norm=None, **kwargs)", "pass"))
    rows = [row for row, line in enumerate(NET.splitlines(), 1) if line.endswith("only torch sees it")]
    assert findings() == [("Net", rows[0])]
    table = '[[trace]]\ntarget = "net:Other"\nargs = [4]\n'
    (project / "initlint.toml").write_text(table)
    assert findings() == [("Net", rows[0]), ("Other", rows[1])]
