"""The environment of the templates, which all parts of the page share."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from markupsafe import escape as html_escape

from initlint.report.html.layout import Point
from initlint.report.text import escape

_CODE = re.compile(r"`([^`]+)`")
_RANGE = re.compile(r"\d+-\d+")


def environment() -> Environment:
    """Loads the templates of this package; what is inserted is escaped."""
    made = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"arrow_path": arrow_path, "breakable": breakable, "marked_up": marked_up}
    return made


def arrow_path(points: Sequence[Point]) -> str:
    """The `d` attribute of an SVG path through `points` from top to bottom, vertical at each point."""
    (x, y), *further_points = points
    commands = [f"M{x:.1f} {y:.1f}"]
    for to_x, to_y in further_points:
        middle = (y + to_y) / 2
        commands.append(f"C{x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f} {to_x:.1f} {to_y:.1f}")
        x, y = to_x, to_y
    return "".join(commands)


def breakable(path: str) -> Markup:
    """The path of a layer, with line breaks after dots, and none in a range of numbers."""
    return Markup(_RANGE.sub(r'<span class="range">\g<0></span>', str(html_escape(path)).replace(".", ".<wbr>")))


def marked_up(message: str) -> Markup:
    """The message as HTML, with `code` elements for text in backticks. Everything in it is escaped."""
    parts = _CODE.split(escape(message))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if index % 2 else html_escape(part) for index, part in enumerate(parts)
    )
