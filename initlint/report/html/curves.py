"""What a plot shows, as data: its curves and its size."""

from __future__ import annotations

from collections.abc import Sequence

from initlint._records import dataclass


@dataclass(frozen=True, slots=True)
class PlotFrame:
    """The size of a plot, in CSS pixels, and the labels of its axes."""

    width: int
    height: int
    x: str = "layer, in the order in which the signal meets them"
    y: str = "mean square of its output"
    logarithmic: bool = True
    step: float = 1.0
    """The distance between two values of a curve on the x axis."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One value per layer, None where unknown. `variable` is the style sheet's variable for the colour.

    A label that begins with an underscore is not in the legend. `connected`: draw a line also over unknown values.
    """

    label: str
    values: Sequence[float | None]
    variable: str
    dashes: str = "-"
    marker: str = "o"
    connected: bool = False
