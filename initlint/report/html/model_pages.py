"""The part of the page about one model: its layers as a table, its drawing, its plot and notes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from initlint._records import dataclass
from initlint.analysis.layer_outputs import assumes_equal_fans
from initlint.analysis.messages import format_number
from initlint.analysis.operating_factors import signal_factor
from initlint.analysis.signal_propagation import mean_squares
from initlint.diagnostics import Span
from initlint.facts.initializer_formulas import INITIALIZERS
from initlint.graph.model import Layer, ModelGraph
from initlint.linter.results import Finding
from initlint.report.folding import fold
from initlint.report.html.curves import Curve
from initlint.report.html.drawing import MAX_ENTANGLEMENT, Annotations, Badge, Drawing, draw, has_own_box
from initlint.report.html.labels import init_label, layer_label, operation_label
from initlint.report.html.layout import DrawingLayout, lay_out
from initlint.report.html.marks import badges_by_layer
from initlint.report.text import escape, line_of

Measured: TypeAlias = Mapping[str, Mapping[str, float]]
"""The mean square of the output of each layer, by the model's name and the layer's path."""

MIN_SUMS = 2
"""The smallest number of known sums for which the residual stream is drawn."""

_INIT_CLASSES = {
    "xavier": "xavier", "kaiming": "kaiming", "lecun": "kaiming", "orthogonal": "xavier", "uniform": "drawn",
    "normal": "drawn", "trunc_normal": "drawn", "sparse": "drawn", "zeros": "constant", "ones": "constant",
    "constant": "constant", "eye": "constant", "dirac": "constant",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A layer as a row of the table and as a box of the drawing.

    `factor`, `level`: by how much it and its activation multiply the mean square, and that of its output, as text.
    `shown`: the number of the row that the table shows for it, which is that of the first of several equal blocks.
    """

    number: int
    shown: int
    path: str
    shape: str
    init: str
    kind: str
    where: str
    follows: str
    factor: str
    level: str
    badges: tuple[Badge, ...]


@dataclass(frozen=True, slots=True)
class FoldedRow:
    """A row of the table, for `count` layers that differ by the number of their block only."""

    label: str
    count: int
    row: Row


@dataclass(frozen=True, slots=True)
class ModelPage:
    """All that the page shows of one model. `drawing` is None if its data flow is unknown or too large.

    `curves`: of the signal through its layers; none if it is known at fewer than two. `circled`: the numbers of the
    layers with findings among them, from 0.
    """

    anchor: str
    name: str
    location: Span
    file: str
    rows: tuple[Row, ...]
    table: tuple[FoldedRow, ...]
    badges: tuple[Badge, ...]
    drawing: Drawing | None
    layout: DrawingLayout | None
    curves: tuple[Curve, ...]
    circled: tuple[int, ...]
    summary: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Levels:
    """Mean squares by layer path to compare with the prediction: after all fixes, and measured."""

    fixed: Mapping[str, float | None]
    measured: Mapping[str, float | None]


