"""What is drawn of a model: its data flow as boxes and arrows, before anything has a place on the page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from initlint.analysis.messages import format_number
from initlint.diagnostics import Severity
from initlint.facts.fans import MODULES
from initlint.graph.model import Layer, ModelGraph, Operation
from initlint.report.html.wording import shortened, word

CARD_WIDTH, CARD_HEIGHT = 250, 62
PILL_HEIGHT = 26
JOIN_SIZE = 28
_CHARACTER = 6.9
"""The width of a character of the pills' type, in the drawing's units (CSS pixels at full size)."""
_LONGEST = 30
_LONGEST_PATH = 26
_JOINS: Mapping[str, str] = {"add": "+", "mul": "×", "concat": "cat"}


@dataclass(frozen=True, slots=True)
class Badge:
    """A finding that is marked in the drawing; `number` leads to its text."""

    code: str
    severity: Severity
    number: int


@dataclass(frozen=True, slots=True)
class Box:
    """One vertex. `kind`: `layer`, `pill` (what changes a signal without weights), `join`, or `end` (input, output,
    or where nothing more is known).

    `row` numbers the layer as in the model's table; `level` is E[x^2] behind the box, as text.
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
    """An edge between two boxes, by their numbers. `badges` are findings on what the first makes with the second."""

    source: int
    target: int
    certain: bool
    badges: tuple[Badge, ...] = ()


@dataclass(frozen=True, slots=True)
class Drawing:
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]

    @property
    def entanglement(self) -> int:
        """How many levels all arrows pass together: what a layout costs, and what makes it unreadable."""
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
    """Boxes and arrows for the operations of `model`, norms and activations in a row drawn as one.

    `rows` numbers the layers by their paths; `levels` is E[x^2] behind each operation. Findings on a layer and what
    follows it are given in `on_edge`, others in `on_layer`, both by the layer's path.
    """
    operations = model.operations
    groups = _groups(operations, model.by_path)
    box_of = {at: box for box, members in enumerate(groups) for at in members}
    boxes = tuple(_box(operations, members, model.by_path, rows, levels, on_layer) for members in groups)
    arrows: dict[tuple[int, int], Arrow] = {}
    for at, operation in enumerate(operations):
        for source in operation.inputs:
            ends = (box_of[source], box_of[at])
            if ends[0] != ends[1] and ends not in arrows:
                badges = on_edge.get(operations[source].layer or "", ()) if operation.kind != "layer" else ()
                arrows[ends] = Arrow(*ends, operation.certain, tuple(badges))
    return Drawing(boxes, tuple(_with_lone_badges(arrows.values(), operations, groups, on_edge)))


def _with_lone_badges(
    arrows: Iterable[Arrow],
    operations: Sequence[Operation],
    groups: Sequence[Sequence[int]],
    on_edge: Mapping[str, Sequence[Badge]],
) -> Iterable[Arrow]:
    """Where a marked layer has no activation behind it, the mark goes on the way to whatever follows."""
    arrows = list(arrows)
    marked = {arrow.source for arrow in arrows if arrow.badges}
    for arrow in arrows:
        first = operations[groups[arrow.source][0]]
        badges = on_edge.get(first.layer or "", ())
        if first.kind == "layer" and badges and arrow.source not in marked:
            marked.add(arrow.source)
            yield Arrow(arrow.source, arrow.target, arrow.certain, tuple(badges))
        else:
            yield arrow


def _groups(operations: Sequence[Operation], layers: Mapping[str, Layer]) -> list[list[int]]:
    """The numbers of the operations that each box stands for: a run of norms and activations shares one."""
    users = [0] * len(operations)
    for operation in operations:
        for source in operation.inputs:
            users[source] += 1
    group_of: dict[int, list[int]] = {}
    groups: list[list[int]] = []
    for at, operation in enumerate(operations):
        previous = operation.inputs[0] if len(operation.inputs) == 1 else None
        if (
            previous is not None
            and users[previous] == 1
            and _kind(operation, layers) == "pill" == _kind(operations[previous], layers)
        ):
            group = group_of[previous]
            group.append(at)
        else:
            group = [at]
            groups.append(group)
        group_of[at] = group
    return groups


def _kind(operation: Operation, layers: Mapping[str, Layer]) -> str:
    if operation.kind in ("input", "output", "end"):
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
    kind = _kind(first, layers)
    level = levels[members[-1]] if levels else None
    text = "" if level is None else format_number(level)
    badges = tuple(badge for at in members for badge in on_layer.get(operations[at].layer or "", ()))
    if kind == "layer" and first.layer is not None:
        return Box(
            kind,
            shortened(first.layer, _LONGEST_PATH),
            first.layer,
            CARD_WIDTH,
            CARD_HEIGHT,
            rows.get(first.layer),
            text,
            badges,
        )
    if kind == "join":
        return Box(kind, _JOINS[first.op], first.op, JOIN_SIZE, JOIN_SIZE, level=text)
    title = " → ".join(word(operations[at].op) for at in members)
    label = shortened(title, _LONGEST)
    return Box(kind, label, title, len(label) * _CHARACTER + 22, PILL_HEIGHT, level=text, badges=badges)


def is_weighted(layer: Layer) -> bool:
    """Whether it is drawn as a box of its own: no norm."""
    known = MODULES.get(f"torch.nn.{layer.type}")
    return known is None or known.role != "norm"
