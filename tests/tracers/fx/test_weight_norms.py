"""The factor of a layer with weight norm: that of its init, unless something wrote to what the weight is computed from."""

from __future__ import annotations

import pytest
import torch

from initlint.analysis.operating_factors import signal_factor
from initlint.graph.model import ModelGraph
from initlint.project.reading import read_source
from initlint.project.settings import Settings
from initlint.project.trace_targets import TargetSpec
from initlint.tracers.fx import Limits, TraceContext, trace_models

FORMS = {
    "untouched": ("parametrizations.weight_norm(drawn(fc))", 1.0),
    "old": ("weight_norm(drawn(fc))", 1.0),
    "default": ("parametrizations.weight_norm(fc)", 1 / 6),
    "direction": ("drawn(parametrizations.weight_norm(fc), 'parametrizations.weight.original1')", None),
    "old_direction": ("drawn(weight_norm(fc), 'weight_v')", None),
    "size": ("doubled(parametrizations.weight_norm(drawn(fc)), 'parametrizations.weight.original0')", None),
    "old_size": ("doubled(weight_norm(drawn(fc)), 'weight_g')", None),
    "spectral": ("parametrizations.spectral_norm(drawn(fc))", None),
    "both": ("parametrizations.spectral_norm(parametrizations.weight_norm(fc))", None),
}
SOURCE = """
import torch
import torch.nn as nn
from torch.nn.utils import parametrizations, weight_norm

def drawn(layer, name="weight"):
    nn.init.kaiming_normal_(layer.get_parameter(name))
    return layer

def doubled(layer, name):
    with torch.no_grad():
        layer.get_parameter(name).mul_(2)
    return layer

class {name}(nn.Module):
    def __init__(self):
        super().__init__()
        fc = nn.Linear(64, 64, bias=False)
        self.fc = {form}
        self.out = nn.Linear(64, 4)

    def forward(self, x):
        return self.out(torch.relu(self.fc(x)))
"""


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ModelGraph]:
    file = tmp_path_factory.mktemp("norms") / "net.py"
    file.write_text("".join(SOURCE.format(name=name, form=form) for name, (form, _) in FORMS.items()))
    context = TraceContext(Limits(), [], Settings().additions, read_source, str)
    traced = trace_models([TargetSpec(str(file), name) for name in FORMS], context)
    return {one.spec.attribute: one.graph for one in traced if one.graph is not None}


@pytest.mark.parametrize(("name", "expected"), [(name, factor) for name, (_, factor) in FORMS.items()])
def test_the_factor(graphs: dict[str, ModelGraph], name: str, expected: float | None) -> None:
    layer = graphs[name].by_path["fc"]
    assert layer.parametrized
    assert signal_factor(graphs[name], layer) == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(("name", "expected"), [(name, factor) for name, (_, factor) in FORMS.items() if factor])
def test_the_factor_is_that_of_torch(name: str, expected: float) -> None:
    names: dict[str, type] = {}
    exec(SOURCE.format(name=name, form=FORMS[name][0]), names)
    torch.manual_seed(0)
    outputs = [torch.relu(names[name]().fc(torch.randn(64, 64))).square().mean().item() for _ in range(20)]
    assert sum(outputs) / len(outputs) == pytest.approx(expected, rel=0.1)
