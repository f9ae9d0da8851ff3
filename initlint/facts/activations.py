"""The activation functions: their effect on a standard normal signal, and their names in torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

from initlint._records import dataclass
from initlint.facts.signatures import REQUIRED, Signature, number, signature

__all__ = [
    "ACTIVATIONS",
    "MODULES",
    "NAMES",
    "PARAMETERS",
    "REQUIRED",
    "Activation",
    "second_moment",
]


ActivationFamily: TypeAlias = Literal["relu", "leaky_relu", "tanh", "selu", "sigmoid", "elu", "linear", "other"]
"""Which init suits the layers before an activation. `linear`: an output map such as softmax."""


@dataclass(frozen=True)
class Activation:
    """An activation at torch's default arguments. Numbers that do not apply or depend on the arguments are None.

    `second_moment` is E[phi(z)^2] and `slope_moment` E[phi'(z)^2] for z ~ N(0, 1), by quadrature. `slope_at_zero` is
    the gradient that torch returns at zero. `gain` is `torch.nn.init.calculate_gain(nonlinearity)`, None if torch
    defines none.
    """

    op: str
    family: ActivationFamily
    second_moment: float | None
    slope_moment: float | None
    slope_at_zero: float | None
    value_at_zero: float | None
    gain: float | None = None
    nonlinearity: str | None = None


_SELU = 1.7580993408473766
_LN2 = math.log(2.0)
_ELU_BELOW_ZERO = 0.1449454174929239
"""E[(exp(z) - 1)^2; z < 0]."""

ACTIVATIONS: Mapping[str, Activation] = MappingProxyType(
    {
        activation.op: activation
        for activation in (
            Activation("relu", "relu", 0.5, 0.5, 0.0, 0.0, math.sqrt(2.0), "relu"),
            Activation("relu6", "relu", 0.4999999980752705, 0.4999999990134124, 0.0, 0.0),
            Activation("gelu", "relu", 0.42522148257029874, 0.4558508656492871, 0.5, 0.0),
            Activation("quick_gelu", "relu", 0.42195280689698084, 0.44954920047910213, 0.5, 0.0),
            Activation("silu", "relu", 0.3557755198173521, 0.37948235163282934, 0.5, 0.0),
            Activation("mish", "relu", 0.4523421923758828, 0.47908375837396977, 0.6, 0.0),
            Activation("hardswish", "relu", 0.3315673751379078, 0.3585315171786052, 0.5, 0.0),
            Activation(
                "leaky_relu", "leaky_relu", 0.50005, 0.50005, 0.01, 0.0, math.sqrt(2.0 / (1 + 0.01**2)), "leaky_relu"
            ),
            Activation("prelu", "leaky_relu", 0.53125, 0.53125, 0.25, 0.0),
            Activation("rrelu", "leaky_relu", 0.5262586805555556, 0.5262586805555556, 11 / 48, 0.0),
            Activation("tanh", "tanh", 0.3942944903978412, 0.4644029024482682, 1.0, 0.0, 5.0 / 3, "tanh"),
            Activation("softsign", "tanh", 0.18301402126654753, 0.22767134042218273, 1.0, 0.0),
            Activation("hardtanh", "tanh", 0.5160585509617134, 0.6826894921370859, 1.0, 0.0),
            Activation("selu", "selu", 1.0, 1.0715749924557993, _SELU, 0.0, 3.0 / 4, "selu"),
            Activation("sigmoid", "sigmoid", 0.29337903585809294, 0.04483624135019438, 0.25, 0.5, 1.0, "sigmoid"),
            Activation("hardsigmoid", "sigmoid", 0.27763909105651263, 0.02770278509389181, 1 / 6, 0.5),
            Activation("logsigmoid", "sigmoid", 0.9212459088593004, 0.293379035858093, 0.5, -_LN2),
            Activation("elu", "elu", 0.5 + _ELU_BELOW_ZERO, 0.6681020012231706, 1.0, 0.0),
            Activation("celu", "elu", 0.5 + _ELU_BELOW_ZERO, 0.6681020012231706, 1.0, 0.0),
            Activation("softplus", "other", 0.9212459088593004, 0.29337903585809294, 0.5, _LN2),
            Activation("tanhshrink", "other", 0.18288347119352355, 0.2529918832439506, 0.0, 0.0),
            Activation("softshrink", "other", 0.4192785200506678, 0.6170750774519739, 0.0, 0.0),
            Activation("hardshrink", "other", 0.9691404042162732, 0.6170750774519739, 0.0, 0.0),
            Activation("threshold", "other", None, None, 0.0, None),
            Activation("glu", "other", 0.29337903585809294, 0.3382152772082873, 0.5, 0.0),
            Activation("sin", "other", 0.43233235838169365, 0.5676676416183064, 1.0, 0.0),
            Activation("softmax", "linear", None, None, None, None),
            Activation("log_softmax", "linear", None, None, None, None),
            Activation("softmin", "linear", None, None, None, None),
        )
    }
)
"""By the operator's name, as in `Consumer.op`. `rrelu` is that of eval mode: its slope is the mean of the bounds."""

MODULES: Mapping[str, str] = MappingProxyType(
    {
        "torch.nn.CELU": "celu",
        "torch.nn.ELU": "elu",
        "torch.nn.GELU": "gelu",
        "torch.nn.GLU": "glu",
        "torch.nn.Hardshrink": "hardshrink",
        "torch.nn.Hardsigmoid": "hardsigmoid",
        "torch.nn.Hardswish": "hardswish",
        "torch.nn.Hardtanh": "hardtanh",
        "torch.nn.LeakyReLU": "leaky_relu",
        "torch.nn.LogSigmoid": "logsigmoid",
        "torch.nn.LogSoftmax": "log_softmax",
        "torch.nn.Mish": "mish",
        "torch.nn.PReLU": "prelu",
        "torch.nn.RReLU": "rrelu",
        "torch.nn.ReLU": "relu",
        "torch.nn.ReLU6": "relu6",
        "torch.nn.SELU": "selu",
        "torch.nn.SiLU": "silu",
        "torch.nn.Sigmoid": "sigmoid",
        "torch.nn.Softmax": "softmax",
        "torch.nn.Softmax2d": "softmax",
        "torch.nn.Softmin": "softmin",
        "torch.nn.Softplus": "softplus",
        "torch.nn.Softshrink": "softshrink",
        "torch.nn.Softsign": "softsign",
        "torch.nn.Tanh": "tanh",
        "torch.nn.Tanhshrink": "tanhshrink",
        "torch.nn.Threshold": "threshold",
    }
)
"""Canonical class name to operator."""

PARAMETERS: Mapping[str, Signature] = MappingProxyType(
    {
        "celu": signature(alpha=1.0, inplace=False),
        "elu": signature(alpha=1.0, inplace=False),
        "gelu": signature(approximate="none"),
        "glu": signature(dim=-1),
        "hardshrink": signature(lambd=0.5),
        "hardsigmoid": signature(inplace=False),
        "hardswish": signature(inplace=False),
        "hardtanh": signature(min_val=-1.0, max_val=1.0, inplace=False),
        "leaky_relu": signature(negative_slope=0.01, inplace=False),
        "log_softmax": signature(dim=None),
        "mish": signature(inplace=False),
        "prelu": signature("weight"),
        "relu": signature(inplace=False),
        "relu6": signature(inplace=False),
        "rrelu": signature(lower=1 / 8, upper=1 / 3, training=False, inplace=False),
        "selu": signature(inplace=False),
        "silu": signature(inplace=False),
        "softmax": signature(dim=None),
        "softmin": signature(dim=None),
        "softplus": signature(beta=1, threshold=20),
        "softshrink": signature(lambd=0.5),
        "threshold": signature("threshold value", inplace=False),
    }
)
"""The parameters of the functional form after its input. Operators that are not listed have none."""

NAMES: Mapping[str, str] = MappingProxyType(
    {
        **{op: op for op in ACTIVATIONS},
        "gelu_10": "gelu",
        "gelu_accurate": "gelu",
        "gelu_fast": "gelu",
        "gelu_new": "gelu",
        "gelu_python": "gelu",
        "gelu_pytorch_tanh": "gelu",
        "gelu_tanh": "gelu",
        "hard_sigmoid": "hardsigmoid",
        "hard_swish": "hardswish",
        "hard_tanh": "hardtanh",
        "leakyrelu": "leaky_relu",
        "lrelu": "leaky_relu",
        "python_gelu": "gelu",
        "quickgelu": "quick_gelu",
        "swish": "silu",
    }
)
"""The keys of dictionaries of activations, such as transformers' `ACT2FN`, in lower case."""


_TABULATED: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "celu": {"alpha": 1.0},
        "hardshrink": {"lambd": 0.5},
        "hardtanh": {"min_val": -1.0, "max_val": 1.0},
        "softplus": {"beta": 1.0},
        "softshrink": {"lambd": 0.5},
    }
)
"""The arguments that the moments depend on, with the values that the table holds for."""


