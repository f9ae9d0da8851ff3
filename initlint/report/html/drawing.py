"""Turns the data flow of a model into boxes and arrows, without positions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from initlint._records import dataclass
from initlint.analysis.messages import format_number
from initlint.diagnostics import Severity
from initlint.facts.fans import MODULES
from initlint.graph.model import Layer, ModelGraph, Operation
from initlint.report.html.blocks import boxed, families, fold_blocks, modules_of
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
    """One vertex. `kind`: `layer`, `module` (several layers), `pill` (operations without weights), `join`, or `end`
    (input, output, unknown).

    `row`: the number of the layer, or of the first one of the module, in the model's table. `level`: the mean square
    after the box, as text. `detail`: what a module consists of.
    """

    kind: str
    label: str
    title: str
    width: float
    height: float
    row: int | None = None
    level: str = ""
    badges: tuple[Badge, ...] = ()
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame around the boxes of a block that is drawn once for `count` equal ones: `layers.0-11`."""

    label: str
    count: int
    boxes: tuple[int, ...]


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
    frames: tuple[Frame, ...] = ()

    @property
    def total_span(self) -> int:
        """The sum of the levels that each arrow spans. It determines the cost of the layout, and how readable it is."""
        level = [0] * len(self.boxes)
        for arrow in sorted(self.arrows, key=lambda arrow: arrow.source):
            level[arrow.target] = max(level[arrow.target], level[arrow.source] + 1)
        return sum(level[arrow.target] - level[arrow.source] for arrow in self.arrows)


MAX_ENTANGLEMENT = 2_500
"""Of a drawing with a larger `total_span`, the most tangled modules are one box each. A ResNet-152 has 750."""

_MOST_FAMILIES = 3
"""How many kinds of modules may be boxes. A drawing that needs more says little, and each costs many trials."""


@dataclass(frozen=True, slots=True)
class Annotations:
    """What a drawing shows of a model besides its data flow.

    `rows`: the number of each layer by path. `texts`: what tells its layer apart from others, by path. `levels`: the
    mean square after each operation. `on_edge`: by layer path, the findings about a layer and its consumers;
    `on_layer`: the other findings.
    """

    rows: Mapping[str, int]
    texts: Mapping[str, str]
    levels: Sequence[float | None]
    on_edge: Mapping[str, Sequence[Badge]]
    on_layer: Mapping[str, Sequence[Badge]]


def draw(model: ModelGraph, annotations: Annotations) -> Drawing:
    """Boxes and arrows for the operations of `model`: a run of norms and activations as one box, equal blocks once.

    If the arrows are still too many, modules are one box each: as few as possible.
    """
    sketch = _Sketch(model, annotations)
    drawing = sketch.drawing(())
    families_left = families(sketch.modules) if drawing.total_span > MAX_ENTANGLEMENT else []
    chosen: tuple[str, ...] = ()
    while drawing.total_span > MAX_ENTANGLEMENT and families_left and len(chosen) < _MOST_FAMILIES:
        tried = [(sketch.drawing((*chosen, family)), family) for family in families_left]
        drawing, best = min(tried, key=lambda entry: _cost(entry[0]))
        chosen = (*chosen, best)
        families_left.remove(best)
    return drawing


def _cost(drawing: Drawing) -> tuple[bool, int]:
    """Of drawings that are simple enough, the one with most boxes is best; of others the simplest one."""
    span = drawing.total_span
    return span > MAX_ENTANGLEMENT, span if span > MAX_ENTANGLEMENT else -len(drawing.boxes)


