"""Positions of boxes and arrows."""

from initlint.report.html.drawing import Arrow, Box, Drawing
from initlint.report.html.layout import lay_out


def _box() -> Box:
    return Box(kind="layer", label="", title="", width=80.0, height=26.0)


def test_the_same_drawing_has_one_layout() -> None:
    """Two inputs skip to every step of a chain, so that there are many long arrows and many equally good orders."""
    steps = range(2, 16)
    chain = [(step, step + 1) for step in steps]
    skips = [(step % 2, step) for step in steps] + [(step, 16) for step in steps[::3]]
    arrows = tuple(Arrow(source, target, certain=True) for source, target in (*chain, *skips))
    drawing = Drawing(tuple(_box() for _ in range(17)), arrows)

    kept: list[object] = []
    layouts = set()
    for number in range(30):
        layouts.add(lay_out(drawing))
        kept.extend([object() for _ in range(number * 7)])  # the next objects are at other addresses

    assert len(layouts) == 1
