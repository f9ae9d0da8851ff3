"""The result of `initlint trace`: a table for each model with the init, consumers and signal factor of each layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from initlint.analysis.operating_factors import signal_factor
from initlint.facts.fans import MODULES
from initlint.graph.model import Forward, Layer, ModelGraph
from initlint.graph.words import UNDETERMINED
from initlint.project.source import Location
from initlint.report import graph_json
from initlint.report.folding import fold
from initlint.report.formats.json import dumps
from initlint.report.terminal import draw, indented, table, width_of
from initlint.report.text import counted, escape

if TYPE_CHECKING:
    from initlint.tracers.fx import TraceResult

_HEADINGS = ("layer", "shape", "init", "between", "follows", "factor")
_MEASURED = ("signal", "gradient")
_NUMBERS = ("factor", *_MEASURED)
_WAYS = {"fx": "by torch.fx", "run": "by running it on meta", "run on cpu": "by running it on the CPU"}
_NONE = "-"
_UNMEASURED = dict.fromkeys(("signal", "gradient", "signal_spread", "gradient_spread"))


def render(traced: Sequence[TraceResult], output_format: str, width: int) -> str:
    """The built models as `json`, or as `text` of at most `width` columns."""
    return dumps(to_json(traced)) if output_format == "json" else tables(traced, width)


def tables(traced: Sequence[TraceResult], width: int) -> str:
    """One table for each built model."""
    return "\n".join(draw(_drawings(one.graph, one, width), width) for one in traced if one.graph is not None)


def problems(traced: Sequence[TraceResult]) -> str:
    """One line for each target that could not be built or measured, or whose signal is not finite."""
    return "".join(f"initlint: {escape(f'{one.spec.text}: {one.problem}')}\n" for one in traced if one.problem)


def _drawings(model: ModelGraph, traced: TraceResult, width: int) -> Iterator[RenderableType]:
    """The title, the notes, and one table in the order in which the layers are called, with equal blocks shown once.

    The layer with its activation multiplies the mean square of the signal by `factor`. If measured, two columns have
    the mean squares of each layer's output and of its gradient, as the mean over the runs and its relative spread. The
    column `between` is left out if no row has a value there.
    """
    way = _WAYS.get(model.trace_method or "", "not traced")
    measurement = f", mean squares of {counted(traced.runs, 'run')}" if traced.runs else ""
    yield Text.assemble((escape(model.name), "bold"), f"  {escape(_at(model.location))}  ({way}{measurement})")
    built_as = () if traced.built_as is None else (f"built as {traced.built_as}",)
    yield from (indented(Text(escape(line))) for line in (*built_as, *model.incomplete))
    headings = _HEADINGS if traced.measured is None else (*_HEADINGS, *_MEASURED)
    rows = list(
        _folded_rows([_row(model, layer, traced) for layer in _in_call_order(model, traced.calls) if _is_shown(layer)])
    )
    shown = [
        index
        for index, heading in enumerate(headings)
        if heading != "between" or any(row[index] != _NONE for row in rows)
    ]
    shown_headings = [headings[index] for index in shown]
    shown_rows = [[row[index] for index in shown] for row in rows]
    if width_of(shown_headings, shown_rows) <= width:
        yield table(shown_headings, shown_rows)
    else:
        yield _narrow_table(shown_headings, shown_rows)


def _narrow_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> RenderableType:
    """The table with all that is text in its first column: the layer, and below it its init and its consumer."""
    numbers = [heading for heading in headings if heading in _NUMBERS]
    first = len(headings) - len(numbers)
    cells = ((_layer_cell(*row[:first]), *row[first:]) for row in rows)
    return table(("layer", *numbers), cells, numbers)


def _layer_cell(path: str, shape: str, init: str, *flow: str) -> RenderableType:
    consumers = f" -> {' -> '.join(step for step in flow if step != _NONE)}" if set(flow) - {_NONE} else ""
    details = Text(escape(f"{shape}, {init}{consumers}"), "dim")
    return Group(Text(escape(path)), indented(details))


def _folded_rows(rows: Sequence[Sequence[str]]) -> Iterator[tuple[str, ...]]:
    """The rows with each run of equal blocks as its first, named `blocks.0-11.fc1 x 12`."""
    for folded in fold([(path, "\n".join(cells)) for path, *cells in rows]):
        times = f" x {folded.count}" if folded.count > 1 else ""
        yield (f"{folded.label}{times}", *rows[folded.index][1:])


def _in_call_order(model: ModelGraph, calls: Sequence[str]) -> tuple[Layer, ...]:
    """The layers in the order of their first calls, then those that are not called."""
    numbers = {path: number for number, path in enumerate(calls)}
    return tuple(sorted(model.layers, key=lambda layer: numbers.get(layer.path, len(numbers))))


def _is_shown(layer: Layer) -> bool:
    module = MODULES.get(f"torch.nn.{layer.type}")
    return module is None or module.role == "layer"


def _row(model: ModelGraph, layer: Layer, traced: TraceResult) -> tuple[str, ...]:
    ends = dict.fromkeys((" ".join(f.between) or _NONE, _end(f.op, f.layer)) for f in layer.followed_by)
    factor = signal_factor(model, layer)
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
            entry["factor"] = signal_factor(graph, layer)
            if one.measured is not None:
                signal = one.measured.get(layer.path)
                entry["measured"] = dict(_UNMEASURED) if signal is None else signal._asdict()
    document["problems"] = [{"target": one.spec.text, "message": one.problem} for one in traced if one.problem]
    return document
