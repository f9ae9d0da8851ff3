"""`initlint trace`: the table, the JSON, and what is wrong use."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from initlint.cli.commands import cli

MODEL = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.hidden = nn.Linear(256, width)
        self.out = nn.Linear(width, 3)
        nn.init.kaiming_normal_(self.hidden.weight, nonlinearity="relu")

    def forward(self, x):
        if x.shape[0] == 0:
            return x
        return self.out(torch.relu(self.hidden(x)))

class Unused(Net):
    def __init__(self):
        super().__init__()
        self.spare = nn.Linear(3, 3)

class Broken(nn.Module):
    def __init__(self):
        super().__init__()
        raise ValueError("no weights today")
"""


@pytest.fixture
def net(in_directory: Path) -> str:
    (in_directory / "net.py").write_text(MODEL)
    return "net.py"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["trace", *arguments], env={"COLUMNS": "120"})


def test_the_table_has_a_row_for_each_layer(net: str) -> None:
    result = run(f"{net}:Net", "--measure", "--input", "64,256")
    assert result.exit_code == 0, result.stderr
    title, heading, hidden, out = result.stdout.splitlines()
    assert title == "Net  net.py:5  (by running it on meta, mean squares of 5 runs)"
    assert heading.split() == ["layer", "shape", "init", "follows", "factor", "signal", "gradient"]
    assert hidden.split()[:6] == [
        "hidden",
        "Linear",
        "64x256",
        "kaiming_normal_(nonlinearity='relu')",
        ":10",
        "relu",
    ]
    assert out.split()[:5] == ["out", "Linear", "3x64", "torch's", "default"]
    factor, signal, signal_spread, gradient, gradient_spread = hidden.split()[6:]
    assert re.fullmatch(r"±\d+%", signal_spread)
    assert re.fullmatch(r"±\d+%", gradient_spread)
    factor, signal, gradient = float(factor), float(signal), float(gradient)
    assert factor == pytest.approx(1.0, rel=1e-3)
    assert signal == pytest.approx(2.0, rel=0.3)  # twice the input's, before the ReLU
    assert 0 < gradient < 1


def test_a_layer_that_the_signal_does_not_reach_has_no_measure(net: str) -> None:
    result = run("net.py:Unused", "--measure", "--input", "64,256")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines()[-1].split()[-4:] == ["used", "-", "-", "-"]
    result = run("net.py:Unused", "--measure", "--input", "64,256", "--output-format", "json")
    *_, spare = json.loads(result.stdout)["models"][0]["layers"]
    assert set(spare["measured"].values()) == {None}


def test_json_is_the_shape_of_graph_and_more(net: str) -> None:
    result = run("net:Net", "--kwarg", "width=8", "--output-format", "json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    (model,) = document["models"]
    assert (model["name"], model["file"], model["line"], model["engine"], model["way"]) == (
        "Net",
        "net.py",
        5,
        "fx",
        "run",
    )
    hidden = model["layers"][0]
    assert hidden["arguments"] == {"in_features": 256, "out_features": 8}
    assert hidden["factor"] == pytest.approx(1.0, rel=1e-3)
    assert [f["op"] for f in hidden["followed_by"]] == ["relu"]
    assert document["problems"] == []


@pytest.mark.parametrize("value", [(8, 8), {8}, b"8", 1.5, True])
def test_a_value_arrives_as_it_was_written(in_directory: Path, value: object) -> None:
    lines = ["def __init__(self, width):", "    super().__init__()", f"    assert repr(width) == {repr(value)!r}"]
    (in_directory / "net.py").write_text("from torch import nn\nclass Net(nn.Module):\n    " + "\n    ".join(lines))
    result = run("net.py:Net", "--kwarg", f"width={value}")
    assert result.exit_code == 0, result.stderr


def test_what_cannot_be_built_is_one_line_and_the_rest_goes_on(net: str) -> None:
    result = run(f"{net}:Broken", f"{net}:Net", f"{net}:Missing")
    assert result.exit_code == 1
    assert result.stdout.startswith("Net  net.py:5")
    first, second = result.stderr.splitlines()
    assert first.startswith("initlint: net.py:Broken: cannot be built: ValueError: no weights today (")
    assert first.endswith("net.py:25)")
    assert second == "initlint: net.py:Missing: cannot be imported: net has no attribute `Missing`"


def test_a_model_stands_where_it_is_defined(net: str, in_directory: Path) -> None:
    (in_directory / "package.py").write_text("from net import Net\n")
    result = run("package:Net")
    assert result.stdout.startswith("Net  net.py:5  "), result.stderr


def test_the_configuration_names_targets(net: str, in_directory: Path) -> None:
    (in_directory / "initlint.toml").write_text(f'[trace]\ntarget = "{net}:Net"\nargs = [16]\ninputs = [[2, 256]]\n')
    result = run("--output-format", "json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["models"][0]["layers"][1]["arguments"] == {"in_features": 16, "out_features": 3}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "no target"),
        (("net",), "invalid target `net`"),
        (("nothing.py:Net",), "nothing.py: no such file"),
        (("net.py:Net", "net.py:Net", "--arg", "1"), "need exactly one target"),
        (("net.py:Net", "--kwarg", "width"), "NAME=VALUE"),
        (("net.py:Net", "--input", "wide"), "`wide` is no input"),
        (("net.py:Net", "--python", "/no/such/python"), "cannot be started"),
        (("net.py:Net", "--repeat", "2"), "--seed, --repeat, --train and --eval need --measure"),
        (("net.py:Net", "--eval"), "--seed, --repeat, --train and --eval need --measure"),
        (("net.py:Net", "--measure", "--repeat", "0"), "0 is not in the range"),
    ],
)
def test_wrong_use_is_one_line_and_exit_2(net: str, arguments: tuple[str, ...], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr.splitlines()[-1]
    assert result.stdout == ""
