"""A builder that does what one before it did, with other numbers, gives no model of its own."""

from __future__ import annotations

import pytest

from initlint.project.reading import parse_source
from initlint.tracers.static.project import Project

HEAD = """
from torch import nn

class Block(nn.Module):
    def __init__(self, width, act=nn.ReLU):
        super().__init__()
        self.fc = nn.Linear(width, width)
        self.act = act()

    def forward(self, x):
        return self.act(self.fc(x))

class Other(Block):
    pass

class Config:
    def __init__(self, width, kind="a"):
        self.width, self.kind = width, kind

def _make(block, widths, name="", act=nn.ReLU, **options):
    return nn.Sequential(*[block(4, act) for width in widths])

def first(**options):
    return _make(Block, [4, 4], "first", scale=1.0, config=Config(3), **options)

"""


def built(code: str) -> list[str]:
    source = parse_source("net.py", f"{HEAD}{code}\n".encode())
    return [model.name for model in Project().graph(source).models if model.name in ("first", "second")]


@pytest.mark.parametrize(
    "made",
    [
        '_make(Block, [8, 8, 8], "second", scale=2, config=Config(4), **options)',
        '_make(Block, [4], "second", scale=0.5, config=Config(3), **options)',
        '_make(Block, [4, 4], "second", config=Config(3), scale=1.0, **options)',
        '_make(Block, [4, 4], "second", scale=1.0, config=Config(3))',
    ],
)
def test_other_numbers_are_a_variant(made: str) -> None:
    assert built(f"def second(**options):\n    return {made}") == ["first"]


@pytest.mark.parametrize(
    "made",
    [
        '_make(Other, [4, 4], "second", scale=1.0, config=Config(3), **options)',
        '_make(Block, [4, 4], "second", scale=0, config=Config(3), **options)',
        '_make(Block, [4, 4], "second", scale=-1.0, config=Config(3), **options)',
        '_make(Block, [4, 4], "third", scale=1.0, config=Config(3), **options)',
        '_make(Block, [4, 4], "second", scale=1.0, config=Config(3, "b"), **options)',
        '_make(Block, [4, 4], "second", scale=1.0, config=Config(3), act=nn.Tanh, **options)',
        '_make(Block, (4, 4), "second", scale=1.0, config=Config(3), **options)',
        '_make(Block, [4, "4"], "second", scale=1.0, config=Config(3), **options)',
        "nn.Sequential(Block(4), Block(4))",
    ],
)
def test_anything_else_is_none(made: str) -> None:
    assert built(f"def second(**options):\n    return {made}") == ["first", "second"]


def test_what_is_done_to_the_model_afterwards_counts() -> None:
    code = "    net = _make(Block, [8], 'second', scale=2, config=Config(4), **options)\n    nn.init.zeros_(net[0].fc.weight)\n"
    assert built(f"def second(**options):\n{code}    return net") == ["first", "second"]
