"""Runs of consecutive layers, over which the factors of a bad init multiply."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from initlint.judge import Factors, Pair


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive layers, each with one activation and nothing else before the next one, and their product P."""

    paths: tuple[str, ...]
    product: float

    @property
    def vanishes(self) -> bool:
        """Whether so little of the signal is left that training suffers measurably."""
        return self.product < 0.01


def runs(factors: Iterable[tuple[Pair, Factors]]) -> Mapping[str, Run]:
    """The run that each of the given pairs lies in, by the path of its layer.

    A run ends where the signal forks, meets another one, or passes anything but the activation: what comes in there
    or goes out there is not scaled by the layers on the other side.
    """
    known = {pair.layer.path: (pair, factor) for pair, factor in factors}
    after = {path: step for path, (pair, _) in known.items() if (step := _next(pair)) in known and step is not None}
    entries = Counter(after.values())
    after = {path: step for path, step in after.items() if entries[step] == 1}
    found: dict[str, Run] = {}
    starts = [path for path in known if path not in set(after.values())]
    for start in (*starts, *known):  # what no start leads to lies on a cycle
        if start in found:
            continue
        paths = {start: None}
        while (step := after.get(next(reversed(paths)))) is not None and step not in paths:
            paths[step] = None
        run = Run(tuple(paths), math.prod(known[path][1].signal for path in paths))
        found |= dict.fromkeys(paths, run)
    return found


def _next(pair: Pair) -> str | None:
    """The layer that the signal goes on to, if it goes nowhere else and meets nothing on the way."""
    reached = {reach for following in pair.layer.followed_by for reach in following.onward}
    if len(reached) != 1 or any(following.between for following in pair.layer.followed_by):
        return None
    (reach,) = reached
    return reach.layer if reach.certain and not reach.between else None
