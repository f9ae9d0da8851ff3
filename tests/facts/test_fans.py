from __future__ import annotations

import inspect
import math
from typing import Any

import pytest

from initlint.facts.canonical_names import canonical
from initlint.facts.fans import BASES, CHILDREN, MODULES, REQUIRED, default_init, fans, fans_of_shape, shapes

UNKNOWN = object()
_ROLES = {"layer", "norm", "activation", "pool", "transparent", "container", "loss", "opaque"}


def _public_modules() -> dict[str, Any]:
    nn = pytest.importorskip("torch.nn")
    found = {name: getattr(nn, name) for name in dir(nn)}
    return {n: c for n, c in found.items() if inspect.isclass(c) and issubclass(c, nn.Module)}


def test_every_public_module_of_torch_is_listed() -> None:
    assert {f"torch.nn.{name}" for name in _public_modules()} <= set(MODULES)


def test_no_module_is_invented() -> None:
    torch = pytest.importorskip("torch")
    if not torch.__version__.startswith("2.13"):
        pytest.skip("the table is written after torch 2.13")
    assert {f"torch.nn.{name}" for name in _public_modules()} == set(MODULES)


def test_roles_and_words_are_of_the_documented_vocabulary() -> None:
    for name, module in MODULES.items():
        assert name == f"torch.nn.{module.type}"
        assert module.role in _ROLES
        assert (module.between is not None) == (module.role in ("norm", "pool"))
        assert bool(module.family) == (module.role in ("layer", "norm"))


def _variadic(signature: inspect.Signature) -> bool:
    return any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in signature.parameters.values())


def test_signatures_are_those_of_torch() -> None:
    compared = 0
    for name, torch_class in _public_modules().items():
        real = inspect.signature(torch_class)
        if _variadic(real):
            continue
        ours = dict(MODULES[f"torch.nn.{name}"].signature)
        # An older torch lacks the newest parameters, never the order of the others.
        assert [p for p in ours if p in real.parameters] == list(real.parameters), name
        for parameter in real.parameters.values():
            default = REQUIRED if parameter.default is parameter.empty else parameter.default
            if callable(default):
                default = default.__name__
            assert ours[parameter.name] == default, f"{name}({parameter.name})"
        compared += 1
    assert compared > 140


def test_variadic_signatures_are_those_of_the_modules_they_build() -> None:
    nn = pytest.importorskip("torch.nn")
    for name in ("RNN", "LSTM", "GRU"):
        signature = MODULES[f"torch.nn.{name}"].signature
        module = getattr(nn, name)(*(value if value is not REQUIRED else 3 for _, value in signature[:-2]))
        for parameter, value in signature[2:-2]:
            assert getattr(module, parameter) == value, f"{name}({parameter})"


def test_bases_are_those_of_torch() -> None:
    for name, torch_class in _public_modules().items():
        if MODULES[f"torch.nn.{name}"].role == "loss":
            continue
        mro = [c for c in torch_class.__mro__[1:] if c.__module__.startswith("torch.")]
        assert BASES[f"torch.nn.{name}"] == {canonical(f"{c.__module__}.{c.__qualname__}") for c in mro}, name


