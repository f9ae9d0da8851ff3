"""The plots of `docs/field.md`: horizontal bars on a white ground, as SVG with text that a reader can select."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import matplotlib
from matplotlib.figure import Figure

from tools.ecosystem.field import shares
from tools.ecosystem.field.shares import Bar, Split

SERIES = ("transformers", "all other packages")
_COLOURS = ("#c2571a", "#2a5d9f")
_INCHES_PER_LINE = 0.39
_WIDTH = 8.6


@dataclass(frozen=True, slots=True)
class Plot:
    """`bars`: what it shows of the table. `text`: of one value."""

    title: str
    axis: str
    bars: Callable[[Split], Sequence[Bar]]
    text: Callable[[float], str]


def percent(share: float) -> str:
    """A share as it is written in the plots and the page."""
    number = 100 * share
    if 0 < number < 0.05:
        return "< 0.1 %"
    if 99.5 <= number < 100:
        return f"{min(number, 99.9):.1f} %"
    return f"{number:.0f} %" if number >= 9.95 or number == 0 else f"{number:.1f} %"


def rate(value: float) -> str:
    """A rate as it is written in the plots and the page."""
    if 0 < value < 0.05:
        return "< 0.1"
    return f"{value:.0f}" if value >= 99.5 or value == 0 else f"{value:.1f}"


PLOTS: Mapping[str, Plot] = {
    "inits": Plot("Which init sets the weight", "share of the layers", shares.init_bars, percent),
    "ways": Plot(
        "How the init gets to the layer", "share of the layers with an init of their own", shares.way_bars, percent
    ),
    "defaults": Plot("Layers that keep torch's default", "share of the layers", shares.default_bars, percent),
    "rules": Plot("What initlint reports", "places per thousand models", shares.rule_bars, rate),
}


def svg(name: str, parts: Split) -> str:
    """The plot of that name."""
    plot = PLOTS[name]
    bars = plot.bars(parts)
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name, "font.size": 9}):
        figure = Figure(figsize=(_WIDTH, _INCHES_PER_LINE * len(bars) + 1), layout="constrained")
        axes = figure.subplots()
        figure.patch.set_facecolor("white")
        longest = max(value for bar in bars for value in bar.values)
        for series, (colour, label) in enumerate(zip(_COLOURS, SERIES, strict=True)):
            heights = [-at - 0.19 + 0.38 * (1 - series) for at in range(len(bars))]
            drawn = axes.barh(heights, [bar.values[series] for bar in bars], 0.36, color=colour, label=label)
            for at, (rectangle, bar) in enumerate(zip(drawn, bars, strict=True)):
                rectangle.set_gid(f"bar-{at}-{series}")
                text = plot.text(bar.values[series])
                axes.text(bar.values[series] + longest / 100, heights[at], text, va="center", fontsize=7.5)
        axes.set_yticks([-at for at in range(len(bars))], [bar.label.replace("`", "") for bar in bars])
        axes.set_ylim(-len(bars) + 0.4, 0.6)
        axes.set_xlim(0, longest * 1.1)
        axes.xaxis.set_major_formatter(lambda value, _: plot.text(value) if plot.text is percent else f"{value:g}")
        axes.set_xlabel(plot.axis)
        axes.set_title(plot.title, loc="left", pad=20, fontweight="bold")
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderpad=0, borderaxespad=0.3)
        text_of_svg = io.StringIO()
        figure.savefig(text_of_svg, format="svg", metadata={"Date": None, "Creator": None})
    return "\n".join(line.rstrip() for line in text_of_svg.getvalue().splitlines()) + "\n"