def model_page(
    model: ModelGraph,
    findings: Sequence[Finding],
    badges: Mapping[tuple[str, Span], Badge],
    anchor: str,
    levels: Levels,
    *,
    folder: str = "",
    drawn: bool = True,
) -> ModelPage:
    """Prepare the page of one model. `badges`: number and severity of each finding, by its code and span.

    `folder`: what paths are shown without. Without `drawn` it has neither a drawing nor a plot.
    """
    on_edge, on_layer = badges_by_layer(model, findings, badges)
    moments = mean_squares(model)
    predicted = by_layer(model, moments)
    layers = _layers_in_order(model)
    row_numbers = {layer.path: number for number, layer in enumerate(layers, 1)}
    rows = tuple(
        _row(
            layer,
            row_numbers[layer.path],
            (signal_factor(model, layer), predicted.get(layer.path)),
            (*on_edge.get(layer.path, ()), *on_layer.get(layer.path, ())),
            model.location.span.file,
            folder,
        )
        for layer in layers
    )
    folded_rows = _fold_rows(rows)
    shown_numbers = {number: folded.row.number for folded, numbers in folded_rows for number in numbers}
    rows = tuple(replace(row, shown=shown_numbers[row.number]) for row in rows)
    texts = {row.path: "\n".join((row.shape, row.init, row.where, row.follows)) for row in rows}
    drawing = draw(model, Annotations(row_numbers, texts, moments, on_edge, on_layer))
    notes = _notes(model, layers, drawing, drawn)
    shown_drawing = drawing if drawn and drawing.boxes and drawing.total_span <= MAX_ENTANGLEMENT else None
    signal_layers = [layer for layer in layers if layer.path in predicted]
    stream = _residual_stream(model, moments, signal_layers)
    return ModelPage(
        anchor=anchor,
        name=model.name,
        location=model.location.span,
        file=escape(model.location.span.file.removeprefix(folder)),
        rows=rows,
        table=tuple(folded for folded, _ in folded_rows),
        badges=tuple(dict.fromkeys(badges[f.diagnostic.code, f.diagnostic.span] for f in findings)),
        drawing=shown_drawing,
        layout=lay_out(shown_drawing) if shown_drawing else None,
        curves=_curves(signal_layers, predicted, levels, stream) if drawn else (),
        circled=tuple(
            index for index, layer in enumerate(signal_layers) if layer.path in on_edge or layer.path in on_layer
        ),
        summary=_summary(model, signal_layers, predicted, stream),
        notes=notes,
    )


def by_layer(model: ModelGraph, moments: Sequence[float | None]) -> dict[str, float | None]:
    """The mean square of the output of each called layer, at its first call."""
    moment_by_layer: dict[str, float | None] = {}
    for operation, value in zip(model.operations, moments, strict=True):
        if operation.kind == "layer" and operation.layer in model.by_path:
            moment_by_layer.setdefault(operation.layer, value)
    return moment_by_layer


def _layers_in_order(model: ModelGraph) -> list[Layer]:
    """The layers in the order of their calls, then those that are never called."""
    called_paths = dict.fromkeys(o.layer for o in model.operations if o.kind == "layer" and o.layer in model.by_path)
    called_layers = [model.by_path[path] for path in called_paths if path is not None]
    return [*called_layers, *(layer for layer in model.layers if has_own_box(layer) and layer.path not in called_paths)]


def _row(
    layer: Layer,
    number: int,
    figures: tuple[float | None, float | None],
    badges: tuple[Badge, ...],
    file: str,
    folder: str,
) -> Row:
    write = layer.effective_write()
    init_formula = INITIALIZERS.get(write.initializer) if write is not None else None
    kind = (
        "default"
        if write is None
        else "drawn"
        if init_formula is None
        else _INIT_CLASSES.get(init_formula.kind, "drawn")
    )
    span = layer.location.span if write is None else write.location.span
    consumers = dict.fromkeys(
        " → ".join(map(operation_label, (*consumer.between, consumer.op))) for consumer in layer.followed_by
    )
    factor, level = ("" if figure is None else format_number(figure) for figure in figures)
    return Row(
        number=number,
        shown=number,
        path=layer.path,
        shape=layer_label(layer),
        init=init_label(layer, write)
        if layer.last_write_is_certain()
        else f"{init_label(layer, write)}, possibly overwritten",
        kind=kind,
        where=line_of(span, file).removeprefix(folder),
        follows=", or ".join(consumers),
        factor=factor,
        level=level,
        badges=tuple(dict.fromkeys(badges)),
    )


def _fold_rows(rows: Sequence[Row]) -> list[tuple[FoldedRow, tuple[int, ...]]]:
    """The rows of the table, each with the numbers of all rows that it is for."""
    folded_rows: list[tuple[FoldedRow, tuple[int, ...]]] = []
    for folded in fold([(row.path, _row_text(row)) for row in rows]):
        row = rows[folded.index]
        folded_rows.append(
            (FoldedRow(folded.label, folded.count, row), tuple(rows[at].number for at in folded.indices))
        )
    return folded_rows


def _row_text(row: Row) -> str:
    codes = " ".join(badge.code for badge in row.badges)
    return "\n".join((row.shape, row.init, row.where, row.follows, row.factor, row.level, codes))


