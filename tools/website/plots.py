"""The plots of the site: initlint's predictions from the source as lines, torch's measurements as dots."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import mean
from typing import Any

from initlint.analysis.messages import activation_class_name, format_number
from initlint.analysis.signal_propagation import mean_squares
from initlint.facts.activations import ACTIVATIONS
from initlint.linter.pipeline import check_models
from initlint.project.settings import Settings
from initlint.report.html.curves import Curve, PlotFrame
from initlint.report.html.plot import plot
from tools.website.stacks import STACKS, source

_SCALES = {"PyTorch default": 1 / 3, "Xavier": 1.0, "Kaiming": 2.0, "Xavier, gain 5/3": 25 / 9}
"""s = fan_in * Var(w) of some inits, at fan_in = fan_out."""
_ACTIVATIONS = ("relu", "leaky_relu", "gelu", "silu", "mish", "elu", "selu", "tanh", "softsign", "sigmoid")
_COLOURS = ("--curve-1", "--curve-2", "--curve-3", "--curve-4")


def signal(name: str) -> str:
    """E[x^2] through depth for each init of one plot of `tools.website.stacks`."""
    measured = _read("signal.json")["moments"][name]
    curves = []
    for curve, colour in zip(STACKS[name], _COLOURS, strict=False):
        curves.append(Curve(curve, predicted(source(name, curve)), colour, marker=""))
        curves.append(Curve("_measured", measured[curve], colour, dashes="", marker="."))
    return plot(curves, PlotFrame(720, 320, x="layer"), f"{name}-")


def predicted(text: str) -> list[float | None]:
    """E[x^2] after each layer of a stack, as initlint predicts it from the source."""
    (model,) = check_models([Path("stack.py")], Settings(), {"stack.py": text.encode()}, whole_models=True).models
    values = zip(model.operations, mean_squares(model), strict=True)
    return [value for operation, value in values if operation.kind == "layer"]


def training() -> str:
    """The training loss of the tutorial's classifier, before and after fixing."""
    numbers = _read("tutorial.json")
    curves = [
        Curve(name, [mean(values) for values in zip(*(run["losses"] for run in runs), strict=True)], colour, marker=".")
        for (name, runs), colour in zip(numbers["runs"].items(), _COLOURS, strict=False)
    ]
    frame = PlotFrame(720, 300, x="step", y="training loss", logarithmic=False, step=numbers["every"])
    return plot(curves, frame, "training-")


def training_table() -> str:
    """The same in numbers, as a table in Markdown."""
    numbers = _read("tutorial.json")
    rows = [
        f"| {name} | {mean(run['losses'][-1] for run in runs):.2f} | {mean(run['right'] for run in runs):.0%} |\n"
        for name, runs in numbers["runs"].items()
    ]
    head = f"| the net | loss after {numbers['steps']} steps | right on new data |\n|---|---|---|\n"
    return head + "".join(rows)


def factors_table() -> str:
    """The factor of E[x^2] in one layer for each init and activation, at equal fans and unit variance."""
    rows = [
        f"| {activation_class_name(op)} | " + " | ".join(format_number(s * moment) for s in _SCALES.values()) + " |\n"
        for op in _ACTIVATIONS
        if (moment := ACTIVATIONS[op].second_moment) is not None
    ]
    head = f"| | {' | '.join(_SCALES)} |\n|---|{'---|' * len(_SCALES)}\n"
    return head + "".join(rows)


def _read(name: str) -> Any:
    return json.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))
