"""What is stated of narrow, deep and unusual networks, against torch; `benchmarks/signal_in_torch.py` has many more."""

from __future__ import annotations

import importlib.util
import math
import sys
from functools import cache
from types import ModuleType

import pytest
import torch

from initlint.analysis.gradients import gradients
from initlint.analysis.signal_propagation import mean_squares, signals
from initlint.facts.activation_curves import IDENTITY, activated, curve_of, moments_of, response_of, slope_response
from initlint.graph.model import ModelGraph
from tests.support.paths import ROOT
from tests.support.whole_models import models_of


@cache
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("signal_in_torch", ROOT / "benchmarks" / "signal_in_torch.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    module.MOST_RUNS = 60
    return module


def net(layers: str, forward: str, init: str) -> ModelGraph:
    source = f"""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        {layers}
        for m in self.modules():
            if isinstance(m, (nn.Linear, nn.Conv2d)):
                nn.init.{init}
                nn.init.zeros_(m.bias)

    def forward(self, x):
        {forward}
"""
    return models_of(source)["Net"]


def stack(width: int, depth: int, activation: str, init: str = "kaiming_normal_(m.weight)") -> ModelGraph:
    layers = (
        f"self.net = nn.Sequential(*[m for _ in range({depth}) for m in (nn.Linear({width}, {width}), {activation})])"
    )
    return net(layers, "return self.net(x)", init)


def of_layers(model: ModelGraph, values: object) -> list[float | None]:
    return [value for op, value in zip(model.operations, values, strict=True) if op.kind == "layer"]  # type: ignore[call-overload]


@pytest.mark.parametrize("width", [64, 1024])
def test_a_relu_layer_adds_five_over_its_width(width: int) -> None:
    spreads = [signal.spread for signal in signals(stack(width, 6, "nn.ReLU()")) if signal is not None]
    assert spreads[-1] == pytest.approx(2 / width + 5 * 5 / width, rel=0.05)


def test_the_spread_is_that_of_torch() -> None:
    draws, width, depth = 4000, 64, 5
    torch.manual_seed(0)
    x = torch.randn(draws, 1, width)
    for _ in range(depth):
        x = torch.relu(torch.bmm(x, torch.randn(draws, width, width) * math.sqrt(2 / width)))
    measured = x.square().mean(2).log().var().item()
    last = signals(stack(width, depth + 1, "nn.ReLU()"))[-3]
    assert last is not None
    assert last.spread == pytest.approx(measured, rel=0.15)


@pytest.mark.parametrize(
    ("width", "activation", "init", "stated"),
    [
        (256, "nn.ReLU()", "kaiming_normal_(m.weight)", 12),
        (16, "nn.ReLU()", "kaiming_normal_(m.weight)", 5),
        (16, "nn.Tanh()", "xavier_normal_(m.weight)", 12),
        (16, "nn.Identity()", "orthogonal_(m.weight)", 12),
        (16, "nn.Tanhshrink()", "kaiming_normal_(m.weight)", 2),
    ],
)
def test_where_half_of_all_draws_have_less_than_half_no_figure_is_stated(
    width: int, activation: str, init: str, stated: int
) -> None:
    model = stack(width, 12, activation, init)
    values = of_layers(model, mean_squares(model))
    assert [value is not None for value in values] == [True] * stated + [False] * (12 - stated)


def test_a_norm_begins_again() -> None:
    layers = "self.net = nn.Sequential(*[m for _ in range(12) for m in (nn.Linear(16, 16), nn.ReLU())])"
    model = net(
        f"{layers}; self.n = nn.LayerNorm(16); self.out = nn.Linear(16, 4)",
        "return self.out(self.n(self.net(x)))",
        "kaiming_normal_(m.weight)",
    )
    assert mean_squares(model)[-2] == pytest.approx(2.0, rel=0.01)


@pytest.mark.parametrize("op", ["relu", "gelu", "tanh", "tanhshrink", "hardshrink", "softplus"])
@pytest.mark.parametrize("moment", [0.2, 3.0])
def test_the_response_is_that_to_a_random_variance(op: str, moment: float) -> None:
    torch.manual_seed(0)
    spread, expression = 0.1, activated(op, {})
    response, curve = response_of(expression, 0.0, moment), curve_of(expression)
    variance = moment * (torch.randn(300_000, dtype=torch.float64) * math.sqrt(spread) - spread / 2).exp()
    values = [curve(x) ** 2 for x in (torch.randn(300_000, dtype=torch.float64) * variance.sqrt()).tolist()]
    expected = moments_of(expression, 0.0, moment, 0.0).moment * math.exp(response.bend * spread)
    assert expected == pytest.approx(sum(values) / len(values), rel=0.03)
    larger = moments_of(expression, 0.0, moment * 1.1, 0.0).moment / moments_of(expression, 0.0, moment, 0.0).moment
    assert math.log(larger) / math.log(1.1) == pytest.approx(response.order, abs=0.1)


def test_the_slope_of_a_relu_has_no_order() -> None:
    assert slope_response(activated("relu", {}), IDENTITY, 0.0, 2.0) == (2.0, 0.0, 0.0)
    assert slope_response(activated("tanh", {}), IDENTITY, 0.0, 2.0).order < -0.2


@pytest.mark.parametrize(("width", "stated"), [(16, False), (512, True)])
def test_the_gradient_before_a_norm_of_a_narrow_deep_network_is_not_stated(width: int, stated: bool) -> None:
    layers = f"self.net = nn.Sequential(*[m for _ in range(4) for m in (nn.Linear({width}, {width}), nn.ReLU())])"
    model = net(
        f"{layers}; self.n = nn.BatchNorm1d({width})", "return self.n(self.net(x))", "kaiming_normal_(m.weight)"
    )
    assert (of_layers(model, gradients(model))[0] is not None) is stated


def test_convolutions_of_one_sign_are_stated_as_far_as_their_windows_are_independent() -> None:
    layers = "self.a = nn.Conv2d(16, 32, 3); self.b = nn.Conv2d(32, 32, 3); self.n = nn.BatchNorm2d(32)"
    layers += "; self.c = nn.Conv2d(32, 32, 3)"
    model = net(layers, "return self.c(self.n(self.b(torch.relu(self.a(x)))))", "uniform_(m.weight, 0, 0.05)")
    a, b, norm, c = (value for op, value in zip(model.operations, mean_squares(model), strict=True) if op.layer)
    assert (b, c) == (None, None)
    assert a == pytest.approx(9 * 16 * 0.05**2 / 3)
    assert norm == 1.0


def test_layers_of_one_sign_pass_one_function_of_the_sum_of_their_inputs() -> None:
    model = stack(256, 4, "nn.SiLU()", "uniform_(m.weight, 0, 0.05)")
    torch.manual_seed(0)
    measured = [0.0] * 4
    for _ in range(200):
        x = torch.randn(16, 256)
        for number in range(4):
            y = x @ torch.rand(256, 256) * 0.05
            x = torch.nn.functional.silu(y)
            measured[number] += y.square().mean().item() / 200
    assert of_layers(model, mean_squares(model)) == [pytest.approx(value, rel=0.1) for value in measured]


@pytest.mark.parametrize("nets", [[(0, 9), (0, 12), (0, 16)], [(0, 20), (0, 25)], [(2, 26), (0, 46)]], ids=str)
def test_what_is_stated_of_random_networks_is_right(nets: list[tuple[int, int]]) -> None:
    """Of these, main causes of differences: narrow layers before norms, rare large values, weights with a mean."""
    torch.set_num_threads(1)
    comparison = benchmark().Comparison()
    for seed, number in nets:
        drawn = benchmark().random_net(seed, number)
        comparison.add(number, drawn, benchmark().measure(drawn))
    assert comparison.wrong == []
    assert comparison.counts["signal stated"] >= 3


@pytest.mark.parametrize("size", [-1, 0, True, 10**30])
def test_sizes_that_torch_refuses_have_no_figure(size: int) -> None:
    layers = f"self.e = nn.Embedding(9, {size}); self.a = nn.Linear(8, {size}); self.b = nn.Linear(8, 8)"
    model = net(layers, "return self.b(torch.relu(self.a(self.e(x))))", "normal_(m.weight)")
    assert of_layers(model, mean_squares(model)) == [pytest.approx(1.0), None, None]
    assert len(gradients(model)) == len(model.operations)
