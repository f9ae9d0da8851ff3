"""The result of `initlint.inspect`, which shows itself as text and, in a notebook, as HTML."""

from __future__ import annotations

import html
import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from initlint.integrations.inspection.findings import ModuleFinding, findings
from initlint.integrations.inspection.layers import LayerWeights, layers
from initlint.integrations.inspection.measuring import run
from initlint.report.text import counted, escape

_HEADINGS = ("weight", "module", "shape", "mean", "std", "signal", "gradient")

_NO_INPUT = "Pass inputs to measure signal and gradient: initlint.inspect(net, x)."


@dataclass(frozen=True, slots=True)
class Inspection:
    """The weights of a module and the findings about them, worst first. `measured`: whether it was run."""

    name: str
    layers: tuple[LayerWeights, ...]
    findings: tuple[ModuleFinding, ...]
    measured: bool

    def __str__(self) -> str:
        rows = [_HEADINGS, *map(_cells, self.layers)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        table = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows]
        notes = [f"{f.severity.kind}: {escape(f.layer)} {escape(f.message)}" for f in self.findings]
        return "\n".join((self._title, *table, *notes, *([] if self.measured else [_NO_INPUT])))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """A table for notebooks, in the colours of the notebook."""
        heading = "".join(f"<th style='text-align:left'>{name}</th>" for name in _HEADINGS)
        rows = "".join(f"<tr>{''.join(map(_cell, _cells(row)))}</tr>" for row in self.layers)
        notes = "".join(
            f"<li><b>{f.severity.kind}</b>: <code>{_html(f.layer)}</code> {_html(f.message)}</li>"
            for f in self.findings
        )
        hint = "" if self.measured else f"<p>{html.escape(_NO_INPUT)}</p>"
        listed = f"<ul>{notes}</ul>" if notes else ""
        return (
            f"<p><b>{html.escape(self._title)}</b></p>{listed}"
            f"<table><thead><tr>{heading}</tr></thead><tbody>{rows}</tbody></table>{hint}"
        )

    @property
    def _title(self) -> str:
        found = counted(len(self.findings), "finding") if self.findings else "nothing found"
        return f"{escape(self.name)}: {counted(len(self.layers), 'weight')}, {found}"


def _html(text: str) -> str:
    return html.escape(escape(text))


def _cell(text: str) -> str:
    return f"<td style='text-align:left'>{html.escape(text)}</td>"


def _cells(row: LayerWeights) -> tuple[str, ...]:
    numbers = (row.mean, row.std, row.signal, row.gradient)
    return (escape(row.path), row.kind, "x".join(map(str, row.shape)), *map(_number, numbers))


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def inspect(model: nn.Module, inputs: object = None, *, seed: int = 0) -> Inspection:
    """Measure the weights of `model` and, with `inputs`, the signal and the gradient at each of its layers.

    `inputs`: a tensor, a tuple of arguments, or a dictionary of keyword arguments. The signal is the mean square of a
    layer's output; the gradient that of the derivative there, for random numbers of unit variance at the outputs, drawn
    with `seed`. Norms use batch statistics and dropout is off. Weights, gradients, buffers, modes, hooks and torch's
    random state stay as they are; attributes that `forward` itself sets do not.

    Raises TypeError if `model` is no module, and what its `forward` raises.
    """
    _require_module(model)
    args, kwargs = _call(inputs)
    signals = None if inputs is None else run(model, args, kwargs, seed)
    with torch.no_grad():
        rows = tuple(layers(model, signals))
        return Inspection(type(model).__name__, rows, findings(model, rows, signals), signals is not None)


def _require_module(model: object) -> None:
    if not isinstance(model, nn.Module):
        raise TypeError(f"initlint.inspect takes a torch.nn.Module, not {type(model).__name__}")


def _call(inputs: object) -> tuple[Sequence[Any], Mapping[str, Any]]:
    if isinstance(inputs, Mapping):
        return (), inputs
    return (inputs if isinstance(inputs, (tuple, list)) else (inputs,)), {}


def magic(namespace: Mapping[str, Any], line: str) -> Inspection:
    """`%initlint net` and `%initlint net x`: inspect the object of that name, called with those after it.

    Raises IPython's `UsageError`, of which a notebook shows the message only: no names, a name that `namespace` does
    not have, an object that is no module.
    """
    names = line.split()
    try:
        if not names:
            raise NameError("%initlint takes the name of a module and those of its inputs: %initlint net x")
        values = list(_values(namespace, names))
        _require_module(values[0])
    except (AttributeError, NameError, TypeError) as error:
        raise _usage_error(str(error)) from None
    return inspect(values[0], tuple(values[1:]) or None)


def _usage_error(message: str) -> Exception:
    error: type[Exception] = importlib.import_module("IPython.core.error").UsageError
    return error(message)


def _values(namespace: Mapping[str, Any], names: Sequence[str]) -> Iterator[Any]:
    for name in names:
        first, *attributes = name.split(".")
        if first not in namespace:
            raise NameError(f"name {first!r} is not defined")
        value = namespace[first]
        for attribute in attributes:
            value = getattr(value, attribute)
        yield value