def _curves(
    signal_layers: Sequence[Layer],
    predicted: Mapping[str, float | None],
    levels: Levels,
    stream: Sequence[float | None],
) -> tuple[Curve, ...]:
    values = [predicted[layer.path] for layer in signal_layers]
    if sum(value is not None for value in values) < 2:
        return ()
    curves = [Curve("predicted", values, "--signal")]
    if sum(value is not None for value in stream) >= MIN_SUMS:
        curves.append(Curve("after each sum", stream, "--stream", "-", "D", connected=True))
    fixed = [levels.fixed.get(layer.path) for layer in signal_layers]
    if any(value is not None for value in fixed):
        curves.append(Curve("after --fix", fixed, "--fixed", "--", "."))
    measured = [levels.measured.get(layer.path) for layer in signal_layers]
    if any(value is not None for value in measured):
        curves.append(Curve("measured", measured, "--measured", "", "s"))
    return tuple(curves)


def _residual_stream(
    model: ModelGraph, moments: Sequence[float | None], signal_layers: Sequence[Layer]
) -> list[float | None]:
    """E[x^2] of each sum of two or more values, at the last layer that was called before it."""
    position = {layer.path: index for index, layer in enumerate(signal_layers)}
    stream: list[float | None] = [None] * len(signal_layers)
    last = None
    for operation, moment in zip(model.operations, moments, strict=True):
        if operation.kind == "layer":
            last = position.get(operation.layer or "", last)
        elif operation.op == "add" and len(operation.inputs) > 1 and last is not None:
            stream[last] = moment
    return stream


def _summary(
    model: ModelGraph,
    signal_layers: Sequence[Layer],
    predicted: Mapping[str, float | None],
    stream: Sequence[float | None],
) -> str:
    """The plot as text, for screen readers; without a plot, the reason."""
    known_moments = [
        (number, value) for number, layer in enumerate(signal_layers, 1) if (value := predicted[layer.path]) is not None
    ]
    if len(known_moments) < 2:
        return f"No plot of the signal: {_no_plot_reason(model, signal_layers, len(known_moments))}."
    (first, start), (last, end) = known_moments[0], known_moments[-1]
    far, farthest = max(known_moments, key=lambda pair: abs(math.log(pair[1])) if pair[1] > 0 else math.inf)
    gaps = len(signal_layers) - len(known_moments)
    text = (
        f"Predicted mean square of the signal: {format_number(start)} after layer {first}, "
        f"{format_number(end)} after layer {last}; "
        f"the {'smallest' if farthest < 1 else 'largest'} is {format_number(farthest)} after layer {far}."
    )
    sums = [value for value in stream if value is not None]
    if len(sums) >= MIN_SUMS:
        text += f" It is {format_number(sums[0])} after the first sum and {format_number(sums[-1])} after the last."
    return f"{text} It is unknown at {gaps} of {len(signal_layers)} layers." if gaps else text


def _no_plot_reason(model: ModelGraph, signal_layers: Sequence[Layer], known: int) -> str:
    if not model.operations:
        return "the model has no `forward` that could be followed"
    if not signal_layers:
        return "`forward` calls none of its layers directly"
    if len(signal_layers) == 1:
        return "`forward` calls one layer only"
    count = len(signal_layers)
    if known:
        return f"it is known after one of {count} layers; after the others the input, the init or the size is unknown"
    return f"it is known after none of {count} layers, because an input, an init or a size is unknown"


def _notes(model: ModelGraph, order: Sequence[Layer], drawing: Drawing, drawn: bool) -> tuple[str, ...]:
    notes = [f"Not analyzed: {reason}." for reason in model.incomplete]
    unsized_count = sum(map(assumes_equal_fans, order))
    if unsized_count:
        notes.append(f"The sizes of {unsized_count} layers are unknown; as many outputs as inputs are assumed.")
    if not drawn:
        notes.append("Not drawn, because the page has many models; run `initlint report` on fewer files to see it.")
    elif not drawing.boxes:
        notes.append("Its data flow is unknown, so there is no drawing.")
    elif drawing.total_span > MAX_ENTANGLEMENT:
        notes.append(f"Not drawn: {len(drawing.arrows)} arrows would cross each other.")
    return tuple(notes)
