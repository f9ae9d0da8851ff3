"""The operators of torch and related libraries, by canonical name. Both tracers read this table.

A name is one operator only: two rows that derive the same name are an error at import.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from initlint.facts.operator_kinds import METHOD, WITH_IN_PLACE, Operator
from initlint.facts.operator_rows import operator_rows
from initlint.facts.tensor_constructors import RANDOM_METHODS
from initlint.facts.windows import MapSize

__all__ = [
    "EXTERNAL_MODULES",
    "FUNCTIONS",
    "IN_PLACE_METHODS",
    "METHODS",
    "PYTHON_OPERATORS",
    "RELATIVE_METHODS",
    "Operator",
    "is_in_place",
    "is_overflow_guard",
    "makes_new_tensor",
    "permanent_dropout",
    "pooling",
    "python_operator",
    "spellings",
]


def spellings(rows: Iterable[Operator]) -> tuple[dict[str, Operator], dict[str, Operator]]:
    """The operators by the full name of each function, and by that of each method or attribute of a tensor.

    Raises ValueError for a name that two rows derive.
    """
    functions: dict[str, Operator] = {}
    methods: dict[str, Operator] = {}
    for row in rows:
        for home in row.homes:
            table, prefix = (methods, "") if home == METHOD else (functions, home)
            names = (row.name, f"{row.name}_") if row.in_place and home in WITH_IN_PLACE else (row.name,)
            for name in names:
                if table.setdefault(prefix + name, row) is not row:
                    raise ValueError(f"two operators are spelled {home}{name}")
    return functions, methods


_BY_FUNCTION, _BY_METHOD = spellings(operator_rows())

FUNCTIONS: Mapping[str, Operator] = MappingProxyType(_BY_FUNCTION)
"""By canonical name."""

METHODS: Mapping[str, Operator] = MappingProxyType(_BY_METHOD)
"""By the name of a tensor's method or attribute."""

PYTHON_OPERATORS: Mapping[str, Operator] = MappingProxyType(
    {
        **{name: METHODS[name] for name in ("add", "sub", "mul", "div", "matmul", "neg", "pow")},
        "truediv": METHODS["div"],
        "mod": METHODS["remainder"],
        "floordiv": METHODS["floor_divide"],
    }
)
"""By the name of the function in `operator`; `iadd` and `__radd__` derive from `add`."""

_NOT_RECORDED = frozenset({"detach_", "requires_grad_", "resize_", "resize_as_"})
"""In-place methods that autograd does not refuse."""

IN_PLACE_METHODS = (
    {name for name in METHODS if name.endswith("_") and not name.startswith("_")} - _NOT_RECORDED
    | RANDOM_METHODS
    | {"copy_", "fill_diagonal_"}
)
"""Methods that change a tensor in place and raise for a leaf that requires grad. Those that initialize are in
`initializer_formulas.METHODS`."""


RELATIVE_METHODS = frozenset(
    name
    for name in IN_PLACE_METHODS
    if name not in RANDOM_METHODS | {"copy_"}
    and not (name in METHODS and METHODS[name].kind == "identity" and (METHODS[name].memory or METHODS[name].axes))
)
"""Those of them whose result depends on the old values of the tensor; views are not."""


_MAY_RETURN_ARGUMENT = frozenset(
    "H adjoint bool byte cartesian_prod char conj conj_physical flatten int long mH mT real short sum_to_size".split()
)
"""Operators that return their argument itself if there is nothing to do, besides the identities without new memory."""
_NO_TENSOR = frozenset({"backward", "compare", "item"})
"""Operators whose result may be a number or a truth value."""


def makes_new_tensor(operator: Operator) -> bool:
    """Whether it returns a tensor, or several, and never its argument: then no Parameter."""
    if operator.name in _MAY_RETURN_ARGUMENT:
        return False
    if operator.kind == "identity":
        return operator.memory != ""
    return operator.op == "new" if operator.kind == "constant" else operator.op not in _NO_TENSOR


def is_in_place(name: str) -> bool:
    """Whether the spelling `name` of an operator changes its first argument: `relu_`, `__iadd__`."""
    return name.startswith("__i") if name.startswith("__") else name.endswith("_")


_OVERFLOW = 1000.0


def is_overflow_guard(bounds: Iterable[object]) -> bool:
    """Whether a clamp with these bounds only keeps large values from overflowing, as `clip(-65504, 65504)` does."""
    numbers = [bound for bound in bounds if bound is not None]
    return bool(numbers) and all(isinstance(bound, (int, float)) and abs(bound) >= _OVERFLOW for bound in numbers)


def python_operator(name: str) -> tuple[Operator, bool] | None:
    """The operator of a special method or a function of `operator`, and whether its operands are reversed (`__rsub__`).

    None for other names, comparisons among them.
    """
    word = name.strip("_")
    if word in PYTHON_OPERATORS:
        return PYTHON_OPERATORS[word], False
    operator = PYTHON_OPERATORS.get(word[1:])
    return None if operator is None or word[0] not in "ri" else (operator, word[0] == "r")


_SMALL_DROPOUT = 0.25


