"""Layers with two places in a model are named by the one that forward runs."""

from __future__ import annotations

import pytest

from tests.support.fixing import findings_of
from tests.support.whole_models import models_of

NET = """
import torch
from torch import nn


class Holder(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.held = nn.ModuleList(layers)

    def forward(self, x):
        for layer in self.held:
            x = layer(x).relu()
        return x


class Chain(nn.ModuleList):
    pass


class Sharing(nn.Module):
    def __init__(self):
        super().__init__()
        first, second = nn.Linear(64, 64), nn.Linear(64, 64)
        self.bag = {bag}(first, second)
        self.first, self.second = first, second
        self.last = nn.Linear(64, 4)
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.xavier_uniform_(m.weight)
                nn.init.zeros_(m.bias)

    def forward(self, x):
        {forward}
"""
BY_NAME = "return self.last(self.second(self.first(x).relu()).relu())"
BY_HOLDER = "return self.last(self.bag(x))"


def layers_found(forward: str, bag: str = "Holder") -> tuple[str, ...]:
    (finding,) = findings_of(NET.format(forward=forward, bag=bag), ("INI301",))
    assert all(f"`{layer}`" in finding.message for layer in finding.layers)
    return finding.layers


def test_a_holder_that_forward_never_runs_is_not_named() -> None:
    assert layers_found(BY_NAME) == ("first", "second")


@pytest.mark.parametrize("forward", [BY_HOLDER, f"self.bag(x); {BY_NAME}"])
def test_a_holder_that_runs(forward: str) -> None:
    assert layers_found(forward.replace("; ", "\n        ")) == ("bag.held.0", "bag.held.1")


def test_the_only_place_of_a_layer() -> None:
    forward = "return self.last(self.bag.held[1](self.bag.held[0](x).relu()).relu())"
    source = NET.format(forward=forward, bag="Holder").replace("self.first, self.second = first, second", "pass")
    (finding,) = findings_of(source, ("INI301",))
    assert finding.layers == ("bag.held.0", "bag.held.1")


def test_no_layer_is_lost_where_the_second_place_is_under_a_condition() -> None:
    source = NET.format(forward=BY_NAME, bag="Holder").replace("def __init__(self):", "def __init__(self, named=None):")
    source = source.replace("        self.first, self", "        if named: self.first, self")
    assert [*models_of(source)["Sharing"].by_path] == ["bag.held.0", "bag.held.1", "last"]


def test_a_list_is_no_holder() -> None:
    source = NET.format(forward=BY_NAME, bag="Chain").replace("Chain(first, second)", "Chain([first, second])")
    (finding,) = findings_of(source, ("INI301",))
    assert finding.layers == ("bag.0", "bag.1")
