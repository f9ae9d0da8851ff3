"""The signal and the gradient at the border of a feature map, against torch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from initlint.analysis.borders import mixed, powered, spread_of
from initlint.analysis.gradients import gradients
from initlint.analysis.signal_propagation import mean_squares
from initlint.graph.model import ModelGraph
from initlint.project.reading import read_source
from initlint.project.settings import Settings
from initlint.project.trace_targets import Input, TargetSpec
from initlint.tracers.fx import Limits, TraceContext, trace_models
from tests.support.whole_models import IMPORTS, models_of

DRAWS = 30

STACK = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.start = nn.Linear(32, 64 * 4 * 4)
        self.rows = nn.Sequential({rows})
        for m in self.modules():
            if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d)):
                nn.init.xavier_normal_(m.weight)
                nn.init.zeros_(m.bias)

    def forward(self, x):
        x = self.start(x)
        return self.rows({view})
"""
CONVOLUTIONS = "*[m for _ in range(4) for m in (nn.Conv2d(64, 64, 3, padding=1), nn.ReLU())]"
VIEW = "x.view(-1, 64, 4, 4)"
ROWS = {
    "convolutions": CONVOLUTIONS,
    "tanh": CONVOLUTIONS.replace("ReLU", "Tanh"),
    "strides": "nn.Conv2d(64, 64, 3, 2, 1), nn.GELU(), nn.Conv2d(64, 64, 3, padding='same'), nn.BatchNorm2d(64), "
    "nn.ReLU(), nn.Conv2d(64, 64, 3, padding=1)",
    "transposed": "nn.ConvTranspose2d(64, 64, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(64, 64, 3, 2, 1), nn.ReLU(), "
    "nn.Conv2d(64, 64, 5, padding=2)",
    "pools": "nn.ConvTranspose2d(64, 64, 4, 2, 1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(64, 64, 3, padding=1), "
    "nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 256)",
}


def measured(source: str, shape: tuple[int, ...]) -> dict[str, tuple[float, float]]:
    """The mean squares of the output of each layer and of its gradient, over draws of the weights."""
    names: dict[str, Any] = {}
    exec(IMPORTS + source, names)
    sums: dict[str, list[float]] = {}

    def keep(path: str) -> Callable[[nn.Module, Any, torch.Tensor], None]:
        def hook(_: nn.Module, __: Any, output: torch.Tensor) -> None:
            output.register_hook(lambda gradient: _add(path, 1, gradient))
            _add(path, 0, output)

        return hook

    def _add(path: str, at: int, values: torch.Tensor) -> None:
        sums.setdefault(path, [0.0, 0.0])[at] += values.detach().square().mean().item() / DRAWS

    for draw in range(DRAWS):
        torch.manual_seed(draw)
        model = names["Net"]()
        for path, module in model.named_modules():
            if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
                module.register_forward_hook(keep(path))
        output = model(torch.randn(shape))
        (output * torch.randn_like(output)).sum().backward()
    return {path: (one, other) for path, (one, other) in sums.items()}


def stated(model: ModelGraph) -> dict[str, tuple[float | None, float | None]]:
    values = zip(model.operations, mean_squares(model), gradients(model), strict=True)
    return {op.layer: (one, other) for op, one, other in values if op.kind == "layer" and op.layer is not None}


@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
def test_on_a_map_that_the_source_sizes(rows: str) -> None:
    source = STACK.format(rows=rows, view=VIEW)
    predicted = stated(models_of(source)["Net"])
    for path, (signal, gradient) in measured(source, (8, 32)).items():
        assert predicted[path][0] == pytest.approx(signal, rel=0.15), path
        if predicted[path][1] is not None and path != "start":
            assert predicted[path][1] == pytest.approx(gradient, rel=0.25), path


@pytest.mark.parametrize(
    ("view", "size"),
    [
        (VIEW, (4, 4)),
        ("x.reshape(x.size(0), 64, 4, 4)", (4, 4)),
        ("x.reshape((-1, 64, 4, 4)).contiguous()", (4, 4)),
        ("x.unflatten(1, (64, 4, 4))", (4, 4)),
        ("nn.Unflatten(1, (64, 8, 2))(x)", (8, 2)),
        ("F.dropout(x.view(-1, 64, 4, 4), 0.1) + 1", (4, 4)),
        ("F.adaptive_avg_pool2d(x.view(-1, 64, 4, 4, 1).squeeze(-1), (2, 2))", (2, 2)),
        ("F.relu(F.max_pool2d(x.view(-1, 64, 4, 4), 2))", (2, 2)),
        ("x.view(-1, 64, 4, 4).permute(0, 2, 3, 1)", None),
        ("F.interpolate(x.view(-1, 64, 4, 4), scale_factor=2)", None),
        ("x.view(-1, 64, self.side, self.side)", None),
        ("x.view(-1, 64, 4, 4) if len(x) > 2 else x.view(-1, 64, 2, 8)", None),
        ("x", None),
    ],
)
def test_what_says_the_size_of_a_map(view: str, size: tuple[int, ...] | None) -> None:
    model = models_of(STACK.format(rows=CONVOLUTIONS, view=view))["Net"]
    assert model.by_path["rows.0"].map_size == size


def traced(tmp_path: Path, source: str, inputs: tuple[Input, ...] | None) -> ModelGraph:
    file = tmp_path / "net.py"
    file.write_text(IMPORTS + source, encoding="utf-8")
    context = TraceContext(Limits(), [], Settings().additions, read_source, str)
    (result,) = trace_models([TargetSpec(str(file), "Net", inputs=inputs)], context)
    assert result.graph is not None, result.problem
    return result.graph


def test_on_a_map_of_the_input_of_trace(tmp_path: Path) -> None:
    """The factors fall from 0.5, and the six layers leave 0.0028 in place of 0.016."""
    rows = CONVOLUTIONS.replace("range(4)", "range(6)")
    source = STACK.format(rows=rows, view="x").replace("x = self.start(x)\n", "x = F.dropout(x)\n")
    graph = traced(tmp_path, source, (Input((8, 64, 4, 4)),))
    for path, (signal, gradient) in measured(source.replace("F.dropout(x)", "x"), (8, 64, 4, 4)).items():
        assert stated(graph)[path][0] == pytest.approx(signal, rel=0.15), path
        assert stated(graph)[path][1] == pytest.approx(gradient, rel=0.25), path
    last = [moment for op, moment in zip(graph.operations, mean_squares(graph), strict=True) if op.kind == "output"]
    assert last == [pytest.approx(0.0028, rel=0.1)]


def test_an_input_that_is_guessed_sizes_no_map(tmp_path: Path) -> None:
    graph = traced(tmp_path, STACK.format(rows=CONVOLUTIONS, view="x if len(x) > 1 else x"), None)
    assert {layer.map_size for layer in graph.layers} == {None}


def test_profiles() -> None:
    profile = ((0.5, 1.5), (1.0, 1.0))
    assert mixed((profile, ()), (1.0, 1.0)) == ((0.75, 1.25), (1.0, 1.0))
    assert mixed((profile, ((1.0,),)), (1.0, 1.0)) == ()  # maps of different sizes
    (low, high), even = powered(profile, 2.0)
    assert (low + high, high / low) == (pytest.approx(2.0), pytest.approx(9.0))
    assert even == (1.0, 1.0)
    assert spread_of(profile) > spread_of(mixed((profile, ()), (1.0, 1.0))) > spread_of(()) == 0.0
