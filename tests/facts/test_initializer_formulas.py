from __future__ import annotations

import inspect
import math
from typing import Any

import pytest

from initlint.facts.initializer_formulas import (
    BIAS_FROM_PROBABILITY,
    CONSTRUCTORS,
    DEPRECATED,
    INITIALIZERS,
    LIBRARY_INITIALIZERS,
    METHOD_PARAMETERS,
    METHODS,
    NONLINEARITIES,
    RANDOM_METHODS,
    REQUIRED,
    UNINITIALIZED,
    calculate_gain,
    constant_value,
    moment,
    scale,
    variance,
)

UNKNOWN = object()
_INIT = "torch.nn.init."


def _functions() -> dict[str, Any]:
    init = pytest.importorskip("torch.nn.init")
    return {n: f for n, f in vars(init).items() if inspect.isfunction(f) and not n.startswith("_")}


def test_every_function_of_torch_is_listed() -> None:
    listed = {name.removeprefix(_INIT) for name in (*INITIALIZERS, *DEPRECATED) if name.startswith(_INIT)}
    assert set(_functions()) == listed | {"calculate_gain"}


def test_signatures_are_those_of_torch() -> None:
    functions = _functions()
    for name, initializer in INITIALIZERS.items():
        if not name.startswith(_INIT):
            continue
        ours = dict(initializer.signature)
        real = inspect.signature(functions[initializer.name]).parameters
        # `generator` came with torch 2.2.
        assert [p for p in ours if p in real] == list(real)
        for parameter in real.values():
            assert ours[parameter.name] == (REQUIRED if parameter.default is parameter.empty else parameter.default)


def test_ranks_are_those_torch_takes() -> None:
    torch = pytest.importorskip("torch")
    given: dict[str, dict[str, float]] = {"constant_": {"val": 1.0}, "sparse_": {"sparsity": 0.5}}
    for name, initializer in INITIALIZERS.items():
        if not name.startswith(_INIT):
            continue
        least, most = initializer.ranks
        for rank in range(1, 7):
            fill, tensor = getattr(torch.nn.init, initializer.name), torch.zeros((2,) * rank)
            if least <= rank <= (most or rank):
                fill(tensor, **given.get(initializer.name, {}))
            else:
                with pytest.raises(ValueError, match=r"dimension|tensor"):
                    fill(tensor, **given.get(initializer.name, {}))


def test_deprecated_names_lead_to_current_ones() -> None:
    assert len(DEPRECATED) == 11
    assert set(DEPRECATED.values()) <= set(INITIALIZERS)
    for old, new in DEPRECATED.items():
        assert new == f"{old}_"


@pytest.mark.parametrize("param", [None, 0, 0.2, math.sqrt(5), -1, True, "0.2"])
def test_gains_are_those_of_torch(param: Any) -> None:
    init = pytest.importorskip("torch.nn.init")
    for nonlinearity in (*NONLINEARITIES, "gelu", "silu", "elu", "prelu", "ReLU", ""):
        try:
            expected = init.calculate_gain(nonlinearity, param)
        except ValueError:
            with pytest.raises(ValueError, match=r"nonlinearity|negative_slope"):
                calculate_gain(nonlinearity, param)
        else:
            assert calculate_gain(nonlinearity, param) == expected


