"""Functions whose calls come to nothing are not followed again and again; all others are."""

from __future__ import annotations

from textwrap import dedent

import pytest

from initlint.graph.model import FileGraph
from initlint.project.reading import parse_source
from initlint.tracers.static.project import Project

BAR = """
import sys, time
import torch
from torch import nn

class Bar:
    def __init__(self, total):
        self.total = total
        self.n = 0
        self.scales = [("k", 1000), ("M", 1000000)]
        self.rate = 1.0
        self.layers = []

    def update(self, n):
        self.n += n
        parts = []
        for name, scale in self.scales:
            if self.n > time.time() * scale:
                parts.append(f"{n / scale:.1f}{name}")
        self.rate = 0.5 * self.rate + 0.5 * n / time.time()
        elapsed = time.time() - self.rate
        if self.total and elapsed > 0:
            parts.append(f"{self.n / self.total}")
        sys.stdout.write(" ".join(parts))
        ADDED
"""
NET = """
class Net(nn.Module):
    def __init__(self, size=4):
        super().__init__()
        bar = Bar(10)
        for n in range(1000):
            bar.update(n)
        self.fc = nn.Linear(4, 4)
        self.bar = bar
"""
FOLLOWED = 40_000
"""Steps that a thousand calls take at the least."""


def traced(added: str, net: str) -> tuple[FileGraph, int]:
    """The graph, and the steps that it took."""
    project = Project()
    code = BAR.replace("ADDED", added) + dedent(net)
    return project.graph(parse_source("net.py", code.encode())), project._interpreter.total_steps


def test_what_comes_to_nothing_is_not_followed_a_thousand_times() -> None:
    found, steps = traced("", NET)
    assert found.models[0].incomplete == ()
    assert "fc" in found.models[0].by_path
    assert steps < FOLLOWED


@pytest.mark.parametrize(
    "added",
    [
        "BARS[n] = self",
        "self.layers.append(n)",
        "global LAST; LAST = n",
        "nn.init.zeros_(WEIGHT)",
        "return n",
        "return [n]",
        "return nn.Linear(4, 4)",
        "Bar.last = n",
        "return torch.zeros(n)",
    ],
)
def test_what_does_something_is_followed_each_time(added: str) -> None:
    _, steps = traced(added, "BARS = {}\nWEIGHT = nn.Parameter(torch.empty(4))\n" + NET)
    assert steps > FOLLOWED


def test_what_is_handed_a_module_is_followed_each_time() -> None:
    _, steps = traced("", NET.replace("bar.update(n)", "bar.update(self)"))
    assert steps > FOLLOWED


def test_what_holds_a_module_is_followed_each_time() -> None:
    _, steps = traced("", NET.replace("bar = Bar(10)", "bar = Bar(nn.Linear(4, 4))"))
    assert steps > FOLLOWED


def test_what_an_unfollowed_call_changes_is_unknown() -> None:
    after = "        self.out = nn.Linear(bar.n, bar.total)\n"
    few = traced("", NET.replace("1000", "3") + after)[0].models[0]
    many = traced("", NET + after)[0].models[0]
    assert few.by_path["out"].arguments["in_features"] == 3
    assert not isinstance(many.by_path["out"].arguments["in_features"], int)
    assert many.by_path["out"].arguments["out_features"] == 10