def permanent_dropout(arguments: Mapping[str, object], undetermined: object = None) -> dict[str, object] | None:
    """What a dropout multiplies the signal by, if it is on in evaluation as well: `dropout(x, p)` without `training`.

    The arguments of a node `scale`, at the factor on the root of the mean square, which grows by 1 / (1 - p); without a
    number if `p` is unknown. None for one that is off in evaluation, may be off, or drops little. The functions of
    torch itself call the argument `train`.
    """
    if arguments.get("train", arguments.get("training", True)) is not True:
        return None
    p = arguments.get("p", 0.5)
    if p is undetermined:
        return {}
    if not isinstance(p, (int, float)) or isinstance(p, bool) or not _SMALL_DROPOUT <= p < 1:
        return None
    return {"operator": "mul", "number": math.sqrt(1 / (1 - p))}


EXTERNAL_MODULES: Mapping[str, str] = MappingProxyType(
    {
        "einops.layers.torch.Rearrange": "transparent",
        "einops.layers.torch.Reduce": "pool",
        "timm.layers.DropPath": "transparent",
        "timm.models.layers.DropPath": "transparent",
        "torchvision.ops.DropBlock2d": "transparent",
        "torchvision.ops.FrozenBatchNorm2d": "batch_norm",
        "torchvision.ops.Permute": "transparent",
        "torchvision.ops.StochasticDepth": "transparent",
        "torchvision.ops.misc.FrozenBatchNorm2d": "batch_norm",
        "torchvision.ops.misc.Permute": "transparent",
        "torchvision.ops.stochastic_depth.StochasticDepth": "transparent",
    }
)
"""Modules of other libraries that own no trained matrix: `transparent`, or the word in `Consumer.between`."""


def pooling(name: str, arguments: Mapping[str, object], map_size: MapSize | None = None) -> dict[str, object]:
    """What a pool does: `kind` (`max` or `avg`) and `window`, the number of positions in one output.

    `name` is that of a module (`MaxPool2d`), a function (`adaptive_avg_pool2d`) or a method (`mean`). The window is
    infinite where all positions of an unknown number are pooled. Empty where one of the two is not known.

    `step`: by how many positions windows are apart, if it is not their size. With the size of the map that the pool
    gets, also that size, the `kernel_size` of the windows, and their further arguments. `output_size`: of the map that
    results, if it is given.
    """
    word = name.lower().replace("_", "").removesuffix("withindices")
    kind = "max" if "max" in word else "avg" if "avg" in word or word == "mean" else None
    if kind is None or "unpool" in word or "fractional" in word:
        return {}
    if word in ("mean", "amax", "max"):
        dims = arguments.get("dim")
        if dims not in (2, (2, 3), (-2, -1), (-1, -2), (2, 3, 4)):
            return {}
        is_all = map_size is not None and len(map_size) == (len(dims) if isinstance(dims, tuple) else 1)
        return _pooling_of_map(kind, map_size if is_all else None)
    dimensions = int(word[-2]) if word[-2:-1].isdigit() else 1
    if map_size is not None and len(map_size) != dimensions:
        map_size = None
    if word.startswith("adaptive"):
        sizes = arguments.get("output_size")
        sizes = sizes if isinstance(sizes, tuple) else (sizes,) * dimensions
        if sizes and all(size == 1 for size in sizes):
            return _pooling_of_map(kind, map_size)
        is_known = all(isinstance(size, int) and size > 0 for size in sizes) and len(sizes) == dimensions
        target: dict[str, object] = {"output_size": sizes} if is_known else {}
        if map_size is None or not is_known:
            return target
        if any(at % size for size, at in zip(sizes, map_size, strict=True)):
            return target  # windows of different sizes
        kernel = tuple(at // size for size, at in zip(sizes, map_size, strict=True))
        return _windows(kind, map_size, kernel, {}) | target
    sizes = arguments.get("kernel_size")
    if isinstance(sizes, int):
        sizes = (sizes,) * dimensions
    if not isinstance(sizes, tuple) or not all(isinstance(size, int) and size > 0 for size in sizes):
        return {}
    return _windows(kind, map_size, sizes, arguments)


def _pooling_of_map(kind: str, map_size: MapSize | None) -> dict[str, object]:
    return {"kind": kind, "window": math.inf} if map_size is None else _windows(kind, map_size, map_size, {})


_FURTHER = ("stride", "padding", "dilation", "ceil_mode")
"""The arguments that, beside the size of the window, decide the size of the map that results."""


def _windows(
    kind: str, map_size: MapSize | None, kernel: tuple[int, ...], arguments: Mapping[str, object]
) -> dict[str, object]:
    pooled: dict[str, object] = {"kind": kind, "window": math.prod(kernel)}
    stride = arguments.get("stride")
    if stride is not None:
        steps = stride if isinstance(stride, tuple) else (stride,) * len(kernel)
        is_known = all(isinstance(step, int) and step > 0 for step in steps)
        if steps != kernel:
            pooled["step"] = math.prod(steps) if is_known else None
    if map_size is not None:
        further = {name: arguments[name] for name in _FURTHER if name in arguments}
        pooled |= {"map_size": map_size, "kernel_size": kernel, **further}
    return pooled
