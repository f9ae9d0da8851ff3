"""Initialization without an init function: methods that fill a tensor, and functions that make a new one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Literal, TypeAlias

from initlint._records import dataclass
from initlint.facts.signatures import Signature, signature

_INIT = "torch.nn.init."
_EMPTY: Mapping[str, object] = MappingProxyType({})


SizeForm: TypeAlias = Literal["sizes", "size", "like", "eye", "legacy"]
"""How a shape is given. `sizes`: numbers, or one tuple of them. `size`: one tuple. `like`: the shape of the first
argument. `eye`: rows, then columns. `legacy`: numbers, or one `torch.Size`; any other one argument is the values."""


@dataclass(frozen=True)
class TensorConstructor:
    """A function of torch that makes a new tensor.

    `initializer`: the canonical one with the same effect, or `UNINITIALIZED`; `arguments` are those it implies.
    `values`: the parameters of the constructor that are parameters of the initializer too, each as (name here, name
    there).
    """

    initializer: str
    signature: Signature
    size: SizeForm
    arguments: Mapping[str, object] = field(default_factory=lambda: _EMPTY)
    values: tuple[tuple[str, str], ...] = ()


METHODS: Mapping[str, str] = MappingProxyType(
    {
        "normal_": "torch.nn.init.normal_",
        "uniform_": "torch.nn.init.uniform_",
        "zero_": "torch.nn.init.zeros_",
        "fill_": "torch.nn.init.constant_",
    }
)
"""Method of a tensor to canonical initializer."""

METHOD_PARAMETERS: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "normal_": (("mean", "mean"), ("std", "std")),
        "uniform_": (("from", "a"), ("to", "b")),
        "zero_": (),
        "fill_": (("value", "val"),),
    }
)
"""The parameters of those methods in order, each as (the method's name, the initializer's); the defaults agree."""

RANDOM_METHODS = frozenset("bernoulli_ cauchy_ exponential_ geometric_ log_normal_ random_".split())
"""Methods that replace all values of a tensor, without an equivalent in torch.nn.init."""

UNINITIALIZED = "uninitialized"
"""The initializer of memory that is not initialized."""

COMPLEX = frozenset(f"torch.{name}" for name in "cdouble cfloat chalf complex32 complex64 complex128".split())
"""The complex types: the formulas of the initializers do not hold for their random draws."""

_SIZES = signature(out=None, dtype=None, layout=None, device=None, requires_grad=False)
_LIKE = signature("input", dtype=None, layout=None, device=None, requires_grad=False)


def _constructors() -> Iterator[tuple[str, TensorConstructor]]:
    for name, initializer in (
        ("zeros", _INIT + "zeros_"),
        ("ones", _INIT + "ones_"),
        ("randn", _INIT + "normal_"),
        ("rand", _INIT + "uniform_"),
        ("empty", UNINITIALIZED),
    ):
        yield f"torch.{name}", TensorConstructor(initializer, _SIZES, "sizes")
        yield f"torch.{name}_like", TensorConstructor(initializer, _LIKE, "like")
    yield "torch.empty_strided", TensorConstructor(UNINITIALIZED, (*signature("size stride"), *_SIZES), "size")
    yield (
        "torch.empty_permuted",
        TensorConstructor(UNINITIALIZED, (*signature("size physical_layout"), *_SIZES), "size"),
    )
    constant = _INIT + "constant_"
    value = (("fill_value", "val"),)
    yield "torch.full", TensorConstructor(constant, (*signature("size fill_value"), *_SIZES), "size", values=value)
    yield (
        "torch.full_like",
        TensorConstructor(constant, (*signature("input fill_value"), *_LIKE[1:]), "like", values=value),
    )
    yield "torch.eye", TensorConstructor(_INIT + "eye_", (*signature("n", m=None), *_SIZES), "eye")
    drawn = (*signature("mean std size"), ("generator", None), ("out", None))
    yield "torch.normal", TensorConstructor(_INIT + "normal_", drawn, "size", values=(("mean", "mean"), ("std", "std")))
    for name in ("Tensor", "FloatTensor", "HalfTensor", "DoubleTensor", "BFloat16Tensor"):
        yield f"torch.{name}", TensorConstructor(UNINITIALIZED, (), "legacy")
    for name in ("FloatTensor", "HalfTensor", "DoubleTensor", "BFloat16Tensor"):
        yield f"torch.cuda.{name}", TensorConstructor(UNINITIALIZED, (), "legacy")


CONSTRUCTORS: Mapping[str, TensorConstructor] = MappingProxyType(dict(_constructors()))
"""By canonical name. `torch.Tensor` and similar classes copy a list that they are called with."""
