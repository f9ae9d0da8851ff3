from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from initlint import rewrite
from initlint.diagnostics import Applicability, Fix, FixRequest
from initlint.graph.model import Consumer, Layer, ModelGraph, Target, Write
from initlint.project.reading import parse_source
from initlint.project.source import SourceLocation
from tests.support.fixing import findings_of
from tests.support.rule_models import OUTPUT, call, following, layer, model, reach, run, to_layer, write

SOURCE = parse_source("net.py", b"from torch import nn\nnn.init.xavier_uniform_(w)\n")
RELU = following("relu", reach("out"))
LEAKY = following("leaky_relu", reach("out"), negative_slope=0.2)
SAFE, UNSAFE = Applicability.SAFE, Applicability.UNSAFE


def _nodes(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _nodes(child)


PLACE = SourceLocation(SOURCE, next(node for node in _nodes(SOURCE.tree) if isinstance(node, ast.Call)))


def xavier(parameter: str = "weight", **arguments: Any) -> Write:
    return replace(write("xavier_uniform_", parameter=parameter, **arguments), location=PLACE)


def served(path: str, *followings: Consumer, **more: Any) -> Layer:
    """A layer that the one call initialises."""
    return layer(path, *followings, **{"writes": (xavier(),), **more})


def fix_of(code: str, *layers: Layer, targets: tuple[Target, ...] = ()) -> Fix | None:
    calls = (replace(call("xavier_uniform_", *targets), location=PLACE),)
    (violation,) = run(code, model(*layers, layer("out", OUTPUT), calls=calls))
    return violation.fix


def texts(fix: Fix | None) -> list[str]:
    assert fix is not None
    assert isinstance(fix.change, FixRequest)
    edits = rewrite.compute_edits(SOURCE, fix.change)
    assert edits is not None
    return [edit.replacement for edit in edits]


def test_edits() -> None:
    fix = fix_of("INI301", served("fc", RELU))
    assert texts(fix) == ["kaiming_uniform_", ", nonlinearity='relu'"]
    assert fix is not None
    assert fix.message == "Use `kaiming_uniform_(..., nonlinearity='relu')`"


@pytest.mark.parametrize(
    ("other", "applicability"),
    [
        (served("fc2", RELU), SAFE),
        (served("fc2", following("gelu", reach("out"))), SAFE),
        (served("fc2", OUTPUT), SAFE),
        (served("fc2", OUTPUT, to_layer("out", "add")), SAFE),
        (served("fc2", following("tanh", reach(None))), SAFE),
        (served("fc2", following("relu", reach("out"), between=("batch_norm",))), UNSAFE),
        (served("fc2", to_layer("out")), UNSAFE),
        (served("fc2"), UNSAFE),
        (served("emb", type="Embedding", arguments={"num_embeddings": 9, "embedding_dim": 4}), UNSAFE),
        (served("fc2", LEAKY), None),
        (served("fc2", following("tanh", reach("out"))), None),
        (served("bn", type="BatchNorm1d", arguments={"num_features": 4}), None),
        (served("fc2", RELU, writes=(xavier(), xavier("bias"))), None),
    ],
)
def test_what_else_the_call_initialises(other: Layer, applicability: Applicability | None) -> None:
    fix = fix_of("INI301", served("fc", RELU), other)
    assert (fix and fix.applicability) == applicability


def test_a_target_that_is_no_known_parameter() -> None:
    known, unknown = Target("parameter", "Linear", "weight", (64, 64)), Target("unknown")
    assert fix_of("INI301", served("fc", RELU), targets=(known,)).applicability is SAFE  # type: ignore[union-attr]
    assert fix_of("INI301", served("fc", RELU), targets=(known, unknown)).applicability is UNSAFE  # type: ignore[union-attr]


def test_the_wrong_argument_alone_is_replaced() -> None:
    wrong = served("fc", RELU, writes=(xavier(gain=5 / 3),))
    assert texts(fix_of("INI304", wrong)) == [", gain=nn.init.calculate_gain('relu')"]


def test_a_place_that_is_no_call_of_torch_has_no_fix() -> None:
    elsewhere = served("fc", RELU, writes=(replace(xavier(), location=OUTPUT.location),))
    fix = fix_of("INI301", elsewhere)
    assert fix is not None
    assert isinstance(fix.change, FixRequest)
    assert rewrite.compute_edits(SOURCE, fix.change) is None


def zero_model(*followings: Consumer, bias: bool) -> ModelGraph:
    zeros = replace(write("zeros_"), location=PLACE)
    writes = (zeros, write("zeros_", 11, "bias")) if bias else (zeros,)
    return model(layer("fc", *followings, writes=writes), layer("out", OUTPUT))


@pytest.mark.parametrize(("bias", "applicability"), [(True, SAFE), (False, UNSAFE)], ids=["error", "warning"])
def test_a_zero_gets_the_call_of_its_activation(bias: bool, applicability: Applicability) -> None:
    (violation,) = run("INI201", zero_model(RELU, bias=bias))
    assert texts(violation.fix) == ["kaiming_uniform_", ", nonlinearity='relu'"]
    assert violation.fix is not None
    assert violation.fix.applicability is applicability


def test_a_call_that_zeroes_biases_too_has_no_fix() -> None:
    both = replace(write("zeros_"), location=PLACE)
    graph = model(layer("fc", RELU, writes=(both, replace(both, parameter="bias"))), layer("out", OUTPUT))
    assert [violation.fix for violation in run("INI201", graph)] == [None]


@pytest.mark.parametrize(("first", "is_offered"), [("trunc_normal_", False), ("zeros_", True)])
def test_a_call_that_repeats_another_has_no_fix(first: str, is_offered: bool) -> None:
    source = (
        "from torch import nn\n"
        "class Twice(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.fc1, self.fc2 = nn.Linear(256, 256), nn.Linear(256, 256)\n"
        f"        nn.init.{first}(self.fc2.weight)\n"
        "        for layer in (self.fc1, self.fc2):\n"
        "            nn.init.trunc_normal_(layer.weight, std=2.0)\n"
        "    def forward(self, x):\n"
        "        return self.fc2(self.fc1(x).relu()).relu()\n"
    )
    (found,) = (found for found in findings_of(source) if found.code == "INI404")
    assert (found.fix is not None) == is_offered


@pytest.mark.parametrize(("activation", "is_offered"), [("Hardtanh", False), ("ReLU", True)])
def test_a_call_that_also_serves_a_bounded_activation_has_no_fix_for_relu(activation: str, is_offered: bool) -> None:
    source = (
        "from torch import nn\n"
        "class Mixed(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        f"        self.net = nn.Sequential(nn.Linear(300, 200), nn.ReLU(), nn.Linear(200, 100), nn.{activation}(),"
        " nn.Linear(100, 10))\n"
        "        for layer in self.net:\n"
        "            if isinstance(layer, nn.Linear):\n"
        "                nn.init.xavier_uniform_(layer.weight)\n"
        "    def forward(self, x):\n"
        "        return self.net(x)\n"
    )
    (found,) = (found for found in findings_of(source) if found.code == "INI301")
    assert (found.fix is not None) == is_offered


def applied(first: str, second: str) -> str:
    """A model whose first weight one call fills, and `apply` again."""
    return f"""
import torch.nn as nn
import torch.nn.functional as F

class TwoStarts(nn.Module):
    def __init__(self):
        super().__init__()
        self.wide = nn.Linear(256, 128)
        {first}
        self.out = nn.Linear(128, 8)

    def forward(self, x):
        return self.out(F.relu(self.wide(x)))

def fill(m):
    if type(m) == nn.Linear:
        {second}

TwoStarts().apply(fill)
"""


@pytest.mark.parametrize(
    ("first", "has_fix"),
    [
        ("nn.init.normal_(self.wide.weight)", False),
        ("nn.init.uniform_(self.wide.weight, -2.0, 2.0)", False),
        ("nn.init.normal_(self.wide.weight, std=0.1)", True),
        ("nn.init.normal_(self.wide.bias)", True),
    ],
    ids=["same scale", "same scale, uniform", "another scale", "another parameter"],
)
def test_no_fix_from_which_on_another_init_is_overwritten_by_other_values(first: str, has_fix: bool) -> None:
    text = applied(first, "nn.init.trunc_normal_(m.weight, std=1.5)")
    [finding] = [finding for finding in findings_of(text) if finding.code == "INI404"]
    assert "use `kaiming_normal_" in finding.message
    assert (finding.fix is not None) == has_fix
