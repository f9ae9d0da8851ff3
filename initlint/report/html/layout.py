"""Computes the positions of a drawing's boxes and arrows: a layered layout (Sugiyama) by grandalf."""

from __future__ import annotations

from collections.abc import Sequence

from grandalf.graphs import Edge, Graph, Vertex
from grandalf.layouts import SugiyamaLayout

from initlint._records import dataclass
from initlint.report.html.drawing import Box, Drawing

_LANE_WIDTH = 26.0
"""The width reserved for an arrow that passes boxes."""
_MARGIN = 14.0
_GAP = 40.0
_PADDING = 10.0
"""Between the boxes of a block and the frame around it."""
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class DrawingLayout:
    """Positions in CSS pixels: the centres of the boxes, the points of each arrow's path, and the frames.

    Each of `frames` is left, top, width and height.
    """

    width: float
    height: float
    centres: tuple[Point, ...]
    arrow_paths: tuple[tuple[Point, ...], ...]
    frames: tuple[tuple[float, float, float, float], ...] = ()


class _VertexView:
    """The view that grandalf expects of a vertex: it reads the size and sets the centre."""

    def __init__(self, width: float, height: float) -> None:
        self.w, self.h = width, height
        self.xy: Point = (0.0, 0.0)


class _EdgeView:
    """The view that grandalf expects of an edge: it sets the points of the path."""

    def __init__(self) -> None:
        self.points: list[Point] = []

    def setpath(self, points: list[Point]) -> None:
        self.points = points


class _NumberedEdge(Edge):  # type: ignore[misc]
    """An edge whose hash is its number, so that a set of them has the same order in every process.

    grandalf collects edges in sets, and lays out long ones in that order: the default hash is an address in memory.
    """

    def __init__(self, number: int, source: Vertex, target: Vertex) -> None:
        super().__init__(source, target)
        self._number = number

    def __hash__(self) -> int:
        return self._number


def lay_out(drawing: Drawing) -> DrawingLayout:
    """Lay out `drawing` from top to bottom, unconnected components below each other."""
    vertices = [Vertex(number) for number in range(len(drawing.boxes))]
    for vertex, box in zip(vertices, drawing.boxes, strict=True):
        vertex.view = _VertexView(box.width, box.height)
    edges = [
        _NumberedEdge(number, vertices[arrow.source], vertices[arrow.target])
        for number, arrow in enumerate(drawing.arrows)
    ]
    for edge in edges:
        edge.view = _EdgeView()
    top = 0.0
    for component in Graph(vertices, edges).C:
        top = _lay_out_component(component, top)
    return _in_frame(drawing, vertices, [edge.view.points for edge in edges])


def _lay_out_component(component: object, top: float) -> float:
    """Lay out one connected component below `top`, and return its bottom."""
    layout = SugiyamaLayout(component)
    layout.dw, layout.xspace, layout.yspace = _LANE_WIDTH, _LANE_WIDTH, _GAP
    layout.init_all()
    layout.draw()
    views = [vertex.view for vertex in layout.grx]
    offset = top - min(view.xy[1] - view.h / 2 for view in views)
    left = min(view.xy[0] - view.w / 2 for view in views)
    for view in views:
        view.xy = (view.xy[0] - left, view.xy[1] + offset)
    layout.draw_edges()
    return float(max(view.xy[1] + view.h / 2 for view in views)) + _GAP


def _in_frame(drawing: Drawing, vertices: Sequence[Vertex], arrow_paths: Sequence[Sequence[Point]]) -> DrawingLayout:
    """Move everything inside one frame, and end each arrow at the borders of its boxes."""
    centres = tuple((vertex.view.xy[0] + _MARGIN, vertex.view.xy[1] + _MARGIN) for vertex in vertices)
    trimmed = []
    for arrow, path in zip(drawing.arrows, arrow_paths, strict=True):
        (first_x, first_y), (last_x, last_y) = centres[arrow.source], centres[arrow.target]
        inner = [(x + _MARGIN, y + _MARGIN) for x, y in path[1:-1]]
        start = (first_x, first_y + drawing.boxes[arrow.source].height / 2)
        end = (last_x, last_y - drawing.boxes[arrow.target].height / 2)
        trimmed.append((start, *inner, end))
    points = [point for path in trimmed for point in path]
    right = [x + box.width / 2 for (x, _), box in zip(centres, drawing.boxes, strict=True)]
    bottom = [y + box.height / 2 for (_, y), box in zip(centres, drawing.boxes, strict=True)]
    width = max((*right, *(x for x, _ in points)), default=0.0) + _MARGIN
    frames = tuple(_frame([(drawing.boxes[box], centres[box]) for box in frame.boxes]) for frame in drawing.frames)
    return DrawingLayout(width, max(bottom, default=0.0) + _MARGIN, centres, tuple(trimmed), frames)


def _frame(boxes: Sequence[tuple[Box, Point]]) -> tuple[float, float, float, float]:
    left = min(x - box.width / 2 for box, (x, _) in boxes) - _PADDING
    right = max(x + box.width / 2 for box, (x, _) in boxes) + _PADDING
    top = min(y - box.height / 2 for box, (_, y) in boxes) - _PADDING
    bottom = max(y + box.height / 2 for box, (_, y) in boxes) + 2 * _PADDING  # the mean square is below its box
    return left, top, right - left, bottom - top
