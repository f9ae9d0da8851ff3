"""Small pieces of markup that the template asks for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markupsafe import Markup
from markupsafe import escape as html_escape

from initlint.report.html.layout import Point
from initlint.report.text import escape

_CODE = re.compile(r"`([^`]+)`")


def curve(points: Sequence[Point]) -> str:
    """The `d` of a path through `points` from top to bottom, that leaves and enters each level upright."""
    (x, y), *rest = points
    text = [f"M{x:.1f} {y:.1f}"]
    for to_x, to_y in rest:
        middle = (y + to_y) / 2
        text.append(f"C{x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f} {to_x:.1f} {to_y:.1f}")
        x, y = to_x, to_y
    return "".join(text)


def marked_up(message: str) -> Markup:
    """A message with what stands between backticks as code; everything in it is data."""
    parts = _CODE.split(escape(message))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if at % 2 else html_escape(part) for at, part in enumerate(parts)
    )
