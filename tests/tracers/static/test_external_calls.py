"""A net that is handed to functions that are not known: those that train it or show it leave its init as it was."""

from __future__ import annotations

import math

import pytest

import initlint
from tests.support.whole_models import models_of

SOURCE = """\
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(32, 32)
        self.fc2 = nn.Linear(32, 32)
        nn.init.xavier_normal_(self.fc1.weight)

    def forward(self, x):
        return self.fc2(self.fc1(x).relu())

net = Net()
"""


@pytest.mark.parametrize("call", ["train_ch6(net, data)", "trainer.fit(model=net)", "library.test_model(net)"])
def test_what_comes_after_the_init_leaves_it(call: str) -> None:
    assert [d.code for d in initlint.check_source(SOURCE + call).diagnostics] == ["INI301"]


@pytest.mark.parametrize("call", ["setup(net)", "test_init(net)", "trainer.load(net)", "table[0](net)"])
def test_anything_else_may_have_changed_it(call: str) -> None:
    assert initlint.check_source(SOURCE + call).diagnostics == ()


@pytest.mark.parametrize(
    ("call", "codes"),
    [("self.attend(self, x)", ["INI301"]), ("self.attend(self)", []), ("self.init_from(self, x)", [])],
)
def test_what_is_handed_data_too_computes_with_it(call: str, codes: list[str]) -> None:
    text = SOURCE.replace("return ", f"y = {call}\n        return ").replace("net = Net()", "")
    text = text.replace("__init__(self):", "__init__(self, attend, init_from):\n        self.attend = attend", 1)
    text = text.replace("super()", "self.init_from = init_from\n        super()")
    assert [d.code for d in initlint.check_source(text).diagnostics] == codes


@pytest.mark.parametrize(
    ("imported", "bound", "value"),
    [
        ("import math", "math.pi / 2", math.pi / 2),
        ("import numpy as np", "2 * np.pi", 2 * math.pi),
        ("from math import tau as turn", "turn", math.tau),
        ("from math import *", "e", math.e),
    ],
)
def test_constants_of_mathematics_are_numbers(imported: str, bound: str, value: float) -> None:
    text = SOURCE.replace("from torch import nn", f"{imported}\nfrom torch import nn")
    graph = models_of(text.replace("xavier_normal_(self.fc1.weight)", f"uniform_(self.fc1.weight, 0, {bound})"))["Net"]
    write = graph.layers[0].effective_write()
    assert write is not None
    assert write.arguments["b"] == pytest.approx(value)


@pytest.mark.parametrize(
    ("call", "changes"),
    [
        ("torch.exp_(weight)", True),
        ("torch.clamp_min_(weight, 0.5)", True),
        ("torch.index_put_(weight, rows, values)", True),
        ("F.celu_(weight)", True),
        ("torch.exp(weight)", False),
        ("torch.detach_(weight)", False),
    ],
)
def test_an_in_place_function_writes_as_its_method_does(call: str, changes: bool) -> None:
    text = SOURCE.replace("nn.init.xavier_normal_(self.fc1.weight)", f"weight = self.fc1.weight.data\n        {call}")
    text = text.replace("\n        weight =", "\n        nn.init.xavier_normal_(self.fc1.weight)\n        weight =")
    source = "import torch\nimport torch.nn.functional as F\nrows = values = torch.ones(1)\n" + text
    assert [d.code for d in initlint.check_source(source).diagnostics] == ([] if changes else ["INI301"])


@pytest.mark.parametrize(
    "call", ["torch.relu_(self.fc1(x))", "F.relu_(self.fc1(x))", "torch.Tensor.relu_(self.fc1(x))"]
)
def test_an_in_place_function_in_forward_is_the_activation(call: str) -> None:
    text = "import torch\nimport torch.nn.functional as F\n" + SOURCE.replace("self.fc1(x).relu()", call)
    assert [d.code for d in initlint.check_source(text).diagnostics] == ["INI301"]


def test_an_in_place_function_on_a_leaf_raises() -> None:
    text = "import torch\n" + SOURCE.replace("nn.init.xavier_normal_(", "torch.exp_(")
    assert [d.code for d in initlint.check_source(text).diagnostics] == ["INI109"]


COPIED = """
import functools

def start(other):
    nn.init.kaiming_normal_(net.fc1.weight)

def setup():
    start(net)

functools.{call}
"""


@pytest.mark.parametrize(
    ("call", "codes"),
    [
        ("update_wrapper(print, start)", ["INI301"]),
        ("update_wrapper(setup, start)()", []),
        ("singledispatch(start)", []),
    ],
)
def test_the_copy_of_a_description_runs_no_function(call: str, codes: list[str]) -> None:
    found = initlint.check_source(SOURCE + COPIED.format(call=call)).diagnostics
    assert [d.code for d in found if d.code == "INI301"] == codes
