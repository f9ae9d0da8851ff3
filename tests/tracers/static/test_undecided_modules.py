"""A module that an unknown number or flag decides on: what initializes it does so whenever it exists."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from initlint.graph.model import ModelGraph
from initlint.project.reading import parse_source
from initlint.tracers.static.project import Project

HEADER = """\
import os
import torch
from torch import nn

CLASSES = int(os.environ["CLASSES"])


class Pooled(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, CLASSES) if CLASSES > 0 else nn.Identity()

    def forward(self, x):
        return self.fc(x.mean(1))


"""
NET = """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, 8), nn.ReLU())
        self.head = nn.Linear(8, CLASSES) if CLASSES > 0 else nn.Identity()
        self.pooled = Pooled()
{code}

    def forward(self, x):
        return self.head(self.body(x)) + self.pooled(x)
"""


def model(code: str, before: str = "") -> ModelGraph:
    text = HEADER + dedent(before) + NET.format(code=indent(dedent(code).strip("\n"), " " * 8))
    return next(
        made for made in Project().graph(parse_source("net.py", text.encode())).models if made.root == "net.Net"
    )


def writes(made: ModelGraph, path: str) -> list[tuple[str, bool]]:
    """The writes to the weight of a layer, each with whether it is certain."""
    layer = made.by_path[path]
    return [(w.initializer.rpartition(".")[2], w.certain) for w in layer.writes if w.parameter == "weight"]


WALKS = {
    "a function over named children": """
        def init_tree(module, name=""):
            for child_name, child in module.named_children():
                init_tree(child, f"{name}.{child_name}")
            if isinstance(module, nn.Linear):
                (nn.init.zeros_ if "fc" in name else nn.init.xavier_uniform_)(module.weight)
        """,
    "a function with the module as a keyword": """
        def init_tree(module, name=""):
            if isinstance(module, nn.Linear):
                (nn.init.zeros_ if "fc" in name else nn.init.xavier_uniform_)(module.weight)
            for child_name, child in module._modules.items():
                init_tree(name=name + child_name, module=child)
        """,
    "a generator": """
        def below(module, prefix=""):
            for name, child in module.named_children():
                yield from below(child, prefix + name)
            yield prefix, module

        def init_tree(module):
            for name, child in below(module):
                if isinstance(child, nn.Linear):
                    (nn.init.zeros_ if "fc" in name else nn.init.xavier_uniform_)(child.weight)
        """,
    "a walk over grandchildren": """
        def init_tree(module):
            for name, child in module.named_children():
                if isinstance(child, nn.Linear):
                    (nn.init.zeros_ if name == "fc" else nn.init.xavier_uniform_)(child.weight)
                else:
                    init_tree(child)
        """,
}


@pytest.mark.parametrize("walk", WALKS.values(), ids=WALKS.keys())
def test_a_walk_down_the_modules_reaches_those_that_may_not_exist(walk: str) -> None:
    made = model("init_tree(self)", before=walk)
    assert writes(made, "body.0") == writes(made, "head") == [("xavier_uniform_", True)]
    assert writes(made, "pooled.fc") == [("zeros_", True)]


def test_a_walk_down_nested_lists_of_layers() -> None:
    walk = """
        def init_all(layers):
            for layer in layers:
                if isinstance(layer, (list, tuple)):
                    init_all(layer)
                elif isinstance(layer, nn.Linear):
                    nn.init.orthogonal_(layer.weight)
        """
    made = model("if CLASSES:\n    init_all([[self.body[0]], [self.head, (self.pooled.fc,)]])", before=walk)
    assert writes(made, "body.0") == [("orthogonal_", False)]
    assert [name for name, _ in writes(made, "pooled.fc")] == ["orthogonal_"]


def test_a_recursion_that_only_an_unknown_value_ends_is_not_followed() -> None:
    walk = """
        def init_twice(module, again):
            nn.init.xavier_uniform_(module.weight)
            if again:
                init_twice(module, again - 1)
        """
    made = model("init_twice(self.head, CLASSES)", before=walk)
    assert writes(made, "head")[0] == ("xavier_uniform_", True)
    assert ("unknown", False) in writes(made, "head")
    assert len(writes(made, "head")) < 5


def test_a_walk_that_goes_back_up_ends() -> None:
    walk = """
        def init_around(module, around):
            for child in around.children():
                init_around(child, module)
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
        """
    assert not model("init_around(self, self)", before=walk).incomplete


TESTS = [
    "if isinstance(self.head, nn.Linear):",
    "if not isinstance(self.head, nn.Identity):",
    "if hasattr(self.head, 'out_features'):",
    "if self.pooled is not None and isinstance(self.head, nn.Linear):",
    "is_linear = isinstance(self.head, nn.Linear)\nif is_linear:",
    "if type(self.head) is nn.Linear:",
    "if type(self.head) == nn.Linear:",
    "if issubclass(type(self.head), nn.Linear):",
]


@pytest.mark.parametrize("test", TESTS)
def test_a_test_for_the_module_holds_where_it_exists(test: str) -> None:
    made = model(f"{test}\n    self.head.weight.data.mul_(0.1)")
    assert writes(made, "head") == [("mul_", True)]


@pytest.mark.parametrize("test", ["if isinstance(self.pooled.fc, nn.Linear):", "if self.pooled.fc != 0 and CLASSES:"])
def test_a_test_for_a_module_in_another_one(test: str) -> None:
    made = model(f"{test}\n    nn.init.zeros_(self.pooled.fc.weight)")
    assert writes(made, "pooled.fc") == [("zeros_", "isinstance" in test)]


@pytest.mark.parametrize("test", ["if self.neck is not None:", "if self.neck:", "if self.neck != None:"])
def test_a_test_for_a_layer_that_may_be_none(test: str) -> None:
    made = model(
        f"self.neck = None\nif CLASSES > 2:\n    self.neck = nn.Linear(4, 4)\n{test}\n"
        "    nn.init.zeros_(self.neck.weight)"
    )
    assert writes(made, "neck") == [("zeros_", True)]


def test_the_other_side_of_the_test_never_meets_the_module() -> None:
    made = model(
        "if isinstance(self.head, nn.Linear):\n    nn.init.zeros_(self.head.weight)\n"
        "else:\n    nn.init.ones_(self.body[0].weight)"
    )
    assert writes(made, "head") == [("zeros_", True)]
    assert writes(made, "body.0") == [("ones_", False)]


def test_a_test_of_two_unrelated_flags_decides_nothing() -> None:
    code = """
        flag = CLASSES > 4
        layer = self.head if flag else self.pooled.fc
        if isinstance(layer, nn.Linear):
            nn.init.zeros_(layer.weight)
        """
    made = model(code)
    assert [certain for _, certain in writes(made, "head")] == [False]
