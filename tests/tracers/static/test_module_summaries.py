"""A callback of `apply` runs once for each kind of module: the graph is the same as if it ran on each module."""

from __future__ import annotations

from collections import Counter
from textwrap import dedent, indent

import pytest

from initlint.graph.model import FileGraph
from initlint.project.reading import parse_source
from initlint.tracers.static.machine.module_summaries import ModuleSummaries
from initlint.tracers.static.project import Project

NET = """
import math
import random
import torch
from torch import nn

COUNT = 0
SEEN = []
HEADS = {}

class Config:
    def __init__(self):
        self.std = 0.02
        self.names = ["a", "b"]

class Scale(nn.Module):
    def __init__(self, dim, eps=1e-5):
        super().__init__()
        self.dim = dim
        self.eps = eps
        self.gain = nn.Parameter(torch.ones(dim))
        self.weight = nn.Parameter(torch.empty(dim, dim))

    @property
    def width(self):
        return self.dim * 2

    def forward(self, x):
        return x * self.gain @ self.weight

class Block(nn.Module):
    def __init__(self, dim, scale):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.first = nn.Linear(dim, 4 * dim)
        self.act = nn.GELU()
        self.second = nn.Linear(4 * dim, dim, bias=scale)
        self.scale = Scale(dim, 1e-5 if scale else 1e-6)

    def forward(self, x):
        return self.scale(self.second(self.act(self.first(self.norm(x)))))

class Net(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.config = Config()
        self.count = 0
        self.blocks = nn.ModuleList([Block(dim, at % 2 == 0) for at in range(6)])
        self.head = nn.Linear(dim, 3)
        self.last = nn.Linear(dim, 3)
        self.tied = [self.last.weight]
        self.before()
        self.apply(self.start)

    def before(self):
        pass

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.head(x) + self.last(x)

METHODS
"""
USUAL = """
    def start(self, m):
        if isinstance(m, (nn.Linear, nn.Conv2d)):
            nn.init.normal_(m.weight, mean=0.0, std=self.config.std)
            if m.bias is not None:
                nn.init.zeros_(m.bias)
        elif hasattr(m, "gain") and getattr(m, "eps", 0.0) > 0:
            nn.init.ones_(m.gain)
        elif "LayerNorm" in m.__class__.__name__:
            m.weight.data.fill_(1.0)
            m.bias.data.zero_()
"""


def traced(methods: str, monkeypatch: pytest.MonkeyPatch) -> tuple[FileGraph, FileGraph, Counter[bool]]:
    """The graph with summaries, the one without, and how often a summary was used or not."""
    code = NET.replace("METHODS", methods if methods.startswith("\n    ") else indent(dedent(methods), "    "))
    source = parse_source("net.py", code.encode())
    used: Counter[bool] = Counter()
    replay = ModuleSummaries._replay

    def counted(self: ModuleSummaries, *arguments: object) -> bool:
        result = replay(self, *arguments)  # type: ignore[arg-type]
        used[result] += 1
        return result

    with monkeypatch.context() as patch:
        patch.setattr(ModuleSummaries, "_replay", counted)
        summarized = Project().graph(source)
    with monkeypatch.context() as patch:
        patch.setattr(ModuleSummaries, "_replay", lambda *arguments: False)
        return summarized, Project().graph(source), used


def test_an_init_function_runs_once_for_each_kind_of_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    summarized, full, used = traced(USUAL, monkeypatch)
    assert summarized.models == full.models
    net = summarized.models[-1]
    # Of six blocks, two differ.
    assert used[True] >= 18
    for at in range(6):
        first, scale = net.by_path[f"blocks.{at}.first"], net.by_path[f"blocks.{at}.scale.gain"]
        assert [(w.parameter, w.initializer) for w in first.writes] == [
            ("weight", "torch.nn.init.normal_"),
            ("bias", "torch.nn.init.zeros_"),
        ]
        assert scale.writes[-1].initializer == "torch.nn.init.ones_"
    visits = [w.visit.number for layer in net.layers for w in layer.writes if w.visit is not None]
    assert len(set(visits)) > 18


