"""Draws trees and tables with rich, as text of a given width with ANSI codes for the styles.

Only the commands that draw import it: to load rich takes longer than to lint a file.
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterable, Sequence

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from initlint.report.text import escape

INDENT = 2
GAP = 2
_END = re.compile(r"(?: |\x1b\[[\d;]*m)+$")
"""Spaces at the end of a line, and codes for styles among them."""


def draw(drawings: Iterable[RenderableType], width: int) -> str:
    """The drawings below each other, without spaces at the ends of lines. Lines have at most `width` columns."""
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system="standard", highlight=False)
    with console.capture() as capture:
        for drawing in drawings:
            console.print(drawing)
    return "".join(f"{_END.sub(_without_spaces, line)}\n" for line in capture.get().splitlines())


def _without_spaces(end: re.Match[str]) -> str:
    return end[0].replace(" ", "")


def table(
    headings: Sequence[str], rows: Iterable[Sequence[str | RenderableType]], unbroken: Collection[str] = ()
) -> RenderableType:
    """A table without lines. Cells wrap where the width demands it, but not those below the headings `unbroken`."""
    drawn = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="dim")
    for heading in headings:
        drawn.add_column(heading, overflow="fold", no_wrap=heading in unbroken)
    for row in rows:
        drawn.add_row(*(Text(escape(cell)) if isinstance(cell, str) else cell for cell in row))
    return indented(drawn)


def indented(drawing: RenderableType) -> RenderableType:
    return Padding(drawing, (0, 0, 0, INDENT))


def width_of(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """The columns that `table` needs if no cell wraps."""
    widths = (max(cell_len(escape(cell)) for cell in column) for column in zip(headings, *rows, strict=True))
    return INDENT + sum(widths) + GAP * (len(headings) - 1)
