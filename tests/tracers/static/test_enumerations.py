"""Members of enumerations: what they are instances of, their values, and what their class gives."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from initlint.project.reading import parse_source
from initlint.tracers.static.project import Project

HEADER = """\
from dataclasses import dataclass
from enum import Enum, Flag, IntEnum, auto, nonmember

from elsewhere import compute

import torch
from torch import nn


@dataclass
class Source:
    url: str
    classes: int


class Base(Enum):
    @classmethod
    def checked(cls, given):
        if given is not None and not isinstance(given, cls):
            raise TypeError(given.__class__.__name__)
        return given

    @property
    def url(self):
        return self.value.url


class Weights(Base):
    V1 = Source("one", 10)
    V2 = Source("two", 20)
    DEFAULT = V2


class Start(Enum):
    HE = "kaiming_normal_"
    GLOROT = "xavier_normal_"

    def apply_to(self, layer):
        getattr(nn.init, self.value)(layer.weight)


class Order(Enum):
    FIRST = auto()
    LAST = auto()


class Text(str, Enum):
    HE = "he"
    GLOROT = "glorot"


class Number(IntEnum):
    ONE = 1
    TWO = 2


class Made(Enum):
    RELU = nn.ReLU
    TANH = nn.Tanh
    CALLED = "called"

    def __call__(self, layer):
        nn.init.orthogonal_(layer.weight)


class Part(Flag):
    NOTHING = 0
    WEIGHT = 1
    BIAS = 2
    BOTH = 3


class Hidden(Enum):
    _SLOW = 1
    FAST = 2


class Scale(Enum):
    SMALL = (1, "small")

    def __init__(self, number, text):
        self._value_ = text


class Shown(Enum):
    ONE = 1

    @property
    def value(self):
        return "shown"


class Partly(Enum):
    HELPER = nonmember(1)
    FIRST = 2
    LATER = compute()


class Net(nn.Module):
    def __init__(self, weights=Weights.DEFAULT, start=Start.HE, order=Order.LAST, text=Text.HE, number=Number.TWO):
        super().__init__()
        self.fc = nn.Linear(8, 8)
"""


def inits(code: str) -> list[tuple[str, bool]]:
    """The writes to the weight of `fc` by a constructor that runs `code`, each with whether it is certain."""
    text = HEADER + indent(dedent(code).strip("\n"), " " * 8)
    text += "\n\n    def forward(self, x):\n        return self.fc(x).relu()\n"
    made = next(m for m in Project().graph(parse_source("net.py", text.encode())).models if m.root == "net.Net")
    writes = made.by_path["fc"].writes if "fc" in made.by_path else ()
    return [(w.initializer.rpartition(".")[2], w.certain) for w in writes if w.parameter == "weight"]


HE, GLOROT = "nn.init.kaiming_normal_(self.fc.weight)", "nn.init.xavier_normal_(self.fc.weight)"
TRUE = [
    "Weights.checked(weights) is Weights.V2",
    "isinstance(weights, Weights)",
    "isinstance(weights, Base)",
    "isinstance(weights, Enum)",
    "not isinstance(weights, Start)",
    "not isinstance(weights, str)",
    "type(weights) is Weights",
    "weights.__class__.__name__ == 'Weights'",
    "weights == Weights.DEFAULT",
    "weights in (Weights.V1, Weights.V2)",
    "weights.name == 'V2'",
    "weights.value.classes == 20",
    "weights.url == 'two'",
    "weights",
    "Weights['V2'] is weights",
    "Weights.__members__['V1'] is Weights.V1",
    "getattr(Weights, 'V2') == weights",
    "len(Weights) == 2",
    "len(list(Order)) == 2",
    "weights in Weights",
    "[start.name for start in Start] == ['HE', 'GLOROT']",
    "Start('kaiming_normal_') is start",
    "Start(start) is start",
    "start != Start.GLOROT",
    "start != 'kaiming_normal_'",
    "{Start.HE: 1, Start.GLOROT: 2}[start] == 1",
    "order is not Order.FIRST",
    "order != Order.FIRST",
    "str(order) == 'Order.LAST'",
    "text == 'he'",
    "text == Text.HE",
    "{'he': 1}[text] == 1",
    "Text('glorot') == Text.GLOROT",
    "number > 1",
    "number == Number.TWO",
    "Part.WEIGHT",
    "not Part.NOTHING",
    "isinstance(Hidden._SLOW, Hidden)",
    "Hidden._SLOW != 1",
    "Shown.ONE.value == 'shown'",
    "isinstance(None, (Net, type(None)))",
    "not isinstance(weights, type(None))",
]


@pytest.mark.parametrize("test", TRUE)
def test_a_test_of_members_is_decided(test: str) -> None:
    assert inits(f"if {test}:\n    {HE}\nelse:\n    {GLOROT}") == [("kaiming_normal_", True)]


OPEN = [
    "order.value == 2",
    "Start(unknown) is start",
    "isinstance(text, Text)",
    "Scale.SMALL.value == 'small'",
    "len(Part) == 2",
    "len(list(Partly)) == 2",
    "Partly.HELPER == 1",
]


@pytest.mark.parametrize("test", OPEN)
def test_a_test_that_depends_on_more_is_open(test: str) -> None:
    assert inits(f"from elsewhere import unknown\nif {test}:\n    {HE}\nelse:\n    {GLOROT}") == [
        ("kaiming_normal_", False),
        ("xavier_normal_", False),
    ]


def test_a_check_that_refuses_a_member_of_another_enumeration_raises() -> None:
    assert inits(f"{HE}\nWeights.checked(weights)\n{GLOROT}") == [("kaiming_normal_", True), ("xavier_normal_", True)]
    assert inits(f"{HE}\nWeights.checked(start)\n{GLOROT}") != [("kaiming_normal_", True), ("xavier_normal_", True)]


def test_the_value_of_a_member_names_the_initializer() -> None:
    assert inits("getattr(nn.init, start.value)(self.fc.weight)") == [("kaiming_normal_", True)]
    assert inits("start.apply_to(self.fc)") == [("kaiming_normal_", True)]
    assert inits("for start in Start:\n    start.apply_to(self.fc)") == [
        ("kaiming_normal_", True),
        ("xavier_normal_", True),
    ]


def test_a_member_may_be_called_and_may_hold_a_class() -> None:
    assert inits("Made.CALLED(self.fc)") == [("orthogonal_", True)]
    assert inits(f"if isinstance(Made.RELU.value(), nn.ReLU):\n    {HE}") == [("kaiming_normal_", True)]


def test_a_match_compares_members() -> None:
    code = f"match start:\n    case Start.GLOROT:\n        {GLOROT}\n    case Start.HE:\n        {HE}"
    assert inits(code) == [("kaiming_normal_", True)]
