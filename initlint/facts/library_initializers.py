"""The init functions of other libraries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Literal, TypeAlias

from initlint._records import dataclass
from initlint.facts.initializers import INITIALIZERS
from initlint.facts.signatures import REQUIRED, Signature, signature

_INIT = "torch.nn.init."
_NONE: Mapping[str, object] = MappingProxyType({})
_NO_CHOICE: Mapping[str, str] = MappingProxyType({})


Taken: TypeAlias = Literal["tensor", "module"]


@dataclass(frozen=True)
class LibraryInitializer:
    """An init function of another library.

    `equivalent`: the canonical initializer that it applies, with the arguments of the same names and the `fixed` ones.
    `takes`: `tensor`, or `module`: then it fills the `weight` and sets the `bias` to a constant.
    `distributions`: the equivalent for each value of its argument `distribution`, if it has one.
    `bias`: the name of the argument with the constant for the bias; None if that is always 0.
    """

    equivalent: str
    takes: Taken
    signature: Signature
    fixed: Mapping[str, object] = field(default_factory=lambda: _NONE)
    distributions: Mapping[str, str] = field(default_factory=lambda: _NO_CHOICE)
    bias: str | None = None


@dataclass(frozen=True)
class InitEffect:
    """The effect of one call: the initializer of the weight with its arguments, and the constant of the bias."""

    initializer: str
    arguments: Mapping[str, object]
    bias: object


def init_effect(library_initializer: LibraryInitializer, arguments: Mapping[str, object]) -> InitEffect:
    """The effect of a call with these arguments by name, without the tensor or module."""
    initializer = library_initializer.equivalent
    parameters = dict(INITIALIZERS[initializer].signature) if initializer in INITIALIZERS else {}
    defaults = {
        parameter: default
        for parameter, default in library_initializer.signature[1:]
        if default is not REQUIRED and parameters.get(parameter) != default
    }
    values = {**defaults, **arguments, **library_initializer.fixed}
    distribution = values.get("distribution") if library_initializer.distributions else None
    if isinstance(distribution, str):
        initializer = library_initializer.distributions.get(distribution, initializer)
    bias = values.get(library_initializer.bias, 0.0) if library_initializer.bias is not None else 0.0
    passed = parameters.keys() - ({"distribution"} if library_initializer.distributions else set())
    return InitEffect(initializer, {name: value for name, value in values.items() if name in passed}, bias)


_MMCV_MODULES = ("mmcv.cnn", "mmcv.cnn.utils", "mmcv.cnn.utils.weight_init")
_TRUNCATED = signature("tensor", mean=0.0, std=1.0, a=-2.0, b=2.0)

_OF_OPENMMLAB: Mapping[str, LibraryInitializer] = MappingProxyType(
    {
        "constant_init": LibraryInitializer(
            _INIT + "constant_", "module", signature("module val", bias=0), bias="bias"
        ),
        "normal_init": LibraryInitializer(
            _INIT + "normal_", "module", signature("module", mean=0, std=1, bias=0), bias="bias"
        ),
        "trunc_normal_init": LibraryInitializer(
            _INIT + "trunc_normal_", "module", signature("module", mean=0, std=1, a=-2, b=2, bias=0), bias="bias"
        ),
        "uniform_init": LibraryInitializer(
            _INIT + "uniform_", "module", signature("module", a=0, b=1, bias=0), bias="bias"
        ),
        "xavier_init": LibraryInitializer(
            _INIT + "xavier_normal_",
            "module",
            signature("module", gain=1, bias=0, distribution="normal"),
            distributions={"normal": _INIT + "xavier_normal_", "uniform": _INIT + "xavier_uniform_"},
            bias="bias",
        ),
        "kaiming_init": LibraryInitializer(
            _INIT + "kaiming_normal_",
            "module",
            signature("module", a=0, mode="fan_out", nonlinearity="relu", bias=0, distribution="normal"),
            distributions={"normal": _INIT + "kaiming_normal_", "uniform": _INIT + "kaiming_uniform_"},
            bias="bias",
        ),
        "caffe2_xavier_init": LibraryInitializer(
            _INIT + "kaiming_uniform_", "module", signature("module", bias=0), {"a": 1}, bias="bias"
        ),
    }
)


def _rows() -> Iterator[tuple[str, LibraryInitializer]]:
    for module in ("timm.layers", "timm.layers.weight_init", "timm.models.layers", "timm.models.layers.weight_init"):
        yield f"{module}.trunc_normal_", LibraryInitializer(_INIT + "trunc_normal_", "tensor", _TRUNCATED)
        for name, initializer in INITIALIZERS.items():
            if name.startswith("timm."):
                yield f"{module}.{initializer.name}", LibraryInitializer(name, "tensor", initializer.signature)
    for name, initializer in INITIALIZERS.items():
        if name.startswith(_INIT):
            yield (
                f"transformers.initialization.{initializer.name}",
                LibraryInitializer(name, "tensor", initializer.signature),
            )
    yield (
        "transformers.initialization.copy_",
        LibraryInitializer("torch.Tensor.copy_", "tensor", signature("tensor other")),
    )
    lecun = LibraryInitializer("timm.layers.lecun_normal_", "tensor", signature("tensor"))
    yield "transformers.initialization.lecun_normal_", lecun
    scaled = LibraryInitializer("timm.layers.variance_scaling_", "tensor", signature("tensor"))
    yield "transformers.initialization.default_flax_embed_init_", scaled
    for module in ("fvcore.nn", "fvcore.nn.weight_init"):
        fill = signature("module")
        yield f"{module}.c2_xavier_fill", LibraryInitializer(_INIT + "kaiming_uniform_", "module", fill, {"a": 1})
        fixed = {"mode": "fan_out", "nonlinearity": "relu"}
        yield f"{module}.c2_msra_fill", LibraryInitializer(_INIT + "kaiming_normal_", "module", fill, fixed)
    for module in (*_MMCV_MODULES, "mmengine.model", "mmengine.model.weight_init"):
        yield f"{module}.trunc_normal_", LibraryInitializer(_INIT + "trunc_normal_", "tensor", _TRUNCATED)
        for name, described in _OF_OPENMMLAB.items():
            yield f"{module}.{name}", described


LIBRARY_INITIALIZERS: Mapping[str, LibraryInitializer] = MappingProxyType(dict(_rows()))
"""Init functions of timm, transformers, fvcore, mmcv and mmengine, by each of their import names."""

BIAS_FROM_PROBABILITY = frozenset({"mmcv.cnn.bias_init_with_prob", "mmengine.model.bias_init_with_prob"})
"""Functions that return the bias -log((1 - p) / p), for which a sigmoid starts at the probability p."""
