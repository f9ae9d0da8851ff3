"""The predicted mean square, against what torch measures on the same source."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F

from initlint.analysis.layer_outputs import assumes_equal_fans
from initlint.analysis.signal_propagation import (
    _LARGEST_EXPRESSION,
    mean_squares,
    model_output,
    output_is_constant,
    signals,
)
from initlint.facts.activation_curves import (
    CURVES,
    IDENTITY,
    activated,
    largest_of,
    moments_at,
    size_of,
    slope_moment,
)
from initlint.facts.activations import ACTIVATIONS
from tests.support.whole_models import IMPORTS, models_of


def net(layers: str, forward: str, init: str = "pass") -> str:
    return f"""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        {layers}
        for m in self.modules():
            if isinstance(m, (nn.Linear, nn.Conv2d)):
                {init}

    def forward(self, x):
        {forward}
"""


STACK = "self.net = nn.Sequential(*[m for _ in range(8) for m in (nn.Linear(256, 256), {activation})])"
RUN = "return self.net(x)"
XAVIER = "nn.init.xavier_normal_(m.weight)"
KAIMING = "nn.init.kaiming_uniform_(m.weight, nonlinearity='relu')"
RESIDUAL = "self.fcs = nn.ModuleList([nn.Linear(256, 256) for _ in range(4)]); self.out = nn.Linear(256, 256)"

MODELS = {
    "xavier before relu": net(STACK.format(activation="nn.ReLU()"), RUN, XAVIER + "; nn.init.zeros_(m.bias)"),
    "kaiming before relu": net(STACK.format(activation="nn.ReLU()"), RUN, KAIMING),
    "default before relu": net(STACK.format(activation="nn.ReLU()"), RUN),
    "default before tanh": net(STACK.format(activation="nn.Tanh()"), RUN),
    "xavier before tanh": net(STACK.format(activation="nn.Tanh()"), RUN, XAVIER),
    "kaiming before gelu": net(STACK.format(activation="nn.GELU()"), RUN, KAIMING),
    "xavier before silu": net(STACK.format(activation="nn.SiLU()"), RUN, XAVIER),
    "lecun before selu": net(
        STACK.format(activation="nn.SELU()"), RUN, "nn.init.kaiming_normal_(m.weight, nonlinearity='linear')"
    ),
    "norm resets": net(
        "self.a = nn.Linear(256, 256); self.n = nn.LayerNorm(256); self.b = nn.Linear(256, 256)",
        "return self.b(torch.relu(self.n(self.a(x))))",
        "nn.init.normal_(m.weight, std=0.001)",
    ),
    "residual": net(
        RESIDUAL,
        "for fc in self.fcs:\n            x = x + F.relu(fc(x))\n        return self.out(x)",
        "nn.init.kaiming_normal_(m.weight, nonlinearity='relu')",
    ),
    "gate": net(
        "self.a = nn.Linear(256, 256); self.b = nn.Linear(256, 256); self.c = nn.Linear(256, 256)",
        "return self.c(self.a(x) * torch.sigmoid(self.b(x)))",
        XAVIER,
    ),
    "convolutions": net(
        "self.net = nn.Sequential(nn.Conv2d(32, 64, 3), nn.ReLU(), nn.Conv2d(64, 64, 3, stride=2), nn.ReLU(),"
        " nn.Flatten(), nn.LazyLinear(16))",
        RUN,
        "nn.init.xavier_uniform_(m.weight) if isinstance(m, nn.Conv2d) else None",
    ),
    "zero last layer": net(
        "self.a = nn.Linear(256, 256); self.b = nn.Linear(256, 256)",
        "return self.b(torch.relu(self.a(x)))",
        "pass\n        nn.init.zeros_(self.b.weight); nn.init.zeros_(self.b.bias)",
    ),
}


def measured(source: str) -> dict[str, float]:
    """E[x^2] of the output of each layer, over three draws of the weights and inputs of E[x^2] = 1."""
    names: dict[str, object] = {}
    exec(IMPORTS + source, names)
    total: dict[str, float] = {}
    draws = 3
    for seed in range(draws):
        torch.manual_seed(seed)
        model = names["Net"]()  # type: ignore[operator]
        shape = (16, 32, 15, 15) if "Conv2d(" in source else (128, 256)
        for path, module in model.named_modules():
            if isinstance(module, (torch.nn.Linear, torch.nn.Conv2d)):

                def note(_: object, __: object, out: torch.Tensor, path: str = path) -> None:
                    total[path] = total.get(path, 0.0) + out.square().mean().item() / draws

                module.register_forward_hook(note)
        with torch.no_grad():
            model(torch.randn(shape))
    return total


@pytest.mark.parametrize("name", MODELS)
def test_what_is_predicted_is_measured(name: str) -> None:
    source = MODELS[name]
    model = models_of(source)["Net"]
    predicted = {o.layer: q for o, q in zip(model.operations, mean_squares(model), strict=True) if o.kind == "layer"}
    found = {path: value for path, value in measured(source).items() if predicted[path] is not None}
    assert len(found) >= 2
    assert found == {path: pytest.approx(predicted[path], rel=0.15, abs=1e-12) for path in found}


@pytest.mark.parametrize(
    "op", [*CURVES, "leaky_relu", "prelu", "rrelu", "elu", "celu", "hardtanh", "softplus", "softshrink", "hardshrink"]
)
def test_at_unit_variance_it_is_the_number_of_the_table(op: str) -> None:
    assert moments_at(op, {}, 0.0, 1.0)[1] == pytest.approx(ACTIVATIONS[op].second_moment, rel=5e-3)


@pytest.mark.parametrize(
    ("op", "module"), [("tanh", torch.nn.Tanh()), ("mish", torch.nn.Mish()), ("elu", torch.nn.ELU()), ("relu", F.relu)]
)
@pytest.mark.parametrize(("mean", "moment"), [(0.0, 0.01), (0.0, 4.0), (1.0, 3.0)])
def test_elsewhere_it_is_what_torch_gives(
    op: str, module: Callable[[torch.Tensor], torch.Tensor], mean: float, moment: float
) -> None:
    torch.manual_seed(0)
    out = module(torch.randn(400_000) * math.sqrt(moment - mean * mean) + mean)
    expected = (out.mean().item(), out.square().mean().item())
    assert moments_at(op, {}, mean, moment) == pytest.approx(expected, rel=0.02, abs=5e-3)


@pytest.mark.parametrize(
    ("init", "reason"),
    [
        ("m.weight.data.copy_(torch.load('weights.pt'))", "no known initializer"),
        ("nn.utils.weight_norm(m)", "a parametrization"),
    ],
)
def test_what_is_not_known_is_not_guessed(init: str, reason: str) -> None:
    source = net("self.a = nn.Linear(256, 256)", "return self.a(x)", init)
    model = models_of(source)["Net"]
    assert mean_squares(model)[1] is None, reason


def test_layers_of_unknown_size_are_told_apart() -> None:
    source = net("self.a = nn.Linear(width, height); self.b = nn.Linear(8, 8)", "return self.b(self.a(x))", XAVIER)
    model = models_of(source.replace("__init__(self)", "__init__(self, width, height)"))["Net"]
    assert [assumes_equal_fans(layer) for layer in model.layers] == [True, False]
    assert mean_squares(model)[1] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("op", "module"),
    [("hardshrink", torch.nn.Hardshrink()), ("gelu", torch.nn.GELU()), ("selu", torch.nn.SELU()), ("relu6", F.relu6)],
)
@pytest.mark.parametrize("moment", [0.2, 1.0, 30.0])
def test_the_slope_is_what_torch_gives(op: str, module: Callable[[torch.Tensor], torch.Tensor], moment: float) -> None:
    torch.manual_seed(0)
    x = (torch.randn(400_000) * math.sqrt(moment)).requires_grad_()
    module(x).sum().backward()
    assert x.grad is not None
    expression = activated(op, {})
    assert slope_moment(expression, IDENTITY, 0.0, moment) == pytest.approx(x.grad.square().mean().item(), rel=0.02)


@pytest.mark.parametrize(
    ("name", "constant"),
    [
        ("default before relu", True),
        ("xavier before relu", False),
        ("kaiming before relu", False),
        ("norm resets", False),
    ],
)
def test_an_output_that_the_biases_set_is_constant(name: str, constant: bool) -> None:
    model = models_of(MODELS[name])["Net"]
    assert output_is_constant(model) is constant
    torch.manual_seed(0)
    namespace: dict[str, type[torch.nn.Module]] = {}
    exec(IMPORTS + MODELS[name], namespace)
    net = namespace["Net"]()
    with torch.no_grad():
        measured, without_input = (net(x).square().mean().item() for x in (torch.randn(512, 256), torch.zeros(1, 256)))
    assert model_output(model) == pytest.approx(measured, rel=0.4)
    if name != "norm resets":  # a norm passes on the biases before it as a signal of its own
        assert (without_input > measured / 2) is constant


def test_a_model_with_several_outputs_has_no_one_output() -> None:
    text = net("self.a = nn.Linear(256, 256); self.b = nn.Linear(4, 4)", "return self.a(x), torch.relu(self.a(x))")
    model = models_of(text)["Net"]
    assert model_output(model) is None
    assert not output_is_constant(model)


@pytest.mark.parametrize("count", [2, 10_000, 10**400], ids=["few", "many", "beyond floats"])
def test_the_largest_of_any_number_of_values(count: int) -> None:
    found = largest_of(IDENTITY, 0.0, 1.0, 0.0, count)
    assert 0.5 < found.mean < 10
    if count <= 10_000:
        draws = torch.randn(200, count, generator=torch.Generator().manual_seed(0)).amax(1)
        assert found.mean == pytest.approx(draws.mean().item(), abs=0.2)


@pytest.mark.parametrize("step", ["torch.tanh(x)", "x * torch.sigmoid(x)", "x - F.gelu(x)"])
def test_activations_without_a_layer_between_are_followed_up_to_a_limit(step: str) -> None:
    """Each is a function of the one before: without a limit, 500 of them take minutes, and 500 products never end."""
    code = f"for _ in range(500):\n            x = {step}\n        return x"
    model = models_of(net("self.fc = nn.Linear(16, 16)", f"x = self.fc(x)\n        {code}"))["Net"]
    sizes = [0 if signal is None else size_of(signal.expression) for signal in signals(model)]
    assert 3 <= max(sizes) <= _LARGEST_EXPRESSION
