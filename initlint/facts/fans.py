"""The parameters of torch's layers: their shapes, their fans and their default init."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TypeAlias

from initlint._records import dataclass
from initlint.facts.modules import BASES, CHILDREN, MODULES, REQUIRED, Family, TorchModule
from initlint.facts.signatures import size

__all__ = [
    "BASES",
    "CHILDREN",
    "MODULES",
    "REQUIRED",
    "AxisRoles",
    "Fans",
    "Rows",
    "Shape",
    "TorchModule",
    "default_init",
    "fans",
    "fans_of_product",
    "fans_of_shape",
    "shapes",
]

Shape: TypeAlias = "tuple[int | None, ...] | None"
"""Sizes, None where unknown. None instead of a tuple if the rank is unknown."""


@dataclass(frozen=True)
class Fans:
    """The fans of a layer's weight, None where unknown.

    `fan_in` and `fan_out`: as `torch.nn.init` computes them from the shape of the weight. `signal_fan_in`: the average
    number of inputs that are summed into one output. It differs from `fan_in` where the layout is not (out, in,
    *kernel), as in a transposed convolution. `signal_fan_out`: the number of outputs that one input reaches at stride
    1, with groups less than `fan_out`.
    """

    fan_in: int | None
    fan_out: int | None
    signal_fan_in: int | float | None
    signal_fan_out: int | None


@dataclass(frozen=True, slots=True)
class AxisRoles:
    """The role of each axis of a raw parameter that data is multiplied with.

    `summed`: the axes of the inputs. `kept`: the axes of the outputs. Any other axis stacks matrices, such as those of
    experts, heads or groups.
    """

    summed: tuple[int, ...]
    kept: tuple[int, ...]


Rows: TypeAlias = "tuple[float, float]"
"""The start and end of a slice along the first axis, as parts of its size: equal parts are equal numbers."""


class _Arguments:
    """The arguments of a constructor, completed by torch's defaults. Values that are not plain count as unknown."""

    def __init__(self, type: str, arguments: Mapping[str, object], undetermined: object) -> None:
        self._values = {**_defaults(type), **arguments}
        self._undetermined = undetermined

    def known(self, name: str) -> bool:
        value = self._values.get(name, REQUIRED)
        return value is not REQUIRED and value is not self._undetermined

    def size(self, name: str) -> int | None:
        return size(self._values.get(name))

    def flag(self, name: str) -> bool:
        """Whether it is true. An unknown flag counts as true: the parameter may exist."""
        return not self.known(name) or bool(self._values[name])

    def none(self, name: str) -> bool:
        return self._values.get(name) is None

    def sizes(self, name: str, rank: int | None = None) -> Shape:
        """A size for each dimension. An int applies to all `rank` dimensions, to one if `rank` is None."""
        value = self._values.get(name)
        if isinstance(value, (tuple, list)):
            item_sizes = tuple(size(item) for item in value)
            return item_sizes if rank in (None, len(item_sizes)) else (None,) * (rank or 0)
        if rank is None and not isinstance(value, int):
            return None
        return (size(value),) * (rank or 1)


@functools.cache
def _defaults(type: str) -> dict[str, object]:
    return dict(MODULES[f"torch.nn.{type}"].signature)


def _product(*sizes: int | None) -> int | None:
    known_sizes = [extent for extent in sizes if extent is not None]
    return math.prod(known_sizes) if len(known_sizes) == len(sizes) else None


def _divided(whole: int | None, by: int | None) -> int | None:
    return None if whole is None or not by else whole // by


def _dimensions(type: str) -> int:
    """The `d` of `Conv2d`."""
    return int(type[-2])


OF_LAYERS = ("weight", "bias")
"""The names of the parameters of torch's layers, of which an argument may switch one off."""


