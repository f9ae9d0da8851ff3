"""`check --trace` and `graph --engine`: what torch sees counts, and nothing runs unless it is asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from initlint.cli.commands import cli

NET = """
import os
import torch
from torch import nn

open("ran.txt", "w").close()

class Seen(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Linear(8, 8)
        self.two = nn.Linear(8, 8)
        nn.init.xavier_uniform_(self.one.weight)  # seen

    def forward(self, x):
        return self.two(torch.relu(self.one(x)))

class Hidden(nn.Module):
    def __init__(self):
        super().__init__()
        layer = vars(nn)["Lin" + "".join(reversed("rae"))]
        self.one, self.two = layer(8, 8), layer(8, 8)
        nn.init.xavier_uniform_(self.one.weight)  # hidden

    def forward(self, x):
        return self.two(torch.relu(self.one(x)))

class Broken(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Linear(int(os.environ["NO_SUCH_VARIABLE"]), 8)
"""

PATCHED = """
import torch
from torch import nn

torch.relu = torch.tanh

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Linear(8, 8)
        self.two = nn.Linear(8, 8)
        nn.init.xavier_uniform_(self.one.weight)

    def forward(self, x):
        return self.two(torch.relu(self.one(x)))
"""

OUTSIDE = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Linear(8, 8)
        self.two = nn.Linear(8, 8)

    def forward(self, x):
        return self.two(torch.relu(self.one(x)))

net = Net()
nn.init.xavier_uniform_(net.one.weight)  # outside
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments, env={"NO_COLOR": "1"})


def row(source: str, mark: str) -> int:
    return next(number for number, line in enumerate(source.splitlines(), 1) if line.endswith(f"# {mark}"))


@pytest.fixture
def project(in_directory: Path) -> Path:
    for name, source in (("net", NET), ("patched", PATCHED), ("outside", OUTSIDE)):
        (in_directory / f"{name}.py").write_text(source)
    return in_directory


def test_nothing_runs_unless_it_is_asked_for(project: Path) -> None:
    (project / "initlint.toml").write_text('[trace]\ntarget = "net.py:Seen"\n')
    before = sorted(project.rglob("*"))
    run("check", ".")
    run("graph", ".")
    assert sorted(project.rglob("*")) == before


def test_each_finding_says_who_sees_it(project: Path) -> None:
    result = run(
        "check", "--trace", "--select", "INI301", "--output-format", "json", "net.py", "patched.py", "outside.py"
    )
    assert result.exit_code == 1, result.stderr
    found = {(d["file"], d["row"]): d["engines"] for d in json.loads(result.stdout)["diagnostics"]}
    assert found == {
        ("net.py", row(NET, "seen")): ["static", "fx"],
        ("net.py", row(NET, "hidden")): ["fx"],
        ("outside.py", row(OUTSIDE, "outside")): ["static"],
    }
    assert (project / "ran.txt").exists()
    assert not list(project.rglob("*.pyc"))


def test_what_is_dropped_and_what_cannot_be_built_is_said(project: Path) -> None:
    result = run("check", "--trace", "--select", "INI301", "--output-format", "concise", "--verbose", ".")
    assert "[static+fx]\n" in result.stdout
    assert "patched.py" not in result.stdout
    lines = result.stderr.splitlines()
    assert "traced: net.py: Seen, fx" in lines
    (dropped,) = [line for line in lines if line.startswith("contradicted by the trace: ")]
    assert dropped.startswith(
        "contradicted by the trace: patched.py:12: INI301 in `Net`: `xavier_uniform_` before ReLU"
    )
    (warning,) = [line for line in lines if line.startswith("warning: ")]
    assert warning.startswith("warning: net.py:Broken: cannot be built: KeyError: 'NO_SUCH_VARIABLE' (")


@pytest.mark.parametrize("command", [("check", "--trace", "--output-format", "concise"), ("graph", "--engine", "fx")])
def test_a_notebook_is_one_line(in_directory: Path, command: tuple[str, ...]) -> None:
    cells = [{"cell_type": "code", "metadata": {}, "source": OUTSIDE}]
    (in_directory / "nb.ipynb").write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}))
    # Neither does a module of the same name stand in for it.
    (in_directory / "nb.py").write_text("open('ran.txt', 'w').close()")
    result = run(*command, "nb.ipynb")
    assert result.stderr == "warning: nb.ipynb: not traced: Python cannot import it\n"
    assert ("[static]\n" in result.stdout) is (command[0] == "check")
    assert not (in_directory / "ran.txt").exists()


def test_a_pyw_file_is_traced(in_directory: Path) -> None:
    (in_directory / "net.pyw").write_text(NET)
    result = run("check", "--trace", "--select", "INI301", "--output-format", "concise", "net.pyw")
    assert f"net.pyw:{row(NET, 'hidden')}:9: note[INI301]" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("check", "--trace", "--fix", "net.py"), "--trace cannot be used with --fix"),
        (("check", "--trace", "-"), "standard input cannot be traced"),
        (("graph", "--engine", "fx", "-"), "standard input cannot be traced"),
        (("trace", "nb.ipynb:Net"), "`nb.ipynb` is a notebook"),
        (("check", "--trace", "--python", "/no/such/python", "net.py"), "cannot be started"),
    ],
)
def test_wrong_use_is_one_line_and_exit_2(project: Path, arguments: tuple[str, ...], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr.splitlines()[-1]


def test_graphs_of_both_engines_show_where_they_differ(project: Path) -> None:
    result = run("graph", "--engine", "both", "--output-format", "json", "patched.py")
    assert result.exit_code == 0, result.stderr
    static, traced = json.loads(result.stdout)["models"]
    assert (static["engine"], traced["engine"], traced["way"]) == ("static", "fx", "fx")
    assert [layer["differs"] for layer in traced["layers"]] == [["followed_by"], []]
    assert all("differs" not in layer for layer in static["layers"])


def test_the_listing_names_the_layers_that_differ(project: Path) -> None:
    result = run("graph", "--engine", "both", "patched.py")
    assert result.stdout.splitlines()[-1] == "differs: Net.one: followed_by"
    assert run("graph", "--engine", "fx", "patched.py").stdout.count("Net  patched.py:7") == 1
