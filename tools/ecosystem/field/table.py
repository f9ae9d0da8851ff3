"""The table of counts: one line for each package, kind and key."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

TABLE = Path(__file__).parents[3] / "docs" / "field" / "field.tsv"
_COLUMNS = ("package", "kind", "key", "count")

Counts = Counter[tuple[str, str]]
"""By kind and key."""


def write_table(counts: Mapping[str, Counts], path: Path = TABLE) -> None:
    """Write the counts of each package, sorted."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow(_COLUMNS)
    for package, counted in sorted(counts.items()):
        writer.writerows((package, kind, key, count) for (kind, key), count in sorted(counted.items()))
    path.write_text(text.getvalue(), encoding="utf-8")


def read_table(path: Path = TABLE) -> dict[str, Counts]:
    """The counts of each package. Raises ValueError for other columns."""
    counts: dict[str, Counts] = {}
    with path.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t")
        if tuple(rows.fieldnames or ()) != _COLUMNS:
            raise ValueError(f"{path}:1: the columns must be {', '.join(_COLUMNS)}")
        for row in rows:
            counts.setdefault(row["package"], Counter())[row["kind"], row["key"]] = int(row["count"])
    return counts


def total(counts: Iterable[Counts], kind: str) -> Counter[str]:
    """The sum over packages of what has that kind, by key."""
    summed: Counter[str] = Counter()
    for counted in counts:
        for (own, key), count in counted.items():
            if own == kind:
                summed[key] += count
    return summed
