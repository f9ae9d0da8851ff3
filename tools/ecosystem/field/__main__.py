"""The command that writes the table: `python -m tools.ecosystem.field`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import click

from tools.ecosystem.field.counting import count
from tools.ecosystem.field.table import TABLE, Counts, read_table, write_table
from tools.ecosystem.packages import fetch, read_list

ROOT = Path(__file__).parents[3]


@click.command()
@click.argument("paths", nargs=-1)
@click.option(
    "--folder", type=click.Path(path_type=Path), default=ROOT / ".ecosystem", help="Where to store the sources."
)
@click.option("--table", type=click.Path(path_type=Path), default=TABLE, show_default="docs/field/field.tsv")
@click.option("--time-limit", type=int, default=1800, show_default=True, help="Seconds for one package.")
@click.option("--add", is_flag=True, help="Keep the table's lines of other packages.")
@click.option("--one", is_flag=True, hidden=True, help="Print the counts of one folder, as JSON.")
def main(paths: tuple[str, ...], folder: Path, table: Path, time_limit: int, add: bool, one: bool) -> None:
    """Count the models, inits and findings of the packages of the list, or of PATHS, and write the table.

    A path is a folder, which is one package, or NAME=FOLDER.
    """
    if one:
        click.echo(json.dumps([[*key, number] for key, number in count(Path(paths[0])).items()]))
        return
    counts = read_table(table) if add else {}
    for name, sources in _named(paths) if paths else _listed(folder):
        counts[name] = _count_apart(sources, time_limit)
        write_table(counts, table)
        click.echo(f"{name}: {_summary(counts[name])}")


def _named(paths: tuple[str, ...]) -> list[tuple[str, Path]]:
    pairs = [path.rpartition("=") for path in paths]
    return [(name.rstrip("=") or Path(folder).name, Path(folder)) for name, _, folder in pairs]


def _listed(folder: Path) -> list[tuple[str, Path]]:
    folder.mkdir(parents=True, exist_ok=True)
    return [(str(package), fetch(package, folder)) for package in read_list()]


def _count_apart(sources: Path, time_limit: int) -> Counts:
    """The counts of one package, made in a process of its own, which frees the memory and may be ended."""
    command = [sys.executable, "-m", "tools.ecosystem.field", "--one", str(sources.resolve())]
    try:
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=time_limit)
    except subprocess.TimeoutExpired:
        return Counter({("skipped", f"after {time_limit} seconds"): 1})
    except subprocess.CalledProcessError as error:
        return Counter({("skipped", error.stderr.strip().rpartition("\n")[2]): 1})
    return Counter({(kind, key): number for kind, key, number in json.loads(run.stdout)})


def _summary(counts: Counts) -> str:
    skipped = [reason for kind, reason in counts if kind == "skipped"]
    return f"skipped: {skipped[0]}" if skipped else f"{counts['models', '']} models"


if __name__ == "__main__":
    main()
