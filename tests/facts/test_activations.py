from __future__ import annotations

import inspect
import math
from collections.abc import Callable

import pytest

from initlint.facts.activations import (
    ACTIVATIONS,
    MODULES,
    NAMES,
    PARAMETERS,
    REQUIRED,
    second_moment,
)
from initlint.facts.fans import MODULES as ALL_MODULES

_LOGISTIC: Callable[[float], float] = lambda z: 1 / (1 + math.exp(-z))  # noqa: E731

_PHI: dict[str, Callable[[float], float]] = {
    "relu": lambda z: max(z, 0),
    "relu6": lambda z: min(max(z, 0), 6),
    "gelu": lambda z: z * (1 + math.erf(z / math.sqrt(2))) / 2,
    "quick_gelu": lambda z: z * _LOGISTIC(1.702 * z),
    "silu": lambda z: z * _LOGISTIC(z),
    "mish": lambda z: z * math.tanh(math.log1p(math.exp(z))),
    "hardswish": lambda z: z * min(max(z + 3, 0), 6) / 6,
    "leaky_relu": lambda z: z if z > 0 else 0.01 * z,
    "prelu": lambda z: z if z > 0 else 0.25 * z,
    "rrelu": lambda z: z if z > 0 else 11 / 48 * z,
    "tanh": math.tanh,
    "softsign": lambda z: z / (1 + abs(z)),
    "hardtanh": lambda z: min(max(z, -1), 1),
    "selu": lambda z: 1.0507009873554805 * (z if z > 0 else 1.6732632423543772 * math.expm1(z)),
    "sigmoid": _LOGISTIC,
    "hardsigmoid": lambda z: min(max(z + 3, 0), 6) / 6,
    "logsigmoid": lambda z: -math.log1p(math.exp(-z)),
    "elu": lambda z: z if z > 0 else math.expm1(z),
    "celu": lambda z: z if z > 0 else math.expm1(z),
    "softplus": lambda z: math.log1p(math.exp(z)),
    "tanhshrink": lambda z: z - math.tanh(z),
    "softshrink": lambda z: z - math.copysign(0.5, z) if abs(z) > 0.5 else 0.0,
    "hardshrink": lambda z: z if abs(z) > 0.5 else 0.0,
    "sin": math.sin,
}


def _expectation(function: Callable[[float], float]) -> float:
    """E[function(z)], z ~ N(0, 1): midpoints, so that the kinks at multiples of 1/2 fall between two of them."""
    steps = 20_000
    width = 20 / steps
    points = ((i + 0.5) * width - 10 for i in range(steps))
    return sum(function(z) * math.exp(-z * z / 2) for z in points) * width / math.sqrt(2 * math.pi)


@pytest.mark.parametrize("op", _PHI)
def test_moments_agree_with_quadrature(op: str) -> None:
    phi, activation, h = _PHI[op], ACTIVATIONS[op], 1e-5
    assert activation.second_moment == pytest.approx(_expectation(lambda z: phi(z) ** 2), rel=1e-5)
    slope = _expectation(lambda z: ((phi(z + h) - phi(z - h)) / (2 * h)) ** 2)
    assert activation.slope_moment == pytest.approx(slope, rel=1e-4)
    assert activation.value_at_zero == pytest.approx(phi(0.0))


def test_a_gated_unit_multiplies_its_halves() -> None:
    gate = _expectation(lambda z: _LOGISTIC(z) ** 2)
    slope = _expectation(lambda z: (_LOGISTIC(z) * (1 - _LOGISTIC(z))) ** 2)
    assert ACTIVATIONS["glu"].second_moment == pytest.approx(gate, rel=1e-6)
    assert ACTIVATIONS["glu"].slope_moment == pytest.approx(gate + slope, rel=1e-6)


def test_every_activation_is_checked() -> None:
    assert {op for op, a in ACTIVATIONS.items() if a.second_moment is not None} == {*_PHI, "glu"}


@pytest.mark.parametrize("op", sorted(set(_PHI) - {"quick_gelu"}))
def test_slope_at_zero_is_the_gradient_of_torch(op: str) -> None:
    torch = pytest.importorskip("torch")
    functions = {getattr(home, op, None) for home in (torch, torch.nn.functional)} - {None}
    assert functions
    for function in functions:
        z = torch.zeros((), requires_grad=True)
        out = function(z, torch.tensor([0.25])) if op == "prelu" else function(z)
        out.sum().backward()
        assert ACTIVATIONS[op].slope_at_zero == pytest.approx(z.grad.item(), abs=1e-7)


def test_gains_are_those_of_torch() -> None:
    init = pytest.importorskip("torch.nn.init")
    for op, activation in ACTIVATIONS.items():
        assert (activation.gain is None) == (activation.nonlinearity is None)
        if activation.nonlinearity is not None:
            assert activation.gain == init.calculate_gain(activation.nonlinearity)
        else:
            with pytest.raises(ValueError, match="Unsupported nonlinearity"):
                init.calculate_gain(op)


def test_every_activation_module_has_an_operator() -> None:
    assert {name for name, module in ALL_MODULES.items() if module.role == "activation"} == set(MODULES)


def test_every_name_leads_to_an_activation() -> None:
    for table in (MODULES, NAMES):
        assert set(table.values()) <= set(ACTIVATIONS)
    assert set(PARAMETERS) <= set(ACTIVATIONS)
    assert all(name == name.lower() for name in NAMES)


def test_functional_parameters_are_those_of_torch() -> None:
    functional = pytest.importorskip("torch.nn.functional")
    compared = 0
    for op, parameters in PARAMETERS.items():
        try:
            real = inspect.signature(getattr(functional, op))
        except ValueError:
            continue  # A builtin, of which only the documentation tells.
        compared += 1
        own = [p for p in list(real.parameters.values())[1:] if p.name not in ("_stacklevel", "dtype")]
        expected = [(p.name, REQUIRED if p.default is p.empty else p.default) for p in own]
        if expected and expected[0][0] not in ("args", "kwargs"):
            assert list(parameters) == expected, op
    assert compared > 10


@pytest.mark.parametrize(
    ("op", "arguments", "expected"),
    [
        ("relu", {}, 0.5),
        ("relu", {"inplace": True}, 0.5),
        ("leaky_relu", {}, 0.50005),
        ("leaky_relu", {"negative_slope": 0.2}, 0.52),
        ("prelu", {"init": 0.1}, 0.505),
        ("rrelu", {"lower": 0.1, "upper": 0.3}, 0.52),
        ("elu", {"alpha": 0}, 0.5),
        ("elu", {"alpha": 1}, 0.6449454174929239),
        ("celu", {"alpha": 1.0}, 0.6449454174929239),
        ("celu", {"alpha": 2.0}, None),
        ("hardtanh", {"min_val": -1, "max_val": 1}, 0.5160585509617134),
        ("hardtanh", {"max_val": 6.0}, None),
        ("gelu", {"approximate": "tanh"}, 0.42522148257029874),
        ("leaky_relu", {"negative_slope": object()}, None),
        ("elu", {"alpha": 10**400}, None),
        ("softmax", {"dim": 1}, None),
        ("no_such_activation", {}, None),
    ],
)
def test_second_moment_follows_the_arguments(op: str, arguments: dict[str, object], expected: float | None) -> None:
    assert second_moment(op, arguments) == (None if expected is None else pytest.approx(expected))
