"""Attributes whose names are composed of known and unknown parts: `setattr(self, f"lin{i}", layer)`."""

from __future__ import annotations

import pytest

from initlint.graph.model import ModelGraph
from initlint.project.reading import parse_source
from initlint.tracers.static.project import Project

PROGRAM = """
import torch.nn as nn


class Field(nn.Module):
    def __init__(self, depth, width=64):
        super().__init__()
        self.depth = depth
        for i in range(depth):
            layer = nn.Linear(width, width)
            nn.init.xavier_normal_(layer.weight)
            setattr(self, {name}, layer)
        self.act = nn.Tanh()
        self.out = nn.Linear(width, 3)

    def forward(self, x):
        for i in range(self.depth):
            x = self.act(getattr(self, {name})(x))
        return self.out(x)
"""


def model(name: str) -> ModelGraph:
    source = parse_source("net.py", PROGRAM.format(name=name).encode())
    return next(graph for graph in Project().graph(source).models if graph.name == "Field")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("'lin' + str(i)", "lin*"),
        ("f'lin{i}'", "lin*"),
        ("f'block_{i}_{self.depth}'", "block_*_*"),
        ("'lin%d' % i", "lin*"),
        ("'lin{}'.format(i)", "lin*"),
        ("'lin' + f'{i:02d}'", "lin*"),
    ],
)
def test_layers_have_the_names_of_the_source(name: str, path: str) -> None:
    graph = model(name)
    assert [layer.path for layer in graph.layers] == [path, "out"]
    (layer, _) = graph.layers
    assert [write.initializer for write in layer.writes] == ["torch.nn.init.xavier_normal_"]
    assert {consumer.op for consumer in layer.followed_by} == {"tanh"}


def test_a_name_without_any_known_part() -> None:
    assert "out" in {layer.path for layer in model("self.name(i)").layers}
