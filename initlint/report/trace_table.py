"""The result of `initlint trace`: a table for each model with the init, consumers and signal factor of each layer."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from click import style

from initlint.analysis.operating_factors import operating_factors
from initlint.facts.fans import MODULES
from initlint.graph.model import UNDETERMINED, Forward, Layer, Location, ModelGraph
from initlint.report import graph_json
from initlint.report.formats.json import dumps
from initlint.report.text import counted, escape

if TYPE_CHECKING:
    from initlint.tracers.fx import TraceResult

_HEADINGS = ("layer", "shape", "init", "between", "follows", "factor")
_MEASURED = ("signal", "gradient")
_WAYS = {"fx": "by torch.fx", "run": "by running it on meta", "run on cpu": "by running it on the CPU"}
_NONE = "-"
_UNMEASURED = dict.fromkeys(("signal", "gradient", "signal_spread", "gradient_spread"))


def render(traced: Sequence[TraceResult], output_format: str) -> str:
    """The built models as `json` or `text`."""
    return dumps(to_json(traced)) if output_format == "json" else tables(traced)


def tables(traced: Sequence[TraceResult]) -> str:
    """One table for each built model."""
    return "\n".join(table(one.graph, one) for one in traced if one.graph is not None)


def problems(traced: Sequence[TraceResult]) -> str:
    """One line for each target that could not be built or measured, or whose signal is not finite."""
    return "".join(f"initlint: {escape(f'{one.spec.text}: {one.problem}')}\n" for one in traced if one.problem)


def table(model: ModelGraph, traced: TraceResult) -> str:
    """One table, in the order in which the layers are called; a column in which no row has a value is left out.

    The layer with its activation multiplies the mean square of the signal by `factor`. If measured, two columns have
    the mean squares of each layer's output and of its gradient, as the mean over the runs and its relative spread.
    """
    headings = _HEADINGS if traced.measured is None else (*_HEADINGS, *_MEASURED)
    layers = [layer for layer in _in_call_order(model, traced.calls) if _is_shown(layer)]
    rows = [headings, *(_row(model, layer, traced) for layer in layers)]
    shown = [
        index
        for index, heading in enumerate(headings)
        if heading != "between" or any(row[index] != _NONE for row in rows[1:])
    ]
    way = _WAYS.get(model.trace_method or "", "not traced")
    measurement = f", {counted(traced.runs, 'run')}" if traced.runs else ""
    title = f"{style(escape(model.name), bold=True)}  {escape(_at(model.location))}  ({way}{measurement})\n"
    built_as = () if traced.built_as is None else (f"built as {traced.built_as}",)
    notes = "".join(f"  {escape(line)}\n" for line in (*built_as, *model.incomplete))
    cells = [[row[index] for index in shown] for row in rows]
    return title + notes + "".join(f"  {line}\n" for line in _aligned(cells))


def _in_call_order(model: ModelGraph, calls: Sequence[str]) -> tuple[Layer, ...]:
    """The layers in the order of their first calls, then those that are not called."""
    numbers = {path: number for number, path in enumerate(calls)}
    return tuple(sorted(model.layers, key=lambda layer: numbers.get(layer.path, len(numbers))))


def _is_shown(layer: Layer) -> bool:
    module = MODULES.get(f"torch.nn.{layer.type}")
    return module is None or module.role == "layer"


def _row(model: ModelGraph, layer: Layer, traced: TraceResult) -> tuple[str, ...]:
    ends = dict.fromkeys((" ".join(f.between) or _NONE, _end(f.op, f.layer)) for f in layer.followed_by)
    factor = _factor(model, layer)
    row = (
        layer.path,
        f"{layer.type} {_shape(layer)}",
        _init(model, layer),
        ", ".join(dict.fromkeys(between for between, _ in ends)) or _NONE,
        ", ".join(dict.fromkeys(op for _, op in ends)) or _use(model, layer, traced.calls),
        _NONE if factor is None else f"{factor:.3g}",
    )
    if traced.measured is None:
        return row
    signal = traced.measured.get(layer.path)
    if signal is None:
        return (*row, _NONE, _NONE)
    return (
        *row,
        _mean_and_spread(signal.signal, signal.signal_spread),
        _mean_and_spread(signal.gradient, signal.gradient_spread),
    )


def _factor(model: ModelGraph, layer: Layer) -> float | None:
    """The factor on the signal that reaches the layer; None if it is unknown or means nothing there."""
    factors = operating_factors(model).get(layer.path)
    return None if factors is None or factors.at_equal_fans else factors.signal


def _use(model: ModelGraph, layer: Layer, calls: Sequence[str]) -> str:
    """The text in place of a consumer, if none is known."""
    if layer.path in calls:
        return "used" if layer.type == "Parameter" else _NONE
    if any(layer.path.startswith(f"{path}.") for path in calls):
        return "inside"  # of a layer such as MultiheadAttention, which uses it
    return "not used" if model.forward is Forward.RUN else "unknown"


def _mean_and_spread(mean: float | None, spread: float | None) -> str:
    """The mean, and the standard deviation in percent of it: `0.481 ±3%`."""
    if mean is None:
        return _NONE
    return f"{mean:.3g}" if spread is None or mean == 0 else f"{mean:.3g} ±{100 * spread / mean:.0f}%"


def _end(op: str, layer: str | None) -> str:
    return op if layer is None else f"{op} {layer}"


def _shape(layer: Layer) -> str:
    shape = layer.shapes.get("weight", next(iter(layer.shapes.values()), None))
    return "" if shape is None else "x".join("?" if size is None else str(size) for size in shape)


def _init(model: ModelGraph, layer: Layer) -> str:
    parameter = "weight" if "weight" in layer.shapes else next(iter(layer.shapes), "weight")
    writes = [write for write in layer.writes if write.parameter == parameter]
    if not writes:
        if layer.uninitialized:
            return "uninitialized"
        if layer.tied is not None:
            return f"tied to {layer.tied}"
        return "unknown" if layer.type == "Parameter" else "torch's default"
    arguments = ", ".join(f"{name}={_number(value)}" for name, value in writes[-1].arguments.items())
    then = " and more" if len(writes) > 1 and not layer.last_write_is_certain(parameter) else ""
    span = writes[-1].location.span
    place = f" :{span.row}" if span.file == model.location.span.file else f" {span.file}:{span.row}"
    return f"{writes[-1].initializer.rpartition('.')[2]}({arguments}){then}{place}"


def _number(value: object) -> str:
    if value is UNDETERMINED:
        return "?"
    return f"{value:.4g}" if isinstance(value, float) else repr(value)


def _at(place: Location) -> str:
    return f"{place.span.file}:{place.span.row}"


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The rows with aligned columns and a styled heading."""
    cells = [[escape(cell) for cell in row] for row in rows]
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    for index, row in enumerate(cells):
        padded = (cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True))
        line = "  ".join(padded).rstrip()
        yield line if index else style(line, dim=True)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def to_json(traced: Sequence[TraceResult]) -> dict[str, Any]:
    """The graphs in the documented shape. Each layer also has its factor and, with `--measure`, its measurements.

    A number that is not finite is the string `nan`, `inf` or `-inf`.
    """
    built = [
        (replace(one.graph, layers=_in_call_order(one.graph, one.calls)), one)
        for one in traced
        if one.graph is not None
    ]
    document = graph_json.to_json(graph for graph, _ in built)
    for (graph, one), model in zip(built, document["models"], strict=True):
        if one.built_as is not None:
            model["built_as"] = one.built_as
        if one.measured is not None:
            model["runs"] = one.runs
        for layer, entry in zip(graph.layers, model["layers"], strict=True):
            entry["factor"] = _factor(graph, layer)
            if one.measured is not None:
                signal = one.measured.get(layer.path)
                entry["measured"] = dict(_UNMEASURED) if signal is None else signal._asdict()
    document["problems"] = [{"target": one.spec.text, "message": one.problem} for one in traced if one.problem]
    return document
