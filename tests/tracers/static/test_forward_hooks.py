"""Hooks that recompute a weight before each forward: the scale that the init gives it does not count."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.graph.model import Layer
from initlint.project.reading import parse_source
from initlint.tracers.static.project import Project

FILE = Path("/nowhere/net.py")
NET = """
import functools
import torch
import torch.nn as nn


class Hook:
    def __init__(self, name):
        self.name = name

    def __call__(self, layer, args):
        setattr(layer, self.name, self.compute(layer))

    def compute(self, layer):
        return getattr(layer, self.name + '_raw') * 0.1


def scale(layer, args):
    layer.weight = layer.weight_raw * 0.1


def shift(amount, layer, args):
    layer.bias = amount


def clip(layer, args):
    layer.weight.data.clamp_(-1, 1)


def delegate(layer, args):
    scale(layer, args)


def log(layer, args):
    layer.calls = getattr(layer, 'calls', 0) + 1
    print(layer)


def normalize(layer, args):
    return (args[0] / 255,)


class Net(nn.Module):
    def __init__(self, given=None):
        super().__init__()
        self.fc = nn.Linear(8, 8)
        self.norm = nn.LayerNorm(8)
        {register}

    def forward(self, x):
        return self.norm(self.fc(x))
"""


def layer(register: str) -> Layer:
    source = parse_source(str(FILE), NET.format(register=register).encode())
    (model,) = Project([FILE]).graph(source).models
    return model.by_path["fc"]


@pytest.mark.parametrize(
    "register",
    [
        "self.fc.register_forward_pre_hook(scale)",
        "self.fc.register_forward_pre_hook(Hook('weight'))",
        "self.fc.register_forward_pre_hook(clip)",
        "self.fc.register_forward_pre_hook(delegate)",
        "self.fc.register_forward_pre_hook(given)",
        "self.fc.register_forward_pre_hook(lambda m, _: setattr(m, 'weight', m.raw))",
        "self.register_forward_pre_hook(lambda m, _: setattr(m.fc, 'weight', m.raw))",
        "[m.register_forward_pre_hook(scale) for m in self.children()]",
        "self.fc.register_forward_pre_hook(functools.partial(shift, 2))",
    ],
)
def test_a_hook_that_sets_a_parameter_recomputes_it(register: str) -> None:
    assert layer(register).parametrized


@pytest.mark.parametrize(
    "register",
    [
        "self.fc.register_forward_pre_hook(log)",
        "self.register_forward_pre_hook(normalize)",
        "self.fc.register_forward_pre_hook(lambda m, _: setattr(m, 'seen', True))",
        "self.norm.register_forward_pre_hook(scale)",
    ],
)
def test_other_hooks_do_not(register: str) -> None:
    assert not layer(register).parametrized


@pytest.mark.parametrize("delete", ["del self.fc.weight", "del self.fc._parameters['weight']"])
@pytest.mark.parametrize("data", ["w.data", "w.detach()", "w"])
def test_a_parameter_made_from_another_shares_its_memory_and_init(delete: str, data: str) -> None:
    lines = [
        "w = self.fc.weight",
        "nn.init.normal_(w)",
        delete,
        f"self.fc.register_parameter('weight_raw', nn.Parameter({data}))",
        "self.fc.register_forward_pre_hook(scale)",
    ]
    fc = layer("\n        ".join(lines))
    assert [(write.parameter, write.initializer) for write in fc.writes] == [("weight_raw", "torch.nn.init.normal_")]
    assert fc.parametrized


def test_a_parameter_made_from_a_copy_has_its_own_memory() -> None:
    fc = layer("self.fc.bias = nn.Parameter(self.norm.bias.clone())\n        nn.init.ones_(self.norm.bias)")
    assert "torch.nn.init.ones_" not in [write.initializer for write in fc.writes]
