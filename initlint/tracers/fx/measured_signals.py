"""Reads what the worker measured in several runs: mean and spread at each layer, and where a value is not finite."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from initlint.tracers.fx.json_values import JsonObject


class MeasuredSignal(NamedTuple):
    """The mean squares of a layer's output and of the gradient there, as means over the runs; None if not measured.

    A value that is not finite is that of the first such run. The spreads are standard deviations over the runs; None
    for a single run, and where a value is not finite.
    """

    signal: float | None = None
    gradient: float | None = None
    signal_spread: float | None = None
    gradient_spread: float | None = None


def measured_signals(measured: JsonObject) -> Mapping[str, MeasuredSignal]:
    """The signals by the path of the layer, in the order of the calls."""
    return {path: _read(runs) for path, runs in measured["layers"].items()}


def _read(runs: Sequence[Sequence[float | None]]) -> MeasuredSignal:
    signal, gradient = (_mean_and_spread([run[index] for run in runs]) for index in (0, 1))
    return MeasuredSignal(signal[0], gradient[0], signal[1], gradient[1])


def _mean_and_spread(values: Sequence[float | None]) -> tuple[float | None, float | None]:
    known = [value for value in values if value is not None]
    if not known:
        return None, None
    if not all(map(math.isfinite, known)):
        return next(value for value in known if not math.isfinite(value)), None
    return statistics.fmean(known), statistics.stdev(known) if len(known) > 1 else None


def not_finite(signals: Mapping[str, MeasuredSignal], parameters: Mapping[str, str]) -> str | None:
    """One line that names the first layers at which the signal, or else the gradient, is not finite; None if all are.

    `signals` are in the order of the calls. `parameters`: what they contain that is not finite, by path.
    """
    forward = _starts((path, signal.signal) for path, signal in signals.items())
    backward = _starts((path, signal.gradient) for path, signal in reversed(list(signals.items())))
    if not forward and not backward:
        return None
    what, starts, direction = ("signal", forward, "on") if forward else ("gradient", backward, "back")
    first = f"the {what} is {', '.join(f'{kind} from `{path}` {direction}' for kind, path in starts.items())}"
    return "; ".join((first, *(f"the parameter `{path}` contains {kind}" for path, kind in parameters.items())))


def _starts(values: Iterable[tuple[str, float | None]]) -> dict[str, str]:
    """The first path with each value that is not finite, by that value."""
    starts: dict[str, str] = {}
    for path, value in values:
        if value is not None and not math.isfinite(value):
            starts.setdefault(str(value), path)
    return starts