_BUILT: list[tuple[str, dict[str, Any]]] = [
    ("Linear", {"in_features": 4, "out_features": 6}),
    ("Linear", {"in_features": 4, "out_features": 6, "bias": False}),
    ("Bilinear", {"in1_features": 3, "in2_features": 4, "out_features": 5}),
    ("Conv1d", {"in_channels": 4, "out_channels": 6, "kernel_size": 3}),
    ("Conv2d", {"in_channels": 4, "out_channels": 6, "kernel_size": (3, 5), "groups": 2}),
    ("Conv3d", {"in_channels": 4, "out_channels": 6, "kernel_size": 3, "bias": False}),
    ("ConvTranspose1d", {"in_channels": 4, "out_channels": 6, "kernel_size": 4, "stride": 2}),
    ("ConvTranspose2d", {"in_channels": 4, "out_channels": 6, "kernel_size": [4, 2], "stride": (2, 1), "groups": 2}),
    ("ConvTranspose3d", {"in_channels": 4, "out_channels": 6, "kernel_size": 2}),
    ("Embedding", {"num_embeddings": 10, "embedding_dim": 3}),
    ("EmbeddingBag", {"num_embeddings": 10, "embedding_dim": 3}),
    ("RNN", {"input_size": 3, "hidden_size": 5}),
    ("GRU", {"input_size": 3, "hidden_size": 5, "num_layers": 2, "bidirectional": True}),
    ("LSTM", {"input_size": 3, "hidden_size": 5, "num_layers": 3, "bidirectional": True, "proj_size": 2}),
    ("LSTM", {"input_size": 3, "hidden_size": 5, "num_layers": 2, "bias": False}),
    ("RNNCell", {"input_size": 3, "hidden_size": 5}),
    ("GRUCell", {"input_size": 3, "hidden_size": 5, "bias": False}),
    ("LSTMCell", {"input_size": 3, "hidden_size": 5}),
    ("MultiheadAttention", {"embed_dim": 8, "num_heads": 2}),
    ("MultiheadAttention", {"embed_dim": 8, "num_heads": 2, "kdim": 4, "vdim": 6, "bias": False}),
    ("MultiheadAttention", {"embed_dim": 8, "num_heads": 2, "kdim": 8, "add_bias_kv": True}),
    ("BatchNorm2d", {"num_features": 7}),
    ("BatchNorm1d", {"num_features": 7, "affine": False}),
    ("InstanceNorm2d", {"num_features": 7}),
    ("InstanceNorm2d", {"num_features": 7, "affine": True}),
    ("GroupNorm", {"num_groups": 2, "num_channels": 8}),
    ("LayerNorm", {"normalized_shape": 8}),
    ("LayerNorm", {"normalized_shape": [2, 8], "bias": False}),
    ("LayerNorm", {"normalized_shape": 8, "elementwise_affine": False}),
    ("RMSNorm", {"normalized_shape": (8,)}),
    ("LocalResponseNorm", {"size": 3}),
    ("PReLU", {"num_parameters": 4}),
    ("PReLU", {}),
    ("ReLU", {}),
]


@pytest.mark.parametrize(("type", "arguments"), _BUILT, ids=[f"{t}-{i}" for i, (t, _) in enumerate(_BUILT)])
def test_shapes_and_fans_are_those_of_the_built_layer(type: str, arguments: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch")
    module = getattr(torch.nn, type)(**arguments)
    real = {name: tuple(p.shape) for name, p in module.named_parameters(recurse=False)}
    assert list(shapes(type, arguments, UNKNOWN).items()) == list(real.items())
    for child in CHILDREN.get(type, {}):
        assert isinstance(getattr(module, child), torch.nn.Linear)
    for shape in real.values():
        if len(shape) > 1:
            expected = torch.nn.init._calculate_fan_in_and_fan_out(torch.empty(shape, device="meta"))
            assert fans_of_shape(shape) == expected


def test_unknown_sizes_are_none() -> None:
    assert shapes("Linear", {"in_features": UNKNOWN, "out_features": 3}, UNKNOWN) == {"weight": (3, None), "bias": (3,)}
    assert shapes("Conv2d", {"out_channels": 8, "kernel_size": UNKNOWN}, UNKNOWN)["weight"] == (8, None, None, None)
    assert shapes("Conv2d", {"in_channels": 4, "out_channels": 8, "kernel_size": (3,)}, UNKNOWN)["weight"] == (
        *(8, 4),
        *(None, None),
    )
    assert shapes("LazyConv1d", {"out_channels": 8, "kernel_size": 3}, UNKNOWN)["weight"] == (8, None, 3)
    assert shapes("LayerNorm", {"normalized_shape": UNKNOWN}, UNKNOWN) == {"weight": None, "bias": None}


def test_a_parameter_on_an_unknown_flag_is_listed() -> None:
    assert "bias" in shapes("Linear", {"in_features": 2, "out_features": 3, "bias": UNKNOWN}, UNKNOWN)
    assert "weight" in shapes("BatchNorm2d", {"num_features": 2, "affine": UNKNOWN}, UNKNOWN)
    assert "weight_hr_l0" in shapes("LSTM", {"input_size": 2, "hidden_size": 3, "proj_size": UNKNOWN}, UNKNOWN)
    attention = shapes("MultiheadAttention", {"embed_dim": 8, "kdim": UNKNOWN}, UNKNOWN)
    assert {"in_proj_weight", "q_proj_weight"} <= set(attention)


def test_of_unknown_many_recurrent_layers_the_first_is_given() -> None:
    given = {"input_size": 3, "hidden_size": 5, "num_layers": UNKNOWN, "bidirectional": UNKNOWN}
    assert list(shapes("GRU", given, UNKNOWN)) == ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]


