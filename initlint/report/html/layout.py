"""Places for the boxes of a drawing: layered layout (Sugiyama) by grandalf."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grandalf.graphs import Edge, Graph, Vertex
from grandalf.layouts import SugiyamaLayout

from initlint.report.html.drawing import Drawing

_LANE = 26.0
"""The room that an arrow takes that runs past boxes."""
_MARGIN = 14.0
_GAP = 40.0
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Placed:
    """Where everything goes, in CSS pixels. `centres` are the boxes', `ways` the arrows' as the points they pass."""

    width: float
    height: float
    centres: tuple[Point, ...]
    ways: tuple[tuple[Point, ...], ...]


class _View:
    """What grandalf asks of a vertex: its size; it answers with the place of the centre."""

    def __init__(self, width: float, height: float) -> None:
        self.w, self.h = width, height
        self.xy: Point = (0.0, 0.0)


class _Way:
    """What grandalf gives an edge: the points that it runs through."""

    def __init__(self) -> None:
        self.points: list[Point] = []

    def setpath(self, points: list[Point]) -> None:
        self.points = points


def place(drawing: Drawing) -> Placed:
    """Lay out `drawing` from top to bottom; parts that nothing connects stand below each other."""
    vertices = [Vertex(number) for number in range(len(drawing.boxes))]
    for vertex, box in zip(vertices, drawing.boxes, strict=True):
        vertex.view = _View(box.width, box.height)
    edges = [Edge(vertices[arrow.source], vertices[arrow.target]) for arrow in drawing.arrows]
    for edge in edges:
        edge.view = _Way()
    top = 0.0
    for part in Graph(vertices, edges).C:
        top = _place_part(part, top)
    return _framed(drawing, vertices, [edge.view.points for edge in edges])


def _place_part(part: object, top: float) -> float:
    """Lay out one connected part below `top`; its bottom."""
    layout = SugiyamaLayout(part)
    layout.dw, layout.xspace, layout.yspace = _LANE, _LANE, _GAP
    layout.init_all()
    layout.draw()
    views = [vertex.view for vertex in layout.grx]
    down = top - min(view.xy[1] - view.h / 2 for view in views)
    left = min(view.xy[0] - view.w / 2 for view in views)
    for view in views:
        view.xy = (view.xy[0] - left, view.xy[1] + down)
    layout.draw_edges()
    return float(max(view.xy[1] + view.h / 2 for view in views)) + _GAP


def _framed(drawing: Drawing, vertices: Sequence[Vertex], ways: Sequence[Sequence[Point]]) -> Placed:
    """All moved inside one frame; each arrow ends at the borders of its boxes."""
    centres = tuple((vertex.view.xy[0] + _MARGIN, vertex.view.xy[1] + _MARGIN) for vertex in vertices)
    trimmed = []
    for arrow, way in zip(drawing.arrows, ways, strict=True):
        (first_x, first_y), (last_x, last_y) = centres[arrow.source], centres[arrow.target]
        inner = [(x + _MARGIN, y + _MARGIN) for x, y in way[1:-1]]
        start = (first_x, first_y + drawing.boxes[arrow.source].height / 2)
        end = (last_x, last_y - drawing.boxes[arrow.target].height / 2)
        trimmed.append((start, *inner, end))
    points = [point for way in trimmed for point in way]
    right = [x + box.width / 2 for (x, _), box in zip(centres, drawing.boxes, strict=True)]
    bottom = [y + box.height / 2 for (_, y), box in zip(centres, drawing.boxes, strict=True)]
    width = max((*right, *(x for x, _ in points)), default=0.0) + _MARGIN
    return Placed(width, max(bottom, default=0.0) + _MARGIN, centres, tuple(trimmed))
