"""What the page says of one model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from initlint.analysis.messages import format_number
from initlint.analysis.signal_propagation import assumes_equal_fans, second_moments
from initlint.diagnostics import Span
from initlint.facts.initializer_formulas import INITIALIZERS
from initlint.graph.model import Layer, ModelGraph
from initlint.linter.pipeline import FindingMark
from initlint.report.html.drawing import Badge, Drawing, draw, is_weighted
from initlint.report.html.layout import Placed, place
from initlint.report.html.plot import Curve, PlotFrame, plot
from initlint.report.html.wording import initializer, shape, word
from initlint.report.text import line_of
from initlint.rules import rules_by_code

WIDE, NARROW = PlotFrame(760, 300), PlotFrame(350, 260)
"""The two sizes of a plot; the page shows the one that fits."""

MOST_ENTANGLED = 2_500
"""`Drawing.entanglement` from which nothing is drawn: a DenseNet has some 20,000, a ResNet-152 750."""

_KINDS = {
    "xavier": "xavier", "kaiming": "kaiming", "lecun": "kaiming", "orthogonal": "xavier", "uniform": "drawn",
    "normal": "drawn", "trunc_normal": "drawn", "sparse": "drawn", "zeros": "constant", "ones": "constant",
    "constant": "constant", "eye": "constant", "dirac": "constant",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A layer as a row of the table and as a box of the drawing. `level`: E[x^2] of its output, as text."""

    number: int
    path: str
    shape: str
    init: str
    kind: str
    where: str
    follows: str
    level: str
    badges: tuple[Badge, ...]


@dataclass(frozen=True, slots=True)
class ModelPage:
    """All of one model; `drawing` is None if no forward of it could be followed."""

    anchor: str
    name: str
    place: Span
    rows: tuple[Row, ...]
    badges: tuple[Badge, ...]
    drawing: Drawing | None
    placed: Placed | None
    plots: tuple[str, ...]
    summary: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Levels:
    """Where a model's second moments come from: predicted, after the fixes, and measured, by the layer's path."""

    mended: Mapping[str, float | None]
    measured: Mapping[str, float | None]


def model_page(
    model: ModelGraph,
    marks: Sequence[FindingMark],
    badges: Mapping[tuple[str, Span], Badge],
    anchor: str,
    levels: Levels,
) -> ModelPage:
    """`badges` has the number and the severity of each finding by its code and place."""
    on_edge, on_layer = _placed_badges(model, marks, badges)
    behind = second_moments(model)
    predicted = by_layer(model, behind)
    order = _in_order(model)
    numbers = {layer.path: at for at, layer in enumerate(order, 1)}
    rows = tuple(
        _row(
            layer,
            numbers[layer.path],
            predicted.get(layer.path),
            (*on_edge.get(layer.path, ()), *on_layer.get(layer.path, ())),
            model.location.span.file,
        )
        for layer in order
    )
    drawing = draw(model, numbers, behind, on_edge, on_layer)
    notes = _notes(model, order, drawing)
    drawn = drawing if drawing.boxes and drawing.entanglement <= MOST_ENTANGLED else None
    reached = [layer for layer in order if layer.path in predicted]
    return ModelPage(
        anchor=anchor,
        name=model.name,
        place=model.location.span,
        rows=rows,
        badges=tuple(dict.fromkeys(badges[mark.code, mark.span] for mark in marks)),
        drawing=drawn,
        placed=place(drawn) if drawn else None,
        plots=_plots(reached, predicted, levels, set(on_edge), anchor),
        summary=_summary(reached, predicted),
        notes=notes,
    )


def by_layer(model: ModelGraph, behind: Sequence[float | None]) -> dict[str, float | None]:
    """E[x^2] of the output of each layer that is called, at its first call."""
    found: dict[str, float | None] = {}
    for operation, value in zip(model.operations, behind, strict=True):
        if operation.kind == "layer" and operation.layer in model.by_path:
            found.setdefault(operation.layer, value)
    return found


def _in_order(model: ModelGraph) -> list[Layer]:
    """The layers as the signal meets them, then those that it never does."""
    called = dict.fromkeys(o.layer for o in model.operations if o.kind == "layer" and o.layer in model.by_path)
    met = [model.by_path[path] for path in called if path is not None]
    return [*met, *(layer for layer in model.layers if is_weighted(layer) and layer.path not in called)]