class _Sketch:
    """The data flow of a model with its equal blocks folded, to be drawn with some modules as boxes."""

    def __init__(self, model: ModelGraph, annotations: Annotations) -> None:
        self._operations = model.operations
        self._layers = model.by_path
        self._notes = annotations
        self._folding = fold_blocks(self._operations, [self._text(operation) for operation in self._operations])
        self.modules = modules_of(self._operations, self._folding.shown)

    def _text(self, operation: Operation) -> str:
        path = operation.layer or ""
        badges = (*self._notes.on_edge.get(path, ()), *self._notes.on_layer.get(path, ()))
        return " ".join((self._notes.texts.get(path, ""), *(str(badge.number) for badge in badges)))

    def drawing(self, families: Sequence[str]) -> Drawing:
        """The drawing in which each module of `families` is one box."""
        operations = self._operations
        module_boxes = [run for family in families for run in boxed(self.modules, self._folding.shown, family)]
        groups = self._groups([members for _, members in module_boxes])
        box_of = {index: box for box, members in enumerate(groups) for index in members}
        names = {members[0]: path for path, members in module_boxes}
        boxes = tuple(
            self._module_box(names[members[0]], members) if members[0] in names else self._box(members)
            for members in groups
        )
        arrows: dict[tuple[int, int], Arrow] = {}
        for index in self._folding.shown:
            operation = operations[index]
            for source in (self._folding.representative[source] for source in operation.inputs):
                ends = (box_of[source], box_of[index])
                if ends[0] < ends[1] and ends not in arrows:
                    on_arrow = operation.kind != "layer" and boxes[ends[0]].kind != "module"
                    badges = self._notes.on_edge.get(operations[source].layer or "", ()) if on_arrow else ()
                    arrows[ends] = Arrow(*ends, operation.certain, tuple(badges))
        placed = _place_remaining_badges(arrows.values(), operations, groups, self._notes.on_edge, boxes)
        frames = (
            Frame(repeat.label, repeat.count, tuple(dict.fromkeys(box_of[index] for index in repeat.operations)))
            for repeat in self._folding.repeats
        )
        return Drawing(boxes, tuple(placed), tuple(frame for frame in frames if len(frame.boxes) > 1))

    def _groups(self, modules: Sequence[Sequence[int]]) -> list[list[int]]:
        """The indices of the operations in each box, in the order of the operations."""
        operations, shown = self._operations, self._folding.shown
        users = [0] * len(operations)
        for index in shown:
            for source in operations[index].inputs:
                users[self._folding.representative[source]] += 1
        repeats = self._folding.repeats
        in_repeats = {index: {n for n, r in enumerate(repeats) if index in r.operations} for index in shown}
        in_module = {index: number for number, members in enumerate(modules) for index in members}
        group_of: dict[int, list[int]] = {}
        groups: list[list[int]] = []
        opened: dict[int, list[int]] = {}
        for index in shown:
            operation = operations[index]
            inputs = [self._folding.representative[source] for source in operation.inputs]
            previous = inputs[0] if len(inputs) == 1 else None
            if index in in_module:
                if in_module[index] not in opened:
                    opened[in_module[index]] = []
                    groups.append(opened[in_module[index]])
                group = opened[in_module[index]]
            elif (
                previous is not None
                and previous not in in_module
                and users[previous] == 1
                and in_repeats[previous] == in_repeats[index]
                and _box_kind(operation, self._layers) == "pill" == _box_kind(operations[previous], self._layers)
            ):
                group = group_of[previous]
            else:
                group = []
                groups.append(group)
            group.append(index)
            group_of[index] = group
        return groups

    def _level(self, index: int) -> str:
        """The mean square after an operation; of equal blocks, after that of the first and of the last."""
        levels = self._notes.levels
        ends = [levels[at] for at in (index, self._folding.last.get(index, index))] if levels else []
        texts = dict.fromkeys("" if level is None else format_number(level) for level in ends)
        return " → ".join(filter(None, texts))

    def _badges(self, members: Sequence[int], *marks: Mapping[str, Sequence[Badge]]) -> tuple[Badge, ...]:
        paths = (self._operations[index].layer or "" for index in members)
        return tuple(dict.fromkeys(badge for path in paths for mark in marks for badge in mark.get(path, ())))

    def _module_box(self, path: str, members: Sequence[int]) -> Box:
        paths = dict.fromkeys(self._operations[index].layer or "" for index in members)
        layers = [self._layers[path] for path in paths if path in self._notes.rows]
        types = ", ".join(dict.fromkeys(layer.type for layer in layers))
        detail = f"{len(layers)} layer{'' if len(layers) == 1 else 's'}: {types}" if layers else "no layers"
        return Box(
            "module",
            shorten(path, _MAX_PATH),
            path,
            CARD_WIDTH,
            CARD_HEIGHT,
            self._notes.rows[layers[0].path] if layers else None,
            self._level(members[-1]),
            self._badges(members, self._notes.on_edge, self._notes.on_layer),
            detail,
        )

    def _box(self, members: Sequence[int]) -> Box:
        first = self._operations[members[0]]
        kind = _box_kind(first, self._layers)
        level = self._level(members[-1])
        badges = self._badges(members, self._notes.on_layer)
        if kind == "layer" and first.layer is not None:
            return Box(
                kind,
                shorten(first.layer, _MAX_PATH),
                first.layer,
                CARD_WIDTH,
                CARD_HEIGHT,
                self._notes.rows.get(first.layer),
                level,
                badges,
            )
        if kind == "join":
            return Box(kind, _JOINS[first.op], first.op, JOIN_SIZE, JOIN_SIZE, level=level)
        title = " → ".join(operation_label(self._operations[index].op) for index in members)
        label = shorten(title, _MAX_LABEL)
        return Box(kind, label, title, len(label) * _CHARACTER_WIDTH + 22, PILL_HEIGHT, level=level, badges=badges)


def _place_remaining_badges(
    arrows: Iterable[Arrow],
    operations: Sequence[Operation],
    groups: Sequence[Sequence[int]],
    on_edge: Mapping[str, Sequence[Badge]],
    boxes: Sequence[Box],
) -> Iterable[Arrow]:
    """Put the badges of a layer that no activation follows on its outgoing arrow."""
    arrows = list(arrows)
    marked_sources = {arrow.source for arrow in arrows if arrow.badges}
    for arrow in arrows:
        first = operations[groups[arrow.source][0]]
        badges = on_edge.get(first.layer or "", ())
        if boxes[arrow.source].kind == "layer" and badges and arrow.source not in marked_sources:
            marked_sources.add(arrow.source)
            yield Arrow(arrow.source, arrow.target, arrow.certain, tuple(badges))
        else:
            yield arrow


def _box_kind(operation: Operation, layers: Mapping[str, Layer]) -> str:
    if operation.kind in ("input", "output", "sink"):
        return "end"
    if operation.kind == "layer":
        return "layer" if operation.layer in layers else "end"
    return "join" if len(operation.inputs) > 1 and operation.op in _JOINS else "pill"


def has_own_box(layer: Layer) -> bool:
    """Whether the layer has a box of its own. Norms do not."""
    module_type = MODULES.get(f"torch.nn.{layer.type}")
    return module_type is None or module_type.role != "norm"