_SCALES: list[tuple[str, dict[str, Any], tuple[float, float, float]]] = [
    # fan_in * E[w^2] at (fan_in, fan_out) of (1024, 1024), (512, 2048) and (2048, 512).
    ("xavier_uniform_", {}, (1.0, 0.4, 1.6)),
    ("xavier_normal_", {}, (1.0, 0.4, 1.6)),
    ("xavier_uniform_", {"gain": math.sqrt(2)}, (2.0, 0.8, 3.2)),
    ("xavier_normal_", {"gain": 5 / 3}, (25 / 9, 10 / 9, 40 / 9)),
    ("kaiming_uniform_", {}, (2.0, 2.0, 2.0)),
    ("kaiming_normal_", {"nonlinearity": "relu"}, (2.0, 2.0, 2.0)),
    ("kaiming_normal_", {"nonlinearity": "relu", "mode": "fan_out"}, (2.0, 0.5, 8.0)),
    ("kaiming_uniform_", {"a": 0.2}, (2 / 1.04, 2 / 1.04, 2 / 1.04)),
    ("kaiming_normal_", {"nonlinearity": "linear"}, (1.0, 1.0, 1.0)),
    ("kaiming_uniform_", {"nonlinearity": "tanh"}, (25 / 9, 25 / 9, 25 / 9)),
    ("kaiming_normal_", {"nonlinearity": "selu"}, (0.5625, 0.5625, 0.5625)),
    ("kaiming_uniform_", {"a": math.sqrt(5)}, (1 / 3, 1 / 3, 1 / 3)),
    ("orthogonal_", {}, (1.0, 0.25, 1.0)),
    ("orthogonal_", {"gain": math.sqrt(2)}, (2.0, 0.5, 2.0)),
    ("normal_", {}, (1024.0, 512.0, 2048.0)),
    ("normal_", {"std": 0.02}, (0.4096, 0.2048, 0.8192)),
    ("uniform_", {"a": -0.1, "b": 0.1}, (1024 / 300, 512 / 300, 2048 / 300)),
    ("uniform_", {}, (1024 / 3, 512 / 3, 2048 / 3)),
    ("trunc_normal_", {}, (792.3110948351214, 396.1555474175607, 1584.6221896702427)),
    ("trunc_normal_", {"std": 0.02}, (0.4096, 0.2048, 0.8192)),
    ("sparse_", {"sparsity": 0.1}, (0.0921, 0.046075, 0.184)),
    ("eye_", {}, (1.0, 0.25, 1.0)),
    ("constant_", {"val": 0.1}, (10.24, 5.12, 20.48)),
    ("ones_", {}, (1024.0, 512.0, 2048.0)),
    ("zeros_", {}, (0.0, 0.0, 0.0)),
]


@pytest.mark.parametrize(("name", "arguments", "expected"), _SCALES)
def test_moments_agree_with_the_formulas(name: str, arguments: dict[str, Any], expected: tuple[float, ...]) -> None:
    for (fan_in, fan_out), value in zip(((1024, 1024), (512, 2048), (2048, 512)), expected, strict=True):
        found = moment(_INIT + name, arguments, fan_in, fan_out, (fan_out, fan_in))
        assert found is not None
        assert found * fan_in == pytest.approx(value, rel=2e-4)


_SAMPLED = [
    *((name, arguments, (128, 256)) for name, arguments, _ in _SCALES),
    *((name, arguments, (256, 128)) for name, arguments, _ in _SCALES),
    ("orthogonal_", {}, (128, 8, 3, 3)),
    ("dirac_", {}, (64, 32, 3, 3)),
    ("dirac_", {"groups": 4}, (32, 64, 5)),
    ("xavier_normal_", {}, (64, 32, 3, 3)),
    ("kaiming_uniform_", {"mode": "fan_out"}, (64, 32, 3, 3)),
    ("trunc_normal_", {"mean": 1.0, "std": 2.0, "a": 0.0, "b": 2.0}, (128, 256)),
    ("uniform_", {"a": 1.0, "b": 3.0}, (128, 256)),
    ("normal_", {"mean": 0.5, "std": 0.1}, (128, 256)),
]


