"""The operations of a model are the same in both tracers, so that the propagated signal is."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.analysis.signal_propagation import mean_squares
from initlint.graph.model import ModelGraph
from initlint.project.settings import Settings
from initlint.project.trace_targets import TargetSpec
from initlint.tracers.fx import Limits, TraceContext, trace_models
from initlint.tracers.fx_run import display_path, project_file_loader
from initlint.tracers.static.project import Project
from tests.support.whole_models import IMPORTS, models_of

NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.one = nn.Linear(16, 32)
        self.two = nn.Linear(32, 32)
        self.bias = nn.Parameter(torch.zeros(32))

    def forward(self, x):
        x = self.pool(F.relu(self.conv(x)))
        x = torch.flatten(F.adaptive_avg_pool2d(x, 1), 1)
        x = {expression}
        return self.two(x)
"""

EXPRESSIONS = [
    "F.leaky_relu(self.one(x), 0.2) * 0.5",
    "2 - torch.tanh(self.one(x)) / 4",
    "torch.sub(1, self.one(x))",
    "torch.add(self.one(x), self.one(x).relu(), alpha=2)",
    "-self.one(x).mul_(3)",
    "torch.clamp(self.one(x), -6e4, max=6e4)",
    "self.one(x) * torch.sigmoid(self.one(x))",
    "F.relu(self.one(x), inplace=True) + self.bias",
    "self.one(x).add(1.5).gelu() if False else F.gelu(self.one(x).add(1.5))",
]


def _traced(source: str, folder: Path) -> ModelGraph:
    file = folder / "net.py"
    file.write_text(source, encoding="utf-8")
    context = TraceContext(Limits(), [], Settings().additions, project_file_loader(Project().load), display_path)
    (result,) = trace_models([TargetSpec(str(file), "Net")], context)
    assert result.graph is not None, result.problem
    return result.graph


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_operations_and_signals_agree(expression: str, tmp_path: Path) -> None:
    source = NET.format(expression=expression)
    static = models_of(source)["Net"]
    traced = _traced(IMPORTS + source, tmp_path)

    def facts(model: ModelGraph) -> list[object]:
        return [
            (operation.kind, operation.op, operation.inputs, operation.layer, dict(operation.arguments))
            for operation in model.operations
        ]

    assert facts(traced) == facts(static)
    assert mean_squares(traced) == mean_squares(static)


VIEWED = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 64, 4, stride=4)
        self.mix = nn.Conv2d(64, 64, 1)
        w = self.patches.weight.data
        nn.init.{init}(w.view({shape}))

    def forward(self, x):
        return self.mix(F.relu(self.patches(x)))
"""


@pytest.mark.parametrize("init", ["xavier_uniform_", "kaiming_normal_"])
@pytest.mark.parametrize("shape", ["[w.shape[0], -1]", "64, 48", "w.shape"])
def test_the_fans_of_a_view_agree(init: str, shape: str, tmp_path: Path) -> None:
    source = VIEWED.format(init=init, shape=shape)
    static, traced = models_of(source)["Net"], _traced(IMPORTS + source, tmp_path)
    assert mean_squares(static) == pytest.approx(mean_squares(traced))
    (write,) = traced.by_path["patches"].writes
    assert write.shape == static.by_path["patches"].writes[0].shape == (None if shape == "w.shape" else (64, 48))