@pytest.mark.parametrize(
    "body",
    [
        # what it reads of the module
        "if isinstance(m, nn.Linear):\n    nn.init.normal_(m.weight, std=1 / math.sqrt(m.in_features))",
        "if isinstance(m, Scale):\n    nn.init.normal_(m.weight, std=m.eps)",
        "if isinstance(m, Scale):\n    nn.init.normal_(m.weight, std=m.width)",
        "if isinstance(m, Scale):\n    nn.init.normal_(m.weight, std=vars(m)['eps'])",
        "if isinstance(m, Scale):\n    nn.init.normal_(m.weight, std=m.__dict__['eps'])",
        "if isinstance(m, nn.Linear):\n    nn.init.uniform_(m.weight, -m.weight.shape[0], m.weight.shape[0])",
        "if isinstance(m, Block) and m.second.bias is not None:\n    nn.init.ones_(m.first.weight)",
        "for p in m.parameters(recurse=False):\n    nn.init.normal_(p)",
        "for name, p in m.named_parameters():\n    nn.init.normal_(p, std=len(name))",
        "if isinstance(m, Block):\n    for child in m.children():\n        self.start(child)",
        "if m is self.head:\n    nn.init.zeros_(m.weight)",
        "if m == self.head:\n    nn.init.zeros_(m.weight)",
        "if m in [self.head]:\n    nn.init.zeros_(m.weight)",
        "if isinstance(m, nn.Linear) and m.weight is self.tied[0]:\n    nn.init.zeros_(m.weight)",
        "if isinstance(m, nn.Linear) and any(m.weight is t for t in self.tied):\n    nn.init.zeros_(m.weight)",
        "if isinstance(m, nn.Linear):\n    nn.init.zeros_((m if m.bias is None else self.head).weight)",
        "if isinstance(m, nn.Linear):\n    m.weight.data.copy_(self.head.weight.data)",
        "if isinstance(m, nn.Linear):\n    self.head.weight.data = m.weight.data\n    nn.init.ones_(m.weight)",
        "if isinstance(m, nn.Linear):\n    nn.init.ones_(m.weight)\n    m.weight.data.mul_(2)\n    m.weight.data[0] = 1",
        # state that it changes
        "if isinstance(m, nn.Linear):\n    self.count += 1\n    nn.init.normal_(m.weight, std=self.count)",
        "if isinstance(m, nn.Linear):\n    self.config.std /= 2\n    nn.init.normal_(m.weight, std=self.config.std)",
        "global COUNT\nCOUNT += 1\nif isinstance(m, nn.Linear):\n    nn.init.normal_(m.weight, std=COUNT)",
        "SEEN.append(m)\nif isinstance(m, nn.Linear):\n    nn.init.normal_(m.weight, std=len(SEEN))",
        "HEADS[len(HEADS)] = 1\nif isinstance(m, nn.Linear):\n    nn.init.normal_(m.weight, std=len(HEADS))",
        "if not getattr(m, 'done', False) and isinstance(m, nn.Linear):\n    m.done = True\n    nn.init.ones_(m.weight)",
        "type(self).factor = getattr(self, 'factor', 1) + 1\nif isinstance(m, Scale):\n    m.gain.data.fill_(self.factor)",
        "if isinstance(m, nn.Linear):\n    m.weight.requires_grad = False",
        "if isinstance(m, nn.Linear):\n    m.weight = nn.Parameter(torch.zeros(3, 3))",
        "if isinstance(m, nn.Linear):\n    m.extra = nn.Linear(2, 2)",
        "if isinstance(m, nn.Linear):\n    nn.utils.weight_norm(m)",
        # what is not known
        "if isinstance(m, nn.Linear) and random.random() < 0.5:\n    nn.init.ones_(m.weight)",
        "if isinstance(m, nn.Linear):\n    nn.init.normal_(m.weight, std=random.random())",
        "if isinstance(m, nn.Linear):\n    nn.init.normal_(m.weight, std=0.1 if random.random() > 0 else 0.2)",
        "if isinstance(m, nn.Linear):\n    unknown_init(m)",
        # where it writes from
        "self.inner(m, 0.1)\n\ndef inner(self, m, std):\n    with torch.no_grad():\n        if isinstance(m, nn.Linear):\n"
        "            m.weight.normal_(0, std)",
        "try:\n    nn.init.normal_(m.weight)\nexcept AttributeError:\n    pass",
        "m.apply(self.inner)\n\ndef inner(self, m):\n    if isinstance(m, nn.Linear):\n        nn.init.ones_(m.bias)",
    ],
)
def test_the_graph_is_that_of_all_calls(body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _, methods = body.partition("\n\n")
    code = f"def start(self, m):\n{indent(first, '    ')}\n{methods}"
    summarized, full, _ = traced(code, monkeypatch)
    assert summarized.models == full.models
    assert any(layer.writes for model in summarized.models for layer in model.layers)


@pytest.mark.parametrize(
    "call",
    [
        "self.apply(Start())",
        "self.apply(partial(scaled, std=0.5))",
        "self.apply(lambda m: nn.init.ones_(m.weight) if isinstance(m, nn.Linear) else None)",
        "[self.apply(one) for one in (self.start, zeros, self.start)]",
        "self.blocks.apply(zeros); self.start(self.head)",
        "HEADS['a'] = self.head; self.apply(near)",
    ],
)
def test_callbacks_of_all_kinds(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    functions = """
from functools import partial

class Start:
    def __init__(self):
        self.calls = 0
    def __call__(self, m):
        self.calls += 1
        if isinstance(m, nn.Linear):
            nn.init.normal_(m.weight, std=self.calls)

def scaled(m, std):
    if isinstance(m, nn.Linear):
        nn.init.normal_(m.weight, std=std)

def zeros(m):
    if isinstance(m, nn.Linear) and m.bias is not None:
        nn.init.zeros_(m.bias)

def near(m):
    if isinstance(m, nn.Linear) and m is HEADS['a']:
        nn.init.zeros_(m.weight)
"""
    methods = f"{USUAL}\n    def before(self):\n        {call}\n{functions}"
    summarized, full, _ = traced(methods, monkeypatch)
    assert summarized.models == full.models


def test_a_counter_between_two_layers_ends_all_summaries(monkeypatch: pytest.MonkeyPatch) -> None:
    """The calls on `GELU` count: what the calls on `Linear` read has changed since."""
    counting = """
    def start(self, m):
        if isinstance(m, nn.GELU):
            self.config.std += 1
        elif isinstance(m, nn.Linear):
            nn.init.normal_(m.weight, std=self.config.std)
    """
    summarized, full, _ = traced(counting, monkeypatch)
    assert summarized.models == full.models
    stds = [summarized.models[-1].by_path[f"blocks.{at}.second"].writes[0].arguments["std"] for at in range(6)]
    assert stds == [pytest.approx(at + 1.02) for at in range(6)]