@pytest.mark.parametrize(("name", "arguments", "shape"), _SAMPLED)
def test_moments_agree_with_what_torch_draws(name: str, arguments: dict[str, Any], shape: tuple[int, ...]) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    weight = getattr(torch.nn.init, name)(torch.empty(shape), **arguments).double()
    fan_in, fan_out = torch.nn.init._calculate_fan_in_and_fan_out(weight)
    spread = weight.var(unbiased=False).item()
    assert variance(_INIT + name, arguments, fan_in, fan_out, shape) == pytest.approx(spread, rel=0.03, abs=1e-12)
    squares = weight.square().mean().item()
    assert moment(_INIT + name, arguments, fan_in, fan_out, shape) == pytest.approx(squares, rel=0.03)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("xavier_uniform_", {"gain": UNKNOWN}),
        ("xavier_uniform_", {"gain": "relu"}),
        ("kaiming_normal_", {"a": UNKNOWN}),
        ("kaiming_normal_", {"a": "fan_out"}),
        ("kaiming_normal_", {"nonlinearity": "gelu"}),
        ("kaiming_normal_", {"nonlinearity": UNKNOWN}),
        ("kaiming_normal_", {"mode": "fan_avg_"}),
        ("kaiming_normal_", {"mode": UNKNOWN}),
        ("uniform_", {"b": UNKNOWN}),
        ("uniform_", {"b": 10**400}),
        ("normal_", {"std": UNKNOWN}),
        ("normal_", {"std": math.nan}),
        ("trunc_normal_", {"std": 0.0}),
        ("trunc_normal_", {"a": 2.0, "b": 1.0}),
        ("trunc_normal_", {"a": 50.0, "b": 60.0}),
        ("orthogonal_", {"gain": UNKNOWN}),
        ("sparse_", {"sparsity": UNKNOWN}),
        ("constant_", {"val": UNKNOWN}),
        ("constant_", {}),
        ("no_such_", {}),
    ],
)
def test_what_is_not_known_has_no_variance(name: str, arguments: dict[str, Any]) -> None:
    assert variance(_INIT + name, arguments, 8, 8, (8, 8)) is None
    assert moment(_INIT + name, arguments, 8, 8, (8, 8)) is None
    assert scale(_INIT + name, arguments) is None


def test_without_fans_only_fixed_scales_are_known() -> None:
    assert variance(_INIT + "kaiming_normal_", {}, None, None) is None
    assert variance(_INIT + "kaiming_normal_", {}, 8, None) == pytest.approx(0.25)
    assert variance(_INIT + "xavier_normal_", {}, 8, None) is None
    assert variance(_INIT + "normal_", {"std": 0.5}, None, None) == 0.25
    assert variance(_INIT + "dirac_", {}, 8, 8) is None


def test_orthogonal_needs_the_shape_where_rows_are_in_doubt() -> None:
    assert variance(_INIT + "orthogonal_", {}, 16, 8) == 1 / 16
    assert variance(_INIT + "orthogonal_", {}, 8, 16) is None
    assert variance(_INIT + "orthogonal_", {}, 8, 16, (16, 8)) == 1 / 16


def test_absurd_numbers_do_not_raise() -> None:
    for name in INITIALIZERS:
        arguments: dict[str, Any] = {
            **{"gain": 1e300, "a": -1e300, "b": 1e300, "std": 1e300, "mean": 1e300, "val": 1e300},
            **{"sparsity": 5.0, "groups": 3},
        }
        variance(name, arguments, 8, 8, (8, 8, 3))
        moment(name, {**arguments, "std": 1e-300}, 8, 8, (8, 8, 3))


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("torch.nn.init.kaiming_normal_", {}, 2.0),
        ("torch.nn.init.kaiming_uniform_", {"a": math.sqrt(5)}, 1 / 3),
        ("torch.nn.init.kaiming_uniform_", {"mode": "fan_out"}, 2.0),
        ("torch.nn.init.xavier_uniform_", {}, 1.0),
        ("torch.nn.init.xavier_normal_", {"gain": 2.0}, 4.0),
        ("torch.nn.init.orthogonal_", {"gain": 3.0}, 9.0),
        ("torch.nn.init.zeros_", {}, 0.0),
        ("timm.layers.lecun_normal_", {}, 1.0),
        ("timm.layers.variance_scaling_", {"scale": 2.0, "mode": "fan_avg"}, 2.0),
        ("torch.nn.init.normal_", {"std": 0.02}, None),
        ("torch.nn.init.constant_", {"val": 1.0}, None),
    ],
)
def test_scale(name: str, arguments: dict[str, Any], expected: float | None) -> None:
    assert scale(name, arguments) == (None if expected is None else pytest.approx(expected))


