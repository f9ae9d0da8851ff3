"""The variance that each initializer gives the weights, also scaled: `torch.randn(3, 4) * 0.02` has std 0.02."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping

from initlint.facts.initializers import DEPRECATED, INITIALIZERS, NONLINEARITIES, Initializer
from initlint.facts.library_initializers import BIAS_FROM_PROBABILITY, LIBRARY_INITIALIZERS, LibraryInitializer
from initlint.facts.signatures import REQUIRED, number
from initlint.facts.tensor_constructors import (
    COMPLEX,
    CONSTRUCTORS,
    METHOD_PARAMETERS,
    METHODS,
    RANDOM_METHODS,
    UNINITIALIZED,
    TensorConstructor,
)

__all__ = [
    "BIAS_FROM_PROBABILITY",
    "COMPLEX",
    "CONSTRUCTORS",
    "DEPRECATED",
    "INITIALIZERS",
    "LIBRARY_INITIALIZERS",
    "METHODS",
    "METHOD_PARAMETERS",
    "MULTIPLICATION",
    "NONLINEARITIES",
    "RANDOM_METHODS",
    "REQUIRED",
    "UNINITIALIZED",
    "Initializer",
    "LibraryInitializer",
    "TensorConstructor",
    "calculate_gain",
    "constant_value",
    "mean_and_variance",
    "moment",
    "scale",
    "variance",
]

MULTIPLICATION = "torch.Tensor.mul_"
"""The initializer of `w.mul_(k)`. By 0 it is a write of zeros."""

_FACTORS = {"xavier": "gain", "orthogonal": "gain", "sparse": "std", "lecun": "scale"}
"""By kind: the argument that every entry is multiplied by."""

_BOUND = 40.0
_GAINS = {"tanh": 5.0 / 3, "relu": math.sqrt(2.0), "selu": 3.0 / 4}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """What `torch.nn.init.calculate_gain` returns; `param` is leaky_relu's slope, ignored for the others.

    Raises ValueError where torch does.
    """
    if nonlinearity not in NONLINEARITIES:
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}")
    if nonlinearity != "leaky_relu":
        return _GAINS.get(nonlinearity, 1.0)
    slope = 0.01 if param is None else number(param)
    if slope is None:
        raise ValueError(f"negative_slope {param} not a valid number")
    return math.sqrt(2.0 / (1 + slope * slope))


def variance(
    initializer: str,
    arguments: Mapping[str, object],
    fan_in: float | None,
    fan_out: float | None,
    shape: tuple[int | None, ...] | None = None,
) -> float | None:
    """Var(w) over the entries of a weight with these fans, as torch computes them; None if it is unknown.

    `initializer`: a canonical name. `arguments`: those of its call; absent ones have torch's defaults, and a value that
    is not a finite number is unknown. `shape`: required for `dirac_`, and for `orthogonal_` if fan_out > fan_in,
    because a matrix and a convolution of the same fans have different rows.
    """
    moments = _moments(initializer, arguments, fan_in, fan_out, shape)
    return None if moments is None else moments[1]


def moment(
    initializer: str,
    arguments: Mapping[str, object],
    fan_in: float | None,
    fan_out: float | None,
    shape: tuple[int | None, ...] | None = None,
) -> float | None:
    """E[w^2], the variance plus the square of the mean; None as in `variance`."""
    moments = _moments(initializer, arguments, fan_in, fan_out, shape)
    return None if moments is None else moments[0] * moments[0] + moments[1]


def mean_and_variance(
    initializer: str,
    arguments: Mapping[str, object],
    fan_in: float | None,
    fan_out: float | None,
    shape: tuple[int | None, ...] | None = None,
) -> tuple[float, float] | None:
    """E[w] and Var(w); None as in `variance`."""
    return _moments(initializer, arguments, fan_in, fan_out, shape)


def scale(initializer: str, arguments: Mapping[str, object]) -> float | None:
    """s = fan_in * Var(w) for a square weight (fan_in = fan_out); None if it depends on the size or is unknown.

    For `kaiming_*` with mode fan_in it is the same for every weight.
    """
    row = INITIALIZERS.get(initializer)
    if row is None or row.kind not in ("xavier", "kaiming", "lecun", "orthogonal", "zeros"):
        return None
    return variance(initializer, arguments, 1.0, 1.0)


def constant_value(initializer: str, arguments: Mapping[str, object], undetermined: object) -> float | None:
    """The number that fills the whole tensor; None if the entries differ or the number is unknown."""
    row = INITIALIZERS.get(initializer)
    if row is None:
        return 0.0 if initializer == MULTIPLICATION and number(arguments.get("value")) == 0.0 else None
    if row.kind in ("zeros", "ones"):
        return 0.0 if row.kind == "zeros" else 1.0
    if row.kind == "constant":
        value = arguments.get("val", undetermined)
        return None if value is undetermined else number(value)
    if row.kind == "uniform":
        low, high = _numbers(row, arguments, "a", "b")
        return low if low == high else None
    if row.kind == "normal":
        mean, std = _numbers(row, arguments, "mean", "std")
        return mean if std == 0 else None
    factor = _FACTORS.get(row.kind)
    return 0.0 if factor is not None and number(arguments.get(factor)) == 0.0 else None


def _numbers(initializer: Initializer, arguments: Mapping[str, object], *names: str) -> list[float | None]:
    defaults = dict(initializer.signature)
    return [number(arguments.get(name, defaults.get(name))) for name in names]


def _moments(
    name: str,
    arguments: Mapping[str, object],
    fan_in: float | None,
    fan_out: float | None,
    shape: tuple[int | None, ...] | None,
) -> tuple[float, float] | None:
    """The mean and the variance of the entries."""
    value = constant_value(name, arguments, REQUIRED)
    if value is not None:
        return value, 0.0
    initializer = INITIALIZERS.get(name)
    if initializer is None:
        return None
    if initializer.kind in ("uniform", "normal", "trunc_normal"):
        return _by_arguments(initializer, arguments)
    if initializer.kind in ("xavier", "kaiming", "lecun"):
        return _by_fans(initializer, arguments, fan_in, fan_out)
    if initializer.kind == "dirac":
        return _dirac(arguments, shape)
    rows = shape[0] if shape else fan_out
    if not rows or not fan_in:
        return None
    if initializer.kind == "orthogonal" and not shape and rows > fan_in:
        return None
    return _by_rows(initializer, arguments, rows, fan_in)


def _by_arguments(initializer: Initializer, arguments: Mapping[str, object]) -> tuple[float, float] | None:
    """Distributions that depend on the arguments only."""
    if initializer.kind == "uniform":
        a, b = _numbers(initializer, arguments, "a", "b")
        return None if a is None or b is None else ((a + b) / 2, (b - a) * (b - a) / 12)
    mean, std = _numbers(initializer, arguments, "mean", "std")
    if mean is None or std is None:
        return None
    if initializer.kind == "normal":
        return mean, std * std
    a, b = _numbers(initializer, arguments, "a", "b")
    if a is None or b is None or std <= 0 or a >= b:
        return None
    if initializer.name == "trunc_normal_tf_":
        return _truncated(mean, std, a, b)
    return _truncated(mean, std, (a - mean) / std, (b - mean) / std)


def _truncated(mean: float, std: float, a: float, b: float) -> tuple[float, float] | None:
    """The moments of N(mean, std^2) truncated at `a` and `b` standard deviations; None if no mass remains."""
    # Beyond, a density is 0.0 in floating point; an infinite bound would give 0 * inf below.
    a, b = max(a, -_BOUND), min(b, _BOUND)
    if a >= b:
        return None
    density_a, density_b = (math.exp(-x * x / 2) / math.sqrt(2 * math.pi) for x in (a, b))
    mass = (math.erf(b / math.sqrt(2)) - math.erf(a / math.sqrt(2))) / 2
    if mass <= 0:
        return None
    shift = (density_a - density_b) / mass
    spread = 1 + (a * density_a - b * density_b) / mass - shift**2
    return mean + std * shift, std * std * spread


def _by_fans(
    initializer: Initializer, arguments: Mapping[str, object], fan_in: float | None, fan_out: float | None
) -> tuple[float, float] | None:
    """Zero mean, and a variance of gain^2 over a fan."""
    argument = {**dict(initializer.signature), **arguments}
    if initializer.kind == "xavier":
        gain = number(argument["gain"])
        fan = _fan("fan_avg", fan_in, fan_out)
        return None if gain is None or not fan else (0.0, gain * gain / fan)
    fan = _fan(argument.get("mode", "fan_in"), fan_in, fan_out)
    if initializer.kind == "lecun":
        factor = number(argument.get("scale", 1.0))
    else:
        factor = _kaiming_gain_squared(argument["nonlinearity"], argument["a"])
    return None if factor is None or not fan else (0.0, factor / fan)


def _fan(mode: object, fan_in: float | None, fan_out: float | None) -> float | None:
    both_known = fan_in is not None and fan_out is not None
    fans = {
        "fan_in": fan_in,
        "fan_out": fan_out,
        "fan_avg": ((fan_in or 0) + (fan_out or 0)) / 2 if both_known else None,
    }
    return fans.get(mode.lower()) if isinstance(mode, str) else None


def _kaiming_gain_squared(nonlinearity: object, a: object) -> float | None:
    if not isinstance(nonlinearity, str) or nonlinearity not in NONLINEARITIES:
        return None
    slope = number(a)
    if nonlinearity == "leaky_relu" and slope is None:
        return None
    gain = calculate_gain(nonlinearity, slope)
    return gain * gain


def _by_rows(
    initializer: Initializer, arguments: Mapping[str, object], rows: float, columns: float
) -> tuple[float, float] | None:
    """Initializers that treat a weight as a matrix of rows and columns."""
    if initializer.kind == "orthogonal":
        (gain,) = _numbers(initializer, arguments, "gain")
        return None if gain is None else (0.0, gain * gain / max(rows, columns))
    if initializer.kind == "eye":
        mean = 1 / max(rows, columns)
        return mean, mean - mean * mean
    sparsity, std = _numbers(initializer, arguments, "sparsity", "std")
    if initializer.kind != "sparse" or sparsity is None or std is None:
        return None
    return 0.0, std * std * (1 - min(math.ceil(sparsity * rows), rows) / rows)


def _dirac(arguments: Mapping[str, object], shape: tuple[int | None, ...] | None) -> tuple[float, float] | None:
    groups = number(arguments.get("groups", 1))
    if not groups or shape is None or None in shape or len(shape) < 3:
        return None
    rows, columns, *kernel = (size for size in shape if size is not None)
    ones = groups * min(rows // groups, columns)
    mean = ones / (rows * columns * math.prod(kernel))
    return mean, mean - mean * mean


_INIT = "torch.nn.init."
_SCALED = {"normal_": ("mean", "std"), "uniform_": ("a", "b"), "constant_": ("val",), "zeros_": (), "ones_": ()}
_DEFAULTS = {"mean": 0.0, "std": 1.0, "a": 0.0, "b": 1.0}
_NUMERIC = {"mul": operator.mul, "div": operator.truediv, "add": operator.add, "sub": operator.sub}


def scaled(
    initializer: str, arguments: Mapping[str, object], operation: str, number: object, undetermined: object
) -> tuple[str, dict[str, object]] | None:
    """The initializer, with its arguments, that equals `initializer` followed by `operation` with `number`.

    `operation`: `mul`, `div`, `add` or `sub`. Arguments that depend on a value that is no number are `undetermined`.
    None if no single initializer has that effect.
    """
    if operation == "mul" and not isinstance(number, bool) and number == 0:
        return _INIT + "zeros_", {}
    kind = initializer.rpartition(".")[2]
    if kind not in _SCALED or operation not in _NUMERIC:
        return None
    combined = dict(arguments)
    if kind == "ones_":
        initializer, combined, kind = _INIT + "constant_", {"val": 1.0}, "constant_"
    if kind == "zeros_":
        if operation in ("mul", "div"):
            return initializer, combined
        initializer, combined, kind = _INIT + "constant_", {"val": 0.0}, "constant_"
    affected = ("mean", "a", "b", "val") if operation in ("add", "sub") else _SCALED[kind]
    for name in _SCALED[kind]:
        if name in affected:
            combined[name] = _combined(combined.get(name, _DEFAULTS.get(name)), operation, number, undetermined)
    return initializer, combined


def _combined(value: object, operation: str, number: object, undetermined: object) -> object:
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not isinstance(value, (int, float)):
        return undetermined
    try:
        return _NUMERIC[operation](value, number)
    except (OverflowError, ZeroDivisionError):
        return undetermined