def test_the_number_of_layers_is_bounded() -> None:
    assert len(shapes("RNN", {"input_size": 3, "hidden_size": 5, "num_layers": 10**12}, UNKNOWN)) < 1000


def test_types_without_parameters_have_no_shapes() -> None:
    assert shapes("Transformer", {}, UNKNOWN) == shapes("NoSuchModule", {}, UNKNOWN) == {}


@pytest.mark.parametrize(
    ("type", "arguments", "expected"),
    [
        ("Linear", {"in_features": 4, "out_features": 6}, (4, 6, 4, 6)),
        ("Conv2d", {"in_channels": 256, "out_channels": 256, "kernel_size": 3, "groups": 32}, (72, 2304, 72, 72)),
        # Half of a 4-kernel with stride 2 meets each output, in each of two dimensions.
        (
            "ConvTranspose2d",
            {"in_channels": 256, "out_channels": 128, "kernel_size": 4, "stride": 2},
            (2048, 4096, 1024, 2048),
        ),
        ("ConvTranspose1d", {"in_channels": 8, "out_channels": 4, "kernel_size": 3, "groups": 4}, (3, 24, 6, 3)),
        ("LazyConvTranspose2d", {"out_channels": 4, "kernel_size": 3}, (36, None, None, 36)),
        ("Embedding", {"num_embeddings": 10, "embedding_dim": 3}, (3, 10, 1, None)),
        ("Linear", {"in_features": UNKNOWN, "out_features": 6}, (None, 6, None, 6)),
    ],
)
def test_fans(type: str, arguments: dict[str, Any], expected: tuple[float | None, ...]) -> None:
    found = fans(type, arguments, UNKNOWN)
    assert found is not None
    assert (found.fan_in, found.fan_out, found.signal_fan_in, found.signal_fan_out) == expected


@pytest.mark.parametrize("type", ["BatchNorm2d", "ReLU", "Dropout", "Transformer", "NoSuchModule"])
def test_only_layers_have_fans(type: str) -> None:
    assert fans(type, {"num_features": 3}, UNKNOWN) is None


def test_the_signal_of_a_transposed_convolution_is_that_of_torch() -> None:
    torch = pytest.importorskip("torch")
    arguments = {"in_channels": 6, "out_channels": 4, "kernel_size": 4, "stride": 2, "groups": 2}
    layer = torch.nn.ConvTranspose2d(**arguments, bias=False)
    torch.nn.init.ones_(layer.weight)
    middle = layer(torch.ones(1, 6, 20, 20))[0, 0, 10, 10]
    found = fans("ConvTranspose2d", arguments, UNKNOWN)
    assert found is not None
    assert found.signal_fan_in == middle.item()


def test_the_default_bound_is_that_of_torch() -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    name, arguments = default_init("linear") or ("", {})
    assert name == "torch.nn.init.kaiming_uniform_"
    bound = torch.nn.init.calculate_gain("leaky_relu", arguments["a"]) * math.sqrt(3 / 400)
    assert torch.nn.Linear(400, 300).weight.abs().max().item() == pytest.approx(bound, rel=1e-3)


def test_every_family_has_a_default() -> None:
    assert {m.family for m in MODULES.values() if m.family and default_init(m.family) is None} == set()
    assert default_init("") is None
