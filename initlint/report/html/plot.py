"""Plots a signal through depth with matplotlib, as SVG that takes its colours from the page."""

from __future__ import annotations

import io
import os
import re
import sys
import zlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from initlint.report.html.curves import Curve, PlotFrame


@contextmanager
def _in_folder_of_python() -> Iterator[None]:
    """Be in the folder of the installed Python, and then again where the process was."""
    try:
        before = os.getcwd()
    except OSError:  # it is gone, with all that was in it
        yield
        return
    os.chdir(sys.prefix)
    try:
        yield
    finally:
        os.chdir(before)


with _in_folder_of_python():  # matplotlib obeys a `matplotlibrc` of the current folder, which may name programs to run
    import matplotlib
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

_POINTS_PER_PIXEL = 0.75
_PIXELS_PER_INCH = 96


def _colour(variable: str) -> str:
    """A unique placeholder colour for a variable of the style sheet, replaced after the plot is drawn."""
    return f"#{zlib.crc32(variable.encode()) & 0xFFFFFF:06x}"


def plot(curves: Sequence[Curve], frame: PlotFrame, prefix: str, marked: Collection[int] = ()) -> str:
    """An `svg` element that takes its colours from the variables `--ink`, `--muted`, `--line` and those of the curves.

    The layers number `marked`, from 0, are circled on the first curve. `prefix` keeps the element's ids apart from
    those of other plots on the page.
    """
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": prefix, "font.size": 12 * _POINTS_PER_PIXEL}):
        figure = Figure(figsize=(frame.width / _PIXELS_PER_INCH, frame.height / _PIXELS_PER_INCH), layout="constrained")
        figure.patch.set_alpha(0.0)
        axes = figure.subplots()
        floor = _scale(axes, curves) if frame.logarithmic else 0.0
        for curve in curves:
            _draw(axes, curve, floor, frame.step)
        _circle_marked(axes, curves[0], marked, floor)
        _style_axes(axes, len(curves[0].values), frame)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    variables = {"--ink", "--muted", "--line", "--warning", *(curve.variable for curve in curves)}
    return _as_inline_svg(text.getvalue(), prefix, variables)


def _scale(axes: Axes, curves: Sequence[Curve]) -> float:
    """Set the logarithmic scale, at least two decades so that small changes look small. Return the height of zero."""
    positive_values = [value for curve in curves for value in curve.values if value is not None and value > 0]
    low, high = min((*positive_values, 0.1)) / 2, max((*positive_values, 10.0)) * 2
    zeros = any(value == 0 for curve in curves for value in curve.values)
    floor = low / 4
    axes.set_yscale("log")
    axes.set_ylim(floor / 2 if zeros else low, high)
    return floor


def _draw(axes: Axes, curve: Curve, floor: float, step: float) -> None:
    colour = _colour(curve.variable)
    heights = [float("nan") if value is None else max(value, floor) for value in curve.values]
    size = 5.0 if len(heights) <= 40 else 2.5
    drawn = [at for at, value in enumerate(curve.values) if value is not None or not curve.connected]
    axes.plot(
        [step * (at + 1) for at in drawn],
        [heights[at] for at in drawn],
        linestyle=curve.dashes,
        marker=curve.marker,
        markersize=size,
        linewidth=1.6,
        color=colour,
        label=curve.label,
        clip_on=False,
        zorder=3,
    )
    zeros = [at for at, value in enumerate(curve.values, 1) if value == 0]
    if zeros:
        axes.plot(zeros, [floor] * len(zeros), linestyle="", marker="v", markersize=8, color=colour, clip_on=False)
        axes.annotate("0", (zeros[0], floor), (7, 0), textcoords="offset points", va="center", color=_colour("--ink"))


def _circle_marked(axes: Axes, curve: Curve, marked: Collection[int], floor: float) -> None:
    points = [(at + 1, max(curve.values[at] or 0.0, floor)) for at in marked if curve.values[at] is not None]
    if points:
        axes.plot(
            [x for x, _ in points],
            [y for _, y in points],
            linestyle="",
            marker="o",
            markersize=10,
            markerfacecolor="none",
            markeredgewidth=1.8,
            color=_colour("--warning"),
            label="finding",
            clip_on=False,
            zorder=4,
        )


def _style_axes(axes: Axes, count: int, frame: PlotFrame) -> None:
    if frame.logarithmic:
        _label_powers(axes)
    axes.set_xlim(0.5 * frame.step, (max(count, 2) + 0.5) * frame.step)
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True, min_n_ticks=1))
    axes.set_xlabel(frame.x, color=_colour("--muted"))
    axes.set_ylabel(frame.y, color=_colour("--muted"))
    axes.grid(axis="y", color=_colour("--line"), linewidth=0.8, zorder=0)
    axes.tick_params(which="both", length=0, labelcolor=_colour("--muted"))
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_facecolor("none")
    if len(axes.get_legend_handles_labels()[1]) > 1:
        axes.figure.legend(loc="outside upper left", ncols=4, frameon=False, labelcolor=_colour("--ink"))


def _label_powers(axes: Axes) -> None:
    axes.axhline(1.0, color=_colour("--muted"), linewidth=1.0, linestyle=(0, (2, 3)), zorder=1)
    axes.annotate(
        "input: 1",
        (1.0, 1.0),
        (4, 0),
        xycoords=axes.get_yaxis_transform(),
        textcoords="offset points",
        va="center",
        color=_colour("--muted"),
    )
    axes.yaxis.set_major_locator(LogLocator(numticks=7))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _as_inline_svg(document: str, prefix: str, variables: Collection[str]) -> str:
    """The `svg` element for use in HTML: ids with `prefix`, colours as variables, no size but the view box."""
    svg = document[document.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="', f'id="{prefix}', svg)
    svg = re.sub(r'(href="|url\()#', rf"\1#{prefix}", svg)
    for variable in variables:
        svg = svg.replace(_colour(variable), f"var({variable})")
    return re.sub(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>', r'<svg viewBox="\1" aria-hidden="true">', svg, count=1)