def shapes(type: str, arguments: Mapping[str, object], undetermined: object) -> dict[str, Shape]:
    """The parameters of a torch.nn.`type` built with `arguments`, in the order in which torch registers them.

    A size that depends on a missing or `undetermined` argument is None. Parameters that the layer does not have
    (`bias=False`) are absent; those that depend on an unknown flag are present. If the number of stacked recurrent
    layers is unknown, only the first is listed. Empty for types without parameters and for `opaque` ones.
    """
    module = MODULES.get(f"torch.nn.{type}")
    if module is None:
        return {}
    a = _Arguments(type, arguments, undetermined)
    if type == "PReLU":
        return {"weight": (a.size("num_parameters"),)}
    if module.family == "norm":
        return dict(_norm(type, a))
    if module.family == "attention":
        return dict(_attention(a))
    if module.family == "rnn":
        return dict(_recurrent(type, a))
    if module.family == "embedding":
        return {"weight": (a.size("num_embeddings"), a.size("embedding_dim"))}
    if module.family in _WEIGHTS:
        weight, bias = _WEIGHTS[module.family](type, a)
        return {"weight": weight, "bias": bias} if a.flag("bias") else {"weight": weight}
    return {}


def _linear(_: str, a: _Arguments) -> tuple[Shape, Shape]:
    out = a.size("out_features")
    return (out, a.size("in_features")), (out,)


def _bilinear(_: str, a: _Arguments) -> tuple[Shape, Shape]:
    out = a.size("out_features")
    return (out, a.size("in1_features"), a.size("in2_features")), (out,)


def _conv(type: str, a: _Arguments) -> tuple[Shape, Shape]:
    kernel = a.sizes("kernel_size", _dimensions(type)) or ()
    out = a.size("out_channels")
    return (out, _divided(a.size("in_channels"), a.size("groups")), *kernel), (out,)


def _conv_transpose(type: str, a: _Arguments) -> tuple[Shape, Shape]:
    kernel = a.sizes("kernel_size", _dimensions(type)) or ()
    out = a.size("out_channels")
    return (a.size("in_channels"), _divided(out, a.size("groups")), *kernel), (out,)


_WEIGHTS = {"linear": _linear, "bilinear": _bilinear, "conv": _conv, "conv_transpose": _conv_transpose}


def _norm(type: str, a: _Arguments) -> Iterator[tuple[str, Shape]]:
    if type in ("LocalResponseNorm", "CrossMapLRN2d"):
        return
    if not a.flag("elementwise_affine" if type in ("LayerNorm", "RMSNorm") else "affine"):
        return
    if type in ("LayerNorm", "RMSNorm"):
        shape = a.sizes("normalized_shape")
    else:
        shape = (a.size("num_channels" if type == "GroupNorm" else "num_features"),)
    yield "weight", shape
    if type != "RMSNorm" and a.flag("bias"):
        yield "bias", shape


def _attention(a: _Arguments) -> Iterator[tuple[str, Shape]]:
    embed = a.size("embed_dim")
    tripled = _product(3, embed)
    key = embed if a.none("kdim") else a.size("kdim")
    value = embed if a.none("vdim") else a.size("vdim")
    is_decided = None not in (embed, key, value) or (a.none("kdim") and a.none("vdim"))
    packed = key == value == embed
    if packed or not is_decided:
        yield "in_proj_weight", (tripled, embed)
    if not packed or not is_decided:
        yield "q_proj_weight", (embed, embed)
        yield "k_proj_weight", (embed, key)
        yield "v_proj_weight", (embed, value)
    if a.flag("bias"):
        yield "in_proj_bias", (tripled,)
    if a.flag("add_bias_kv"):
        yield "bias_k", (1, 1, embed)
        yield "bias_v", (1, 1, embed)


_MOST_STACKED = 100
"""Largest number of recurrent layers that are listed: a linted file may contain any number."""

_GATES = {"RNN": 1, "LSTM": 4, "GRU": 3, "RNNCell": 1, "LSTMCell": 4, "GRUCell": 3}


