"""Turns the data flow of a model into boxes and arrows, without positions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from initlint._records import dataclass
from initlint.analysis.messages import format_number
from initlint.diagnostics import Severity
from initlint.facts.fans import MODULES
from initlint.graph.model import Layer, ModelGraph, Operation
from initlint.report.html.labels import operation_label, shorten

CARD_WIDTH, CARD_HEIGHT = 250, 62
PILL_HEIGHT = 26
JOIN_SIZE = 28
_CHARACTER_WIDTH = 6.9
"""The width of a character in a pill, in CSS pixels at full size."""
_MAX_LABEL = 30
_MAX_PATH = 26
_JOINS: Mapping[str, str] = {"add": "+", "mul": "×", "concat": "cat"}


@dataclass(frozen=True, slots=True)
class Badge:
    """A finding that is marked in the drawing. `number` links to its text."""

    code: str
    severity: Severity
    number: int


@dataclass(frozen=True, slots=True)
class Box:
    """One vertex. `kind`: `layer`, `pill` (operations without weights), `join`, or `end` (input, output, unknown).

    `row`: the number of the layer in the model's table. `level`: the mean square behind the box, as text.
    """

    kind: str
    label: str
    title: str
    width: float
    height: float
    row: int | None = None
    level: str = ""
    badges: tuple[Badge, ...] = ()


@dataclass(frozen=True, slots=True)
class Arrow:
    """An edge between two boxes, by their numbers. `badges`: findings about the first box together with the second."""

    source: int
    target: int
    certain: bool
    badges: tuple[Badge, ...] = ()


@dataclass(frozen=True, slots=True)
class Drawing:
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]

    @property
    def total_span(self) -> int:
        """The sum of the levels that each arrow spans. It determines the cost of the layout, and how readable it is."""
        level = [0] * len(self.boxes)
        for arrow in sorted(self.arrows, key=lambda arrow: arrow.source):
            level[arrow.target] = max(level[arrow.target], level[arrow.source] + 1)
        return sum(level[arrow.target] - level[arrow.source] for arrow in self.arrows)


def draw(
    model: ModelGraph,
    rows: Mapping[str, int],
    levels: Sequence[float | None],
    on_edge: Mapping[str, Sequence[Badge]],
    on_layer: Mapping[str, Sequence[Badge]],
) -> Drawing:
    """Boxes and arrows for the operations of `model`. A run of norms and activations shares one box.

    `rows`: the number of each layer by path. `levels`: the mean square behind each operation. `on_edge`: by layer
    path, the findings about a layer and its consumers; `on_layer`: the other findings.
    """
    operations = model.operations
    groups = _group_operations(operations, model.by_path)
    box_of = {index: box for box, members in enumerate(groups) for index in members}
    boxes = tuple(_box(operations, members, model.by_path, rows, levels, on_layer) for members in groups)
    arrows: dict[tuple[int, int], Arrow] = {}
    for index, operation in enumerate(operations):
        for source in operation.inputs:
            ends = (box_of[source], box_of[index])
            if ends[0] != ends[1] and ends not in arrows:
                badges = on_edge.get(operations[source].layer or "", ()) if operation.kind != "layer" else ()
                arrows[ends] = Arrow(*ends, operation.certain, tuple(badges))
    return Drawing(boxes, tuple(_place_remaining_badges(arrows.values(), operations, groups, on_edge)))


def _place_remaining_badges(
    arrows: Iterable[Arrow],
    operations: Sequence[Operation],
    groups: Sequence[Sequence[int]],
    on_edge: Mapping[str, Sequence[Badge]],
) -> Iterable[Arrow]:
    """Put the badges of a layer that no activation follows on its outgoing arrow."""
    arrows = list(arrows)
    marked_sources = {arrow.source for arrow in arrows if arrow.badges}
    for arrow in arrows:
        first = operations[groups[arrow.source][0]]
        badges = on_edge.get(first.layer or "", ())
        if first.kind == "layer" and badges and arrow.source not in marked_sources:
            marked_sources.add(arrow.source)
            yield Arrow(arrow.source, arrow.target, arrow.certain, tuple(badges))
        else:
            yield arrow


def _group_operations(operations: Sequence[Operation], layers: Mapping[str, Layer]) -> list[list[int]]:
    """The indices of the operations in each box. A run of norms and activations shares one box."""
    users = [0] * len(operations)
    for operation in operations:
        for source in operation.inputs:
            users[source] += 1
    group_of: dict[int, list[int]] = {}
    groups: list[list[int]] = []
    for index, operation in enumerate(operations):
        previous = operation.inputs[0] if len(operation.inputs) == 1 else None
        if (
            previous is not None
            and users[previous] == 1
            and _box_kind(operation, layers) == "pill" == _box_kind(operations[previous], layers)
        ):
            group = group_of[previous]
            group.append(index)
        else:
            group = [index]
            groups.append(group)
        group_of[index] = group
    return groups


def _box_kind(operation: Operation, layers: Mapping[str, Layer]) -> str:
    if operation.kind in ("input", "output", "sink"):
        return "end"
    if operation.kind == "layer":
        return "layer" if operation.layer in layers else "end"
    return "join" if len(operation.inputs) > 1 and operation.op in _JOINS else "pill"


def _box(
    operations: Sequence[Operation],
    members: Sequence[int],
    layers: Mapping[str, Layer],
    rows: Mapping[str, int],
    levels: Sequence[float | None],
    on_layer: Mapping[str, Sequence[Badge]],
) -> Box:
    first = operations[members[0]]
    kind = _box_kind(first, layers)
    level = levels[members[-1]] if levels else None
    level_text = "" if level is None else format_number(level)
    badges = tuple(badge for index in members for badge in on_layer.get(operations[index].layer or "", ()))
    if kind == "layer" and first.layer is not None:
        return Box(
            kind,
            shorten(first.layer, _MAX_PATH),
            first.layer,
            CARD_WIDTH,
            CARD_HEIGHT,
            rows.get(first.layer),
            level_text,
            badges,
        )
    if kind == "join":
        return Box(kind, _JOINS[first.op], first.op, JOIN_SIZE, JOIN_SIZE, level=level_text)
    title = " → ".join(operation_label(operations[index].op) for index in members)
    label = shorten(title, _MAX_LABEL)
    return Box(kind, label, title, len(label) * _CHARACTER_WIDTH + 22, PILL_HEIGHT, level=level_text, badges=badges)


def has_own_box(layer: Layer) -> bool:
    """Whether the layer has a box of its own. Norms do not."""
    module_type = MODULES.get(f"torch.nn.{layer.type}")
    return module_type is None or module_type.role != "norm"
