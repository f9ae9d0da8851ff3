"""A new tensor combined with a number is filled otherwise: `torch.randn(3, 4) * 0.02` is normal with std 0.02."""

from __future__ import annotations

import operator
from collections.abc import Mapping

_INIT = "torch.nn.init."
_SCALED = {"normal_": ("mean", "std"), "uniform_": ("a", "b"), "constant_": ("val",), "zeros_": (), "ones_": ()}
_DEFAULTS = {"mean": 0.0, "std": 1.0, "a": 0.0, "b": 1.0}
_NUMERIC = {"mul": operator.mul, "div": operator.truediv, "add": operator.add, "sub": operator.sub}


def scaled(
    initializer: str, arguments: Mapping[str, object], operation: str, number: object, undetermined: object
) -> tuple[str, dict[str, object]] | None:
    """The initializer, with its arguments, that fills a tensor as `initializer` and then `operation` with `number` do.

    `operation`: `mul`, `div`, `add` or `sub`. What hangs on something that is no number becomes `undetermined`. None
    if no one initializer does that.
    """
    kind = initializer.rpartition(".")[2]
    if kind not in _SCALED or operation not in _NUMERIC:
        return None
    given = dict(arguments)
    if kind == "ones_":
        initializer, given, kind = _INIT + "constant_", {"val": 1.0}, "constant_"
    if kind == "zeros_":
        if operation in ("mul", "div"):
            return initializer, given
        initializer, given, kind = _INIT + "constant_", {"val": 0.0}, "constant_"
    moved = ("mean", "a", "b", "val") if operation in ("add", "sub") else _SCALED[kind]
    for name in _SCALED[kind]:
        if name in moved:
            given[name] = _combined(given.get(name, _DEFAULTS.get(name)), operation, number, undetermined)
    return initializer, given


def _combined(value: object, operation: str, number: object, undetermined: object) -> object:
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not isinstance(value, (int, float)):
        return undetermined
    try:
        return _NUMERIC[operation](value, number)
    except (OverflowError, ZeroDivisionError):
        return undetermined
