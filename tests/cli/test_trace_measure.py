"""`initlint trace --measure`: what is measured, in which mode, and what is said of values that are not finite."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from initlint.cli.commands import cli

MODELS = """
import torch
from torch import nn

class Tokens(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(7, 64, padding_idx=3)
        self.places = nn.Parameter(torch.zeros(16, 64))
        self.mix = nn.Linear(64, 64, bias=False)
        self.spare = nn.Parameter(torch.empty(5))

    def forward(self, tokens):
        assert tokens.max() < 7
        if not torch.is_grad_enabled():
            return self.mix(self.words(tokens) + self.places)
        assert (tokens != 3).all() and tokens.unique().numel() == 6
        return self.mix(self.words(tokens) + self.places)

class Computed(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(50, 64)
        self.mix = nn.Linear(64, 64, bias=False)

    def forward(self, tokens):
        if torch.is_grad_enabled() and not tokens.is_meta:
            assert tokens.unique().numel() > 20
        return self.mix(self.words(tokens.clamp(min=0)))

class Exploding(nn.Module):
    def __init__(self):
        super().__init__()
        self.steps = nn.ModuleList(nn.Linear(64, 64, bias=False) for _ in range(6))
        for step in self.steps:
            nn.init.normal_(step.weight, std=1e12)

    def forward(self, x):
        for step in self.steps:
            x = step(x).relu()
        return x

class Steep(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(64, 64)
        self.outer = nn.Linear(64, 64)
        nn.init.zeros_(self.inner.weight)
        nn.init.zeros_(self.inner.bias)

    def forward(self, x):
        return self.outer(self.inner(x).sqrt())

class Poisoned(nn.Module):
    def __init__(self):
        super().__init__()
        self.shift = nn.Parameter(torch.full((64,), float("nan")))
        self.first = nn.Linear(64, 64)
        self.second = nn.Linear(64, 64)

    def forward(self, x):
        return self.second(self.first(x).relu() + self.shift)

class Normed(nn.Module):
    def __init__(self):
        super().__init__()
        self.last = nn.Linear(64, 64)
        self.first = nn.Linear(64, 64, bias=False)
        self.norm = nn.BatchNorm1d(64)
        self.drop = nn.Dropout(0.5)
        nn.init.normal_(self.first.weight, std=5.0)

    def forward(self, x):
        return self.last.forward(self.drop(self.norm.forward(self.first.forward(x))))

class Changed(nn.Module):
    def __init__(self):
        super().__init__()
        self.scaled = nn.Linear(64, 64, bias=False)
        self.scaled.weight.data = self.scaled.weight.data * 4
        self.turned = nn.utils.parametrizations.orthogonal(nn.Linear(64, 64, bias=False))
        self.last = nn.Linear(64, 64, bias=False)
        self.last.weight.data = torch.ones(64, 64)

    def forward(self, x):
        return self.last(self.turned(self.scaled(x).relu()).relu())
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("measured")
    (folder / "net.py").write_text(MODELS)
    return folder


Run = Callable[..., Result]


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(folder)
    return lambda *arguments: CliRunner().invoke(cli, ["trace", "--isolated", *arguments], env={"COLUMNS": "120"})


def measured(result: Result) -> dict[str, Mapping[str, Any]]:
    (model,) = json.loads(result.stdout, parse_constant=pytest.fail)["models"]
    return {layer["path"]: layer["measured"] for layer in model["layers"]}


def test_indices_are_random_and_no_padding(run: Run) -> None:
    result = run("--measure", "net.py:Tokens", "net.py:Computed")
    assert result.exit_code == 0, result.stderr
    title, _, words, places, mix, spare, *_ = result.stdout.splitlines()
    assert title == "Tokens  net.py:5  (by running it on the CPU, mean squares of 5 runs)"
    factor, signal, spread = words.split()[-5:-2]
    assert factor == "-"
    assert spread.startswith("±")
    assert float(signal) == pytest.approx(1.0, abs=0.2)
    assert places.split()[-4:] == ["used", "-", "-", "-"]
    assert float(mix.split()[-4]) == pytest.approx(1 / 3, abs=0.1)
    assert spare.split() == ["spare", "Parameter", "5", "uninitialized", "-", "not", "used", "-", "-", "-"]


def test_the_first_layers_with_values_that_are_not_finite_are_named(run: Run) -> None:
    result = run("--measure", "net.py:Exploding", "net.py:Poisoned", "net.py:Steep")
    assert result.exit_code == 1
    exploding, poisoned, steep = result.stderr.splitlines()
    assert exploding == "initlint: net.py:Exploding: the signal is inf from `steps.2` on, nan from `steps.3` on"
    assert poisoned == (
        "initlint: net.py:Poisoned: the signal is nan from `second` on; the parameter `shift` contains nan"
    )
    assert steep == "initlint: net.py:Steep: the gradient is inf from `inner` back"
    rows = {line.split()[0]: line.split() for line in result.stdout.splitlines() if line.startswith("  ")}
    assert "nan" in rows["second"]
    assert rows["inner"][-2:] == ["0", "inf"]


def test_json_has_strings_for_values_that_are_not_finite(run: Run) -> None:
    result = run("--measure", "--output-format", "json", "net.py:Poisoned")
    assert result.exit_code == 1
    layers = measured(result)
    assert [*layers] == ["first", "shift", "second"]
    assert layers["second"]["signal"] == "nan"
    assert layers["second"]["signal_spread"] is None
    assert layers["first"]["signal"] == pytest.approx(0.34, abs=0.1)
    (problem,) = json.loads(result.stdout)["problems"]
    assert problem["message"].startswith("the signal is nan from `second` on")


def test_the_seed_decides_the_values(run: Run) -> None:
    arguments = ("--measure", "--output-format", "json", "--repeat", "2", "net.py:Normed")
    first, same, other = run(*arguments), run(*arguments, "--seed", "0"), run(*arguments, "--seed", "2")
    assert first.stdout == same.stdout
    assert measured(first)["first"]["signal"] != measured(other)["first"]["signal"]
    once = run("--measure", "--output-format", "json", "--repeat", "1", "net.py:Normed")
    assert json.loads(once.stdout)["models"][0]["runs"] == 1
    assert measured(once)["first"]["signal_spread"] is None


@pytest.mark.parametrize(
    ("mode", "norm", "last"),
    [((), 1.0, 1 / 3), (("--train",), 1.0, 2 / 3), (("--eval",), 1600.0, 1600 / 3)],
    ids=["default", "train", "eval"],
)
def test_the_modes_differ_in_norms_and_dropout(run: Run, mode: tuple[str, ...], norm: float, last: float) -> None:
    result = run("--measure", "--output-format", "json", "--input", "256,64", *mode, "net.py:Normed")
    layers = measured(result)
    assert layers["first"]["signal"] == pytest.approx(1600, rel=0.1)
    assert layers["norm"]["signal"] == pytest.approx(norm, rel=0.1)  # it is called by `forward`
    assert layers["last"]["signal"] == pytest.approx(last, rel=0.15)
    assert math.isfinite(layers["last"]["gradient"])


def test_a_scale_that_a_norm_undoes_has_no_factor(run: Run) -> None:
    result = run("--output-format", "json", "net.py:Normed")
    layers = json.loads(result.stdout)["models"][0]["layers"]
    assert {layer["path"]: layer["factor"] for layer in layers}["first"] is None
    assert [layer["path"] for layer in layers] == ["first", "norm", "last"]


def test_weights_that_are_replaced_or_parametrized_have_factors(run: Run) -> None:
    result = run("net.py:Changed")
    *_, scaled, turned, last = (line.split() for line in result.stdout.splitlines())
    rows = {line.strip(): row for row, line in enumerate(MODELS.splitlines(), 1)}
    row = rows["self.scaled.weight.data = self.scaled.weight.data * 4"]
    assert (scaled[3], scaled[-3:]) == ("mul_(value=4)", [f":{row}", "relu", "2.67"])  # 16 / 3 / 2
    assert (turned[3], turned[-3:]) == ("orthogonal_()", [f":{row + 1}", "relu", "0.5"])
    assert (last[-2:], last[3]) == (["output", "-"], "ones_()")  # it depends on the mean of its input


def test_an_input_of_the_wrong_shape_is_one_line_with_both_shapes(run: Run) -> None:
    result = run("--measure", "--input", "4,65", "net.py:Normed")
    assert (result.exit_code, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    start = (
        "initlint: net.py:Normed: cannot be called with this input: `first` (Linear, weight 64x64) is called with 4x65"
    )
    assert line.startswith(f"{start}: ")


def test_an_interpreter_without_torch_is_named(run: Run, folder: Path) -> None:
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    python.chmod(0o755)
    result = run("--python", str(python), "net.py:Normed")
    assert result.exit_code == 2
    expected = f"Error: {python} has no torch: name the interpreter that has it with --python"
    assert result.stderr.splitlines()[-1] == expected


def test_a_package_that_the_interpreter_lacks_is_named_with_it(run: Run, folder: Path) -> None:
    (folder / "lacking.py").write_text("import no_such_package\n")
    result = run("lacking.py:Net")
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert "No module named 'no_such_package'" in line
    assert line.endswith(f"the interpreter is {sys.executable}, --python names another one")
