"""torch registers nothing before the constructor of `nn.Module` has run: such classes cannot be built."""

from __future__ import annotations

import pytest

from tests.support.fixing import findings_of

IMPORTS = """
import torch
from torch import nn
"""


def stack(start: str, *, bases: str = "nn.Module", more: str = "", end: str = "") -> str:
    return f"""
{IMPORTS}
{more}
class Stack(nn.Module):
    def __init__(self, depth=3):
        {start}
        self.hidden = [nn.Linear(64, 64) for _ in range(depth)]
        self.last = nn.Linear(64, 4)
        {end}
    def forward(self, x):
        for layer in self.hidden:
            x = torch.relu(layer(x))
        return self.last(x)
""".replace("class Stack(nn.Module)", f"class Stack({bases})")


def codes(source: str) -> list[str]:
    return sorted(finding.code for finding in findings_of(source))


@pytest.mark.parametrize(
    "start",
    [
        "",
        "self.scale = nn.Parameter(torch.ones(1))",
        "setattr(self, 'first', nn.Linear(64, 64))",
        "self.add_module('first', nn.Linear(64, 64))",
        "self.register_parameter('scale', nn.Parameter(torch.ones(1)))",
        "self.first = nn.Linear(64, 64); super().__init__()",
    ],
)
def test_silent(start: str) -> None:
    assert codes(stack(start)) == []


@pytest.mark.parametrize(
    "start",
    [
        "super().__init__()",
        "super(Stack, self).__init__()",
        "super(self.__class__, self).__init__()",
        "super(type(self), self).__init__()",
        "nn.Module.__init__(self)",
        "torch.nn.Module.__init__(self)",
        "self.set_up()",
        "self.depth = depth; super().__init__()",
        "self.sizes = torch.ones(3); super().__init__()",
        "object.__setattr__(self, 'first', nn.Linear(64, 64)); super().__init__()",
        "(super().__init__() if depth else nn.Module.__init__(self))",
    ],
)
def test_reported(start: str) -> None:
    source = stack(start) + "    def set_up(self):\n        super().__init__()\n"
    assert codes(source) == ["INI111"]


def test_a_list_alone_does_not_raise() -> None:
    source = stack("").replace("self.last = nn.Linear(64, 4)", "pass").replace("self.last(x)", "x")
    assert codes(source) == ["INI111"]


@pytest.mark.parametrize(
    ("more", "bases", "found"),
    [
        ("class Named:\n    def __init__(self):\n        self.name = ''", "Named, nn.Module", []),
        ("class Named:\n    def __init__(self):\n        super().__init__()", "Named, nn.Module", ["INI111"]),
        ("class Base(nn.Module):\n    def __init__(self):\n        self.name = ''", "Base", []),
        ("class Base(nn.Module):\n    def __init__(self):\n        super().__init__()", "Base", ["INI111"]),
    ],
)
def test_base_classes(more: str, bases: str, found: list[str]) -> None:
    assert codes(stack("super().__init__()", more=more, bases=bases)) == found


def two(start: str, base: str) -> str:
    return f"""
{IMPORTS}
from elsewhere import Base, Named, prepare
class Two(nn.Module):
    def __init__(self):
        {start}
        self.one = nn.Linear(64, 64)
        self.last = nn.Linear(64, 4)
        nn.init.xavier_uniform_(self.one.weight)
    def forward(self, x):
        return self.last(torch.relu(self.one(x)))
""".replace("class Two(nn.Module)", f"class Two({base})")


@pytest.mark.parametrize(
    ("start", "base", "found"),
    [
        ("pass", "nn.Module", []),
        ("prepare(self)", "nn.Module", ["INI301"]),
        ("self.__dict__.update(nn.Module().__dict__)", "nn.Module", ["INI301"]),
        ("super().__init__()", "Base", ["INI301"]),
        ("pass", "Named, nn.Module", ["INI301"]),
    ],
)
def test_code_that_is_not_followed_may_run_the_constructor(start: str, base: str, found: list[str]) -> None:
    assert codes(two(start, base)) == found


def test_what_a_decorator_does_is_not_known() -> None:
    source = stack("", more="from elsewhere import set_up").replace("    def __init__", "    @set_up\n    def __init__")
    assert codes(source) == ["INI111"]


@pytest.mark.parametrize(
    "statement",
    [
        "nn.init.xavier_uniform_(self.last.weight); nn.init.xavier_uniform_(self.last.weight)",
        "self.apply(lambda m: m.weight.data.mul_(2) if isinstance(m, nn.Linear) else None)",
        "nn.init.zeros_(self.last.weight.clone())",
        "self.last.weight.data * 0.1",
    ],
)
def test_what_an_init_does_is_not_said_of_a_class_that_cannot_be_built(statement: str) -> None:
    assert "INI111" not in codes(stack("", end=statement))
    assert codes(stack("", end=statement)) == []


def test_other_calls_that_raise_are_reported() -> None:
    assert codes(stack("", end="nn.init.xavier_uniform_(self.last.bias)")) == ["INI101"]