_SLOPES: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "leaky_relu": {"negative_slope": 0.01},
        "prelu": {"init": 0.25},
        "rrelu": {"lower": 1 / 8, "upper": 1 / 3},
    }
)
"""The arguments whose mean is the slope below zero, with their defaults."""


def second_moment(op: str, arguments: Mapping[str, object]) -> float | None:
    """E[phi(z)^2] of an activation with these `arguments`, z ~ N(0, 1); None if it is unknown.

    The names are those of the module's constructor (`negative_slope`, `alpha`, `lower`, `upper`, `init`).
    """
    activation = ACTIVATIONS.get(op)
    if activation is None:
        return None
    if op == "elu":
        alpha = number(arguments.get("alpha", 1.0))
        return None if alpha is None else 0.5 + alpha * alpha * _ELU_BELOW_ZERO
    if op in _SLOPES:
        slopes = [number(arguments.get(name, default)) for name, default in _SLOPES[op].items()]
        numbers = [slope for slope in slopes if slope is not None]
        mean = sum(numbers) / len(slopes)
        return None if len(numbers) < len(slopes) else (1 + mean * mean) / 2
    tabulated = _TABULATED.get(op, {})
    if any(arguments.get(name, value) != value for name, value in tabulated.items()):
        return None
    return activation.second_moment
