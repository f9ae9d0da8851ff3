"""If one side of a condition raises, the program that goes on is on the other one: what it does is certain."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from initlint.project.reading import parse_source
from initlint.tracers.static.project import Project

NET = """\
import os

import torch
from torch import nn

MODE = os.environ["MODE"]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)
        self.out = nn.Linear(8, 8)
{init}

    def forward(self, x, targets=None):
        x = self.fc(x)
{forward}
"""


def traced(init: str = "pass", forward: str = "return self.out(x)") -> tuple[list[bool], list[tuple[str, bool]]]:
    """Whether each write to the weight of `fc` is certain, and what follows `fc`."""
    code = NET.format(
        init=indent(dedent(init).strip("\n"), " " * 8), forward=indent(dedent(forward).strip("\n"), " " * 8)
    )
    (model,) = Project().graph(parse_source("net.py", code.encode())).models
    layer = model.by_path["fc"]
    writes = [write.certain for write in layer.writes if write.parameter == "weight"]
    return writes, [(consumer.op, consumer.certain) for consumer in layer.followed_by]


RAISES = [
    "raise ValueError(MODE)",
    "assert False, MODE",
    "assert 0",
    "torch._assert(False, MODE)",
    "refuse()",
    "if MODE:\n    raise ValueError\nelse:\n    raise TypeError",
]


@pytest.mark.parametrize("raises", RAISES)
def test_an_init_after_a_refused_mode_is_certain(raises: str) -> None:
    code = "def refuse():\n    raise ValueError\nif MODE not in ('a', 'b'):\n"
    code += indent(raises, "    ") + "\nelse:\n    nn.init.xavier_uniform_(self.fc.weight)"
    assert traced(code)[0] == [True]


@pytest.mark.parametrize("message", ["", ", 'a message'"])
def test_an_assertion_of_something_unknown_goes_on(message: str) -> None:
    init = f"if MODE:\n    torch._assert(MODE{message})\n    nn.init.zeros_(self.fc.weight)"
    assert traced(init + f"\nelse:\n    assert MODE{message}\n    nn.init.zeros_(self.fc.weight)")[0] == [False, False]


def test_what_an_exception_handler_catches_leaves_both_sides_open() -> None:
    code = """
        try:
            if MODE == "a":
                raise ValueError
            else:
                nn.init.xavier_uniform_(self.fc.weight)
        except ValueError:
            pass
        """
    assert traced(code)[0] == [False]


def test_a_suppressed_exception_leaves_both_sides_open() -> None:
    code = """
        from contextlib import suppress
        with suppress(ValueError):
            if MODE == "a":
                raise ValueError
            else:
                nn.init.xavier_uniform_(self.fc.weight)
        """
    assert traced(code)[0] == [False]


def test_a_side_that_raises_inside_an_open_side_is_as_open_as_that() -> None:
    code = """
        if MODE == "a":
            if MODE.startswith("b"):
                raise ValueError
            else:
                nn.init.xavier_uniform_(self.fc.weight)
        """
    assert traced(code)[0] == [False]


def test_training_without_targets_raises_so_that_the_scores_are_certain() -> None:
    forward = """
        if self.training:
            if targets is None:
                {raises}
            else:
                return nn.functional.cross_entropy(x, targets)
        else:
            x = torch.sigmoid(x)
        return x
        """
    assert traced(forward=forward.format(raises="torch._assert(False, 'no targets')"))[1] == [("sigmoid", True)]
    assert traced(forward=forward.format(raises="raise ValueError('no targets')"))[1] == [("sigmoid", True)]
    assert traced(forward=forward.format(raises="x = x.relu()"))[1] == [("relu", False), ("sigmoid", False)]