def _recurrent(type: str, a: _Arguments) -> Iterator[tuple[str, Shape]]:
    hidden = a.size("hidden_size")
    rows = _product(_GATES.get(type), hidden)
    if "Cell" in type:
        yield "weight_ih", (rows, a.size("input_size"))
        yield "weight_hh", (rows, hidden)
        if a.flag("bias"):
            yield "bias_ih", (rows,)
            yield "bias_hh", (rows,)
        return
    projected = a.size("proj_size") if type in ("LSTM", "RNNBase") else 0
    output = hidden if projected == 0 else projected
    directions = 2 if a.known("bidirectional") and a.flag("bidirectional") else 1
    for index in range(min(a.size("num_layers") or 1, _MOST_STACKED)):
        for direction in range(directions):
            suffix = f"_l{index}{'_reverse' if direction else ''}"
            both = _product(output, directions) if a.known("bidirectional") else None
            yield f"weight_ih{suffix}", (rows, both if index else a.size("input_size"))
            yield f"weight_hh{suffix}", (rows, output)
            if a.flag("bias"):
                yield f"bias_ih{suffix}", (rows,)
                yield f"bias_hh{suffix}", (rows,)
            if projected != 0:
                yield f"weight_hr{suffix}", (projected, hidden)


def fans_of_shape(shape: Shape) -> tuple[int | None, int | None]:
    """The fan in and fan out of a weight as in `torch.nn.init`; None below two dimensions, where it raises."""
    if shape is None or len(shape) < 2:
        return None, None
    return _product(*shape[1:]), _product(shape[0], *shape[2:])


def fans(type: str, arguments: Mapping[str, object], undetermined: object) -> Fans | None:
    """The fans of the weight of a torch.nn.`type` built with `arguments`; None if it has no weight matrix.

    The weight of a recurrent layer is its first input weight, that of `MultiheadAttention` the packed or the query one.
    """
    module = MODULES.get(f"torch.nn.{type}")
    if module is None or module.role != "layer":
        return None
    weight = next(iter(shapes(type, arguments, undetermined).values()))
    fan_in, fan_out = fans_of_shape(weight)
    if module.family == "embedding":
        return Fans(fan_in, fan_out, 1, None)
    a = _Arguments(type, arguments, undetermined)
    if module.family == "conv_transpose" and weight is not None:
        return Fans(fan_in, fan_out, _signal_of_transposed(type, a, weight), fan_in)
    reached = _divided(fan_out, a.size("groups")) if module.family == "conv" else fan_out
    return Fans(fan_in, fan_out, fan_in, reached)


def fans_of_product(shape: Shape, product: AxisRoles) -> Fans | None:
    """The fans of a raw weight of that shape with these roles; None if the rank is unknown."""
    if shape is None:
        return None
    signal = (_product(*(shape[axis] for axis in axes)) for axes in (product.summed, product.kept))
    return Fans(*fans_of_shape(shape), *signal)


def _signal_of_transposed(type: str, a: _Arguments, weight: tuple[int | None, ...]) -> float | None:
    """Each output sums (in / groups) * kernel / stride ** d inputs: the kernel is spread over the strides."""
    summed = _product(_divided(a.size("in_channels"), a.size("groups")), *weight[2:])
    strides = _product(*(a.sizes("stride", _dimensions(type)) or ()))
    return None if summed is None or not strides else summed / strides


_DEFAULTS: Mapping[str, tuple[str, Mapping[str, object]]] = MappingProxyType(
    {
        "linear": ("torch.nn.init.kaiming_uniform_", {"a": math.sqrt(5)}),
        "conv": ("torch.nn.init.kaiming_uniform_", {"a": math.sqrt(5)}),
        "conv_transpose": ("torch.nn.init.kaiming_uniform_", {"a": math.sqrt(5)}),
        "bilinear": ("torch.nn.init.uniform_", {"a": None, "b": None}),
        "embedding": ("torch.nn.init.normal_", {}),
        "rnn": ("torch.nn.init.uniform_", {"a": None, "b": None}),
        "attention": ("torch.nn.init.xavier_uniform_", {}),
        "norm": ("torch.nn.init.ones_", {}),
    }
)


def default_init(family: Family) -> tuple[str, Mapping[str, object]] | None:
    """The default initializer of the weights of a `family`, with its arguments; None if it has no weights.

    The bounds of recurrent and bilinear layers, 1 / sqrt(hidden_size) and 1 / sqrt(in1_features), are None.
    """
    return _DEFAULTS.get(family)
