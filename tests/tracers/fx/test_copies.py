"""Modules that start equal and weights that are tied: both tracers say the same of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.graph.mistakes import IdenticalModules
from initlint.graph.model import ModelGraph
from initlint.linter import pipeline
from initlint.project.reading import read_source
from initlint.project.settings import Settings
from initlint.project.trace_targets import TargetSpec
from initlint.project.user_tables import UserTables
from initlint.tracers.fx import Limits, TraceContext, trace_models
from initlint.tracers.fx_run import display_path
from tests.support.paths import FIXTURES

PROGRAM = """
import copy
import torch
from torch import nn

class Repeated(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(*[nn.Linear(8, 8), nn.Tanh()] * 3)

    def forward(self, x):
        return self.layers(x)

class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        block = nn.Linear(8, 8)
        self.shared_layers = nn.ModuleList([block] * 3)

    def forward(self, x):
        for layer in self.shared_layers:
            x = layer(x).relu()
        return x

class Series(nn.Module):
    def __init__(self):
        super().__init__()
        block = nn.Sequential(nn.Linear(8, 8), nn.ReLU())
        self.blocks = nn.ModuleList([copy.deepcopy(block) for _ in range(3)])

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x

class Redrawn(Series):
    def __init__(self):
        super().__init__()
        for block in self.blocks:
            nn.init.xavier_uniform_(block[0].weight)

class Branches(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Linear(8, 8)
        self.two = copy.deepcopy(self.one)

    def forward(self, x):
        return torch.tanh(self.one(x)) + torch.tanh(self.two(x))

class Difference(Branches):
    def forward(self, x):
        return torch.tanh(self.one(x)) - torch.tanh(self.two(x))

class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2), 4)
        self.last = nn.Linear(8, 8)

    def forward(self, x):
        return self.last(self.encoder(x))

class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(8, 20, bias=False)
        self.words = nn.Embedding(20, 8)
        self.head.weight = self.words.weight

    def forward(self, x):
        return self.head(self.words(x))
"""

NAMES = ["Repeated", "Shared", "Series", "Redrawn", "Branches", "Difference", "Encoder", "Tied"]


def read(file: Path, names: list[str]) -> tuple[dict[str, ModelGraph], dict[str, ModelGraph]]:
    """The graphs of the static and of the fx tracer."""
    static = pipeline.check_models([file], Settings(respect_gitignore=False), rules=False).models
    context = TraceContext(Limits(), [], UserTables(), read_source, display_path)
    traced = trace_models([TargetSpec(str(file), name) for name in names], context)
    assert [one.problem for one in traced] == [None] * len(names)
    # Of two models of one name, the first one is the class alone.
    return {m.name: m for m in reversed(static)}, {
        one.spec.attribute: one.graph for one in traced if one.graph is not None
    }


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, ModelGraph], dict[str, ModelGraph]]:
    file = tmp_path_factory.mktemp("copies") / "net.py"
    file.write_text(PROGRAM)
    return read(file, NAMES)


def facts(group: IdenticalModules) -> tuple[object, ...]:
    span = group.location.span
    return (
        group.kind,
        group.type,
        group.paths,
        group.count,
        group.parameters,
        group.constructed,
        span.row,
        span.column,
    )


@pytest.mark.parametrize("name", NAMES)
def test_equal_modules(graphs: tuple[dict[str, ModelGraph], dict[str, ModelGraph]], name: str) -> None:
    static, traced = (sorted(map(facts, engine[name].identical), key=repr) for engine in graphs)
    assert static == traced
    assert bool(traced) is (name in ("Repeated", "Series", "Branches", "Encoder"))


def test_tied_weights(graphs: tuple[dict[str, ModelGraph], dict[str, ModelGraph]]) -> None:
    static, traced = ({layer.path: layer.tied for layer in engine["Tied"].layers} for engine in graphs)
    assert static == traced == {"head": "words", "words": None}


def test_the_fixture() -> None:
    for file in sorted((FIXTURES / "copies").glob("*.py")):
        names = [line[6:].partition("(")[0] for line in file.read_text().splitlines() if line.startswith("class ")]
        static, traced = read(file, names)
        for name in names:
            assert [*map(facts, static[name].identical)] == [*map(facts, traced[name].identical)], (file, name)
