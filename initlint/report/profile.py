"""What each file has cost, for `--profile`: the dearest first, and the sum."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from initlint.outcome import Cost
from initlint.report.escape import escape


def render(costs: Sequence[tuple[Path, Cost]]) -> str:
    """A table of CPU seconds, with a line for each file that was examined in this run."""
    lines = [_line(cost, escape(str(file))) for file, cost in sorted(costs, key=lambda entry: -entry[1].total)]
    whole = Cost(*(sum(part) for part in zip(*(cost for _, cost in costs), strict=True))) if costs else Cost()
    return "\n".join(["  total  parse  interpret   rest  file", *lines, _line(whole, f"{len(costs)} files")]) + "\n"


def _line(cost: Cost, name: str) -> str:
    return f"{cost.total:7.3f} {cost.parse:6.3f} {cost.interpret:10.3f} {cost.rest:6.3f}  {name}"