def _placed_badges(
    model: ModelGraph, marks: Sequence[FindingMark], badges: Mapping[tuple[str, Span], Badge]
) -> tuple[dict[str, list[Badge]], dict[str, list[Badge]]]:
    """By path: the findings on a layer and its consumer, and those on the call that initialises it."""
    on_edge: dict[str, list[Badge]] = {}
    on_layer: dict[str, list[Badge]] = {}
    for mark in marks:
        badge = badges[mark.code, mark.span]
        if rules_by_code()[mark.code].needs_context:
            for path in mark.layers:
                on_edge.setdefault(path, []).append(badge)
            continue
        for layer in model.layers:
            if layer.path in mark.layers or any(write.location.span == mark.span for write in layer.writes):
                on_layer.setdefault(layer.path, []).append(badge)
    return on_edge, on_layer


def _row(layer: Layer, at: int, level: float | None, badges: tuple[Badge, ...], file: str) -> Row:
    write = layer.effective_write()
    known = INITIALIZERS.get(write.initializer) if write is not None else None
    kind = "default" if write is None else "drawn" if known is None else _KINDS.get(known.kind, "drawn")
    span = layer.location.span if write is None else write.location.span
    ways = dict.fromkeys(" → ".join(map(word, (*way.between, way.op))) for way in layer.followed_by)
    return Row(
        number=at,
        path=layer.path,
        shape=shape(layer),
        init=initializer(write) if layer.last_write_is_certain() else f"{initializer(write)}, perhaps overwritten",
        kind=kind,
        where=line_of(span, file),
        follows=", or ".join(ways),
        level="" if level is None else format_number(level),
        badges=tuple(dict.fromkeys(badges)),
    )


def _plots(
    reached: Sequence[Layer],
    predicted: Mapping[str, float | None],
    levels: Levels,
    marked: set[str],
    anchor: str,
) -> tuple[str, ...]:
    values = [predicted[layer.path] for layer in reached]
    if sum(value is not None for value in values) < 2:
        return ()
    curves = [Curve("predicted", values, "--signal")]
    mended = [levels.mended.get(layer.path) for layer in reached]
    if any(value is not None for value in mended):
        curves.append(Curve("after --fix", mended, "--mended", "--", "."))
    measured = [levels.measured.get(layer.path) for layer in reached]
    if any(value is not None for value in measured):
        curves.append(Curve("measured", measured, "--measured", "", "s"))
    circled = [at for at, layer in enumerate(reached) if layer.path in marked]
    return plot(curves, WIDE, f"{anchor}w-", circled), plot(curves, NARROW, f"{anchor}n-", circled)


def _summary(reached: Sequence[Layer], predicted: Mapping[str, float | None]) -> str:
    """The plot in a sentence, for those who do not see it."""
    known = [(at, value) for at, layer in enumerate(reached, 1) if (value := predicted[layer.path]) is not None]
    if len(known) < 2:
        return "The strength of the signal is not known at two layers or more, so there is no plot."
    (first, start), (last, end) = known[0], known[-1]
    least = min(known, key=lambda pair: pair[1])
    gaps = len(reached) - len(known)
    text = (
        f"Predicted second moment: {format_number(start)} behind layer {first}, "
        f"{format_number(end)} behind layer {last}; "
        f"the least is {format_number(least[1])} behind layer {least[0]}."
    )
    return f"{text} It is not known at {gaps} of {len(reached)} layers." if gaps else text


def _notes(model: ModelGraph, order: Sequence[Layer], drawing: Drawing) -> tuple[str, ...]:
    notes = [f"Not followed: {reason}." for reason in model.incomplete]
    guessed = sum(map(assumes_equal_fans, order))
    if guessed:
        notes.append(f"The sizes of {guessed} layers are not known; fan_in = fan_out is assumed of them.")
    if not drawing.boxes:
        notes.append("No forward of it could be followed, so there is no drawing.")
    elif drawing.entanglement > MOST_ENTANGLED:
        notes.append(f"{len(drawing.arrows)} arrows would cross each other in a drawing, so there is none.")
    return tuple(notes)
