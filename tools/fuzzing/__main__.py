"""The command behind `nox -s fuzz`."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import click

from tools.fuzzing import fixes, mutations, programs, trials
from tools.fuzzing.properties import Property, fixes_are_right, lints
from tools.fuzzing.sources import DEFAULT_PATHS, ROOT, Input, Sources

_INPUTS: dict[str, tuple[Property, Callable[[int, Sources], Input]]] = {
    "mutations": (lints, mutations.mutated),
    "fixes": (fixes_are_right, fixes.with_defects),
    "programs": (lints, programs.program),
}
"""By name: what must hold, and the function that makes the input of a seed."""

_PAUSE = 60.0
"""Seconds between two lines about the progress."""


@click.command()
@click.argument("seconds", type=float)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option("--only", type=click.Choice(list(_INPUTS)), multiple=True, help="Try these kinds of inputs.")
@click.option("--seed", default=0, show_default=True, help="The first seed; each input takes the next.")
@click.option(
    "--folder", type=click.Path(path_type=Path), default=ROOT / ".fuzz", help="Where to write inputs that fail."
)
def main(seconds: float, paths: tuple[Path, ...], only: tuple[str, ...], seed: int, folder: Path) -> None:
    """Try inputs made from the Python files in PATHS (default: fixtures and test programs), SECONDS for each kind."""
    sources = Sources.read(paths or DEFAULT_PATHS)
    failed = False
    for name in only or _INPUTS:
        condition, make = _INPUTS[name]
        tally = trials.run(condition, _made(make, seed, sources), seconds, partial(_show, folder), _Progress(name))
        failed = failed or bool(tally.failed)
        click.echo(_counted(name, tally))
        for kind, number in tally.kinds.most_common():
            click.echo(f"  {number} times {kind}")
    sys.exit(int(failed))


def _show(folder: Path, failure: trials.Failed) -> None:
    click.echo(f"{failure.kind}: {failure.given.origin}\n  {failure.save(folder)}", err=True)


class _Progress:
    """Prints what has been tried, once in a while."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._next = time.monotonic() + _PAUSE

    def __call__(self, tally: trials.Tally) -> None:
        if time.monotonic() > self._next:
            self._next = time.monotonic() + _PAUSE
            click.echo(f"so far: {_counted(self._name, tally)}", err=True)


def _counted(name: str, tally: trials.Tally) -> str:
    fixes = f", {sum(int(text) * number for text, number in tally.answers.items())} fixes" if name == "fixes" else ""
    return f"{name}: {tally.tried} inputs{fixes}, {tally.kinds.total()} failed"


def _made(make: Callable[[int, Sources], Input], seed: int, sources: Sources) -> Iterator[Input]:
    return (make(number, sources) for number in itertools.count(seed))


if __name__ == "__main__":
    main()
