"""The result of `initlint trace`: a table for each model with the init, consumers and signal factor of each layer."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from click import style

from initlint.analysis.layer_activation import predicted_factor
from initlint.facts.fans import MODULES
from initlint.graph.model import Layer, Location, ModelGraph
from initlint.report import graph_json
from initlint.report.formats.json import dumps
from initlint.report.text import escape

if TYPE_CHECKING:
    from initlint.tracers.fx import MeasuredSignal, TraceResult

_HEADINGS = ("layer", "shape", "init", "between", "follows", "factor")
_MEASURED = ("signal", "gradient")
_WAYS = {"fx": "by torch.fx", "run": "by running it on meta", "run on cpu": "by running it on the CPU"}


def render(traced: Sequence[TraceResult], output_format: str) -> str:
    """The built models as `json` or `text`."""
    return dumps(to_json(traced)) if output_format == "json" else tables(traced)


def tables(traced: Sequence[TraceResult]) -> str:
    """One table for each built model."""
    return "\n".join(table(one.graph, one.measured) for one in traced if one.graph is not None)


def problems(traced: Sequence[TraceResult]) -> str:
    """One line for each target that could not be built or measured."""
    return "".join(f"initlint: {escape(f'{one.spec.text}: {one.problem}')}\n" for one in traced if one.problem)


def table(model: ModelGraph, measured: Mapping[str, MeasuredSignal] | None) -> str:
    """One table. The layer with its activation multiplies the second moment of the signal by `factor`.

    With `measured`, two columns have the second moments of each layer's output and of its gradient.
    """
    headings = _HEADINGS if measured is None else (*_HEADINGS, *_MEASURED)
    rows = [headings, *(_row(layer, measured) for layer in model.layers if _is_shown(layer))]
    way = _WAYS.get(model.trace_method or "", "not traced")
    title = f"{style(escape(model.name), bold=True)}  {escape(_at(model.location))}  ({way})\n"
    notes = "".join(f"  {escape(reason)}\n" for reason in model.incomplete)
    return title + notes + "".join(f"  {line}\n" for line in _aligned(rows))


def _is_shown(layer: Layer) -> bool:
    module = MODULES.get(f"torch.nn.{layer.type}")
    return module is None or module.role == "layer"


def _row(layer: Layer, measured: Mapping[str, MeasuredSignal] | None) -> tuple[str, ...]:
    ends = dict.fromkeys((" ".join(f.between) or "-", _end(f.op, f.layer)) for f in layer.followed_by)
    factor = predicted_factor(layer)
    row = (
        layer.path,
        f"{layer.type} {_shape(layer)}",
        _init(layer),
        ", ".join(dict.fromkeys(between for between, _ in ends)) or "-",
        ", ".join(dict.fromkeys(op for _, op in ends)) or ("-" if layer.called else "not used"),
        "-" if factor is None else f"{factor:.3g}",
    )
    if measured is None:
        return row
    return (*row, *("-" if value is None else f"{value:.3g}" for value in _moments(measured, layer).values()))


def _moments(measured: Mapping[str, MeasuredSignal], layer: Layer) -> dict[str, float | None]:
    """The measured columns by heading; None if the layer was not measured."""
    signal = measured.get(layer.path)
    return dict.fromkeys(_MEASURED) if signal is None else signal._asdict()


def _end(op: str, layer: str | None) -> str:
    return op if layer is None else f"{op} {layer}"


def _shape(layer: Layer) -> str:
    shape = next(iter(layer.shapes.values()), None)
    return "" if shape is None else "x".join("?" if size is None else str(size) for size in shape)


def _init(layer: Layer) -> str:
    parameter = "weight" if "weight" in layer.shapes else next(iter(layer.shapes), "weight")
    writes = [write for write in layer.writes if write.parameter == parameter]
    if not writes:
        return "torch's default"
    arguments = ", ".join(f"{name}={_number(value)}" for name, value in writes[-1].arguments.items())
    then = " and more" if len(writes) > 1 and not layer.last_write_is_certain(parameter) else ""
    return f"{writes[-1].initializer.rpartition('.')[2]}({arguments}){then} {_at(writes[-1].location)}"


def _number(value: object) -> str:
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
    """The graphs in the documented shape. Each layer also has its factor and, with `--measure`, its measurements."""
    built = [(one.graph, one.measured) for one in traced if one.graph is not None]
    document = graph_json.to_json(graph for graph, _ in built)
    for (graph, measured), model in zip(built, document["models"], strict=True):
        for layer, entry in zip(graph.layers, model["layers"], strict=True):
            entry["factor"] = predicted_factor(layer)
            if measured is not None:
                entry["measured"] = _moments(measured, layer)
    document["problems"] = [{"target": one.spec.text, "message": one.problem} for one in traced if one.problem]
    return document
