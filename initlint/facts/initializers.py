"""The functions of `torch.nn.init`, and those of timm without an equivalent there."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

from initlint._records import dataclass
from initlint.facts.signatures import Signature, signature

InitializerKind: TypeAlias = Literal[
    "xavier", "kaiming", "lecun", "orthogonal", "uniform", "normal", "trunc_normal", "constant", "zeros", "ones", "eye",
    "dirac", "sparse",
]  # fmt: skip


@dataclass(frozen=True)
class Initializer:
    """A function that fills its first argument, a tensor.

    `ranks`: the smallest and the largest number of dimensions (None: no limit). It raises ValueError for others.
    """

    name: str
    signature: Signature
    ranks: tuple[int, int | None]
    kind: InitializerKind


_ANY: tuple[int, int | None] = (0, None)
_MATRIX: tuple[int, int | None] = (2, None)
_KAIMING = signature("tensor", a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None)
_XAVIER = signature("tensor", gain=1.0, generator=None)
_TRUNCATED = signature("tensor", mean=0.0, std=1.0, a=-2.0, b=2.0)
_INIT = "torch.nn.init."

_OF_TORCH = (
    Initializer("uniform_", signature("tensor", a=0.0, b=1.0, generator=None), _ANY, "uniform"),
    Initializer("normal_", signature("tensor", mean=0.0, std=1.0, generator=None), _ANY, "normal"),
    Initializer("trunc_normal_", (*_TRUNCATED, ("generator", None)), _ANY, "trunc_normal"),
    Initializer("constant_", signature("tensor val"), _ANY, "constant"),
    Initializer("ones_", signature("tensor"), _ANY, "ones"),
    Initializer("zeros_", signature("tensor"), _ANY, "zeros"),
    Initializer("eye_", signature("tensor"), (2, 2), "eye"),
    Initializer("dirac_", signature("tensor", groups=1), (3, 5), "dirac"),
    Initializer("xavier_uniform_", _XAVIER, _MATRIX, "xavier"),
    Initializer("xavier_normal_", _XAVIER, _MATRIX, "xavier"),
    Initializer("kaiming_uniform_", _KAIMING, _MATRIX, "kaiming"),
    Initializer("kaiming_normal_", _KAIMING, _MATRIX, "kaiming"),
    Initializer("orthogonal_", signature("tensor", gain=1, generator=None), _MATRIX, "orthogonal"),
    Initializer("sparse_", signature("tensor sparsity", std=0.01, generator=None), (2, 2), "sparse"),
)

_OF_OTHERS: Mapping[str, Initializer] = MappingProxyType(
    {
        "timm.layers.trunc_normal_tf_": Initializer("trunc_normal_tf_", _TRUNCATED, _ANY, "trunc_normal"),
        "timm.layers.variance_scaling_": Initializer(
            "variance_scaling_", signature("tensor", scale=1.0, mode="fan_in", distribution="normal"), _MATRIX, "lecun"
        ),
        "timm.layers.lecun_normal_": Initializer("lecun_normal_", signature("tensor"), _MATRIX, "lecun"),
    }
)

INITIALIZERS: Mapping[str, Initializer] = MappingProxyType(
    {**{_INIT + initializer.name: initializer for initializer in _OF_TORCH}, **_OF_OTHERS}
)
"""By canonical name. Those of timm without an equivalent in torch are under `timm.layers`: `trunc_normal_tf_` has its
bounds in standard deviations, `lecun_normal_` and `variance_scaling_` have a variance of scale / fan."""

DEPRECATED: Mapping[str, str] = MappingProxyType(
    {
        _INIT + name: f"{_INIT}{name}_"
        for name in (
            "uniform normal constant eye dirac xavier_uniform xavier_normal kaiming_uniform kaiming_normal orthogonal "
            "sparse"
        ).split()
    }
)
"""The names from before torch 0.4, to the current ones."""

NONLINEARITIES = frozenset(
    (
        "linear conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d "
        "sigmoid tanh relu leaky_relu selu"
    ).split()
)
"""Valid arguments of `calculate_gain`, and values of `nonlinearity`."""