def test_timm_cuts_in_standard_deviations() -> None:
    cut = variance("timm.layers.trunc_normal_tf_", {"std": 0.02}, 8, 8)
    assert cut == pytest.approx(0.02**2 * 0.7737413035)


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("zeros_", {}, 0.0),
        ("ones_", {}, 1.0),
        ("constant_", {"val": 3}, 3.0),
        ("constant_", {"val": UNKNOWN}, None),
        ("constant_", {}, None),
        ("uniform_", {"a": 0.5, "b": 0.5}, 0.5),
        ("uniform_", {}, None),
        ("uniform_", {"a": UNKNOWN, "b": UNKNOWN}, None),
        ("normal_", {"mean": 2.0, "std": 0}, 2.0),
        ("normal_", {"std": UNKNOWN}, None),
        ("xavier_uniform_", {}, None),
        ("no_such_", {}, None),
    ],
)
def test_constant_value(name: str, arguments: dict[str, Any], expected: float | None) -> None:
    assert constant_value(_INIT + name, arguments, UNKNOWN) == expected


def test_methods_are_those_of_a_tensor() -> None:
    torch = pytest.importorskip("torch")
    assert [name for name in (*METHODS, *RANDOM_METHODS) if not hasattr(torch.Tensor, name)] == []
    assert set(METHODS) == set(METHOD_PARAMETERS)
    for method, parameters in METHOD_PARAMETERS.items():
        torch.manual_seed(0)
        keywords = {own: 2.0 + index for index, (own, _) in enumerate(parameters)}
        by_name = getattr(torch.zeros(4), method)(**keywords)
        torch.manual_seed(0)
        theirs = {other: keywords[own] for own, other in parameters}
        by_init = getattr(torch.nn.init, METHODS[method].removeprefix(_INIT))(torch.zeros(4), **theirs)
        assert by_name.tolist() == by_init.tolist()


def test_constructors_exist_and_do_as_their_initializer() -> None:
    torch = pytest.importorskip("torch")
    for name, constructor in CONSTRUCTORS.items():
        owner = torch.cuda if name.startswith("torch.cuda.") else torch
        make = getattr(owner, name.rpartition(".")[2])
        if constructor.initializer == UNINITIALIZED:
            continue
        initializer = INITIALIZERS[constructor.initializer]
        own = {parameter: 0.5 for parameter, _ in constructor.values}
        first: Any = {"like": torch.zeros(4, 4), "eye": 4}.get(constructor.size, (4, 4))
        torch.manual_seed(0)
        made = make(**own, size=first) if name == "torch.normal" else make(first, **own)
        arguments = {**constructor.arguments, **{other: own[parameter] for parameter, other in constructor.values}}
        torch.manual_seed(0)
        assert made.tolist() == getattr(torch.nn.init, initializer.name)(torch.zeros(4, 4), **arguments).tolist()


def test_helpers_lead_to_known_initializers() -> None:
    for name, helper in LIBRARY_INITIALIZERS.items():
        assert helper.equivalent in INITIALIZERS or name == "transformers.initialization.copy_"
        assert set(helper.distributions.values()) <= set(INITIALIZERS)
        assert helper.takes == helper.signature[0][0]
        own = dict(helper.signature)
        if helper.bias is not None:
            assert own[helper.bias] == 0
        if helper.equivalent in INITIALIZERS and helper.takes == "module":
            theirs = dict(INITIALIZERS[helper.equivalent].signature)
            assert set(helper.fixed) <= set(theirs)
            assert set(own) - {"module", "bias", "distribution"} <= set(theirs)


def test_helpers_are_known_under_the_names_they_are_imported_by() -> None:
    for place in ("timm.layers", "timm.layers.weight_init", "timm.models.layers"):
        for name in ("trunc_normal_", "trunc_normal_tf_", "lecun_normal_", "variance_scaling_"):
            assert f"{place}.{name}" in LIBRARY_INITIALIZERS
    assert LIBRARY_INITIALIZERS["fvcore.nn.weight_init.c2_msra_fill"].fixed["mode"] == "fan_out"
    assert LIBRARY_INITIALIZERS["mmcv.cnn.kaiming_init"] == LIBRARY_INITIALIZERS["mmengine.model.kaiming_init"]
    assert not BIAS_FROM_PROBABILITY & set(LIBRARY_INITIALIZERS)
