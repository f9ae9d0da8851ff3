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


def test_a_model_that_is_returned_at_once_is_not_changed() -> None:
    code = "    net = _make(Block, [8], 'second', scale=2, config=Config(4), **options)\n    return net"
    assert built(f"def second(**options):\n{code}") == ["first"]


TABLE = """
class Net(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.fc = nn.Linear(config.width, 4)

CONFIGS = {"first": Config(4), "second": Config(8), "third": Config(8, "b"), "fourth": Config(16)}

def _named(name):
    return Net(CONFIGS[name])

"""


def test_a_configuration_that_is_looked_up_by_the_own_name_is_compared() -> None:
    names = ["first", "second", "third", "fourth"]
    builders = "".join(f"def {name}():\n    return _named('{name}')\n" for name in names)
    head = HEAD.partition("def first")[0]
    models = Project().graph(parse_source("net.py", f"{head}{TABLE}{builders}".encode())).models
    assert [model.name for model in models if model.name in names] == ["first", "third"]


def calls(*builders: str) -> list[str]:
    """The builders that are run of a file whose first ones bring nothing new."""
    made = ["_make(Block, [4], flag=1)", "_make(Block, [4], flag=1, other=1)", "_make(Block, [4], other=1)", *builders]
    code = "".join(f"def build{at}():\n    return {call}\n" for at, call in enumerate(made))
    models = Project().graph(parse_source("net.py", f"{HEAD.partition('def first')[0]}{code}".encode())).models
    return [made[int(model.name[5:])] for model in models if model.name.startswith("build")][3:]


@pytest.mark.parametrize(
    "made",
    [
        "_make(Other, [4], flag=1)",
        "_make(Block, [4], flag=1, act=nn.Tanh)",
        "_make(Block, [4], flag='large')",
        "_make(Block, [4], flag=0)",
        "_make(Block, [4], config=Config(3, 'b'))",
        "_make(Block, [Block])",
    ],
)
def test_a_new_option_is_run_also_after_builders_that_brought_nothing_new(made: str) -> None:
    assert calls(made) == [made]


@pytest.mark.parametrize(
    "made", ["_make(Block, (4,), other=1, flag=3)", "_make(Block, [4])", "_make(Block, [4], flag=1, rate=0.1)"]
)
def test_options_that_were_all_met_before_are_not_run_again(made: str) -> None:
    assert calls(made) == []


def test_a_class_that_is_called_directly_is_compared() -> None:
    builders = "".join(f"def build{at}():\n    return Block({at + 4})\n" for at in range(3))
    models = Project().graph(parse_source("net.py", f"{HEAD.partition('def first')[0]}{builders}".encode())).models
    assert [model.name for model in models if model.name.startswith("build")] == ["build0"]
